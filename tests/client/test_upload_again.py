"""What becomes of an upload that is lost, refused or whose document cannot be read."""

import time
from collections.abc import AsyncIterator

import grpc
import pytest

from commerce.imports.v1 import imports_pb2 as pb
from commerce.imports.v1.resources_pb2 import ExportResourcesRequest, ExportResourcesResponse
from imports_client import Refused, ServiceAway, connect
from tests.client.conftest import Context, Partial, PartialResources, Serve
from tests.client.scripted import NAME, PARENT, WAIT_SECONDS
from tests.client.shelf import Requests, Shelf
from tests.eventually import eventually

DOCUMENT = b"code,name\nA,a\n"
LOST = (-1, grpc.StatusCode.UNAVAILABLE, "", "connection reset")


class BreakingOff(PartialResources):
    """Exports a piece, and is away."""

    async def ExportResources(  # noqa: N802
        self, request: ExportResourcesRequest, context: Context
    ) -> AsyncIterator[ExportResourcesResponse]:
        yield ExportResourcesResponse(chunk=b"code\n")
        await context.abort(grpc.StatusCode.UNAVAILABLE, "the export broke off")


async def test_an_export_that_breaks_off_ends_the_upload_that_reads_it(serve: Serve) -> None:
    shelf = Shelf()

    async with connect(await serve(BreakingOff())) as source, connect(await serve(shelf)) as imports:
        with pytest.raises(ServiceAway, match="the export broke off"):
            await imports.upload(PARENT, "skus", source.export(PARENT, "skus"), timeout=WAIT_SECONDS)

    assert len(shelf.headers) == 1


async def test_an_empty_request_id_is_made_up_as_none_is(serve: Serve) -> None:
    shelf = Shelf()
    shelf.refusals = [LOST]

    async with connect(await serve(shelf)) as imports:
        await imports.upload(PARENT, "skus", DOCUMENT, request_id="", patience=WAIT_SECONDS)

    first, second = shelf.headers
    assert first.request_id
    assert first.request_id == second.request_id


async def test_a_quota_refuses_pieces_as_it_refuses_files(serve: Serve) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield DOCUMENT

    shelf = Shelf()
    shelf.refusals = [(1, grpc.StatusCode.RESOURCE_EXHAUSTED, "PENDING_IMPORTS_LIMIT", "too many")]

    async with connect(await serve(shelf)) as imports:
        with pytest.raises(Refused) as caught:
            await imports.upload(PARENT, "skus", pieces(), patience=WAIT_SECONDS)

    assert caught.value.reason == "PENDING_IMPORTS_LIMIT"


async def passed(seconds: float) -> None:
    until = time.monotonic() + seconds
    await eventually(lambda: time.monotonic() > until)


class Slow(Partial):
    """Reads two uploads slower than patience lasts and loses both in their middle; takes the third."""

    tries = 0

    async def UploadImport(self, request_iterator: Requests, context: Context) -> pb.Import:  # noqa: N802
        self.tries += 1
        is_lost, chunks = self.tries < 3, 0
        async for _ in request_iterator:
            chunks += 1
            if is_lost and chunks == 2:
                await passed(0.4)
            if is_lost and chunks == 40:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "connection reset")
        return pb.Import(name=NAME)


async def test_the_time_that_an_upload_takes_is_no_time_away(serve: Serve) -> None:
    slow = Slow()

    async with connect(await serve(slow)) as imports:
        await imports.upload(PARENT, "skus", bytes(20 * 2**20), patience=0.35, timeout=WAIT_SECONDS)

    assert slow.tries == 3
