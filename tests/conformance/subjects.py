"""The fake and the real service as subjects of the conformance suite."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import asyncpg
import grpc

from commerce.imports.v1.imports_pb2_grpc import ImportServiceStub
from imports_client.testing import FakeService, fake_service
from imports_client.testing.servicer import FakeImportService
from imports_service.checkpoints import Checkpoints
from imports_service.domain.registry import load_registry
from imports_service.domain.shapes import Shapes
from imports_service.embedded.objects import EmbeddedObjects
from imports_service.embedded.parts import Parts
from imports_service.objects.store import Objects
from imports_service.settings import Role, Settings
from imports_service.store.database import open_database
from imports_service.store.nudges import open_nudges
from imports_service.worker.equipment import Equipment
from imports_service.worker.loop import run_worker
from tests.clusters import Cluster
from tests.services import Service, running_service

if TYPE_CHECKING:
    from commerce.imports.v1.imports_pb2_grpc import ImportServiceAsyncStub

PATIENCE_SECONDS = 20.0
FAKE_HEARTBEAT_SECONDS = 0.03
FAKE_PACE_SECONDS = 0.002
REAL_HEARTBEAT_SECONDS = 0.1
WORKER = "imports-conformance-worker"


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
        fake_service(
            heartbeat_seconds=FAKE_HEARTBEAT_SECONDS, pace_seconds=FAKE_PACE_SECONDS, servicer=servicer
        ) as fake,
        grpc.aio.insecure_channel(fake.target) as channel,
    ):
        yield FakeSubject(fake, channel, patience_seconds)


class RealSubject:
    """The service on the run's parts. It takes calls only; a worker beside it comes and goes, all in this process."""

    heartbeat_seconds = REAL_HEARTBEAT_SECONDS
    patience_seconds = PATIENCE_SECONDS

    def __init__(
        self, settings: Settings, parts: Parts, equipment: Equipment, stack: contextlib.AsyncExitStack
    ) -> None:
        self._settings = settings
        self._parts = parts
        self._equipment = equipment
        self._stack = stack
        self._served: Service | None = None
        self._stop = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None

    @property
    def imports(self) -> "ImportServiceAsyncStub":
        assert self._served is not None
        return self._served.imports

    async def start(self) -> None:
        """Take calls; the channel stays open to the end, so that what became of open calls can be read."""
        self._served = await self._stack.enter_async_context(running_service(self._settings, self._parts))

    async def hold_work(self) -> None:
        if self._worker is not None:
            self._stop.set()
            self._equipment.nudges.work()
            await self._worker
            self._worker = None

    async def release_work(self) -> None:
        if self._worker is None:
            self._stop = asyncio.Event()
            # a task and no group: it begins and ends in different tests
            self._worker = asyncio.create_task(run_worker(self._equipment, self._stop), name="worker")

    async def expire_events(self) -> None:
        connection = await asyncpg.connect(self._parts.database_url)
        try:
            async with connection.transaction():
                await connection.execute("UPDATE organization_clock SET floor = seq")
                await connection.execute("DELETE FROM event")
        finally:
            await connection.close()

    async def restart(self) -> None:
        assert self._served is not None
        self._served.stop.set()
        await self.start()


@contextlib.asynccontextmanager
async def real_subject(
    cluster: Cluster, objects: Objects, object_server: EmbeddedObjects
) -> AsyncIterator[RealSubject]:
    """The service on a database of its own, with small segments, for the time of the block."""
    settings = Settings(
        grpc_listen="127.0.0.1:0",
        role=Role.API,
        stop_grace_seconds=5.0,
        segment_rows=5,
        watch_heartbeat_seconds=REAL_HEARTBEAT_SECONDS,
    )
    async with contextlib.AsyncExitStack() as stack:
        database_url = await stack.enter_async_context(cluster.clone())
        parts = Parts(
            database_url=database_url,
            listen_url=database_url,
            bucket=objects.bucket,
            endpoint_url=object_server.endpoint_url,
            public_endpoint_url=None,
            region=object_server.region,
            access_key=object_server.access_key,
            secret_key=object_server.secret_key,
        )
        database = await stack.enter_async_context(
            open_database(database_url, connections=6, application_name=WORKER, lease=settings.lease)
        )
        nudges = await stack.enter_async_context(open_nudges(database_url, application_name=WORKER))
        registry = load_registry()
        equipment = Equipment(
            worker=WORKER,
            settings=settings,
            database=database,
            objects=objects,
            nudges=nudges,
            registry=registry,
            shapes=Shapes(registry),
            checkpoints=Checkpoints(),
        )
        subject = RealSubject(settings, parts, equipment, stack)
        await subject.start()
        yield subject
        await subject.hold_work()
