"""A service that takes one import, and to which everything may happen on the way."""

import asyncio
from collections.abc import AsyncIterator

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.events import is_last
from tests.client.conftest import Context, Partial, refuse
from tests.client.scripted import NAME, STORY, event

URL = "http://files/i.csv.gz"  # GetImport alone tells it
PENDING = event(pb.KIND_SNAPSHOT, pb.STATUS_PENDING)
Requests = AsyncIterator[pb.UploadImportRequest]


class Shelf(Partial):
    """Takes one import; what happens on the way stands in its attributes."""

    def __init__(self) -> None:
        self.headers: list[pb.CreateImportRequest] = []
        self.refusals: list[tuple[int, grpc.StatusCode, str, str]] = []
        """Of the first uploads: after how many chunks, the code, the reason, the message."""
        self.answers_uploads = True
        self.document = b""
        self.created = PENDING.snapshot
        self.watches: list[list[pb.ImportEvent] | grpc.StatusCode] = [list(STORY)]
        """What each watch tells; the last one again and again. A code is a refusal."""
        self.tokens: list[str] = []
        self.found: pb.Import | grpc.StatusCode | None = pb.Import(
            name=NAME, uid="u", status=pb.STATUS_COMPLETED, attachment_url=URL
        )
        """By GetImport; None: it never answers."""

    async def UploadImport(self, request_iterator: Requests, context: Context) -> pb.Import:  # noqa: N802
        refusal = self.refusals.pop(0) if self.refusals else None
        self.document, chunks = b"", 0
        async for message in request_iterator:
            if message.HasField("header"):
                self.headers.append(message.header)
            self.document += message.chunk
            chunks += message.WhichOneof("part") == "chunk"
            if refusal and chunks >= refusal[0] >= 0:
                await self.refuse(context, *refusal[1:])
        if refusal:
            await self.refuse(context, *refusal[1:])
        if not self.answers_uploads:
            await asyncio.Event().wait()
        return self.created

    async def refuse(self, context: Context, code: grpc.StatusCode, reason: str, message: str) -> None:
        if code is grpc.StatusCode.RESOURCE_EXHAUSTED or reason == "STOPPING":
            retry = RetryInfo(retry_delay=Duration(nanos=1))
            await refuse(context, code, message, ErrorInfo(reason=reason), retry)
        elif reason:
            await refuse(context, code, message, ErrorInfo(reason=reason))
        await context.abort(code, message)

    async def WatchImport(  # noqa: N802
        self, request: pb.WatchImportRequest, context: Context
    ) -> AsyncIterator[pb.ImportEvent]:
        self.tokens.append(request.resume_token)
        told = self.watches.pop(0) if len(self.watches) > 1 else self.watches[0]
        if isinstance(told, grpc.StatusCode):
            expired = told is grpc.StatusCode.OUT_OF_RANGE
            reason = "RESUME_TOKEN_EXPIRED" if expired else "IMPORT_NOT_FOUND"
            await self.refuse(context, told, reason, "")
        else:
            for each in told:
                yield each
            if not is_last(told[-1]):
                await asyncio.Event().wait()

    async def GetImport(self, request: pb.GetImportRequest, context: Context) -> pb.Import:  # noqa: N802
        if self.found is None:
            await asyncio.Event().wait()
        elif isinstance(self.found, grpc.StatusCode):
            await self.refuse(context, self.found, "IMPORT_NOT_FOUND", "")
        else:
            return self.found
        raise AssertionError
