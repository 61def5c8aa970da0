"""A service that plays a script: what it tells the watchers of one import, and how it loses them.

It keeps the contract otherwise: a token resumes after the event that had it. The script is the oracle of the tests.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import cast

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo

from commerce.imports.v1 import imports_pb2 as pb
from commerce.imports.v1.imports_pb2_grpc import ImportServiceServicer, add_ImportServiceServicer_to_server
from tests.client.conftest import Context, Partial, refuse

PARENT = "organizations/o"
NAME = f"{PARENT}/imports/i"
UNKNOWN_KIND = 77
WAIT_SECONDS = 30.0


class How(Enum):
    """How a stream is lost: a code and a message, as the service, gRPC's library and proxies end calls."""

    STOPPING = (grpc.StatusCode.UNAVAILABLE, "stopping")
    AWAY = (grpc.StatusCode.UNAVAILABLE, "connection refused")
    RESET = (grpc.StatusCode.INTERNAL, "Received RST_STREAM with error code 2")
    REMOVED = (grpc.StatusCode.UNKNOWN, "Stream removed")
    CANCELLED = (grpc.StatusCode.CANCELLED, "")
    CUT_BY_A_PROXY = (grpc.StatusCode.DEADLINE_EXCEEDED, "stream timeout")
    BUSY = (grpc.StatusCode.RESOURCE_EXHAUSTED, "busy")
    OK = (grpc.StatusCode.OK, "")
    SILENCE = (None, "")
    RESTART = (None, "the server is stopped and started again")


@dataclass(frozen=True)
class Cut:
    """One stream: it tells so many events, then it is lost."""

    told: int
    how: How


@dataclass
class Script:
    """What is told, and the cuts of the first streams; the next one tells the rest."""

    events: Sequence[pb.ImportEvent]
    cuts: list[Cut] = field(default_factory=list)
    streams: list[tuple[int, str]] = field(default_factory=list)
    """Of each stream that was opened, the replica and the token."""
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Somebody left a stream that was silent."""


def event(
    kind: pb.Kind.ValueType, status: pb.Status.ValueType = pb.STATUS_UNSPECIFIED, token: str = ""
) -> pb.ImportEvent:
    """With a snapshot if there is a status."""
    made = pb.ImportEvent(kind=kind, resume_token=token)
    if status:
        made.snapshot.MergeFrom(pb.Import(name=NAME, uid="u", status=status))
    return made


def numbered(events: Iterable[pb.ImportEvent]) -> list[pb.ImportEvent]:
    """Tokens are places in the list."""
    made = []
    for place, each in enumerate(events, 1):
        copy = pb.ImportEvent()
        copy.CopyFrom(each)
        copy.resume_token = str(place)
        made.append(copy)
    return made


STORY = numbered(
    [
        event(pb.KIND_SNAPSHOT, pb.STATUS_PENDING),
        event(pb.KIND_HEARTBEAT),
        event(pb.KIND_TRANSITION, pb.STATUS_IN_PROGRESS),
        event(pb.KIND_PROGRESS, pb.STATUS_IN_PROGRESS),
        event(cast(pb.Kind.ValueType, UNKNOWN_KIND)),
        event(pb.KIND_TRANSITION, pb.STATUS_COMPLETED),
    ]
)


class Actor(Partial):
    """One replica."""

    def __init__(self, script: Script, number: int, restarts: "asyncio.Queue[int | None]") -> None:
        self.script = script
        self.number = number
        self.restarts = restarts

    async def WatchImport(  # noqa: N802
        self, request: pb.WatchImportRequest, context: Context
    ) -> AsyncIterator[pb.ImportEvent]:
        async for each in self._play(request.resume_token, context):
            yield each

    async def WatchImports(  # noqa: N802
        self, request: pb.WatchImportsRequest, context: Context
    ) -> AsyncIterator[pb.ImportEvent]:
        async for each in self._play(request.resume_token, context):
            yield each

    async def GetImport(self, request: pb.GetImportRequest, context: Context) -> pb.Import:  # noqa: N802
        found: pb.Import = self.script.events[-1].snapshot
        return found

    async def _play(self, token: str, context: Context) -> AsyncIterator[pb.ImportEvent]:
        self.script.streams.append((self.number, token))
        self.script.opened.set()
        rest = self.script.events[int(token or 0) :]
        if not self.script.cuts:
            for each in rest:
                yield each
            return
        cut = self.script.cuts.pop(0)
        for each in rest[: cut.told]:
            yield each
        await self._lose(cut.how, context)

    async def _lose(self, how: How, context: Context) -> None:
        code, message = how.value
        soon = RetryInfo(retry_delay=Duration(nanos=1))
        if how in {How.SILENCE, How.RESTART}:
            if how is How.RESTART:
                self.restarts.put_nowait(self.number)
            try:
                await asyncio.Event().wait()
            finally:
                self.script.left.set()
        elif how is How.STOPPING:
            await refuse(context, code, message, ErrorInfo(reason="STOPPING"), soon)
        elif how is How.BUSY:
            await refuse(context, code, message, soon)
        elif how is not How.OK:
            await context.abort(code, message)


@asynccontextmanager
async def replicas(script: Script, count: int = 1) -> AsyncIterator[str]:
    """Serve the script at so many ports, restarted there as it says. Yields the target to connect to."""
    restarts: asyncio.Queue[int | None] = asyncio.Queue()
    servers: list[grpc.aio.Server] = []
    ports: list[int] = []
    for number in range(count):
        ports.append(0)
        server, ports[number] = await _serve(Actor(script, number, restarts), 0)
        servers.append(server)

    async def restart() -> None:
        while (number := await restarts.get()) is not None:
            await servers[number].stop(0)
            servers[number], _ = await _serve(Actor(script, number, restarts), ports[number])

    # No task group: it would wrap what a test expects to be raised.
    restarting = asyncio.create_task(restart(), name="restarts")
    try:
        yield ",".join(f"127.0.0.1:{port}" for port in ports)
    finally:
        restarts.put_nowait(None)  # cancelled, it would leave a server half stopped
        async with asyncio.timeout(WAIT_SECONDS):
            await restarting
        for server in servers:
            await server.stop(0)


async def _serve(actor: Actor, port: int) -> tuple[grpc.aio.Server, int]:
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    add_ImportServiceServicer_to_server(cast(ImportServiceServicer, actor), server)
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    return server, port
