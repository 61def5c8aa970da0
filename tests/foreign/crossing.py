"""A way to a server that a test cuts, and leads elsewhere: what a load balancer does to its callers on a bad day."""

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Crossing:
    """Listens at `address` and passes bytes on to the server it leads to; leading nowhere, it hangs up."""

    def __init__(self) -> None:
        self.address = ""
        self._target: str | None = None
        self._passing: set[asyncio.Task[None]] = set()

    def lead_to(self, target: str) -> None:
        """Connections that are made from now on go to the server at `target` (`host:port`)."""
        self._target = target

    async def cut(self) -> None:
        """End every connection, and take none until `lead_to` is called again."""
        self._target = None
        passing = self._passing.copy()
        for task in passing:
            task.cancel()
        if passing:
            await asyncio.wait(passing)

    async def carry(self, source: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Pass on one connection, both ways, until either end closes it."""
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)
        with contextlib.closing(back):
            if self._target is None:
                return
            with contextlib.suppress(ConnectionError):
                host, port = self._target.split(":")
                answers, target = await asyncio.open_connection(host, int(port))
                with contextlib.closing(target):
                    ways = {_pass_on(source, target), _pass_on(answers, back)}
                    async with asyncio.TaskGroup() as tasks:
                        both = [tasks.create_task(way) for way in ways]
                        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                        for way in both:
                            way.cancel()


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(2**16):
            target.write(data)
            await target.drain()


@contextlib.asynccontextmanager
async def crossing(target: str) -> AsyncIterator[Crossing]:
    """A way that leads to `target`, for the time of the block."""
    way = Crossing()
    server = await asyncio.start_server(way.carry, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    way.address = f"{host}:{port}"
    way.lead_to(target)
    try:
        yield way
    finally:
        server.close()
        await way.cut()
