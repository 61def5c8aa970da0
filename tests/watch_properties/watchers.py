"""One who watches: call after call, each resumed with the last token, on whatever server is there."""

import asyncio
from collections.abc import AsyncIterator

import grpc
from google.protobuf.duration_pb2 import Duration

from commerce.imports.v1 import imports_pb2 as pb
from tests.services import Client
from tests.watch_properties.fleet import IMPATIENT, Fleet
from tests.watch_properties.oracle import Oracle
from tests.watch_properties.verdict import Call, Watched, Wrong

# windows as small as they get, so that who does not read makes the server wait
NARROW = (("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 1024))
INTERVAL = Duration(nanos=100_000_000)
PAUSE_SECONDS = 0.05
"""Between two calls. It proves nothing: a server that is away shall not be called a thousand times."""


class Watcher:
    """A watch of one import (`name`) or, with `wanted`, of an organization's, and what came of it.

    An import that is not there yet is asked for until it is. `is_calm`: nothing befalls the servers, so that no call
    may fail.
    """

    def __init__(
        self,
        fleet: Fleet,
        oracle: Oracle,
        organization_id: str,
        *,
        server: int = 0,
        name: str = "",
        wanted: pb.ImportFilter | None = None,
        watched: Watched | None = None,
        is_calm: bool = False,
    ) -> None:
        self._fleet, self._oracle = fleet, oracle
        self.organization_id = organization_id
        self.name = name
        self._server = server
        self._is_calm = is_calm
        self._call: asyncio.Task[None] | None = None
        self.watched = watched or Watched(wanted, name.rpartition("/")[2])
        self.is_reading = asyncio.Event()
        self.is_reading.set()

    def copy_up_to(self, place: int, *, server: int) -> "Watcher":
        """One who heard the same up to that place, and goes on at that server."""
        return Watcher(
            self._fleet,
            self._oracle,
            self.organization_id,
            server=server,
            name=self.name,
            watched=self.watched.up_to(place),
            is_calm=self._is_calm,
        )

    async def run(self) -> None:
        """Watch until the watch is over. Raises `Wrong` for an end that no contract knows."""
        while not self.watched.is_over:
            async with asyncio.TaskGroup() as group:
                self._call = group.create_task(self._watch_once())
            await asyncio.sleep(PAUSE_SECONDS)

    def leave(self) -> None:
        """Give up the call as it is, and go on with another one."""
        if self._call is not None:
            self._call.cancel()

    def move(self) -> None:
        """The same, and go on at another server."""
        self._server += 1
        self.leave()

    async def _watch_once(self) -> None:
        call = Call(await self._oracle.last(self.organization_id))
        self.watched.calls.append(call)
        client = Client(
            self._fleet.servers[self._server % len(self._fleet.servers)].address, IMPATIENT + NARROW
        )
        try:
            async for event in self._stream(client):
                if self.watched.tell(event):
                    self.watched.settle(await self._oracle.last(self.organization_id))
                await self.is_reading.wait()
            call.has_ended_ok = True
        except grpc.aio.AioRpcError as error:
            self._server += 1
            await self._take(error, call)
        finally:
            await client.channel.close()

    def _stream(self, client: Client) -> AsyncIterator[pb.ImportEvent]:
        if self.watched.wanted is None:
            one = pb.WatchImportRequest(
                name=self.name, resume_token=self.watched.token, progress_interval=INTERVAL
            )
            return aiter(client.imports.WatchImport(one))
        many = pb.WatchImportsRequest(
            parent=f"organizations/{self.organization_id}",
            filter=self.watched.wanted,
            resume_token=self.watched.token,
            progress_interval=INTERVAL,
        )
        return aiter(client.imports.WatchImports(many))

    async def _take(self, error: grpc.aio.AioRpcError, call: Call) -> None:
        if error.code() is grpc.StatusCode.UNAVAILABLE and not self._is_calm:
            return
        if error.code() is grpc.StatusCode.NOT_FOUND and self.name and not self.watched.told:
            last = await self._oracle.last(self.organization_id)
            self.watched.refusals.append((call.opened_after, last))
            return
        raise Wrong(f"a call ended with {error.code()}: {error.details()}")
