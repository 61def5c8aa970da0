"""What tests stand on: one PostgreSQL and one S3 store a run, a database and an empty bucket a test."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest
import pytest_asyncio

from imports_service.embedded.objects import EmbeddedObjects, embedded_objects
from imports_service.embedded.parts import Parts
from imports_service.embedded.postgres import embedded_postgres
from imports_service.objects.store import Objects, open_objects
from imports_service.settings import Settings
from tests.clusters import Cluster, SuppliedDatabase
from tests.sockets import remove_sockets

if TYPE_CHECKING:
    from imports_service.store.database import Database
    from tests.services import Service, ServiceProcess

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
os.environ.setdefault("GRPC_VERBOSITY", "NONE")


LONG = {"chaos", "worker", "watch_properties", "model", "embedded", "end_to_end", "app", "watch"}
"""Directories with the files that take longest: first, so that no process is left alone with one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.parent.name not in LONG)


class SpawnService(Protocol):
    """Starts a process of the service with these settings on top; ready, unless told not to wait.

    `module`: what it runs, when that is the service with a fault planted.
    """

    async def __call__(
        self, *, wait: bool = True, module: str = "imports_service", **environment: str
    ) -> "ServiceProcess": ...


@pytest.fixture(scope="session")
def run_dir() -> Iterator[Path]:
    """A directory of this run. Others may pass through it: as root, PostgreSQL runs as another account."""
    directory = Path(tempfile.mkdtemp(prefix="imports-test-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def data_dir(run_dir: Path) -> Iterator[Path]:
    """A directory for embedded parts of the test's own, with room beside it."""
    outer = Path(tempfile.mkdtemp(dir=run_dir))
    outer.chmod(0o711)
    inner = outer / "data"
    inner.mkdir(mode=0o711)
    yield inner
    remove_sockets(inner)
    shutil.rmtree(outer, ignore_errors=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def cluster(run_dir: Path) -> AsyncIterator[Cluster]:
    """The run's PostgreSQL, without fsync, and its migrated template; or the database that `make test-citus` names."""
    if supplied := os.environ.get("IMPORTS_TEST_DATABASE_URL"):
        database = SuppliedDatabase(supplied)
        await database.make_template()
        yield database
        return
    async with embedded_postgres(run_dir / "cluster", fsync=False) as postgres:
        cluster = Cluster(postgres.url, works_ahead=True)
        await cluster.make_template()
        yield cluster
        await cluster.close()


@pytest_asyncio.fixture(loop_scope="session")
async def database_url(cluster: Cluster) -> AsyncIterator[str]:
    """A migrated, empty database of the test's own."""
    async with cluster.clone() as url:
        yield url


@pytest_asyncio.fixture(loop_scope="session")
async def empty_database_url(cluster: Cluster) -> AsyncIterator[str]:
    """A database of the test's own without our schema."""
    async with cluster.empty() as url:
        yield url


@pytest_asyncio.fixture(loop_scope="session")
async def plain_database_url(cluster: Cluster) -> AsyncIterator[str]:
    """A migrated database of the test's own that is not distributed, even when the run's database is."""
    async with cluster.plain() as url:
        yield url


@pytest_asyncio.fixture(loop_scope="session")
async def database(database_url: str) -> AsyncIterator["Database"]:
    """The test's database, opened as the service opens it."""
    from imports_service.store.database import open_database

    async with open_database(
        database_url, connections=8, application_name="imports-test", lease=timedelta(seconds=30)
    ) as database:
        yield database


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def object_server(run_dir: Path) -> AsyncIterator[EmbeddedObjects]:
    """The run's S3 store; killed at the end, as nothing in it is wanted any more."""
    async with embedded_objects(run_dir / "store", stop_seconds=0) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def open_bucket(object_server: EmbeddedObjects) -> AsyncIterator[Objects]:
    async with open_objects(
        bucket=object_server.bucket,
        endpoint_url=object_server.endpoint_url,
        region=object_server.region,
        access_key=object_server.access_key,
        secret_key=object_server.secret_key,
    ) as objects:
        await objects.make_bucket()
        yield objects


@pytest_asyncio.fixture(loop_scope="session")
async def objects(open_bucket: Objects) -> AsyncIterator[Objects]:
    """The bucket, empty. One for all tests: each new bucket takes volumes that the store never gives back."""
    await open_bucket.delete_prefix("")
    yield open_bucket
    await open_bucket.delete_prefix("")


@pytest.fixture
def settings() -> Settings:
    """Settings of the service in tests: a free port, a short grace, nothing from the environment."""
    return Settings(grpc_listen="127.0.0.1:0", stop_grace_seconds=5.0)


@pytest.fixture
def parts(database_url: str, objects: Objects, object_server: EmbeddedObjects) -> Parts:
    """Where the test's database and bucket are."""
    return Parts(
        database_url=database_url,
        listen_url=database_url,
        bucket=objects.bucket,
        endpoint_url=object_server.endpoint_url,
        public_endpoint_url=None,
        region=object_server.region,
        access_key=object_server.access_key,
        secret_key=object_server.secret_key,
    )


@pytest_asyncio.fixture(loop_scope="session")
async def service(settings: Settings, parts: Parts) -> AsyncIterator["Service"]:
    """The whole service in this process, with stubs. A test module overrides `settings` to change some."""
    from tests.services import running_service

    async with running_service(settings, parts) as service:
        yield service


@pytest_asyncio.fixture(loop_scope="session")
async def spawn_service(settings: Settings, parts: Parts, run_dir: Path) -> AsyncIterator[SpawnService]:
    """Real processes on the test's database and bucket; all are killed and reaped at the end."""
    from tests.services import READY, ServiceProcess, environment_of

    directory = Path(tempfile.mkdtemp(dir=run_dir))
    async with contextlib.AsyncExitStack() as stack:
        number = 0

        async def spawn(
            *, wait: bool = True, module: str = "imports_service", **environment: str
        ) -> ServiceProcess:
            nonlocal number
            number += 1
            environment = {**environment_of(settings, parts), **environment}
            process = ServiceProcess(environment, directory, number, module=module)
            stack.push_async_callback(process.kill)
            if wait:
                await process.said(READY)
            return process

        yield spawn
