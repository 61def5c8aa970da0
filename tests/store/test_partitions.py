"""Which partitions the events get, and that a table of before becomes one of them."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from imports_service.store import events, partitions
from imports_service.store.database import Database, open_database
from imports_service.store.migrate import MIGRATIONS, migrate
from imports_service.store.partitions import Period, next_period
from tests.store.builders import ORGANIZATION, created_import
from tests.store.event_days import DAY, age, make_days, name_of, partition_names, places, today

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
LEASE = timedelta(seconds=30)
CLOCK_OF_BEFORE = "INSERT INTO organization_clock (organization_id, seq) VALUES ('acme', 20)"
EVENTS_OF_BEFORE = """
INSERT INTO event (
    organization_id, seq, import_uid, import_id, kind, version, snapshot, occurred_at, previous_reference
)
SELECT
    'acme', n, gen_random_uuid(), 'import-' || n, 'snapshot', n, '{"a": 1}', now() - n * interval '12 hours', 'spring'
FROM generate_series(1, 20) AS n
"""
ALL_EVENTS = "SELECT * FROM event WHERE seq <= $1 ORDER BY seq"


def midnight(day: int) -> datetime:
    return datetime(2026, 3, day, tzinfo=UTC)


@pytest.mark.parametrize(
    ("last", "stray", "retention", "expected"),
    [
        pytest.param(None, None, WEEK, (10, 11, False), id="the first begins today"),
        pytest.param(11, None, WEEK, (11, 12, False), id="the next begins where the last ends"),
        pytest.param(12, None, WEEK, (12, 13, False), id="two whole days ahead"),
        pytest.param(13, None, WEEK, None, id="enough"),
        pytest.param(5, None, WEEK, (10, 11, True), id="the past gets none"),
        pytest.param(8, 10, WEEK, (11, 12, True), id="a day that has events without a partition gets none"),
        pytest.param(12, 10, WEEK, (12, 13, False), id="strays of before are in nobody's way"),
        pytest.param(12, None, timedelta(days=90), (12, 24, False), id="a long time has no more of them"),
        pytest.param(12, None, timedelta(hours=1), (12, 13, False), id="a day at least"),
    ],
)
def test_the_next_partition(
    last: int | None, stray: int | None, retention: timedelta, expected: tuple[int, int, bool] | None
) -> None:
    period = next_period(
        NOON,
        last=midnight(last) if last else None,
        stray=midnight(stray) + DAY / 3 if stray else None,
        retention=retention,
    )

    if expected is None:
        assert period is None
    else:
        assert period == Period(midnight(expected[0]), midnight(expected[1]), leaves_out=expected[2])


async def test_nothing_is_dropped_that_a_floor_lets_be_read(database: Database) -> None:
    async with database.transaction() as connection:
        await make_days(connection, -9, 0)
    await created_import(database)
    async with database.transaction() as connection:
        await age(connection, 9)
        [old] = await partitions.old_partitions(connection, older_than=WEEK)

    async with database.transaction() as connection:
        assert not await partitions.drop_partition(connection, old)
    async with database.transaction() as connection:
        assert await partitions.low_floors(connection, old, limit=10) == [ORGANIZATION]
        await partitions.raise_floor(connection, ORGANIZATION, old)
    async with database.transaction() as connection:
        assert await partitions.drop_partition(connection, old)

    async with database.transaction() as connection:
        assert not await partitions.drop_partition(connection, old)
        assert set(await partition_names(connection)) == {"event_default", name_of(today())}


async def test_a_floor_does_not_sink(database: Database) -> None:
    await created_import(database)
    await created_import(database)

    async with database.transaction() as connection:
        await age(connection, 1, up_to=1)
        for days in (1, 0):
            before = partitions.Partition("any", today() + days * DAY)
            await partitions.raise_floor(connection, ORGANIZATION, before)

        assert await events.clock(connection, ORGANIZATION) == (2, 2)


async def test_a_table_of_before_becomes_a_partition_with_all_its_events(
    empty_database_url: str, tmp_path: Path
) -> None:
    for file in sorted(MIGRATIONS.glob("*.sql"))[:6]:
        shutil.copy(file, tmp_path)
    await migrate(empty_database_url, directory=tmp_path)
    async with open_database(
        empty_database_url, connections=2, application_name="imports-test", lease=LEASE
    ) as database:
        async with database.transaction() as connection:
            await connection.execute(CLOCK_OF_BEFORE)
            await connection.execute(EVENTS_OF_BEFORE)
            before = await connection.fetch(ALL_EVENTS, 20)

        await migrate(empty_database_url)

        last = await created_import(database)
        async with database.connection() as connection:
            assert await connection.fetch(ALL_EVENTS, 20) == before
            for uid in (None, last.uid):
                [event] = await events.events_after(connection, ORGANIZATION, uid, 20, 100)
                assert (event.seq, event.snapshot) == (21, last)
            found = await places(connection, ORGANIZATION)
            assert found == dict.fromkeys(range(1, 22), "event_before")
            assert await partitions.is_partition_due(connection, retention=WEEK)
        async with database.transaction() as connection:
            made = await partitions.make_partition(connection, retention=WEEK)
            assert made == Period(today() + 2 * DAY, today() + 3 * DAY, leaves_out=False)
