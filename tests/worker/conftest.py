"""Kills are survived on a database that keeps its promises: this one writes to disk."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
import structlog

from imports_service.embedded.postgres import embedded_postgres
from tests.clusters import Cluster


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def durable_cluster(run_dir: Path) -> AsyncIterator[Cluster]:
    """A PostgreSQL with fsync, and its migrated template."""
    async with embedded_postgres(run_dir / "durable") as postgres:
        cluster = Cluster(postgres.url)
        await cluster.make_template()
        yield cluster


@pytest.fixture(autouse=True)
def plain_tracebacks() -> Iterator[None]:
    """What workers log of units that fail on purpose; the default draws every variable, for seconds."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(),
        ]
    )
    yield
    structlog.reset_defaults()
