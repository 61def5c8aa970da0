import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo

from commerce.imports.v1.imports_pb2 import (
    KIND_SNAPSHOT,
    KIND_TRANSITION,
    STATUS_COMPLETED,
    STATUS_IN_PROGRESS,
    Import,
    ImportEvent,
    WatchImportRequest,
)
from imports_client.connection import Imports
from tests.client.conftest import ConnectTo, Context, Partial, refuse

NAME = "organizations/o/imports/i"
EVENTS = [
    ImportEvent(resume_token="1", kind=KIND_SNAPSHOT),
    ImportEvent(resume_token="2", kind=KIND_TRANSITION, snapshot=Import(status=STATUS_IN_PROGRESS)),
    ImportEvent(resume_token="3", kind=KIND_TRANSITION, snapshot=Import(status=STATUS_COMPLETED)),
]


class Interrupted(Partial):
    """Ends every watch with `code` after one event, until all are sent; tokens are places in `EVENTS`."""

    def __init__(self, code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE) -> None:
        self.code = code
        self.tokens: list[str] = []

    async def WatchImport(  # noqa: N802
        self, request: WatchImportRequest, context: Context
    ) -> AsyncIterator[ImportEvent]:
        self.tokens.append(request.resume_token)
        place = int(request.resume_token or 0)
        if place < len(EVENTS):
            yield EVENTS[place]
            stopping = ErrorInfo(reason="STOPPING", domain="imports.commerce")
            await refuse(context, self.code, "stopping", stopping, RetryInfo(retry_delay=Duration(nanos=1)))


class Silent(Partial):
    """Sends one event and then nothing."""

    def __init__(self) -> None:
        self.was_left = asyncio.Event()

    async def WatchImport(  # noqa: N802
        self, request: WatchImportRequest, context: Context
    ) -> AsyncIterator[ImportEvent]:
        yield EVENTS[0]
        try:
            await asyncio.Event().wait()
        finally:
            self.was_left.set()


async def tokens_seen(imports: Imports, **bounds: float) -> list[str]:
    return [event.resume_token async for event in imports.watch(NAME, **bounds)]  # type: ignore[arg-type]


async def test_a_watch_resumes_after_the_last_event_that_it_got(connect_to: ConnectTo) -> None:
    servicer = Interrupted()
    imports = await connect_to(servicer)

    seen = await tokens_seen(imports)

    assert seen == ["1", "2", "3"]
    assert servicer.tokens == ["", "1", "2", "3"]


async def test_a_watch_gives_up_when_the_service_stays_away(unused_tcp_port: int) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{unused_tcp_port}") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await tokens_seen(Imports(channel), patience=0.3)

    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_an_error_that_will_not_pass_ends_the_watch_at_once(connect_to: ConnectTo) -> None:
    servicer = Interrupted(grpc.StatusCode.NOT_FOUND)
    imports = await connect_to(servicer)

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await tokens_seen(imports)

    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert servicer.tokens == [""]


async def test_a_watch_never_outlasts_its_timeout(connect_to: ConnectTo) -> None:
    imports = await connect_to(Silent())

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await tokens_seen(imports, timeout=0.3)

    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_leaving_a_watch_ends_the_call(connect_to: ConnectTo) -> None:
    servicer = Silent()
    imports = await connect_to(servicer)

    async with aclosing(imports.watch(NAME)) as events:
        await anext(events)

    async with asyncio.timeout(5):
        await servicer.was_left.wait()
