"""What tests stand on: one PostgreSQL and one S3 store a run, a database and a bucket a test, the service."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from imports_service.embedded.postgres import embedded_postgres
from tests.clusters import Cluster

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
os.environ.setdefault("GRPC_VERBOSITY", "NONE")


@pytest.fixture(scope="session")
def run_dir() -> Iterator[Path]:
    """A directory of this run. Others may pass through it: as root, PostgreSQL runs as another account."""
    directory = Path(tempfile.mkdtemp(prefix="imports-test-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def cluster(run_dir: Path) -> AsyncIterator[Cluster]:
    """The run's PostgreSQL, without fsync, and its migrated template."""
    async with embedded_postgres(run_dir / "cluster", fsync=False) as postgres:
        cluster = Cluster(postgres.url)
        await cluster.make_template()
        yield cluster


@pytest_asyncio.fixture(loop_scope="session")
async def database_url(cluster: Cluster) -> AsyncIterator[str]:
    """A migrated, empty database of the test's own."""
    async with cluster.clone() as url:
        yield url


@pytest_asyncio.fixture(loop_scope="session")
async def empty_database_url(cluster: Cluster) -> AsyncIterator[str]:
    """A database of the test's own without our schema."""
    async with cluster.clone(template="template1") as url:
        yield url
