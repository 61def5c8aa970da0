// Import a file and follow it to its end: node import_file.js ADDRESS PROTOS ORGANIZATION TYPE FILE
//
// Writes a line of JSON for each event. Exit status: 0 all well, 1 rows failed or the import was interrupted, 3 a
// refused call.

import { createReadStream } from "node:fs";
import { randomUUID } from "node:crypto";
import { connect, upload } from "./client.js";
import { refused, tell } from "./telling.js";
import { watch } from "./watch.js";

const [address, protos, organization, type, file] = process.argv.slice(2);
const client = connect(address, protos);
try {
  const header = {
    parent: `organizations/${organization}`,
    request_id: randomUUID(), // sent again with the same id, it is the same import
    spec: { resource_type: type, skip_errors: true },
  };
  const created = await upload(client, header, createReadStream(file, { highWaterMark: 256 * 1024 }));
  let last;
  for await (const event of watch(client, "WatchImport", { name: created.name })) {
    tell(event);
    last = event.snapshot;
  }
  process.exitCode = last.status === "STATUS_COMPLETED" && last.errors_count === 0 ? 0 : 1;
} catch (error) {
  refused(error);
} finally {
  client.close();
}
