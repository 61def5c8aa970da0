"""A PostgreSQL and an S3 store of a test's own, which go away and come back where they were."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import psutil

from imports_service.embedded.child import Child
from imports_service.embedded.objects import EmbeddedObjects, embedded_objects
from imports_service.embedded.parts import Parts
from imports_service.embedded.postgres import EmbeddedPostgres, embedded_postgres
from imports_service.store.migrate import migrate


class Running(Protocol):
    @property
    def server(self) -> Child: ...


Server = TypeVar("Server", bound=Running)


class Part(Generic[Server]):
    """A part that can be stopped and frozen. `start` gives it on the same directory, with the same ports."""

    def __init__(self, start: Callable[[], AbstractAsyncContextManager[Server]]) -> None:
        self._start = start
        self._stack = contextlib.AsyncExitStack()
        self._frozen: list[psutil.Process] = []
        self.running: Server

    async def start(self) -> None:
        self.running = await self._stack.enter_async_context(self._start())

    async def stop(self) -> None:
        """Connections to it are refused from now on."""
        self.thaw()
        await self._stack.aclose()

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
class Standing:
    """Both parts, and how a service reaches them."""

    database: Part[EmbeddedPostgres]
    objects: Part[EmbeddedObjects]

    @property
    def parts(self) -> Parts:
        store = self.objects.running
        return Parts(
            database_url=self.database.running.url,
            listen_url=self.database.running.url,
            bucket=store.bucket,
            endpoint_url=store.endpoint_url,
            public_endpoint_url=None,
            region=store.region,
            access_key=store.access_key,
            secret_key=store.secret_key,
        )


@contextlib.asynccontextmanager
async def standing(directory: Path) -> AsyncIterator[Standing]:
    """Both parts running, the database migrated."""
    both = Standing(
        Part(lambda: embedded_postgres(directory, fsync=False)),
        Part(lambda: embedded_objects(directory, stop_seconds=0)),
    )
    try:
        async with asyncio.TaskGroup() as starting:
            starting.create_task(both.database.start())
            starting.create_task(both.objects.start())
        await migrate(both.database.running.url)
        yield both
    finally:
        await both.objects.stop()
        await both.database.stop()
