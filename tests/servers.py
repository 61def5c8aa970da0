"""A PostgreSQL and an S3 store of one's own, which go away and come back where they were, with what they had."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import psutil

from imports_service.embedded.child import Child
from imports_service.embedded.objects import EmbeddedObjects, embedded_objects
from imports_service.embedded.parts import Parts
from imports_service.embedded.postgres import EmbeddedPostgres, embedded_postgres
from imports_service.objects.store import Objects, open_objects
from imports_service.store.migrate import migrate

STOP_SECONDS = 20.0


class Running(Protocol):
    @property
    def server(self) -> Child: ...


Kind = TypeVar("Kind", bound=Running)


class Server(Generic[Kind]):
    """A server that can be stopped and frozen. `start` opens it on the same directory, with the same ports."""

    running: Kind

    def __init__(self, start: Callable[[], AbstractAsyncContextManager[Kind]]) -> None:
        self._start = start
        self._stack = AsyncExitStack()
        self._frozen: list[psutil.Process] = []
        self._address: str | None = None
        self.taken = asyncio.Lock()
        """Held while it is being restarted: two faults do not fell it at once."""

    async def start(self) -> None:
        """Raises `RuntimeError` when it is elsewhere than before."""
        self.running = await self._stack.enter_async_context(self._start())
        address = _address(self.running)
        if self._address not in {None, address}:
            raise RuntimeError("a server has lost its port to somebody else: run it again")
        self._address = address

    async def stop(self, by: signal.Signals | None = None) -> None:
        """End it by that signal, or as it ends when all is well; connections to it are refused from now on."""
        self.thaw()
        if by is not None:
            await self.running.server.stop((by, STOP_SECONDS))
        await self._stack.aclose()

    async def restart(self, by: signal.Signals, *, away_seconds: float = 0.0) -> None:
        """End it by that signal and start it again, so many seconds later."""
        async with self.taken:
            await self.stop(by)
            await asyncio.sleep(away_seconds)
            await self.start()

    def freeze(self) -> None:
        """It takes connections and answers nothing: its processes stand still."""
        server = psutil.Process(self.running.server.pid)
        server.send_signal(signal.SIGSTOP)  # first, so that it makes no more of them
        self._frozen = [server, *server.children(recursive=True)]
        for process in self._frozen:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        for process in reversed(self._frozen):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)
        self._frozen = []

    @contextlib.asynccontextmanager
    async def stopped(self) -> AsyncIterator[None]:
        await self.stop()
        try:
            yield
        finally:
            await self.start()

    @contextlib.asynccontextmanager
    async def frozen(self) -> AsyncIterator[None]:
        self.freeze()
        try:
            yield
        finally:
            self.thaw()


@dataclass(frozen=True, slots=True)
class Servers:
    """Both, and how a service reaches them."""

    postgres: Server[EmbeddedPostgres]
    store: Server[EmbeddedObjects]

    @property
    def parts(self) -> Parts:
        store = self.store.running
        return Parts(
            database_url=self.postgres.running.url,
            listen_url=self.postgres.running.url,
            bucket=store.bucket,
            endpoint_url=store.endpoint_url,
            public_endpoint_url=None,
            region=store.region,
            access_key=store.access_key,
            secret_key=store.secret_key,
        )


def _address(running: Running) -> str:
    return running.url if isinstance(running, EmbeddedPostgres) else getattr(running, "endpoint_url", "")


@contextlib.asynccontextmanager
async def open_servers(directory: Path, *, fsync: bool = True) -> AsyncIterator[Servers]:
    """Both, migrated and with a bucket."""
    directory.chmod(0o711)
    servers = Servers(
        Server(lambda: embedded_postgres(directory, fsync=fsync)),
        Server(lambda: embedded_objects(directory, stop_seconds=0)),
    )
    async with AsyncExitStack() as stack:
        for server in (servers.postgres, servers.store):
            stack.push_async_callback(server.stop)
        async with asyncio.TaskGroup() as starting:
            starting.create_task(servers.postgres.start())
            starting.create_task(servers.store.start())
        await migrate(servers.postgres.running.url)
        async with bucket_of(servers.parts) as objects:
            await objects.make_bucket()
        yield servers


@contextlib.asynccontextmanager
async def bucket_of(parts: Parts) -> AsyncIterator[Objects]:
    """The bucket of these parts."""
    async with open_objects(
        bucket=parts.bucket,
        endpoint_url=parts.endpoint_url,
        region=parts.region,
        access_key=parts.access_key,
        secret_key=parts.secret_key,
    ) as objects:
        yield objects
