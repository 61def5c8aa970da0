"""An upload whose caller leaves is never taken for a whole document."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.rpc.uploads import whole_document
from tests.eventually import eventually
from tests.rpc.tiny_server import Tiny, tiny_server

CHUNK = pb.UploadImportRequest(chunk=b'[{"code": "a"}]').SerializeToString()


async def test_a_cancelled_upload_never_comes_to_its_end() -> None:
    """Without care about two of three would: gRPC ends the requests before it cancels their handler."""
    arrived = asyncio.Event()
    taken_for_whole = 0

    async def collect(requests: AsyncIterator[bytes], context: Any) -> bytes:
        nonlocal taken_for_whole
        messages = (pb.UploadImportRequest.FromString(request) async for request in requests)
        async for _ in whole_document(messages, context):
            arrived.set()
        taken_for_whole += 1
        return b""

    tiny = Tiny(collect=collect)
    async with tiny_server(tiny) as stub:
        for _ in range(100):
            arrived.clear()
            call = stub.collect()
            await call.write(CHUNK)
            await asyncio.wait_for(arrived.wait(), 5)
            call.cancel()
            await eventually(lambda: tiny.in_flight.count == 0, within=5, what="the call has ended")

    assert taken_for_whole == 0


async def test_an_upload_that_is_ended_comes_to_its_end() -> None:
    async def collect(requests: AsyncIterator[bytes], context: Any) -> bytes:
        messages = (pb.UploadImportRequest.FromString(request) async for request in requests)
        return b"".join([chunk async for chunk in whole_document(messages, context)])

    async with tiny_server(Tiny(collect=collect)) as stub:
        assert await stub.collect(iter([CHUNK, CHUNK]), timeout=5) == b'[{"code": "a"}]' * 2
