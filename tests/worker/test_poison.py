"""Units that kill their worker: tried so often and no more, alone from the second time on; nothing else is lost.

The workers are real processes, and each kill is one.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.embedded.parts import Parts
from imports_service.settings import Role, Settings
from tests.services import READY, Service, ServiceProcess, environment_of
from tests.worker.planted import POISONOUS_CLOSING

PLANTED = "tests.worker.planted"
SEGMENT_ROWS = 2
MAX_ATTEMPTS = 5


@pytest.fixture
def settings() -> Settings:
    """An api process: only the poisoned workers claim anything."""
    return Settings(
        grpc_listen="127.0.0.1:0", role=Role.API, segment_rows=SEGMENT_ROWS, stop_grace_seconds=5.0
    )


class Poisoned:
    """A worker that kills itself, and what it noted before it did."""

    def __init__(self, settings: Settings, parts: Parts, directory: Path) -> None:
        self._environment = {
            **environment_of(settings, parts),
            "IMPORTS_ROLE": "worker",
            "IMPORTS_LEASE_SECONDS": "6",
            "PLANTED_LOG": str(directory / "kills"),
        }
        self._directory = directory
        self._log = directory / "kills"
        self._process: ServiceProcess | None = None

    async def start(self, *, max_attempts: int) -> None:
        environment = {**self._environment, "IMPORTS_MAX_ATTEMPTS": str(max_attempts)}
        self._process = ServiceProcess(environment, self._directory, 1, module=PLANTED)
        await self._process.said(READY)

    def kills(self) -> list[tuple[str, int]]:
        """What killed it, and how many units it held then."""
        noted = [json.loads(line) for line in self._log.read_text().splitlines()]
        return [(kill["what"], kill["held"]) for kill in noted]

    def mend(self) -> None:
        self._log.with_suffix(".fixed").touch()

    async def kill(self) -> None:
        if self._process is not None:
            await self._process.kill()


@pytest_asyncio.fixture(loop_scope="session")
async def worker(settings: Settings, parts: Parts, tmp_path: Path) -> AsyncIterator[Poisoned]:
    poisoned = Poisoned(settings, parts, tmp_path)
    yield poisoned
    await poisoned.kill()


def rows(*last_names: str) -> bytes:
    """Addresses of people of these names."""
    person = {
        "first_name": "Ida",
        "line_1": "1 Harbour Road",
        "city": "Bergen",
        "country_code": "NO",
        "phone": "1",
    }
    return b"".join(json.dumps(person | {"last_name": name}).encode() + b"\n" for name in last_names)


def in_order(*last_names: str) -> bytes:
    """Rows that name an id twice, so that the segments run in order."""
    lines = rows(*last_names).splitlines()
    twice = b'{"id": "AAAAAAAAAA", '
    return b"\n".join([twice + lines[0][1:], *lines[1:-1], twice + lines[-1][1:]]) + b"\n"


async def create(
    service: Service,
    organization: str,
    document: bytes,
    *,
    import_id: str = "first",
    skip_errors: bool = False,
) -> pb.Import:
    return await service.imports.CreateImport(
        pb.CreateImportRequest(
            parent=f"organizations/{organization}",
            import_id=import_id,
            spec=pb.ImportSpec(resource_type="addresses", skip_errors=skip_errors),
            document=document,
        )
    )


async def end_of(service: Service, created: pb.Import) -> pb.Import:
    return await service.imports.WaitImport(pb.WaitImportRequest(name=created.name), timeout=120)


async def attempts(parts: Parts, created: pb.Import) -> dict[int, int]:
    """Those that failed, by segment; the closing is -1."""
    connection = await asyncpg.connect(parts.database_url)
    try:
        found = await connection.fetch(
            "SELECT segment, attempts FROM unit WHERE import_uid = $1", created.uid
        )
    finally:
        await connection.close()
    return {record["segment"]: record["attempts"] for record in found}


async def test_a_segment_that_kills_its_worker_is_tried_five_times_and_costs_its_neighbour_one(
    service: Service, parts: Parts, worker: Poisoned
) -> None:
    poisonous = await create(service, "acme", rows("A", "B", "POISON", "C", "D", "E"))
    neighbour = await create(service, "neighbour", rows("NEIGHBOUR"))
    crowd = [await create(service, f"crowd-{number}", rows(*["SLOW"] * 40)) for number in range(2)]

    await worker.start(max_attempts=MAX_ATTEMPTS)
    done = await end_of(service, poisonous)
    worker.mend()
    others = [await end_of(service, each) for each in (neighbour, *crowd)]

    assert worker.kills() == [("segment", 2)] + [("segment", 1)] * (MAX_ATTEMPTS - 1)
    assert (done.status, done.status_reason) == (pb.STATUS_INTERRUPTED, pb.STATUS_REASON_FAULT)
    assert done.processed_count >= SEGMENT_ROWS
    assert done.processed_count + done.not_processed_count == 6
    assert {each.status for each in others} == {pb.STATUS_COMPLETED}
    assert await attempts(parts, poisonous) == {-1: 0, 0: 0, 1: MAX_ATTEMPTS, 2: 0}
    assert await attempts(parts, neighbour) == {-1: 0, 0: 1}
    for each in crowd:
        assert set((await attempts(parts, each)).values()) == {0}

    retried = await service.imports.RetryImport(
        pb.RetryImportRequest(name=done.name, outcomes=[pb.OUTCOME_NOT_PROCESSED])
    )
    again = await end_of(service, retried)
    assert again.status == pb.STATUS_COMPLETED
    assert again.created_count == again.inputs_size == done.not_processed_count


async def test_a_segment_before_the_poisonous_one_loses_one_attempt_by_what_is_fetched_ahead(
    service: Service, parts: Parts, worker: Poisoned
) -> None:
    created = await create(service, "acme", in_order("NEIGHBOUR", "B", "VENOM", "C"))

    await worker.start(max_attempts=2)
    done = await end_of(service, created)

    assert worker.kills() == [("segment", 1)] * 3
    assert (done.status_reason, done.created_count, done.not_processed_count) == (
        pb.STATUS_REASON_FAULT,
        2,
        2,
    )
    assert await attempts(parts, created) == {-1: 0, 0: 1, 1: 2}


async def test_a_closing_that_kills_its_worker_runs_alone_as_well_and_ends_without_files(
    service: Service, parts: Parts, worker: Poisoned
) -> None:
    poisonous = await create(service, "acme", rows("A", "B"), import_id=POISONOUS_CLOSING)
    neighbour = await create(service, "neighbour", rows("NEIGHBOUR"))

    await worker.start(max_attempts=2)
    done, other = await end_of(service, poisonous), await end_of(service, neighbour)

    assert worker.kills() == [("closing", 2), ("closing", 1)]
    assert (done.status, done.status_reason) == (pb.STATUS_INTERRUPTED, pb.STATUS_REASON_FAULT)
    assert (done.created_count, done.attachment_url) == (2, "")
    assert other.status == pb.STATUS_COMPLETED
    assert await attempts(parts, poisonous) == {-1: 2, 0: 0}
    assert await attempts(parts, neighbour) == {-1: 0, 0: 1}
