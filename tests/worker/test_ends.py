"""How imports end that do not simply run through: poison, faults, interruption, deletion, too many errors."""

import pytest

from imports_service.commands.delete import delete_import
from imports_service.commands.interrupt import interrupt_import
from imports_service.domain.imports import Closing, Import, Status
from imports_service.domain.names import ImportName, import_prefix, segment_object
from imports_service.objects.store import Objects
from imports_service.store import units
from imports_service.store.database import Database
from imports_service.worker.equipment import Equipment
from tests.commands.documents import json_lines, sku_rows, skus
from tests.eventually import eventually
from tests.store.builders import ORGANIZATION, claimed_unit, import_now, unit_states
from tests.worker.addresses import addresses
from tests.worker.working import created, ended, equipped, results, working

POISON = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'poison'; END $$;
CREATE TRIGGER poison BEFORE INSERT ON resource
    FOR EACH ROW WHEN (NEW.attributes ->> 'code' = 'SKU-0015') EXECUTE FUNCTION refuse()
"""


@pytest.fixture
def equipment(database: Database, objects: Objects) -> Equipment:
    return equipped(database, objects, max_attempts=2)


def in_order(rows: int) -> bytes:
    """Rows of which the last has the key of the first, so that segments wait for each other."""
    return skus(rows - 1) + skus(1)


async def events(database: Database) -> list[tuple[str, str | None, str]]:
    async with database.connection() as connection:
        records = await connection.fetch(
            "SELECT kind, previous_status, snapshot ->> 'status' AS status FROM event ORDER BY seq"
        )
    return [(record["kind"], record["previous_status"], record["status"]) for record in records]


async def resources(database: Database) -> int:
    async with database.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM resource"))


async def closing_is(database: Database, import_: Import) -> str | None:
    """The state of the import's closing, None when there is none."""
    async with database.connection() as connection:
        state: str | None = await connection.fetchval("SELECT state FROM unit WHERE segment = -1")
    return state


async def interrupt(equipment: Equipment, import_: Import) -> Import:
    name = ImportName(import_.organization_id, import_.import_id)
    return await interrupt_import(name, database=equipment.database, nudges=equipment.nudges)


async def test_a_segment_that_always_fails_is_given_up_and_the_counts_add_up(equipment: Equipment) -> None:
    async with equipment.database.connection() as connection:
        await connection.execute(POISON)
    import_ = await created(equipment, in_order(30))

    async with working(equipment):
        done = await ended(equipment, import_)

    assert (done.status, done.closing) == (Status.INTERRUPTED, Closing.FAULT)
    assert (done.counts.created, done.counts.failed, done.not_processed_count) == (10, 0, 20)
    assert done.attachment is not None
    assert done.failed_inputs is not None
    assert await resources(equipment.database) == 10
    assert await unit_states(equipment.database, import_) == ["done", "void", "void"]


async def test_a_closing_that_is_given_up_ends_the_import_without_files(
    equipment: Equipment, objects: Objects
) -> None:
    import_ = await created(equipment, in_order(30))
    await objects.delete([segment_object(ORGANIZATION, import_.uid, 1)])

    async with working(equipment):
        done = await ended(equipment, import_, within=20)

    assert (done.status, done.closing) == (Status.INTERRUPTED, Closing.FAULT)
    assert (done.counts.created, done.not_processed_count) == (10, 20)
    assert (done.attachment, done.failed_inputs) == (None, None)
    assert len(await results(equipment.database, import_)) == 10
    assert await closing_is(equipment.database, import_) == "void"
    assert (await events(equipment.database))[-1] == ("transition", "in_progress", "interrupted")


async def test_an_import_interrupted_while_pending_ends_without_having_started(equipment: Equipment) -> None:
    import_ = await created(equipment, skus(30))
    await interrupt(equipment, import_)

    async with working(equipment):
        done = await ended(equipment, import_)

    assert (done.status, done.closing) == (Status.INTERRUPTED, Closing.REQUESTED)
    assert (done.started_at, done.not_processed_count) == (None, 30)
    assert await resources(equipment.database) == 0
    assert await events(equipment.database) == [
        ("transition", None, "pending"),
        ("snapshot", None, "pending"),
        ("transition", "pending", "interrupted"),
    ]


async def test_an_import_interrupted_while_a_segment_is_written_keeps_what_is_committed(
    equipment: Equipment,
) -> None:
    import_ = await created(equipment, in_order(30))  # so that the third waits for the second
    async with equipment.database.transaction() as blocking, working(equipment):
        # the second segment's transaction waits for this row of its own
        await blocking.execute(
            """
            INSERT INTO resource
            VALUES ($1, 'skus', 'foreign', 'SKU-0015', NULL, '{}', now(), now(), 'other')
            """,
            ORGANIZATION,
        )
        await eventually(lambda: has_counted(equipment.database, import_, 10), what="the first segment")
        await interrupt(equipment, import_)
        await blocking.execute("DELETE FROM resource WHERE id = 'foreign'")
        await blocking.execute("COMMIT")
        await blocking.execute("BEGIN")
        done = await ended(equipment, import_)

    assert (done.status, done.closing) == (Status.INTERRUPTED, Closing.REQUESTED)
    assert (done.counts.created, done.not_processed_count) == (10, 20)
    assert await resources(equipment.database) == 10
    assert await unit_states(equipment.database, import_) == ["done", "void", "void"]


async def test_a_segment_claimed_before_the_interruption_is_void_at_once(equipment: Equipment) -> None:
    import_ = await created(equipment, addresses(30), resource_type="addresses")
    async with equipment.database.transaction() as blocking:
        await blocking.execute("SELECT FROM import FOR UPDATE")
        async with working(equipment):
            await eventually(lambda: is_leased(equipment.database), what="a claimed segment")
            await blocking.execute("UPDATE import SET closing = 'requested', version = version + 1")
            await units.insert_closing(blocking, ORGANIZATION, import_.uid)
            await blocking.execute("COMMIT")
            await blocking.execute("BEGIN")
            await ended(equipment, import_)

    assert await unit_states(equipment.database, import_) == ["void"] * 3


async def test_an_import_deleted_while_a_worker_is_about_to_start_it_leaves_nothing_to_do(
    equipment: Equipment,
) -> None:
    import_ = await created(equipment, skus(30))
    claimed = await claimed_unit(equipment.database)

    await delete_import(
        ImportName(ORGANIZATION, import_.import_id),
        lease=equipment.settings.lease,
        database=equipment.database,
        nudges=equipment.nudges,
    )

    async with equipment.database.transaction() as connection:
        assert await units.fence(connection, claimed) is None
    async with working(equipment):
        second = await created(equipment, skus(1))
        await ended(equipment, second)
    assert await resources(equipment.database) == 1
    async with equipment.database.connection() as connection:
        prefix = await connection.fetchval("SELECT prefix FROM object_trash")
    assert prefix == import_prefix(ORGANIZATION, import_.uid)


async def test_more_than_a_tenth_of_failed_rows_interrupts(equipment: Equipment) -> None:
    import_ = await created(
        equipment, addresses(30, bad=frozenset({2, 12, 13, 14})), resource_type="addresses"
    )

    async with working(equipment):
        done = await ended(equipment, import_)

    processed = done.counts.created + done.counts.failed
    assert (done.status, done.closing) == (Status.INTERRUPTED, Closing.TOO_MANY_ERRORS)
    assert done.counts.failed == 4
    assert processed + done.not_processed_count == 30
    assert await resources(equipment.database) == done.counts.created


@pytest.mark.parametrize(("bad", "closing"), [(3, Closing.COMPLETED), (4, Closing.TOO_MANY_ERRORS)])
async def test_a_tenth_itself_is_not_too_many_wherever_the_last_segment_stands(
    equipment: Equipment, bad: int, closing: Closing
) -> None:
    rows = frozenset(range(31 - bad, 31))
    import_ = await created(equipment, addresses(30, bad=rows), resource_type="addresses")

    async with working(equipment):
        done = await ended(equipment, import_)

    assert done.closing is closing


async def test_skip_errors_goes_on_whatever_fails(equipment: Equipment) -> None:
    document = addresses(30, bad=frozenset(range(1, 29)))
    import_ = await created(equipment, document, resource_type="addresses", skip_errors=True)

    async with working(equipment):
        done = await ended(equipment, import_)

    assert (done.closing, done.counts.failed, done.counts.created) == (Closing.COMPLETED, 28, 2)
    assert done.threshold_exceeded


async def test_of_two_rows_with_one_key_the_later_one_wins_across_segments(equipment: Equipment) -> None:
    rows = sku_rows(6) + [row | {"name": f"Coat {number}"} for number, row in enumerate(sku_rows(6), 1)]
    import_ = await created(equipment, json_lines(rows), segment_rows=2)

    async with working(equipment, equipment):
        done = await ended(equipment, import_)

    assert (done.counts.created, done.counts.updated) == (6, 6)
    async with equipment.database.connection() as connection:
        stored = await connection.fetch("SELECT attributes ->> 'name' AS name FROM resource ORDER BY key")
        times = await connection.fetch("SELECT done_at FROM unit WHERE segment >= 0 ORDER BY segment")
    assert [record["name"] for record in stored] == [f"Coat {number}" for number in range(1, 7)]
    assert sorted(record["done_at"] for record in times) == [record["done_at"] for record in times]


async def has_counted(database: Database, import_: Import, rows: int) -> bool:
    return (await import_now(database, import_)).counts.processed == rows


async def is_leased(database: Database) -> bool:
    async with database.connection() as connection:
        return bool(await connection.fetchval("SELECT count(*) FROM unit WHERE state = 'leased'"))
