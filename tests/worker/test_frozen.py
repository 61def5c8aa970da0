"""A worker that stands still: another one does its work, and what it wakes up with is worth nothing."""

import signal

import asyncpg
import pytest

from commerce.imports.v1 import imports_pb2
from tests.eventually import eventually
from tests.services import ServiceProcess, client_of
from tests.worker.addresses import addresses

ROWS = 60
SHORT = {"IMPORTS_LEASE_SECONDS": "2", "IMPORTS_SEGMENT_ROWS": "20", "IMPORTS_STOP_GRACE_SECONDS": "0"}
STOPPED = SHORT | {"IMPORTS_ROLE": "worker", "IMPORTS_WORKER_SEGMENTS": "1"}


@pytest.fixture(params=["after-write:2", "closing-file"])
def point(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_a_frozen_worker_writes_nothing_late(spawn_service, database_url, point):
    frozen = await spawn_service(module="tests.worker.freezing", **STOPPED, FREEZE_AT=point)
    api = await spawn_service(**SHORT, IMPORTS_ROLE="api")
    async with client_of(api.address) as client:
        created = await client.imports.CreateImport(
            imports_pb2.CreateImportRequest(
                parent="organizations/acme",
                spec=imports_pb2.ImportSpec(resource_type="addresses"),
                document=addresses(ROWS),
            )
        )
        await frozen.said("stopped at")

        await spawn_service(**SHORT, IMPORTS_ROLE="worker")
        ended = await client.imports.WaitImport(imports_pb2.WaitImportRequest(name=created.name), timeout=30)
        before = await holdings(database_url)
        frozen.process.send_signal(signal.SIGCONT)
        await eventually(lambda: has_failed(frozen), 30, "the end of what it had been doing")
        assert await frozen.terminate() == 0

    assert (ended.status, ended.created_count) == (imports_pb2.STATUS_COMPLETED, ROWS)
    assert before == {"resource": ROWS, "outcome": 3, "event": 3}
    assert await holdings(database_url) == before


def has_failed(thawed: ServiceProcess) -> bool:
    """It went on, and what it wanted to commit was refused."""
    said = thawed.errors.read_text()
    return "lease lost" in said or "a part is away" in said


async def holdings(database_url: str) -> dict[str, int]:
    connection = await asyncpg.connect(database_url)
    try:
        return {
            table: await connection.fetchval(f"SELECT count(*) FROM {table}")
            for table in ("resource", "outcome", "event")
        }
    finally:
        await connection.close()
