"""What claims refuse: more segments of an organization than may run, and beside others what has failed before."""

import asyncio
from collections import Counter

import pytest

from imports_service.domain.imports import Closing, Import
from imports_service.store import claims, imports, lanes, units
from imports_service.store.claims import NeedsSolitude, ReleaseDue
from imports_service.store.database import Database
from imports_service.store.units import Claimed
from tests.store.builders import LEASE, ORGANIZATION, created_import, lapse_leases

MOST = 3


async def claim(database: Database, *, alone: bool = True) -> Claimed | NeedsSolitude | None:
    async with database.transaction() as connection:
        claimed = await claims.claim(connection, worker="worker", lease=LEASE, alone=alone, max_running=MOST)
    assert not isinstance(claimed, ReleaseDue)
    return claimed


async def claimed(database: Database) -> Claimed:
    given = await claim(database)
    assert isinstance(given, Claimed)
    return given


async def finish(database: Database, done: Claimed) -> None:
    """As a worker does: the lane is woken when it may be waiting for this."""
    async with database.transaction() as connection:
        assert await units.fence(connection, done) is not None
    if done.is_crowded:
        async with database.transaction() as connection:
            await lanes.wake_lane(connection, done.organization_id)


async def close(database: Database, import_: Import) -> None:
    async with database.transaction() as connection:
        await imports.request_closing(connection, ORGANIZATION, import_.uid, Closing.REQUESTED)
        await units.insert_closing(connection, ORGANIZATION, import_.uid)
    async with database.transaction() as connection:
        await lanes.wake_lane(connection, ORGANIZATION)


async def is_any_awake(database: Database) -> bool:
    async with database.connection() as connection:
        return await lanes.is_any_awake(connection)


async def running(database: Database) -> int:
    async with database.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM unit WHERE state = 'leased'"))


async def fail_once(database: Database) -> None:
    """The next unit was given to a worker that died."""
    await claimed(database)
    await lapse_leases(database)
    async with database.transaction() as connection:
        await units.rescue(connection, ORGANIZATION, delay=LEASE * 0, max_attempts=5)
    async with database.transaction() as connection:
        await lanes.wake_lane(connection, ORGANIZATION)


async def test_many_who_claim_at_once_run_no_more_than_may(database: Database) -> None:
    await created_import(database, segments=50)
    await created_import(database, segments=50)
    await created_import(database, "other", segments=2)
    given = Counter[str]()

    async def work() -> None:
        for _ in range(12):
            each = await claim(database)
            if isinstance(each, Claimed):
                given[each.organization_id] += 1

    async with asyncio.TaskGroup() as tasks:
        for _ in range(8):
            tasks.create_task(work())

    assert given == {ORGANIZATION: MOST, "other": 2}


async def test_a_full_lane_is_not_looked_at_until_a_segment_of_it_has_ended(database: Database) -> None:
    await created_import(database, segments=10)
    full = [await claimed(database) for _ in range(MOST)]
    assert not await is_any_awake(database)

    await finish(database, full[-1])

    assert isinstance(await claim(database), Claimed)
    assert await claim(database) is None
    assert not await is_any_awake(database)


async def test_who_finishes_wakes_the_lane_whichever_it_is(database: Database) -> None:
    """But for the first of few: then half of the room is left, and the next one does."""
    await created_import(database, segments=30)
    full = [await claimed(database) for _ in range(MOST)]
    assert [each.is_crowded for each in full] == [False, True, True]
    for _ in range(5):
        await finish(database, full.pop())
        full.append(await claimed(database))
        assert await running(database) == MOST


async def test_a_closing_is_given_however_much_runs_and_counts_for_nothing(database: Database) -> None:
    first = await created_import(database)
    await close(database, first)
    assert (await claimed(database)).is_closing
    await created_import(database, segments=10)
    second = await created_import(database)
    full = [await claimed(database) for _ in range(MOST)]
    assert await claim(database) is None

    await close(database, second)
    last = await claimed(database)

    assert last.is_closing
    assert not any(each.is_closing for each in full)
    assert await claim(database) is None


async def test_the_lease_of_a_dead_worker_counts_until_it_is_rescued(database: Database) -> None:
    await created_import(database, segments=10)
    for _ in range(MOST):
        await claimed(database)
    await lapse_leases(database)
    async with database.transaction() as connection:
        await lanes.wake_lane(connection, ORGANIZATION)
    assert await claim(database) is None

    async with database.transaction() as connection:
        await units.rescue(connection, ORGANIZATION, delay=LEASE * 0, max_attempts=5)
        await lanes.wake_lane(connection, ORGANIZATION)

    assert (await claimed(database)).attempts == 1


@pytest.mark.parametrize("is_closing", [False, True])
async def test_what_has_failed_before_is_only_for_who_is_alone(database: Database, is_closing: bool) -> None:
    import_ = await created_import(database, segments=2)
    if is_closing:
        await close(database, import_)
    await fail_once(database)

    assert await claim(database, alone=False) == NeedsSolitude(ORGANIZATION)
    assert await running(database) == 0
    given = await claimed(database)

    assert (given.attempts, given.is_closing) == (1, is_closing)
