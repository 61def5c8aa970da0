"""ImportService: one short method per RPC. Writes go to commands, streams to watches, reads to the store."""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from google.protobuf.empty_pb2 import Empty
from grpc.aio import ServicerContext

from commerce.imports.v1 import imports_pb2 as pb
from commerce.imports.v1 import imports_pb2_grpc
from imports_service.commands.create import create_import
from imports_service.commands.creation import Creation
from imports_service.commands.delete import delete_import
from imports_service.commands.interrupt import interrupt_import
from imports_service.commands.retry import retry_import
from imports_service.commands.update import update_import
from imports_service.domain.errors import FailedPrecondition, FileNotFound, ImportNotFound
from imports_service.domain.imports import Import
from imports_service.domain.names import ImportName, parse_import_name, parse_parent
from imports_service.objects.failures import ObjectMissing
from imports_service.objects.store import Objects
from imports_service.rpc.convert import message_of_import, rendered
from imports_service.rpc.filters import fields_of, filter_of, order_of, position_after
from imports_service.rpc.lists import read_imports
from imports_service.rpc.pages import PageSize, PageTokens, page_size_of
from imports_service.rpc.reports import add_urls, message_with_report
from imports_service.rpc.requests import (
    file_of,
    outcomes_of,
    progress_interval_of,
    retry_of,
    start_row_of,
    update_of,
)
from imports_service.rpc.results import ResultReader, place_given
from imports_service.rpc.specs import check_source, creation_of
from imports_service.rpc.uploads import document_of, header_of, lines_of, whole_document
from imports_service.rpc.waiting import wait_for_end, wait_seconds
from imports_service.settings import Settings
from imports_service.store.database import Database
from imports_service.store.imports import count_imports, get_import
from imports_service.store.nudges import Nudges
from imports_service.watch.feeds import Feeds
from imports_service.watch.one_import import watch_import
from imports_service.watch.organization import watch_imports

Context: TypeAlias = ServicerContext[Any, Any]

FILE_CHUNK_BYTES = 256 * 1024
INSECURE = "insecure"
_TRACE_CONTEXT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportService(imports_pb2_grpc.ImportServiceServicer):
    settings: Settings
    database: Database
    objects: Objects
    nudges: Nudges
    feeds: Feeds
    creation: Creation

    async def CreateImport(self, request: pb.CreateImportRequest, context: Context) -> pb.Import:
        check_source(request)
        wanted = creation_of(
            request, self.creation.registry, creator=INSECURE, trace_context=_trace_context(context)
        )
        is_document = request.WhichOneof("source") == "document"
        source = document_of(request.document) if is_document else lines_of(request.inputs)
        async with aclosing(source) as chunks:
            return message_of_import(await create_import(wanted, chunks, self.creation))

    async def UploadImport(
        self, request_iterator: AsyncIterator[pb.UploadImportRequest], context: Context
    ) -> pb.Import:
        header = await header_of(request_iterator)
        wanted = creation_of(
            header,
            self.creation.registry,
            creator=INSECURE,
            trace_context=_trace_context(context),
            at="header.",
        )
        async with aclosing(whole_document(request_iterator, context)) as chunks:
            return message_of_import(await create_import(wanted, chunks, self.creation))

    async def GetImport(self, request: pb.GetImportRequest, context: Context) -> pb.Import:
        name = parse_import_name(request.name)
        found = await self._find(name)
        async with self.database.connection() as connection:
            message = await message_with_report(connection, found)
        await add_urls(message, found, self.objects)
        return message

    async def ListImports(self, request: pb.ListImportsRequest, context: Context) -> pb.ListImportsResponse:
        organization_id = parse_parent(request.parent)
        size = PageSize(page_size_of(request.page_size))
        conditions, order = filter_of(request.filter), order_of(request.order_by)
        tokens = PageTokens("list-imports", request)
        place = tokens.place_of(request.page_token, int, int, str) if request.page_token else None
        position = position_after(place) if place else None
        async with self.database.connection() as connection:
            total_size = await count_imports(connection, organization_id, conditions)
            page = await read_imports(connection, organization_id, conditions, order, position, size)
        token = tokens.token(*fields_of(page.last)) if page.last is not None else ""
        return pb.ListImportsResponse(imports=page.imports, next_page_token=token, total_size=total_size)

    async def UpdateImport(self, request: pb.UpdateImportRequest, context: Context) -> pb.Import:
        updated = await update_import(update_of(request), database=self.database, nudges=self.nudges)
        return message_of_import(updated)

    async def InterruptImport(self, request: pb.InterruptImportRequest, context: Context) -> pb.Import:
        name = parse_import_name(request.name)
        interrupted = await interrupt_import(
            name, database=self.database, nudges=self.nudges, checkpoints=self.creation.checkpoints
        )
        return message_of_import(interrupted)

    async def RetryImport(self, request: pb.RetryImportRequest, context: Context) -> pb.Import:
        wanted = retry_of(request, creator=INSECURE, trace_context=_trace_context(context))
        return message_of_import(await retry_import(wanted, self.creation))

    async def DeleteImport(self, request: pb.DeleteImportRequest, context: Context) -> Empty:
        await delete_import(
            parse_import_name(request.name),
            etag=request.etag or None,
            allow_missing=request.allow_missing,
            lease=self.settings.lease,
            database=self.database,
            nudges=self.nudges,
            checkpoints=self.creation.checkpoints,
        )
        return Empty()

    async def WatchImport(
        self, request: pb.WatchImportRequest, context: Context
    ) -> AsyncGenerator[Any, None]:
        events = watch_import(
            parse_import_name(request.name),
            resume_token=request.resume_token or None,
            progress_interval=progress_interval_of(request),
            heartbeat=timedelta(seconds=self.settings.watch_heartbeat_seconds),
            feeds=self.feeds,
        )
        async with aclosing(events):
            async for event in events:
                yield rendered(event)

    async def WatchImports(
        self, request: pb.WatchImportsRequest, context: Context
    ) -> AsyncGenerator[Any, None]:
        events = watch_imports(
            parse_parent(request.parent),
            filter_of(request.filter),
            resume_token=request.resume_token or None,
            progress_interval=progress_interval_of(request),
            heartbeat=timedelta(seconds=self.settings.watch_heartbeat_seconds),
            feeds=self.feeds,
        )
        async with aclosing(events):
            async for event in events:
                yield rendered(event)

    async def WaitImport(self, request: pb.WaitImportRequest, context: Context) -> pb.Import:
        ended = await wait_for_end(
            parse_import_name(request.name),
            wait_seconds(context.time_remaining()),
            database=self.database,
            feeds=self.feeds,
        )
        return message_of_import(ended)

    async def ListImportResults(
        self, request: pb.ListImportResultsRequest, context: Context
    ) -> pb.ListImportResultsResponse:
        name = parse_import_name(request.parent, field="parent")
        size = PageSize(page_size_of(request.page_size))
        only, start_row = outcomes_of(request.outcomes), start_row_of(request.start_row)
        tokens = PageTokens("list-results", request)
        given = tokens.place_of(request.page_token, str, int, int) if request.page_token else None
        found = await self._find(name)
        reader = ResultReader(found, self.database, self.objects)
        place = place_given(given, found) if given else await reader.place_of_row(start_row)
        page = await reader.read(place, only=only, size=size)
        token = tokens.token(found.uid, *page.following) if page.following else ""
        return pb.ListImportResultsResponse(results=page.results, next_page_token=token)

    async def DownloadImportFile(
        self, request: pb.DownloadImportFileRequest, context: Context
    ) -> AsyncGenerator[pb.DownloadImportFileResponse, None]:
        name = parse_import_name(request.name)
        file = file_of(request.file)
        found = await self._find(name)
        if not found.status.has_ended:
            raise FailedPrecondition(f"{name} has not ended", reason="IMPORT_NOT_ENDED", name=name)
        stored = getattr(found, file)
        if stored is None:
            raise FileNotFound(f"{name} has no {file}", name=name, file=file)
        try:
            async with aclosing(self.objects.get_stream(stored, FILE_CHUNK_BYTES)) as chunks:
                async for chunk in chunks:
                    yield pb.DownloadImportFileResponse(chunk=chunk)
        except ObjectMissing:
            raise ImportNotFound(str(name)) from None  # deleted meanwhile

    async def _find(self, name: ImportName) -> Import:
        async with self.database.connection() as connection:
            found = await get_import(connection, name.organization_id, name.import_id)
        if found is None:
            raise ImportNotFound(str(name))
        return found


def _trace_context(context: Context) -> str | None:
    """The W3C trace context of the call, if it carries a well-formed one."""
    for name, value in context.invocation_metadata() or ():
        if name == "traceparent" and isinstance(value, str) and _TRACE_CONTEXT.fullmatch(value):
            return value
    return None
