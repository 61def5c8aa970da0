"""A creation with small segments, and what the tables and the bucket hold."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

import asyncpg
import pytest

from imports_service.checkpoints import Checkpoints
from imports_service.commands.creation import Creation, CreationLimits
from imports_service.domain.registry import load_registry
from imports_service.objects.store import Objects
from imports_service.store.database import Database
from imports_service.store.nudges import Nudges

TABLES = [
    "import",
    "creation_request",
    "unit",
    "outcome",
    "import_report",
    "resource",
    "organization_clock",
    "event",
    "upload",
    "object_trash",
]


class Holdings(NamedTuple):
    """Rows per table, and the names in the bucket."""

    rows: dict[str, int]
    bucket: list[str]


Held = Callable[[], Awaitable[Holdings]]


@pytest.fixture
def nudges() -> Nudges:
    return Nudges()


@pytest.fixture
def creation(database: Database, objects: Objects, nudges: Nudges) -> Creation:
    """Segments of 10 rows."""
    return Creation(
        database=database,
        objects=objects,
        nudges=nudges,
        registry=load_registry(),
        checkpoints=Checkpoints(),
        limits=CreationLimits(
            segment_rows=10,
            segment_bytes=64 * 1024,
            max_inputs=1_000,
            max_validate_inputs=1_000,
            max_input_bytes=16 * 1024,
            max_document_bytes=1024 * 1024,
            max_pending_imports=30,
            lease=timedelta(seconds=30),
        ),
    )


def limited(creation: Creation, **limits: Any) -> Creation:
    return replace(creation, limits=replace(creation.limits, **limits))


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection that looks into the tables as they are."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
def held(tables: "asyncpg.Connection[asyncpg.Record]", objects: Objects) -> Held:
    """What is there at the moment of the call."""

    async def look() -> Holdings:
        rows = {table: await tables.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES}
        return Holdings(rows, sorted([name async for name in objects.list()]))

    return look
