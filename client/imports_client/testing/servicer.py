"""The calls of ImportService, answered from memory. What is refused becomes a status here."""

import asyncio
import functools
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
from google.protobuf.empty_pb2 import Empty
from grpc.aio import InternalError

from commerce.imports.v1 import imports_pb2 as pb
from commerce.imports.v1.imports_pb2_grpc import ImportServiceServicer
from imports_client.testing import changes, creation, lists
from imports_client.testing.import_watch import watch_import
from imports_client.testing.names import parse_name
from imports_client.testing.organization_watch import watch_imports
from imports_client.testing.refused import Refused, not_yet
from imports_client.testing.waiting import wait_import, wait_seconds
from imports_client.testing.world import World

if TYPE_CHECKING:
    Context = grpc.aio.ServicerContext[Any, Any]
else:
    Context = grpc.aio.ServicerContext

Servicer = TypeVar("Servicer", bound="FakeImportService")
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


def answers(
    handle: Callable[[Servicer, Asked, Context], Awaitable[Answer]],
) -> Callable[[Servicer, Asked, Context], Awaitable[Answer]]:
    """A call with one answer; what it refuses with ends it."""

    @functools.wraps(handle)
    async def answer(servicer: Servicer, request: Asked, context: Context) -> Answer:
        try:
            servicer.world.refuse_if_asked(handle.__name__)
            return await handle(servicer, request, context)
        except Refused as refused:
            await context.abort_with_status(refused.to_status())

    return answer


def streams(
    handle: Callable[[Servicer, Asked, Context], AsyncGenerator[Answer, None]],
) -> Callable[[Servicer, Asked, Context], AsyncGenerator[Answer, None]]:
    """A call that streams its answers; what it refuses with ends it."""

    @functools.wraps(handle)
    async def stream(servicer: Servicer, request: Asked, context: Context) -> AsyncGenerator[Answer, None]:
        try:
            servicer.world.refuse_if_asked(handle.__name__)
            async with aclosing(handle(servicer, request, context)) as responses:
                async for response in responses:
                    yield response
        except Refused as refused:
            await context.abort_with_status(refused.to_status())

    return stream


async def _expect_caller(context: Context) -> None:
    """The end of a cancelled call's requests looks like that of whole ones; what is sent to the caller then fails."""
    try:
        await context.send_initial_metadata(())
    except InternalError as gone:
        raise asyncio.CancelledError("the caller is gone") from gone


class FakeImportService(ImportServiceServicer):
    """One short method per RPC. `heartbeat_seconds`: the silence after which a watch says that it is alive."""

    def __init__(self, world: World, heartbeat_seconds: float) -> None:
        self.world = world
        self.heartbeat_seconds = heartbeat_seconds

    @answers
    async def CreateImport(self, request: pb.CreateImportRequest, context: Context) -> pb.Import:
        return creation.create(self.world, request, creation.document_of(request))

    @answers
    async def UploadImport(
        self, request_iterator: AsyncIterator[pb.UploadImportRequest], context: Context
    ) -> pb.Import:
        header, document = await creation.read_upload(request_iterator)
        await _expect_caller(context)
        return creation.create(self.world, header, document, "header.")

    @answers
    async def GetImport(self, request: pb.GetImportRequest, context: Context) -> pb.Import:
        return changes.find(self.world, parse_name(request.name)).with_report()

    @answers
    async def ListImports(self, request: pb.ListImportsRequest, context: Context) -> pb.ListImportsResponse:
        return lists.list_imports(self.world, request)

    @answers
    async def UpdateImport(self, request: pb.UpdateImportRequest, context: Context) -> pb.Import:
        return changes.update(self.world, request)

    @answers
    async def InterruptImport(self, request: pb.InterruptImportRequest, context: Context) -> pb.Import:
        return changes.interrupt(self.world, request)

    @answers
    async def RetryImport(self, request: pb.RetryImportRequest, context: Context) -> pb.Import:
        return creation.retry(self.world, request)

    @answers
    async def DeleteImport(self, request: pb.DeleteImportRequest, context: Context) -> Empty:
        changes.delete(self.world, request)
        return Empty()

    @streams
    async def WatchImport(
        self, request: pb.WatchImportRequest, context: Context
    ) -> AsyncGenerator[pb.ImportEvent, None]:
        async with aclosing(watch_import(self.world, request, self.heartbeat_seconds)) as events:
            async for event in events:
                yield event

    @streams
    async def WatchImports(
        self, request: pb.WatchImportsRequest, context: Context
    ) -> AsyncGenerator[pb.ImportEvent, None]:
        async with aclosing(watch_imports(self.world, request, self.heartbeat_seconds)) as events:
            async for event in events:
                yield event

    @answers
    async def WaitImport(self, request: pb.WaitImportRequest, context: Context) -> pb.Import:
        return await wait_import(self.world, request, wait_seconds(context.time_remaining()))

    @answers
    async def ListImportResults(
        self, request: pb.ListImportResultsRequest, context: Context
    ) -> pb.ListImportResultsResponse:
        return lists.list_results(self.world, request)

    @streams
    def DownloadImportFile(
        self, request: pb.DownloadImportFileRequest, context: Context
    ) -> AsyncGenerator[pb.DownloadImportFileResponse, None]:
        changes.find(self.world, parse_name(request.name))
        raise not_yet("DownloadImportFile")  # the fake writes no files
