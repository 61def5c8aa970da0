"""Leases of a process: extended while the work goes on, and never in the way of what has ended."""

import asyncio
from datetime import timedelta

import pytest

from imports_service.store import units
from imports_service.store.database import Database
from imports_service.store.units import Claimed
from imports_service.worker.leases import Held, LeaseLost, Leases
from tests.eventually import eventually
from tests.store.builders import claimed_unit, created_import, waits_for_a_lock

SHORT = timedelta(seconds=0.3)


async def take_away(database: Database, claimed: Claimed) -> None:
    async with database.transaction() as connection:
        await units.release(connection, claimed, delay=timedelta(0), counts=False, max_attempts=5)


async def hold_and_keep(leases: Leases, claimed: Claimed, work) -> None:
    """Holds the unit while `keep` runs; whatever `keep` fails with fails the test."""
    async with asyncio.TaskGroup() as tasks:
        keeper = tasks.create_task(leases.keep())
        try:
            await leases.hold(claimed, work)
        finally:
            keeper.cancel()


async def test_a_lease_outlasts_its_time_while_the_work_goes_on(database: Database) -> None:
    await created_import(database)
    claimed = await claimed_unit(database, lease=SHORT)

    async def work(held: Held) -> None:
        await a_while(3 * SHORT)
        async with database.transaction() as connection:
            lapsed = await units.rescue(connection, claimed.organization_id, delay=SHORT, max_attempts=5)
        assert lapsed is None

    await hold_and_keep(Leases(database, lease=SHORT), claimed, work)


async def test_a_lost_lease_ends_the_work(database: Database) -> None:
    await created_import(database)
    claimed = await claimed_unit(database, lease=SHORT)

    async def work(held: Held) -> None:
        await take_away(database, claimed)
        await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as caught:
        await hold_and_keep(Leases(database, lease=SHORT), claimed, work)

    assert caught.group_contains(LeaseLost)


async def test_work_that_is_slow_to_end_is_not_ended_twice(database: Database) -> None:
    await created_import(database)
    claimed = await claimed_unit(database, lease=SHORT)
    interruptions = 0

    async def work(held: Held) -> None:
        nonlocal interruptions
        await take_away(database, claimed)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            interruptions += 1
            await a_while(SHORT)
            raise

    with pytest.raises(ExceptionGroup) as caught:
        await hold_and_keep(Leases(database, lease=SHORT), claimed, work)

    assert caught.group_contains(LeaseLost)
    assert not caught.group_contains(RuntimeError)
    assert interruptions == 1


async def test_a_unit_that_is_done_has_no_lease_to_lose(database: Database) -> None:
    await created_import(database)
    claimed = await claimed_unit(database, lease=SHORT)

    async def work(held: Held) -> None:
        with held.transaction():
            async with database.transaction() as connection:
                assert await units.fence(connection, claimed) is not None
        await a_while(SHORT)

    await hold_and_keep(Leases(database, lease=SHORT), claimed, work)


async def test_an_extension_that_comes_back_after_the_work_has_ended_says_nothing(
    database: Database,
) -> None:
    await created_import(database)
    claimed = await claimed_unit(database, lease=SHORT)
    leases = Leases(database, lease=SHORT)
    has_begun = asyncio.Event()
    may_end = asyncio.Event()

    async def work(held: Held) -> None:
        await take_away(database, claimed)
        has_begun.set()
        await may_end.wait()

    async with asyncio.TaskGroup() as tasks, asyncio.timeout(10):
        holder = tasks.create_task(leases.hold(claimed, work))
        await has_begun.wait()
        keeper = tasks.create_task(leases.keep())
        async with database.transaction() as blocking:
            await blocking.execute("LOCK TABLE unit IN ACCESS EXCLUSIVE MODE")
            await eventually(lambda: waits_for_a_lock(database), what="an extension under way")
            may_end.set()
            await holder
        await a_while(SHORT)
        keeper.cancel()


async def a_while(span: timedelta) -> None:
    """What is measured is time itself: leases are extended and lapse by the clock."""
    until = asyncio.get_running_loop().time() + span.total_seconds()
    await eventually(lambda: asyncio.get_running_loop().time() > until, what="the clock", every=0.05)
