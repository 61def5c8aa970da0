"""A stage on the parts of the tests: one database, and one service process for all that need no settings."""

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from benchmarks.changes import Changes
from benchmarks.helpers import ASKABLE
from benchmarks.parts.memory import COUNTING
from benchmarks.service import SERVE, Service
from benchmarks.sizes import QUICK
from benchmarks.stage import Place, Stage, environment_of
from imports_service.embedded.objects import EmbeddedObjects
from imports_service.objects.store import Objects
from imports_service.store.database import Database
from imports_service.store.nudges import Nudges, open_nudges
from tests.clusters import Cluster


@dataclass(frozen=True, slots=True)
class SharedPlace(Place):
    """The place of all parts. Its service counts its segments, so that it serves for those that ask for that too."""

    shared: Service

    @asynccontextmanager
    async def service(
        self,
        *,
        module: tuple[str, ...] = SERVE,
        settings: Mapping[str, str] | None = None,
        is_to_be_stopped: bool = False,
        **process: Any,
    ) -> AsyncIterator[Service]:
        if module in (SERVE, COUNTING) and settings is None and not is_to_be_stopped:
            yield self.shared
        else:
            async with super(SharedPlace, self).service(
                module=module, settings=settings, **process
            ) as service:
                yield service


class SharedStage(Stage):
    """A stage of one place, which it does not delete."""

    def __init__(self, server_url: str, directory: Path, place: Place) -> None:
        super().__init__(server_url, directory, QUICK, print)
        self._place = place

    @asynccontextmanager
    async def place(self, name: str) -> AsyncIterator[Place]:
        yield self._place


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(
    cluster: Cluster, object_server: EmbeddedObjects, open_bucket: Objects, run_dir: Path
) -> AsyncIterator[Stage]:
    """For all tests of a module: starting a service takes longer than most parts do."""
    directory = Path(tempfile.mkdtemp(dir=run_dir))
    async with cluster.clone() as url:
        environment = {"IMPORTS_DATABASE_URL": url, **environment_of(object_server)}
        async with Place(url, directory, environment).service(module=COUNTING, **ASKABLE) as shared:
            yield SharedStage(url, directory, SharedPlace(url, directory, environment, shared))
    await open_bucket.delete_prefix("")


@pytest.fixture
async def nudges(database_url: str) -> AsyncIterator[Nudges]:
    async with open_nudges(database_url, application_name="imports-test") as nudges:
        yield nudges


@pytest.fixture
def changes(database: Database, nudges: Nudges) -> Changes:
    return Changes(database, nudges)
