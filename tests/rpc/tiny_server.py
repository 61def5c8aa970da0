"""A server of three methods that do whatever the test says, behind the real boundary."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from imports_service.rpc.boundary import Boundary, InFlight

SERVICE = "commerce.imports.v1.Tiny"


@dataclass
class Tiny:
    """What the methods do: set them before the call. Messages are bytes."""

    answer: Callable[[bytes, Any], Awaitable[bytes]] | None = None
    collect: Callable[[AsyncIterator[bytes], Any], Awaitable[bytes]] | None = None
    stream: Callable[[bytes, Any], Any] | None = None
    in_flight: InFlight = field(default_factory=InFlight)

    def handlers(self) -> "dict[str, grpc.RpcMethodHandler[Any, Any]]":
        return {
            "Answer": grpc.unary_unary_rpc_method_handler(self._answer),
            "Collect": grpc.stream_unary_rpc_method_handler(self._collect),
            "Stream": grpc.unary_stream_rpc_method_handler(self._stream),
        }

    async def _answer(self, request: bytes, context: Any) -> bytes:
        assert self.answer is not None
        return await self.answer(request, context)

    async def _collect(self, requests: AsyncIterator[bytes], context: Any) -> bytes:
        assert self.collect is not None
        return await self.collect(requests, context)

    def _stream(self, request: bytes, context: Any) -> Any:
        assert self.stream is not None
        return self.stream(request, context)


class TinyStub:
    """The three methods, typed."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.answer: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            f"/{SERVICE}/Answer"
        )
        self.collect: grpc.aio.StreamUnaryMultiCallable[bytes, bytes] = channel.stream_unary(
            f"/{SERVICE}/Collect"
        )
        self.stream: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(
            f"/{SERVICE}/Stream"
        )


@asynccontextmanager
async def tiny_server(tiny: Tiny, options: Sequence[tuple[str, int]] = ()) -> AsyncGenerator[TinyStub, None]:
    """The methods of a server of its own on a free port."""
    server = grpc.aio.server(interceptors=[Boundary(tiny.in_flight)], options=options)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, tiny.handlers()),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield TinyStub(channel)
    finally:
        await server.stop(None)


def details_of(error: grpc.aio.AioRpcError) -> dict[type[Any], Any]:
    """The error's details by their message types."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert status is not None, f"{error.code()} without details: {error.details()}"
    found: dict[type[Any], Any] = {}
    for packed in status.details:
        for kind in (
            error_details_pb2.ErrorInfo,
            error_details_pb2.BadRequest,
            error_details_pb2.RetryInfo,
            error_details_pb2.QuotaFailure,
        ):
            if packed.Is(kind.DESCRIPTOR):
                found[kind] = kind()
                packed.Unpack(found[kind])
    return found
