"""What the server's options promise: bursts are refused to nobody, and a port is held by one server."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from imports_service.rpc.server import server_options
from tests.rpc.tiny_server import Tiny, tiny_server

WATCHES = 5_000


async def test_thousands_of_streams_may_open_in_one_burst() -> None:
    async def stream(request: bytes, context: Any) -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.Event().wait()

    async with tiny_server(Tiny(stream=stream), server_options(4_000_000)) as stub:
        calls = [stub.stream(b"", timeout=60) for _ in range(WATCHES)]
        first = [await call.read() for call in calls]
        for call in calls:
            call.cancel()

    assert first == [b"first"] * WATCHES


async def test_a_second_server_on_the_port_is_refused() -> None:
    first, second = (grpc.aio.server(options=server_options(4_000_000)) for _ in range(2))
    port = first.add_insecure_port("127.0.0.1:0")

    with pytest.raises(RuntimeError, match="bind"):
        second.add_insecure_port(f"127.0.0.1:{port}")
