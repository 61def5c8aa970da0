// The loop to copy: a watch that outlives connections, restarts and replicas.

import { setTimeout as sleep } from "node:timers/promises";
import grpc from "@grpc/grpc-js";
import { detailsOf, retryDelayOf } from "./errors.js";

const { CANCELLED, INTERNAL, UNAVAILABLE, UNKNOWN } = grpc.status;

/**
 * Every event of `call` ("WatchImport", "WatchImports") but heartbeats. Each is given once: after a lost connection
 * the watch goes on behind the last one. Ends when the service ends it, with the import.
 *
 * `request.resume_token` goes on behind an event of an earlier run, `deadline` (a Date) ends the watch with
 * DEADLINE_EXCEEDED, `silence` is how many milliseconds without any event, heartbeats included, are too many.
 */
export async function* watch(client, call, request, { deadline, silence = 40_000 } = {}) {
  let token = request.resume_token;
  let failures = 0;
  for (;;) {
    const stream = client[call]({ ...request, resume_token: token }, { deadline });
    const watchdog = setTimeout(() => stream.cancel(), silence);
    stream.on("error", () => {}); // leaving the loop cancels the call, and nobody listens any more
    try {
      for await (const event of stream) {
        watchdog.refresh();
        token = event.resume_token;
        failures = 0;
        if (event.kind !== "KIND_HEARTBEAT") yield event;
      }
      return;
    } catch (error) {
      if (!isWorthAnotherTry(error)) throw error;
      const longest = Math.min(250 * 2 ** failures++, 10_000);
      await sleep(retryDelayOf(error) ?? longest * (0.5 + Math.random() / 2));
    } finally {
      clearTimeout(watchdog);
      stream.cancel();
    }
  }
}

/** The service says UNAVAILABLE; connections that break, and proxies, say other things too, but give no reason. */
function isWorthAnotherTry(error) {
  if (error.code === UNAVAILABLE) return true;
  return [CANCELLED, INTERNAL, UNKNOWN].includes(error.code) && !detailsOf(error).ErrorInfo;
}
