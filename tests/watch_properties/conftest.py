"""A fleet for all examples of a module: each example keeps to organizations of its own."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest_asyncio

from imports_service.embedded.objects import EmbeddedObjects
from imports_service.embedded.parts import Parts
from imports_service.objects.store import Objects
from imports_service.settings import Settings
from tests.clusters import Cluster
from tests.services import Client
from tests.watch_properties.fleet import Fleet, clients_of, fleet_of
from tests.watch_properties.oracle import Oracle, installed
from tests.watch_properties.play import play
from tests.watch_properties.steps import Schedule


@dataclass(frozen=True)
class Stage:
    """A fleet and an oracle on one database, and the loop on which both live."""

    fleet: Fleet
    clients: list[Client]
    oracle: Oracle
    loop: asyncio.AbstractEventLoop

    async def play(self, schedule: Schedule) -> None:
        await play(self.fleet, self.clients, self.oracle, schedule)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def observed(cluster: Cluster, open_bucket: Objects, object_server: EmbeddedObjects):
    """The parts of a database that an oracle looks at, and the oracle."""
    async with cluster.clone() as url, installed(url) as oracle:
        parts = Parts(
            database_url=url,
            listen_url=url,
            bucket=open_bucket.bucket,
            endpoint_url=object_server.endpoint_url,
            public_endpoint_url=None,
            region=object_server.region,
            access_key=object_server.access_key,
            secret_key=object_server.secret_key,
        )
        yield parts, oracle


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(observed: tuple[Parts, Oracle], run_dir: Path) -> AsyncIterator[Stage]:
    parts, oracle = observed
    directory = Path(tempfile.mkdtemp(dir=run_dir))
    async with (
        fleet_of(Settings(stop_grace_seconds=5.0), parts, oracle, directory) as fleet,
        clients_of(fleet) as clients,
    ):
        yield Stage(fleet, clients, oracle, asyncio.get_running_loop())
