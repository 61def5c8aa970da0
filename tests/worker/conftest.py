"""Kills are survived on a database that keeps its promises: this one writes to disk."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from imports_service.embedded.postgres import embedded_postgres
from tests.clusters import Cluster


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def durable_cluster(run_dir: Path) -> AsyncIterator[Cluster]:
    """A PostgreSQL with fsync, and its migrated template."""
    async with embedded_postgres(run_dir / "durable") as postgres:
        cluster = Cluster(postgres.url)
        await cluster.make_template()
        yield cluster
