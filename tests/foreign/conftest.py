"""An import that can be held in the middle, and what a watch of it has to tell."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from imports_service.settings import Settings
from tests.foreign.stages import Transition
from tests.worker.addresses import addresses

ROWS = 60

Recorded = Callable[[], Awaitable[list[Transition]]]


@pytest.fixture
def settings() -> Settings:
    """Segments of 20 rows, one at a time; a worker may stand still for as long as a story on a busy machine takes."""
    return Settings(
        grpc_listen="127.0.0.1:0",
        stop_grace_seconds=5.0,
        segment_rows=20,
        worker_segments=1,
        lease_seconds=60.0,
        watch_heartbeat_seconds=0.5,
    )


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """Three segments of addresses."""
    file = tmp_path / "addresses.jsonl"
    file.write_bytes(addresses(ROWS))
    return file


@pytest_asyncio.fixture(loop_scope="session")
async def recorded(database_url: str) -> AsyncIterator[Recorded]:
    """Reads every change of status of imports of addresses that was committed: what a watch has to tell."""
    connection = await asyncpg.connect(database_url)

    async def read() -> list[Transition]:
        rows = await connection.fetch(
            "SELECT import_id, previous_status AS before, snapshot->>'status' AS status FROM event"
            " WHERE kind = 'transition' AND snapshot->'spec'->>'resource_type' = 'addresses' ORDER BY seq"
        )
        return [
            (row["import_id"], spoken(row["before"] or "unspecified"), spoken(row["status"])) for row in rows
        ]

    yield read
    await connection.close()


def spoken(status: str) -> str:
    """The contract's name of a stored status."""
    return f"STATUS_{status.upper()}"
