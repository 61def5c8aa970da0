"""A rehearsal works beside real imports, survives its worker, and leaves nothing of its overlay behind."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import asyncpg
import pytest
import pytest_asyncio

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.checkpoints import Checkpoints
from imports_service.commands.delete import delete_import, expire_import
from imports_service.commands.interrupt import interrupt_import
from imports_service.domain.imports import Closing, Import, Status
from imports_service.domain.names import ImportName
from imports_service.domain.rows import Outcome
from imports_service.objects.store import Objects
from imports_service.store import rehearsals
from imports_service.store.database import Database
from imports_service.store.imports import ExpiredImport
from imports_service.worker.equipment import Equipment
from imports_service.worker.housekeeping import empty_rehearsals
from tests.clusters import Cluster
from tests.commands.documents import skus
from tests.services import READY, client_of
from tests.worker.addresses import addresses
from tests.worker.rehearsing import lines
from tests.worker.working import created, ended, equipped, results, working

KILL_POINTS = [
    "after-write:2",
    "before-commit:2",
    "after-commit:3",
    "closing-file",
]
SHORT = {"IMPORTS_LEASE_SECONDS": "2", "IMPORTS_SEGMENT_ROWS": "100"}
ROWS = 550


class Gate(Checkpoints):
    """Holds who comes to one checkpoint until it is opened."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self.at = at
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def reach(self, name: str) -> None:
        if name == self.at:
            self.reached.set()
            await self.opened.wait()


@pytest.fixture
def equipment(database: Database, objects: Objects) -> Equipment:
    return equipped(database, objects, worker_segments=1)


async def rehearsed(equipment: Equipment, document: bytes, *, resource_type: str = "skus") -> Import:
    """A rehearsal after its end."""
    rehearsal = await created(equipment, document, resource_type=resource_type, validate_only=True)
    async with working(equipment):
        return await ended(equipment, rehearsal)


async def overlay(database: Database) -> tuple[int, int]:
    """Rows of overlays, and rehearsals that may have some."""
    async with database.connection() as connection:
        return (
            await connection.fetchval("SELECT count(*) FROM rehearsal_resource"),
            await connection.fetchval("SELECT count(*) FROM rehearsal"),
        )


async def environment(database: Database) -> list[str]:
    """Every resource with all its columns."""
    async with database.connection() as connection:
        records = await connection.fetch("SELECT resource::text AS whole FROM resource ORDER BY whole")
    return [record["whole"] for record in records]


async def test_a_rehearsal_counts_what_would_happen_and_writes_nothing(equipment: Equipment) -> None:
    async with working(equipment):
        await ended(equipment, await created(equipment, skus(15)))
    before = await environment(equipment.database)

    rehearsal = await rehearsed(equipment, skus(25) + skus(5))

    assert (rehearsal.status, rehearsal.inputs_size) == (Status.COMPLETED, 30)
    counts = rehearsal.counts
    assert (counts.created, counts.updated, counts.unchanged, counts.failed) == (10, 0, 20, 0)
    assert await environment(equipment.database) == before
    assert rehearsal.attachment is None


async def test_rows_see_what_earlier_segments_would_have_made(equipment: Equipment) -> None:
    order = {
        "number": "1",
        "market_id": "eu",
        "line_items": [{"name": "Box", "quantity": 1, "unit_amount_cents": 5}],
    }
    rows = [order, order | {"line_items": []}, order, order | {"tags": ["a"]}, order]

    rehearsal = await created(
        equipment, lines(rows), resource_type="orders", segment_rows=1, validate_only=True
    )
    async with working(equipment):
        await ended(equipment, rehearsal)

    found = await results(equipment.database, rehearsal)
    assert [result.outcome for result in found] == [
        Outcome.CREATED,
        Outcome.UPDATED,
        Outcome.UPDATED,
        Outcome.UPDATED,
        Outcome.UNCHANGED,
    ]
    assert [result.resource_id for result in found] == [""] * 5
    removed, made, tagged = ([change.attribute for change in result.changes] for result in found[1:4])
    assert removed == ["line_items[0]"]
    assert "line_items[0].quantity" in made
    assert tagged == ["tags"]


async def test_what_an_earlier_segment_would_remove_is_gone(equipment: Equipment) -> None:
    """Its id can be given again, to an item of another owner too."""
    item = {"id": "box", "name": "Box", "quantity": 1, "unit_amount_cents": 5}
    order = {"number": "1", "market_id": "eu"}
    async with working(equipment):
        first = [order | {"line_items": [item]}]
        await ended(equipment, await created(equipment, lines(first), resource_type="orders"))
    rows = [order | {"line_items": []}, order | {"number": "2", "line_items": [item]}]

    foreseen = await created(
        equipment, lines(rows), resource_type="orders", segment_rows=1, validate_only=True
    )
    async with working(equipment):
        await ended(equipment, foreseen)
        real = await created(equipment, lines(rows), resource_type="orders", segment_rows=1)
        await ended(equipment, real)

    outcomes = [
        [result.outcome for result in await results(equipment.database, each)] for each in (foreseen, real)
    ]
    assert outcomes[0] == outcomes[1] == [Outcome.UPDATED, Outcome.CREATED]


async def test_a_key_that_is_set_in_the_overlay_is_found_there(equipment: Equipment) -> None:
    async with working(equipment):
        whole = {"currency_code": "EUR", "balance_cents": 5}
        await ended(
            equipment, await created(equipment, lines([whole | {"id": "one"}]), resource_type="gift_cards")
        )
    async with equipment.database.transaction() as connection:
        await connection.execute("UPDATE resource SET key = NULL, attributes = attributes - 'code'")
    rows = [{"id": "one", "code": "GIFT-2026-0007"}, {"code": "GIFT-2026-0007", "balance_cents": 6}]

    rehearsal = await created(
        equipment, lines(rows), resource_type="gift_cards", segment_rows=1, validate_only=True
    )
    async with working(equipment):
        await ended(equipment, rehearsal)

    found = await results(equipment.database, rehearsal)
    assert [(result.outcome, result.resource_id) for result in found] == [
        (Outcome.UPDATED, "one"),
        (Outcome.UPDATED, "one"),
    ]


async def test_a_rehearsal_never_stops_for_errors(equipment: Equipment) -> None:
    bad = frozenset(range(1, 16))

    rehearsal = await rehearsed(equipment, addresses(50, bad=bad), resource_type="addresses")

    assert (rehearsal.status, rehearsal.closing) == (Status.COMPLETED, Closing.COMPLETED)
    assert (rehearsal.counts.failed, rehearsal.counts.created, rehearsal.not_processed_count) == (15, 35, 0)
    assert rehearsal.threshold_exceeded
    assert rehearsal.failed_inputs is not None
    assert rehearsal.attachment is None


@pytest.mark.alone
async def test_a_rehearsal_does_not_wait_for_a_real_import_of_the_same_keys(equipment: Equipment) -> None:
    async with working(equipment):
        await ended(equipment, await created(equipment, skus(10)))
    gate = Gate("before-commit")
    renamed = skus(10).replace(b"Shirt", b"Jumper")
    real = await created(equipment, renamed)
    async with working(replace(equipment, worker="real", checkpoints=gate)):
        await asyncio.wait_for(gate.reached.wait(), 10)

        rehearsal = await created(equipment, renamed, validate_only=True)
        async with working(replace(equipment, worker="rehearsing")):
            found = await ended(equipment, rehearsal, within=4)  # no lock is given up before five seconds
        gate.opened.set()
        done = await ended(equipment, real)

    assert found.status is done.status is Status.COMPLETED
    assert found.counts == done.counts
    assert done.counts.updated == 10


@pytest.mark.alone
async def test_a_real_import_does_not_wait_for_a_rehearsal_of_the_same_keys(equipment: Equipment) -> None:
    gate = Gate("before-commit")
    rehearsal = await created(equipment, skus(10), validate_only=True)
    async with working(replace(equipment, worker="rehearsing", checkpoints=gate)):
        await asyncio.wait_for(gate.reached.wait(), 10)

        real = await created(equipment, skus(10))
        async with working(replace(equipment, worker="real")):
            done = await ended(equipment, real, within=4)
        gate.opened.set()
        found = await ended(equipment, rehearsal)

    assert done.counts.created == found.counts.created == 10


async def test_a_rehearsal_ends_although_others_take_its_keys_meanwhile(equipment: Equipment) -> None:
    """What it would have made by then has an id of its own, and the key of what others have made."""
    rows = json.loads(b"[" + skus(1).strip() + b"]")
    code = rows[0]["code"]
    gate = Gate("before-commit")
    document = lines([*rows, {"id": "theirs", "name": "Renamed"}, {"code": code, "name": "Again"}])
    rehearsal = await created(equipment, document, segment_rows=1, validate_only=True)
    async with working(replace(equipment, worker="rehearsing", checkpoints=gate)):
        await asyncio.wait_for(gate.reached.wait(), 10)
        real = await created(equipment, lines([rows[0] | {"id": "theirs"}]))
        async with working(replace(equipment, worker="real")):
            await ended(equipment, real)
        gate.opened.set()

        found = await ended(equipment, rehearsal)

    assert (found.status, found.counts.created, found.counts.updated) == (Status.COMPLETED, 1, 2)


async def test_the_overlay_is_emptied_in_batches_after_the_end(
    equipment: Equipment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsals, "BATCH_ROWS", 7)
    gate = Gate("closing-file")
    rehearsal = await created(equipment, skus(30), validate_only=True)
    async with working(replace(equipment, checkpoints=gate)):
        await asyncio.wait_for(gate.reached.wait(), 10)
        await empty_rehearsals(equipment)
        assert await overlay(equipment.database) == (30, 1)
        gate.opened.set()
        await ended(equipment, rehearsal)

    await empty_rehearsals(equipment)

    assert await overlay(equipment.database) == (0, 0)


async def deleted(equipment: Equipment, found: Import) -> None:
    await delete_import(
        ImportName(found.organization_id, found.import_id),
        lease=equipment.settings.lease,
        database=equipment.database,
        nudges=equipment.nudges,
    )


async def expired(equipment: Equipment, found: Import) -> None:
    await expire_import(
        ExpiredImport(found.organization_id, found.uid, found.import_id),
        lease=equipment.settings.lease,
        database=equipment.database,
        nudges=equipment.nudges,
    )


@pytest.mark.parametrize("end", [deleted, expired])
async def test_the_overlay_of_an_import_that_is_gone_is_emptied_too(
    equipment: Equipment, end: Callable[[Equipment, Import], Awaitable[None]]
) -> None:
    rehearsal = await rehearsed(equipment, skus(30))
    await end(equipment, rehearsal)

    await empty_rehearsals(equipment)

    assert await overlay(equipment.database) == (0, 0)


async def test_an_interrupted_rehearsal_leaves_no_overlay(equipment: Equipment) -> None:
    gate = Gate("after-commit")
    rehearsal = await created(equipment, skus(30), validate_only=True)
    async with working(replace(equipment, checkpoints=gate)):
        await asyncio.wait_for(gate.reached.wait(), 10)
        await interrupt_import(
            ImportName(rehearsal.organization_id, rehearsal.import_id),
            database=equipment.database,
            nudges=equipment.nudges,
        )
        gate.opened.set()
        found = await ended(equipment, rehearsal)

    await empty_rehearsals(equipment)

    assert (found.status, found.closing, found.counts.created) == (Status.INTERRUPTED, Closing.REQUESTED, 10)
    assert await overlay(equipment.database) == (0, 0)


@pytest_asyncio.fixture(loop_scope="session")
async def durable_database_url(durable_cluster: Cluster) -> AsyncIterator[str]:
    async with durable_cluster.clone() as url:
        yield url


class TestKilled:
    """Real processes on a database that writes to disk."""

    @pytest_asyncio.fixture(loop_scope="session")
    async def database_url(self, durable_database_url: str) -> str:
        return durable_database_url

    @pytest.mark.parametrize("point", KILL_POINTS)
    async def test_a_rehearsal_survives_its_worker(self, point, spawn_service, database_url):
        api = await spawn_service(wait=False, **SHORT, IMPORTS_ROLE="api")
        first = await spawn_service(wait=False, **SHORT, IMPORTS_ROLE="worker", IMPORTS_STOP_AT=point)
        for process in (api, first):
            await process.said(READY)
        async with client_of(api.address) as client:
            rehearsal = await client.imports.CreateImport(
                pb.CreateImportRequest(
                    parent="organizations/acme",
                    spec=pb.ImportSpec(resource_type="skus"),
                    document=skus(ROWS - 50) + skus(50),
                    validate_only=True,
                )
            )
            await first.said("stopped at")
            await first.kill()
            await spawn_service(**SHORT, IMPORTS_ROLE="worker")

            found = await client.imports.WaitImport(pb.WaitImportRequest(name=rehearsal.name), timeout=60)

        assert found.status == pb.STATUS_COMPLETED
        assert (found.created_count, found.unchanged_count, found.errors_count) == (ROWS - 50, 50, 0)
        connection = await asyncpg.connect(database_url)
        try:
            assert await connection.fetchval("SELECT count(*) FROM resource") == 0
        finally:
            await connection.close()
