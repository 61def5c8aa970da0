"""The floor: a gRPC server with nothing behind it, which writes the bytes it is given to whoever has a stream open.

    python -m benchmarks.bare [database URL]

The same library, loop and options as the service. Told what to do by `benchmarks.helpers`. With a database it also
listens, and on each notification reads the one row of `floor_watch` and writes it to all: what `raw` is made of.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import grpc
import uvloop

from benchmarks.helpers import answer
from imports_service.rpc.server import server_options

SERVICE = "benchmarks.Bare"
METHOD = f"/{SERVICE}/Watch"
CHANNEL = "floor"
CREATE_TABLE = (
    "CREATE TABLE floor_watch (id integer PRIMARY KEY, version bigint NOT NULL, message bytea NOT NULL)"
)
UPDATE = "UPDATE floor_watch SET version = version + 1, message = $1 WHERE id = 1"
SELECT = "SELECT version, message FROM floor_watch WHERE id = 1"


class Bare:
    """The streams and the message that they have been, or are about to be, written."""

    def __init__(self, heartbeat_seconds: float) -> None:
        self._heartbeat_seconds = heartbeat_seconds
        self._first = self._heartbeat = self._message = b""
        self._version = 0
        self._changed = asyncio.Event()

    async def stream(self, _: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]") -> None:
        version = self._version
        await context.write(self._first)
        while True:
            try:
                async with asyncio.timeout(self._heartbeat_seconds):
                    while version == self._version:
                        await self._changed.wait()
            except TimeoutError:
                await context.write(self._heartbeat)
            else:
                version = self._version
                await context.write(self._message)

    def write_to_all(self, message: bytes) -> None:
        self._version += 1
        self._message = message
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def set_messages(self, *, first: str, heartbeat: str) -> None:
        """What a stream begins with and what silence is broken with, in hex."""
        self._first, self._heartbeat = bytes.fromhex(first), bytes.fromhex(heartbeat)

    async def send(self, *, message: str) -> int:
        """Write to all streams; when that began, in ns."""
        data = bytes.fromhex(message)
        began = time.monotonic_ns()
        self.write_to_all(data)
        return began


@asynccontextmanager
async def _listening(url: str, bare: Bare) -> AsyncIterator[None]:
    notified = asyncio.Event()
    listener, reader = await asyncpg.connect(url), await asyncpg.connect(url)

    async def read_what_changed() -> None:
        while True:
            await notified.wait()
            notified.clear()
            row = await reader.fetchrow(SELECT)
            if row is not None:
                bare.write_to_all(row["message"])

    await listener.add_listener(CHANNEL, lambda *_: notified.set())
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(read_what_changed())
        yield
        reading.cancel()


async def main(url: str | None) -> None:
    bare = Bare(heartbeat_seconds=15.0)
    server = grpc.aio.server(options=server_options(4 * 1024 * 1024))
    handlers: Any = {"Watch": grpc.unary_stream_rpc_method_handler(bare.stream)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()

    async def address() -> str:
        return f"127.0.0.1:{port}"

    async def stop() -> int:
        began = time.monotonic_ns()
        await server.stop(None)
        return began

    async with AsyncExitStack() as stack:
        if url is not None:
            await stack.enter_async_context(_listening(url, bare))
        await answer({"address": address, "set_messages": bare.set_messages, "send": bare.send, "stop": stop})


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1] if len(sys.argv) > 1 else None))
