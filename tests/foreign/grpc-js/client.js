// The service's stub, made from the contract's .proto files as they are: nothing is generated.

import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";

/** A stub of ImportService. `protos` is the directory that holds commerce/imports/v1. */
export function connect(address, protos) {
  const contract = protoLoader.loadSync("commerce/imports/v1/imports.proto", {
    includeDirs: [protos],
    keepCase: true, // the contract's field names
    longs: Number, // no count outgrows 2^53
    enums: String,
    defaults: true,
  });
  const { ImportService } = grpc.loadPackageDefinition(contract).commerce.imports.v1;
  return new ImportService(address, grpc.credentials.createInsecure(), {
    "grpc.keepalive_time_ms": 20_000, // more often than every 10 s and the server hangs up
    "grpc.keepalive_timeout_ms": 5_000,
    "grpc.initial_reconnect_backoff_ms": 250,
    "grpc.max_reconnect_backoff_ms": 5_000, // by default it grows to two minutes
  });
}

/** Create an import from inputs that fit into one message. */
export function create(client, request, options = {}) {
  return promisify(client.CreateImport.bind(client))(request, options);
}

/** Create an import from a document of any size, given as an iterable of chunks of at most 1 MiB each. */
export function upload(client, header, chunks, options = {}) {
  return new Promise((resolve, reject) => {
    const call = client.UploadImport(options, (error, created) => (error ? reject(error) : resolve(created)));
    async function* parts() {
      yield { header };
      for await (const chunk of chunks) yield { chunk };
    }
    pipeline(parts, call).catch((error) => {
      call.cancel(); // half a document is none
      reject(error);
    });
  });
}
