"""Workers as such: how they stop, what they do when leases or parts are lost, what they leave in memory."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from imports_service.domain.imports import Closing, Status
from imports_service.objects.store import Objects
from imports_service.store import lanes
from imports_service.store.database import Database
from imports_service.store.units import transaction_time
from imports_service.worker.equipment import Equipment
from tests.commands.documents import skus
from tests.eventually import eventually
from tests.store.builders import (
    ORGANIZATION,
    claimed_unit,
    created_import,
    unit_states,
    waits_for_a_lock,
)
from tests.worker.addresses import addresses
from tests.worker.working import created, ended, equipped, working

TAKEN = """
INSERT INTO resource VALUES ($1, 'skus', 'foreign', 'SKU-0001', NULL, '{}', now(), now(), 'other')
"""


@pytest.fixture
def equipment(database: Database, objects: Objects) -> Equipment:
    return equipped(database, objects, lease_seconds=30, stop_grace_seconds=0.1)


async def unit(database: Database) -> tuple[str, int, str | None]:
    async with database.connection() as connection:
        record = await connection.fetchrow("SELECT state, attempts, last_error FROM unit WHERE segment = 0")
    assert record is not None
    return record["state"], record["attempts"], record["last_error"]


async def test_what_is_not_finished_within_the_grace_is_handed_back_and_counts_nothing(
    equipment: Equipment,
) -> None:
    await created(equipment, skus(10))

    async with equipment.database.transaction() as blocking:
        await blocking.execute(TAKEN, ORGANIZATION)
        async with working(equipment):
            await eventually(lambda: waits_for_a_lock(equipment.database), what="a segment that waits")

    assert await unit(equipment.database) == ("ready", 0, "the worker stopped")


async def test_a_stopped_worker_claims_nothing_more(equipment: Equipment) -> None:
    async with working(equipment) as stop:
        stop.set()

    import_ = await created(equipment, skus(10))
    assert await unit_states(equipment.database, import_) == ["ready"]


async def test_losing_its_lease_ends_the_work_on_a_unit(database: Database, objects: Objects) -> None:
    equipment = equipped(database, objects, lease_seconds=0.6)
    import_ = await created(equipment, skus(10))

    async with working(equipment):
        async with database.transaction() as blocking:
            await blocking.execute("SELECT FROM import FOR UPDATE")
            await eventually(lambda: waits_for_a_lock(database), what="a segment about to start its import")
            async with database.transaction() as connection:
                await connection.execute(
                    "UPDATE unit SET state = 'waiting', lease_token = NULL, lease_until = NULL, worker = 'other'"
                )
            await eventually(lambda: nobody_waits(database), 3, "the end of the work")
        async with database.transaction() as connection:
            await connection.execute("UPDATE unit SET state = 'ready'")
        done = await ended(equipment, import_)

    assert (done.status, done.counts.created) == (Status.COMPLETED, 10)


async def test_an_unforeseen_failure_of_claims_does_not_end_the_worker(equipment: Equipment) -> None:
    async with equipment.database.connection() as connection, working(equipment):
        await connection.execute("ALTER TABLE lane RENAME TO mislaid")
        equipment.nudges.work()
        with capture_logs() as lines:
            await eventually(lambda: ("no claim", "error") in said(lines), what="a claim without its table")
        await connection.execute("ALTER TABLE mislaid RENAME TO lane")
        import_ = await created(equipment, skus(10))

        assert (await ended(equipment, import_)).closing is Closing.COMPLETED


async def test_an_import_behind_many_lanes_with_nothing_to_do_starts_within_a_second(
    equipment: Equipment,
) -> None:
    others = [f"org-{number}" for number in range(70)]
    for organization_id in others:
        await created_import(equipment.database, organization_id)
        await claimed_unit(equipment.database)
    import_ = await created(equipment, skus(1))
    async with equipment.database.transaction() as connection:
        await connection.execute("UPDATE lane SET turn = 1000 WHERE organization_id = $1", ORGANIZATION)
        for organization_id in others:
            await lanes.wake_lane(connection, organization_id)
        began = await transaction_time(connection)

    async with working(equipment):
        done = await ended(equipment, import_)

    assert done.started_at is not None
    assert done.started_at - began < timedelta(seconds=1)


@pytest.fixture
def saved_garbage() -> Iterator[list[object]]:
    """From here on what only the collector frees is kept, and shown by `gc.collect()`."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    yield gc.garbage
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


async def test_twenty_segments_leave_no_cyclic_garbage_with_buffers(
    equipment: Equipment, saved_garbage: list[object]
) -> None:
    document = addresses(20 * 200) + addresses(1)
    async with working(equipment):
        warm = await created(equipment, document, resource_type="addresses", segment_rows=200)
        await ended(equipment, warm)
        gc.collect()
        saved_garbage.clear()

        import_ = await created(equipment, document, resource_type="addresses", segment_rows=200)
        await ended(equipment, import_)
        gc.collect()

    buffers = [
        len(held)
        for found in saved_garbage
        for held in (found, *gc.get_referents(found))
        if isinstance(held, bytes | bytearray | memoryview) and len(held) > 4_096
    ]
    assert buffers == []


def said(lines: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(line["event"], line["log_level"]) for line in lines]


async def nobody_waits(database: Database) -> bool:
    return not await waits_for_a_lock(database)
