// What the programs say on standard output: a line of JSON for each event, and one for a refusal.

import { detailsOf } from "./errors.js";

export function tell(event) {
  console.log(JSON.stringify(event));
}

export function refused(error) {
  console.log(JSON.stringify({ code: error.code, message: error.details, ...detailsOf(error) }));
  process.exitCode = 3;
}
