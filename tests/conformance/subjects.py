"""The fake and the real service as subjects of the conformance suite."""

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import asyncpg
import grpc

from commerce.imports.v1.imports_pb2_grpc import ImportServiceStub
from imports_client.testing import FakeService, fake_service
from imports_client.testing.servicer import FakeImportService
from imports_service.embedded.parts import Parts
from imports_service.settings import Role, Settings
from tests.services import Service, running_service

if TYPE_CHECKING:
    from commerce.imports.v1.imports_pb2_grpc import ImportServiceAsyncStub

PATIENCE_SECONDS = 20.0
FAKE_HEARTBEAT_SECONDS = 0.05
REAL_HEARTBEAT_SECONDS = 0.3


class FakeSubject:
    """The fake on a loopback port. It has nothing that a restart could lose: what is open is cut off."""

    def __init__(self, fake: FakeService, channel: grpc.aio.Channel, patience_seconds: float) -> None:
        self.imports: ImportServiceAsyncStub = ImportServiceStub(channel)
        self.heartbeat_seconds = FAKE_HEARTBEAT_SECONDS
        self.patience_seconds = patience_seconds
        self._fake = fake

    async def hold_work(self) -> None:
        self._fake.hold()

    async def release_work(self) -> None:
        self._fake.release()

    async def expire_events(self) -> None:
        self._fake.expire_events()

    async def restart(self) -> None:
        self._fake.drop_connections()


@contextlib.asynccontextmanager
async def fake_subject(
    servicer: type[FakeImportService] = FakeImportService, *, patience_seconds: float = PATIENCE_SECONDS
) -> AsyncIterator[FakeSubject]:
    """The fake with these calls, served for the time of the block."""
    async with (
        fake_service(heartbeat_seconds=FAKE_HEARTBEAT_SECONDS, servicer=servicer) as fake,
        grpc.aio.insecure_channel(fake.target) as channel,
    ):
        yield FakeSubject(fake, channel, patience_seconds)


class RealSubject:
    """The service on the run's parts: calls are taken by one, rows worked off by another that comes and goes."""

    heartbeat_seconds = REAL_HEARTBEAT_SECONDS
    patience_seconds = PATIENCE_SECONDS

    def __init__(self, settings: Settings, parts: Parts, stack: contextlib.AsyncExitStack) -> None:
        self._parts = parts
        self._api = settings.model_copy(update={"role": Role.API})
        self._worker = settings.model_copy(update={"role": Role.WORKER})
        self._stack = stack
        self._served: Service | None = None
        self._work = contextlib.AsyncExitStack()
        self._works = False

    @property
    def imports(self) -> "ImportServiceAsyncStub":
        assert self._served is not None
        return self._served.imports

    async def start(self) -> None:
        """Take calls; the channel stays open to the end, so that what became of open calls can be read."""
        self._served = await self._stack.enter_async_context(running_service(self._api, self._parts))

    async def hold_work(self) -> None:
        self._works = False
        await self._work.aclose()

    async def release_work(self) -> None:
        if not self._works:
            await self._work.enter_async_context(running_service(self._worker, self._parts))
            self._works = True

    async def expire_events(self) -> None:
        connection = await asyncpg.connect(self._parts.database_url)
        try:
            async with connection.transaction():
                await connection.execute("UPDATE organization_clock SET floor = seq")
                await connection.execute("DELETE FROM event")
        finally:
            await connection.close()

    async def restart(self) -> None:
        before = self._served
        assert before is not None
        before.stop.set()
        await self.start()
