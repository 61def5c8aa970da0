"""A way to a server that counts what goes over it: statements to PostgreSQL, requests to the S3 store."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit


class Counted:
    """How many came by, and the address that leads by here."""

    def __init__(self) -> None:
        self.number = 0
        self.url = ""


async def _statements(source: asyncio.StreamReader, target: asyncio.StreamWriter, counted: Counted) -> None:
    """Pass on what a client of PostgreSQL says; a statement is run by Execute or Query."""
    while True:  # start-up messages have no type: requests for encryption, then the real one
        length = await source.readexactly(4)
        body = await source.readexactly(int.from_bytes(length) - 4)
        target.write(length + body)
        if int.from_bytes(body[:4]) == 3 << 16:
            break
    while True:
        head = await source.readexactly(5)
        body = await source.readexactly(int.from_bytes(head[1:]) - 4)
        counted.number += head[:1] in {b"E", b"Q"}
        target.write(head + body)


async def _requests(source: asyncio.StreamReader, target: asyncio.StreamWriter, counted: Counted) -> None:
    """Pass on what a client of S3 says; each GET has a line of its own."""
    while data := await source.read(2**16):
        counted.number += data.count(b"GET /")
        target.write(data)


async def _answers(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(2**16):
        target.write(data)


@contextlib.asynccontextmanager
async def counting(url: str) -> AsyncIterator[Counted]:
    """Lead to the server of the URL. Ends with the connections that lead by here."""
    parts = urlsplit(url)
    passing = _statements if parts.scheme.startswith("postgres") else _requests
    counted = Counted()
    connections: set[asyncio.Task[None]] = set()

    async def lead(source: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        connections.add(asyncio.current_task())  # type: ignore[arg-type]
        answers, target = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            async with asyncio.TaskGroup() as ways:
                back_way = ways.create_task(_answers(answers, back))
                with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                    await passing(source, target, counted)
                back_way.cancel()
        finally:
            for writer in (target, back):
                writer.close()

    server = await asyncio.start_server(lead, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        counted.url = parts._replace(
            netloc=f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{port}".removeprefix("@")
        ).geturl()
        yield counted
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.wait(connections) if connections else None
