"""Claims: who gets what next. Organizations share by rows, and no unit is given twice."""

import asyncio
from collections import Counter
from datetime import timedelta

from imports_service.domain.imports import Closing
from imports_service.store import claims, imports, lanes, units
from imports_service.store.database import Connection, Database
from imports_service.store.units import Claimed
from tests.eventually import eventually
from tests.store.builders import (
    LEASE,
    ORGANIZATION,
    claimed_by,
    claimed_unit,
    created_import,
    waits_for_a_lock,
)


async def lane(connection: Connection, organization_id: str) -> tuple[int, str]:
    """The lane's turn, and whether it is awake, resting or asleep."""
    record = await connection.fetchrow(
        """
        SELECT turn,
            CASE WHEN wake_at = 'infinity' THEN 'asleep' WHEN wake_at > now() THEN 'resting' ELSE 'awake' END
                AS state
        FROM lane WHERE organization_id = $1
        """,
        organization_id,
    )
    assert record is not None
    return record["turn"], record["state"]


async def test_eight_workers_claim_every_segment_once(database: Database) -> None:
    organizations = [f"org-{number}" for number in range(12)]
    for number, organization_id in enumerate(organizations):
        await created_import(database, organization_id, segments=10 + number)
    given_out: list[Claimed] = []

    async def work(worker: str) -> None:
        misses = 0
        while misses < 20:  # the others may hold every lane for a moment
            claimed = await claimed_by(database, worker)
            misses = 0 if claimed is not None else misses + 1
            if claimed is not None:
                given_out.append(claimed)

    async with asyncio.TaskGroup() as tasks:
        for number in range(8):
            tasks.create_task(work(f"worker-{number}"))

    given = Counter((claimed.organization_id, claimed.segment) for claimed in given_out)
    assert set(given.values()) == {1}
    assert len(given) == sum(10 + number for number in range(12))


async def test_organizations_take_turns_by_rows(database: Database) -> None:
    await created_import(database, "wide", segments=6, rows=100)
    await created_import(database, "narrow", segments=60, rows=10)

    order = [await claimed_unit(database) for _ in range(22)]

    rows = Counter[str]()
    for claimed in order:
        rows[claimed.organization_id] += claimed.row_count
        assert abs(rows["wide"] - rows["narrow"]) <= 110


async def test_a_small_import_behind_anothers_large_one_is_next(database: Database) -> None:
    await created_import(database, "large", segments=1000, rows=5000)
    for _ in range(10):
        await claimed_unit(database)
    await created_import(database, "small", rows=1)

    soon = [(await claimed_unit(database)).organization_id for _ in range(2)]

    assert "small" in soon


async def test_a_small_import_passes_its_own_organizations_large_one(database: Database) -> None:
    await created_import(database, segments=1000, rows=5000)
    for _ in range(10):
        await claimed_unit(database)
    small = await created_import(database, rows=1)

    soon = [(await claimed_unit(database)).import_uid for _ in range(2)]

    assert small.uid in soon


async def test_a_lane_without_unfinished_imports_falls_asleep(database: Database) -> None:
    import_ = await created_import(database)
    async with database.transaction() as connection:
        await imports.delete_import(connection, ORGANIZATION, import_.uid)

    assert await claimed_by(database, "worker") is None

    async with database.connection() as connection:
        assert (await lane(connection, ORGANIZATION))[1] == "asleep"


async def test_a_lane_with_nothing_ready_rests_until_it_is_woken(database: Database) -> None:
    await created_import(database, segments=2, in_order=True)
    await claimed_unit(database)
    assert await claimed_by(database, "worker") is None
    async with database.connection() as connection:
        assert (await lane(connection, ORGANIZATION))[1] == "resting"

    async with database.transaction() as connection:
        await lanes.wake_lane(connection, ORGANIZATION)

    async with database.connection() as connection:
        assert (await lane(connection, ORGANIZATION))[1] == "awake"


async def test_a_claim_goes_on_to_the_next_lane(database: Database) -> None:
    await created_import(database, "empty", segments=2, in_order=True)
    await created_import(database, "full", segments=2)
    await claimed_unit(database)
    async with database.transaction() as connection:
        await connection.execute("UPDATE lane SET turn = -1 WHERE organization_id = 'empty'")

    assert (await claimed_unit(database)).organization_id == "full"


async def test_a_new_import_wakes_a_sleeping_lane_without_credit_for_its_sleep(database: Database) -> None:
    sleeper = await created_import(database, "sleeper")
    async with database.transaction() as connection:
        await imports.delete_import(connection, "sleeper", sleeper.uid)
    await claimed_by(database, "worker")
    await created_import(database, "busy", segments=100, rows=1000)
    for _ in range(5):
        await claimed_unit(database)

    await created_import(database, "sleeper")

    async with database.connection() as connection:
        assert await lane(connection, "sleeper") == (await lane(connection, "busy"))


async def test_who_comes_when_all_sleep_starts_behind_nobody_and_ahead_of_nobody(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("INSERT INTO lane VALUES ('worked a lot', 5000000, 'infinity')")
    await created_import(database, "new")
    await created_import(database, "worked a lot")

    async with database.connection() as connection:
        assert (await lane(connection, "new"))[0] == (await lane(connection, "worked a lot"))[0]


async def test_of_an_import_that_is_being_closed_only_the_closing_is_claimed(database: Database) -> None:
    import_ = await created_import(database, segments=3)
    async with database.transaction() as connection:
        await imports.request_closing(connection, ORGANIZATION, import_.uid, Closing.REQUESTED)
        await units.insert_closing(connection, ORGANIZATION, import_.uid)

    claimed = await claimed_unit(database)

    assert (claimed.is_closing, claimed.row_count) == (True, 0)
    assert await claimed_by(database, "worker") is None


async def test_a_closing_comes_before_the_later_imports_of_its_organization(database: Database) -> None:
    first = await created_import(database, rows=1)
    await created_import(database, segments=3)
    async with database.transaction() as connection:
        await imports.request_closing(connection, ORGANIZATION, first.uid, Closing.REQUESTED)
        await units.insert_closing(connection, ORGANIZATION, first.uid)

    soon = [await claimed_unit(database) for _ in range(2)]

    assert any(claimed.is_closing for claimed in soon)


async def test_a_creation_waits_for_a_claim_that_puts_its_lane_to_sleep(database: Database) -> None:
    import_ = await created_import(database)
    async with database.transaction() as connection:
        await imports.delete_import(connection, ORGANIZATION, import_.uid)

    async with database.transaction() as claiming, asyncio.TaskGroup() as tasks:
        assert await claims.claim(claiming, worker="worker", lease=LEASE) is None
        tasks.create_task(created_import(database))
        await claiming.execute("COMMIT")
        await claiming.execute("BEGIN")

    assert (await claimed_unit(database)).organization_id == ORGANIZATION


async def test_a_claim_has_the_lease_it_asked_for(database: Database) -> None:
    await created_import(database)
    await claimed_unit(database, lease=timedelta(hours=2))

    async with database.connection() as connection:
        seconds = await connection.fetchval("SELECT extract(epoch FROM lease_until - now()) FROM unit")

    assert 7100 < seconds <= 7200


async def test_a_wake_up_is_not_lost_on_a_claim_that_puts_the_lane_to_rest(database: Database) -> None:
    await created_import(database, segments=2, in_order=True)
    await claimed_unit(database)

    async def wake() -> None:
        async with database.transaction() as connection:
            await lanes.wake_lane(connection, ORGANIZATION)

    async with database.transaction() as claiming, asyncio.TaskGroup() as tasks:
        claimed = await lanes.claim_lane(claiming)
        assert claimed is not None
        assert claimed.organization_id == ORGANIZATION
        waking = tasks.create_task(wake())
        await eventually(lambda: waking.done() or waits_for_a_lock(database), what="a wake-up under way")
        await lanes.rest_lane(claiming, ORGANIZATION)
        await claiming.execute("COMMIT")
        await claiming.execute("BEGIN")

    async with database.connection() as connection:
        assert (await lane(connection, ORGANIZATION))[1] == "awake"


async def test_a_claim_that_found_nothing_says_whether_it_passed_a_lane_by(database: Database) -> None:
    await created_import(database)
    async with database.transaction() as claiming:
        assert await claims.claim(claiming, worker="worker", lease=LEASE) is not None
        async with database.transaction() as connection:
            assert await claims.claim(connection, worker="other", lease=LEASE) is None
            assert await lanes.is_any_awake(connection)

    async with database.transaction() as connection:
        assert await claims.claim(connection, worker="other", lease=LEASE) is None
        assert not await lanes.is_any_awake(connection)


async def test_a_lane_asleep_is_left_to_creation(database: Database) -> None:
    import_ = await created_import(database)
    async with database.transaction() as connection:
        await imports.delete_import(connection, ORGANIZATION, import_.uid)
    assert await claimed_by(database, "worker") is None

    async with database.transaction() as connection:
        await lanes.wake_lane(connection, ORGANIZATION)

    async with database.connection() as connection:
        assert (await lane(connection, ORGANIZATION))[1] == "asleep"
