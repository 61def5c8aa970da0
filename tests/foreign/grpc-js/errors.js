// What a refusal says beyond its code: the google.rpc.Status in the trailers, and what is in it.

import { fileURLToPath } from "node:url";
import protoLoader from "@grpc/proto-loader";

const types = protoLoader.loadSync(fileURLToPath(new URL("rich_errors.proto", import.meta.url)), {
  keepCase: true,
  longs: Number,
  defaults: true,
});

/**
 * The details of an error by their type's name, for instance
 * `{ErrorInfo: {reason: "IMPORT_NOT_FOUND", ...}, RetryInfo: {retry_delay: {seconds: 1, nanos: 0}}}`.
 * Empty when the error is not the service's own: what happens on the way carries no details.
 */
export function detailsOf(error) {
  const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (!bytes) return {};
  const found = {};
  for (const { type_url, value } of types["google.rpc.Status"].deserialize(bytes).details) {
    const name = type_url.split("/").at(-1);
    if (types[name]) found[name.split(".").at(-1)] = types[name].deserialize(value);
  }
  return found;
}

/** After how many milliseconds the service asks to be called again; undefined if it does not say. */
export function retryDelayOf(error) {
  const delay = detailsOf(error).RetryInfo?.retry_delay;
  return delay && delay.seconds * 1_000 + delay.nanos / 1e6;
}
