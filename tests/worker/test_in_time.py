"""What has to happen soon while large imports run: a small import starts, and an interruption is one."""

from datetime import datetime, timedelta

import pytest

from imports_service.commands.interrupt import interrupt_import
from imports_service.domain.imports import Closing, Import
from imports_service.domain.names import ImportName
from imports_service.objects.store import Objects
from imports_service.store.database import Database
from imports_service.worker.equipment import Equipment
from tests.eventually import eventually
from tests.store.builders import import_now
from tests.worker.addresses import addresses
from tests.worker.working import created, ended, equipped, working

SLOW = """
CREATE FUNCTION take_a_while() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_sleep(0.2);
    RETURN NULL;
END $$;
CREATE TRIGGER slow AFTER INSERT ON outcome FOR EACH ROW WHEN (NEW.organization_id = 'large')
    EXECUTE FUNCTION take_a_while()
"""
SEGMENTS = 60
"""A fifth of a second each, two at a time: six seconds."""
OTHERS = 6
WORKERS = 2


@pytest.fixture
async def equipment(database: Database, objects: Objects) -> Equipment:
    async with database.connection() as connection:
        await connection.execute(SLOW)
    return equipped(database, objects)


async def large(equipment: Equipment) -> Import:
    return await created(
        equipment,
        addresses(SEGMENTS),
        segment_rows=1,
        resource_type="addresses",
        organization_id="large",
    )


async def runs(equipment: Equipment, import_: Import) -> bool:
    return (await import_now(equipment.database, import_)).counts.processed >= 2


async def begun_between(equipment: Equipment, since: datetime, until: datetime) -> int:
    """How many transactions of the large import's segments."""
    async with equipment.database.connection() as connection:
        return int(
            await connection.fetchval(
                "SELECT count(*) FROM unit WHERE organization_id = 'large' AND done_at > $1 AND done_at < $2",
                since,
                until,
            )
        )


async def test_small_imports_behind_a_large_one_have_their_turn(equipment: Equipment) -> None:
    """Those of other organizations, and one of its own."""
    async with working(equipment):
        in_the_way = await large(equipment)
        await eventually(lambda: runs(equipment, in_the_way), what="the large import under way")
        small = [
            await created(equipment, addresses(1), resource_type="addresses", organization_id=organization_id)
            for organization_id in ["large", *(f"small-{number}" for number in range(OTHERS))]
        ]
        done = [await ended(equipment, each) for each in small]
        await interrupt_import(
            ImportName("large", in_the_way.import_id), database=equipment.database, nudges=equipment.nudges
        )

    for each in done:
        assert each.started_at is not None
        passed = await begun_between(equipment, each.created_at, each.started_at)
        assert passed <= 1 + OTHERS + WORKERS
    assert done[0].started_at is not None
    assert done[0].started_at - done[0].created_at < timedelta(seconds=3)


async def test_an_interruption_waits_for_no_more_than_the_segments_in_flight(equipment: Equipment) -> None:
    async with working(equipment):
        import_ = await large(equipment)
        await eventually(lambda: runs(equipment, import_), what="the import under way")
        await interrupt_import(
            ImportName("large", import_.import_id), database=equipment.database, nudges=equipment.nudges
        )
        at_the_return = await import_now(equipment.database, import_)
        done = await ended(equipment, import_)

    assert done.closing is Closing.REQUESTED
    assert done.counts == at_the_return.counts
    assert done.counts.processed < SEGMENTS / 2
    assert done.interrupted_at is not None
    assert done.interrupt_requested_at is not None
    assert done.interrupted_at - done.interrupt_requested_at < timedelta(seconds=3)
    assert await begun_between(equipment, done.interrupt_requested_at, done.interrupted_at) == 0
