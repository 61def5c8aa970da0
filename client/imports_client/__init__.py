"""The async helper for callers of the Imports service, and its command line.

    connection   connect() -> Imports: the calls, with the waiting that every caller would write anyway
    documents    where the bytes of a document come from, and how it is written
    uploading    sends a document to its end or its refusal
    watching     a watch that outlives restarts of the service
    refusals     what an error says: reason, field paths, when to try again
    cli          the command `imports`

Messages and enums are those of `commerce.imports.v1`; errors are `grpc.aio.AioRpcError`. Nothing is imported
here, so that the command line answers `--help` without loading gRPC.
"""
