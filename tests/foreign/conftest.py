"""An import that can be held in the middle, and what a watch of it has to tell."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from imports_service.settings import Settings
from tests.worker.addresses import addresses

ROWS = 60

Recorded = Callable[[], Awaitable[list[tuple[str, str]]]]


@pytest.fixture
def settings() -> Settings:
    """Segments of 20 rows, one at a time; a killed worker is missed after two seconds."""
    return Settings(
        grpc_listen="127.0.0.1:0",
        stop_grace_seconds=5.0,
        segment_rows=20,
        worker_segments=1,
        lease_seconds=2.0,
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
    """Reads every change of status that was committed, the creation left out: what a watch has to tell."""
    connection = await asyncpg.connect(database_url)

    async def read() -> list[tuple[str, str]]:
        rows = await connection.fetch(
            "SELECT previous_status AS before, snapshot->>'status' AS status FROM event"
            " WHERE kind = 'transition' AND previous_status IS NOT NULL ORDER BY seq"
        )
        return [(f"STATUS_{row['before'].upper()}", f"STATUS_{row['status'].upper()}") for row in rows]

    yield read
    await connection.close()
