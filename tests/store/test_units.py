"""Units and their leases: what a token allows, and what becomes of units that nobody finishes."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from imports_service.domain.errors import Unavailable
from imports_service.domain.imports import Closing
from imports_service.store import backends, imports, units
from imports_service.store.copy_rows import HEADER
from imports_service.store.database import Database, open_database
from imports_service.store.units import Claimed
from tests.eventually import eventually
from tests.store.builders import (
    LEASE,
    ORGANIZATION,
    claimed_by,
    claimed_unit,
    created_import,
    lapse_leases,
    unit_states,
)

AT_ONCE = timedelta(0)
LATER = timedelta(hours=1)


async def fenced(database: Database, claimed: Claimed) -> bool:
    async with database.transaction() as connection:
        return await units.fence(connection, claimed) is not None


async def released(database: Database, claimed: Claimed, **how: object) -> units.Returned | None:
    how = {"delay": AT_ONCE, "counts": False, "max_attempts": 5} | how
    async with database.transaction() as connection:
        return await units.release(connection, claimed, **how)  # type: ignore[arg-type]


async def rescued(database: Database, *, max_attempts: int = 5) -> units.Returned | None:
    async with database.transaction() as connection:
        return await units.rescue(connection, ORGANIZATION, delay=AT_ONCE, max_attempts=max_attempts)


async def test_the_fence_lets_one_transaction_through(database: Database) -> None:
    import_ = await created_import(database)
    claimed = await claimed_unit(database)

    assert await fenced(database, claimed)
    assert not await fenced(database, claimed)
    assert await unit_states(database, import_) == ["done"]


async def test_a_unit_whose_transaction_rolls_back_is_still_leased(database: Database) -> None:
    import_ = await created_import(database)
    claimed = await claimed_unit(database)

    async def fail() -> None:
        async with database.transaction() as connection:
            assert await units.fence(connection, claimed) is not None
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    assert await unit_states(database, import_) == ["leased"]
    assert await fenced(database, claimed)


async def test_the_fence_keeps_out_a_lease_that_somebody_else_took_over(database: Database) -> None:
    await created_import(database)
    late = await claimed_unit(database, "late")
    await lapse_leases(database)
    await rescued(database)
    second = await claimed_unit(database, "second")

    assert not await fenced(database, late)
    assert await fenced(database, second)


async def test_segments_in_order_become_ready_one_by_one(database: Database) -> None:
    import_ = await created_import(database, segments=3, in_order=True)
    claimed = await claimed_unit(database)
    assert claimed.in_order
    assert claimed.has_next
    assert await claimed_by(database, "other") is None

    async with database.transaction() as connection:
        await units.fence(connection, claimed)
        await units.ready_next(connection, claimed)

    assert await unit_states(database, import_) == ["done", "ready", "waiting"]


async def test_after_the_last_segment_nothing_becomes_ready(database: Database) -> None:
    import_ = await created_import(database, segments=1, in_order=True)
    claimed = await claimed_unit(database)
    assert not claimed.has_next

    async with database.transaction() as connection:
        await units.fence(connection, claimed)
        await units.ready_next(connection, claimed)

    assert await unit_states(database, import_) == ["done"]


async def test_extending_says_which_leases_are_held(database: Database) -> None:
    await created_import(database, segments=3)
    first, second = await claimed_unit(database), await claimed_unit(database)
    await released(database, second)

    async with database.transaction() as connection:
        held = await units.extend(connection, ORGANIZATION, [first.lease_token, second.lease_token], LEASE)

    assert held == {first.lease_token}


async def test_an_extended_lease_does_not_lapse(database: Database) -> None:
    await created_import(database)
    claimed = await claimed_unit(database)
    await lapse_leases(database)

    async with database.transaction() as connection:
        await units.extend(connection, ORGANIZATION, [claimed.lease_token], LEASE)

    assert await rescued(database) is None


async def test_extending_does_not_wait_for_a_unit_that_is_being_finished(database: Database) -> None:
    await created_import(database, segments=2)
    first, second = await claimed_unit(database), await claimed_unit(database)

    async with database.transaction() as finishing:
        await units.fence(finishing, first)
        async with asyncio.timeout(10), database.transaction() as connection:
            held = await units.extend(
                connection, ORGANIZATION, [first.lease_token, second.lease_token], LEASE
            )

    assert held == {second.lease_token}


@pytest.mark.parametrize(("counts", "attempts"), [(False, 0), (True, 1)])
async def test_a_released_unit_is_ready_again(database: Database, counts: bool, attempts: int) -> None:
    await created_import(database)
    claimed = await claimed_unit(database)

    returned = await released(database, claimed, counts=counts, error="why")

    assert returned is not None
    assert (returned.attempts, returned.is_given_up) == (attempts, False)
    again = await claimed_unit(database)
    assert again.attempts == attempts
    assert again.lease_token != claimed.lease_token


async def test_a_lost_lease_releases_nothing(database: Database) -> None:
    await created_import(database)
    claimed = await claimed_unit(database)
    await released(database, claimed)
    second = await claimed_unit(database)

    assert await released(database, claimed) is None
    assert await fenced(database, second)


async def test_a_unit_released_with_a_delay_rests_for_it(database: Database) -> None:
    import_ = await created_import(database)

    await released(database, await claimed_unit(database), delay=LATER)

    assert await claimed_by(database, "worker") is None
    assert await unit_states(database, import_) == ["ready"]


async def test_a_unit_released_after_its_last_attempt_is_given_up(database: Database) -> None:
    import_ = await created_import(database)

    returned = await released(database, await claimed_unit(database), counts=True, max_attempts=1)

    assert returned is not None
    assert returned.is_given_up
    assert await unit_states(database, import_) == ["void"]


async def test_a_lease_that_has_run_out_counts_whatever_ended_the_work(database: Database) -> None:
    await created_import(database)
    claimed = await claimed_unit(database)
    await lapse_leases(database)

    returned = await released(database, claimed, counts=False)

    assert returned is not None
    assert returned.attempts == 1


async def test_a_segment_released_after_its_import_began_to_close_is_void(database: Database) -> None:
    import_ = await created_import(database)
    claimed = await claimed_unit(database)
    async with database.transaction() as connection:
        await imports.request_closing(connection, ORGANIZATION, import_.uid, Closing.REQUESTED)

    returned = await released(database, claimed, counts=True, max_attempts=1)

    assert returned is not None
    assert not returned.is_given_up
    assert await unit_states(database, import_) == ["void"]


async def test_a_lapsed_lease_is_rescued_and_counts_an_attempt(database: Database) -> None:
    await created_import(database, segments=2)
    await claimed_unit(database, "dead")
    await lapse_leases(database)
    await claimed_unit(database, "alive")

    async with database.connection() as connection:
        assert await units.lapsed_organizations(connection) == [ORGANIZATION]
    taken = await rescued(database)

    assert taken is not None
    assert (taken.worker, taken.segment, taken.attempts, taken.is_given_up) == ("dead", 0, 1, False)
    assert await rescued(database) is None
    async with database.connection() as connection:
        assert await units.lapsed_organizations(connection) == []
    assert (await claimed_unit(database)).attempts == 1


async def test_a_unit_rescued_after_its_last_attempt_is_given_up(database: Database) -> None:
    import_ = await created_import(database)
    await claimed_unit(database)
    await lapse_leases(database)

    taken = await rescued(database, max_attempts=1)

    assert taken is not None
    assert taken.is_given_up
    assert await unit_states(database, import_) == ["void"]


async def test_a_lapsed_segment_of_an_import_that_is_gone_is_void(database: Database) -> None:
    import_ = await created_import(database)
    await claimed_unit(database)
    await lapse_leases(database)
    async with database.transaction() as connection:
        await connection.execute("DELETE FROM import")

    taken = await rescued(database, max_attempts=1)

    assert taken is not None
    assert not taken.is_given_up
    assert await unit_states(database, import_) == ["void"]


async def test_a_lapsed_closing_is_ready_again(database: Database) -> None:
    import_ = await created_import(database)
    async with database.transaction() as connection:
        await imports.request_closing(connection, ORGANIZATION, import_.uid, Closing.REQUESTED)
        await units.insert_closing(connection, ORGANIZATION, import_.uid)
    assert (await claimed_unit(database)).is_closing
    await lapse_leases(database)

    taken = await rescued(database)

    assert taken is not None
    assert (taken.is_closing, taken.is_given_up) == (True, False)
    assert (await claimed_unit(database)).is_closing


async def test_the_rescue_does_not_wait_for_a_unit_that_is_being_finished(database: Database) -> None:
    await created_import(database)
    claimed = await claimed_unit(database)
    await lapse_leases(database)

    async with database.transaction() as finishing:
        await units.fence(finishing, claimed)
        async with asyncio.timeout(10):
            assert await rescued(database) is None


async def test_ending_strikes_out_the_segments_that_are_left(database: Database) -> None:
    import_ = await created_import(database, segments=4)
    await fenced(database, await claimed_unit(database))
    await claimed_unit(database)

    async with database.transaction() as connection:
        await units.void_segments(connection, ORGANIZATION, import_.uid)

    assert await unit_states(database, import_) == ["done", "void", "void", "void"]


async def test_a_frozen_worker_is_ended_and_its_unit_is_free(database: Database, database_url: str) -> None:
    import_ = await created_import(database)
    lease = timedelta(seconds=0.2)
    async with open_database(
        database_url, connections=1, application_name="frozen", lease=timedelta(seconds=60)
    ) as frozen:
        claimed = await claimed_unit(frozen, "frozen", lease=lease)
        thaw = asyncio.Event()

        async def half_a_copy() -> AsyncGenerator[bytes, None]:
            yield HEADER
            await thaw.wait()

        async def freeze() -> None:
            async with frozen.transaction() as connection:
                assert await units.fence(connection, claimed) is not None
                await connection.copy_to_table("resource", source=half_a_copy(), format="binary")

        async def freed() -> bool:
            if await rescued(database) is not None:
                return True
            async with database.connection() as connection:
                workers = await backends.frozen_workers(connection, ORGANIZATION)
                await backends.terminate_backends(connection, workers, lease=lease)
            return False

        async def thaw_when_freed() -> None:
            await eventually(freed, 5, "the rescue of the frozen worker's unit")
            thaw.set()

        async def both() -> None:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(freeze())
                tasks.create_task(thaw_when_freed())

        with pytest.raises(ExceptionGroup) as caught:
            await both()

    assert caught.group_contains(Unavailable)
    assert await unit_states(database, import_) == ["ready"]


async def test_a_worker_that_is_only_late_is_left_alone(database: Database, database_url: str) -> None:
    await created_import(database)
    async with open_database(database_url, connections=1, application_name="late", lease=LEASE) as late:
        claimed = await claimed_unit(late, "late")
        await lapse_leases(database)

        async with late.transaction() as finishing:
            await units.fence(finishing, claimed)
            async with database.connection() as connection:
                workers = await backends.frozen_workers(connection, ORGANIZATION)
                ended = await backends.terminate_backends(connection, workers, lease=LEASE)

    assert (workers, ended) == (["late"], 0)
