"""A fleet for all examples of a module: each example keeps to organizations of its own."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from imports_service.embedded.objects import EmbeddedObjects
from imports_service.embedded.parts import Parts
from imports_service.objects.store import Objects
from imports_service.settings import Settings
from tests.clusters import Cluster
from tests.services import Client
from tests.watch_properties.fleet import Fleet, clients_of, fleet_of
from tests.watch_properties.oracle import Oracle, installed
from tests.watch_properties.planted import SCHEMAS
from tests.watch_properties.play import play
from tests.watch_properties.steps import Schedule


@dataclass(frozen=True)
class Stage:
    """A fleet and an oracle on one database, and the loop on which both live."""

    fleet: Fleet
    clients: list[Client]
    oracle: Oracle
    database_url: str
    loop: asyncio.AbstractEventLoop

    async def play(self, schedule: Schedule) -> None:
        await play(self.fleet, self.clients, self.oracle, schedule)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(
    cluster: Cluster, open_bucket: Objects, object_server: EmbeddedObjects, run_dir: Path
) -> AsyncIterator[Stage]:
    """Two servers and a worker, as they are."""
    async with _stage(cluster, open_bucket, object_server, run_dir) as stage:
        yield stage


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def planted_stage(
    request: pytest.FixtureRequest,
    cluster: Cluster,
    open_bucket: Objects,
    object_server: EmbeddedObjects,
    run_dir: Path,
) -> AsyncIterator[Stage]:
    """A server and a worker with the fault of that name (the parameter of the fixture)."""
    directory = (cluster, open_bucket, object_server, run_dir)
    async with _stage(*directory, servers=1, planted=request.param) as stage:
        yield stage


@contextlib.asynccontextmanager
async def _stage(
    cluster: Cluster,
    bucket: Objects,
    object_server: EmbeddedObjects,
    run_dir: Path,
    *,
    servers: int = 2,
    planted: str = "",
) -> AsyncIterator[Stage]:
    directory = Path(tempfile.mkdtemp(dir=run_dir))
    async with cluster.clone() as url, installed(url, before=SCHEMAS.get(planted, "")) as oracle:
        parts = Parts(
            database_url=url,
            listen_url=url,
            bucket=bucket.bucket,
            endpoint_url=object_server.endpoint_url,
            public_endpoint_url=None,
            region=object_server.region,
            access_key=object_server.access_key,
            secret_key=object_server.secret_key,
        )
        async with (
            fleet_of(Settings(), parts, oracle, directory, servers=servers, planted=planted) as fleet,
            clients_of(fleet) as clients,
        ):
            yield Stage(fleet, clients, oracle, url, asyncio.get_running_loop())
