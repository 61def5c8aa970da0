"""The PostgreSQL and the S3 store of a run. They go away and come back where they were, with what they had."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Generic, Protocol, TypeVar

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
    """A server that `start` opens, at the same place each time."""

    def __init__(self, start: Callable[[], AbstractAsyncContextManager[Kind]]) -> None:
        self._start = start
        self._stack = AsyncExitStack()
        self.taken = asyncio.Lock()
        """Held while it is away: two faults do not fell it at once."""

    async def start(self) -> Kind:
        self.running = await self._stack.enter_async_context(self._start())
        return self.running

    async def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        await self.running.server.stop((by, STOP_SECONDS))
        await self._stack.aclose()

    async def restart(self, by: signal.Signals, *, away_seconds: float = 0.0) -> None:
        """End it by that signal and start it again, so many seconds later. Raises `RuntimeError` if it is elsewhere."""
        async with self.taken:
            before = _address(self.running)
            await self.stop(by)
            await asyncio.sleep(away_seconds)
            if _address(await self.start()) != before:
                raise RuntimeError("a server has lost its port to somebody else: run it again")


class Servers:
    """Both, and where they are."""

    def __init__(self, postgres: Server[EmbeddedPostgres], store: Server[EmbeddedObjects]) -> None:
        self.postgres, self.store = postgres, store

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
async def open_servers(directory: Path) -> AsyncIterator[Servers]:
    """Both, migrated and with a bucket. PostgreSQL writes to disk: restarts are survived on nothing less."""
    directory.chmod(0o711)
    postgres = Server(lambda: embedded_postgres(directory / "database"))
    store = Server(lambda: embedded_objects(directory / "store", stop_seconds=0))
    async with AsyncExitStack() as stack:
        await postgres.start()
        stack.push_async_callback(postgres.stop, signal.SIGQUIT)
        await migrate(postgres.running.url)
        await store.start()
        stack.push_async_callback(store.stop, signal.SIGKILL)
        servers = Servers(postgres, store)
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
