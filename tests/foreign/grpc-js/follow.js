// Follow one import, or all of an organization: node follow.js ADDRESS PROTOS CALL REQUEST [KIND]
//
// CALL is WatchImport or WatchImports, REQUEST its request as JSON, with a resume_token to go on behind an event.
// Writes a line of JSON for each event, and leaves at the first of that kind, if one is given. Exit status: 0 the watch
// has ended or was left, 3 a refused call.

import { connect } from "./client.js";
import { refused, tell } from "./telling.js";
import { watch } from "./watch.js";

const [address, protos, call, request, kind] = process.argv.slice(2);
const client = connect(address, protos);
try {
  for await (const event of watch(client, call, JSON.parse(request))) {
    tell(event);
    if (event.kind === kind) break;
  }
} catch (error) {
  refused(error);
} finally {
  client.close();
}
