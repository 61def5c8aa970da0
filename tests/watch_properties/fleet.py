"""Processes of the service on one database, and all that can befall them. Servers keep their addresses."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

from imports_service.embedded.parts import Parts
from imports_service.embedded.ports import free_port
from imports_service.settings import Role, Settings
from tests.services import READY, Client, ServiceProcess, environment_of
from tests.watch_properties.oracle import Oracle
from tests.watch_properties.ways import Way, way_to

SHORT = {
    "IMPORTS_LEASE_SECONDS": "2",
    "IMPORTS_SEGMENT_ROWS": "10",
    "IMPORTS_WATCH_HEARTBEAT_SECONDS": "0.3",
    "IMPORTS_DATABASE_CONNECTIONS": "6",
}

SERVICE = "imports_service"
PLANTED = "tests.watch_properties.planted"

Spawn = Callable[[dict[str, str]], ServiceProcess]


class Member:
    """A process that is started again whenever it was killed; servers at the same port."""

    def __init__(
        self, spawn: Spawn, role: Role, oracle: Oracle, way: Way | None = None, port: int = 0
    ) -> None:
        self._spawn = spawn
        self._environment = {
            **SHORT,
            "IMPORTS_ROLE": role.value,
            "IMPORTS_GRPC_LISTEN": f"127.0.0.1:{port}",
        }
        self._oracle = oracle
        self._way = way
        self._process = spawn(self._environment)
        self._kills = asyncio.Lock()

    @property
    def address(self) -> str:
        assert self._way is not None, "a worker takes no calls"
        return self._way.address

    async def is_ready(self) -> None:
        await self._process.said(READY)

    async def kill(self) -> None:
        """SIGKILL. The next process is on its way when this returns, and takes a second or two to be ready."""
        async with self._kills:
            await self._process.kill()
            self._process = self._spawn(self._environment)

    def freeze(self) -> None:
        if self._process.process.poll() is None:
            self._process.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if self._process.process.poll() is None:
            self._process.process.send_signal(signal.SIGCONT)

    def cut_clients(self) -> None:
        if self._way is not None:
            self._way.cut()

    async def cut_listener(self) -> int:
        return await self._oracle.cut_listener(self._process.pid)

    async def cut_backends(self, dice: int) -> int:
        return await self._oracle.cut_backends(self._process.pid, dice)


class Fleet:
    """Servers, which take calls, and workers, which do the work."""

    def __init__(self, servers: Sequence[Member], workers: Sequence[Member]) -> None:
        self.servers = servers
        self.workers = workers

    @property
    def members(self) -> list[Member]:
        return [*self.servers, *self.workers]

    async def heal(self) -> None:
        """Undo what befell them; returns when all are ready."""
        for member in self.members:
            member.thaw()
        for member in self.members:
            await member.is_ready()


@contextlib.asynccontextmanager
async def fleet_of(
    settings: Settings,
    parts: Parts,
    oracle: Oracle,
    directory: Path,
    *,
    servers: int = 2,
    workers: int = 1,
    environment: Mapping[str, str] | None = None,
    planted: str = "",
    module: str = PLANTED,
    member: type[Member] = Member,
) -> AsyncIterator[Fleet]:
    """So many servers and workers, ready. `planted` names a fault of `module` for them to have; `environment` holds
    settings that are others than usual here."""
    spawned: list[ServiceProcess] = []
    own = {**(environment or {}), "PLANTED": planted}

    def spawn(environment: dict[str, str]) -> ServiceProcess:
        whole = {**environment_of(settings, parts), **environment, **own}
        spawned.append(ServiceProcess(whole, directory, len(spawned), module=module if planted else SERVICE))
        return spawned[-1]

    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(_kill_all, spawned)
        members = []
        for port in _free_ports(servers):
            way = await stack.enter_async_context(way_to(port))
            members.append(member(spawn, Role.API, oracle, way, port))
        fleet = Fleet(members, [member(spawn, Role.WORKER, oracle) for _ in range(workers)])
        await fleet.heal()
        yield fleet


async def _kill_all(spawned: list[ServiceProcess]) -> None:
    for process in spawned:
        await process.kill()


def _free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, all different, and none that an outgoing connection takes meanwhile."""
    ports: list[int] = []
    for _ in range(count):
        ports.append(free_port(taken=ports))
    return ports


@contextlib.asynccontextmanager
async def clients_of(fleet: Fleet) -> AsyncIterator[list[Client]]:
    """A client of each server, for commands."""
    clients = [Client(server.address, IMPATIENT) for server in fleet.servers]
    try:
        yield clients
    finally:
        async with asyncio.TaskGroup() as closing:
            for client in clients:
                closing.create_task(client.channel.close())


IMPATIENT = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 5_000),  # how long a connection may take to be made
    ("grpc.max_reconnect_backoff_ms", 300),
)
"""A channel that tries again soon: servers are away for seconds here."""
