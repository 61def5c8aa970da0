"""A way to a server that can be cut: the client learns of nothing but that its connection is gone."""

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Way:
    """Leads to a port of this machine. `address` stays the same, whoever listens at the port, or nobody."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: set[asyncio.StreamWriter] = set()
        self.address = ""

    def cut(self) -> None:
        """Break off all connections at once; what is on its way is lost."""
        for writer in self._writers:
            writer.transport.abort()

    async def _lead(self, source: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            answers, target = await asyncio.open_connection("127.0.0.1", self._port)
            with self._counted(back), self._counted(target):
                async with asyncio.TaskGroup() as both:
                    both.create_task(_pass_on(source, target))
                    both.create_task(_pass_on(answers, back))
        back.transport.abort()

    @contextlib.contextmanager
    def _counted(self, writer: asyncio.StreamWriter):
        self._writers.add(writer)
        try:
            yield
        finally:
            self._writers.remove(writer)
            writer.transport.abort()


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Until either end is gone; then the other one goes as well."""
    with contextlib.suppress(OSError):
        while data := await source.read(2**16):
            target.write(data)
            await target.drain()
    target.transport.abort()


@contextlib.asynccontextmanager
async def way_to(port: int) -> AsyncIterator[Way]:
    """A way to that port, open for the time of the block."""
    way = Way(port)
    server = await asyncio.start_server(way._lead, "127.0.0.1", 0)
    way.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield way
    finally:
        server.close()
        way.cut()
