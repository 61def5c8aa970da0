"""Imports that wait for others (B12), with workers that may be killed: none starts too early, and all of them end."""

from random import Random

import pytest

from imports_service.commands.delete import delete_import
from imports_service.commands.interrupt import interrupt_import
from imports_service.domain.imports import Closing, Status
from imports_service.domain.names import ImportName
from imports_service.objects.store import Objects
from imports_service.store.database import Database
from imports_service.store.units import transaction_time
from imports_service.worker.equipment import Equipment
from tests.commands.documents import skus
from tests.eventually import eventually
from tests.store.builders import ORGANIZATION, created_import, import_now
from tests.worker.after_plays import POISON, acted, all_over, drawn, judge
from tests.worker.working import created, ended, equipped, named, working

KILL_POINTS = ["before-release", "before-release:2", "after-release", "after-closing", "after-closing:3"]
WORKER = {
    "IMPORTS_ROLE": "worker",
    "IMPORTS_LEASE_SECONDS": "2",
    "IMPORTS_WORKER_SEGMENTS": "1",
    "IMPORTS_MAX_ATTEMPTS": "3",
}


@pytest.fixture
def equipment(database: Database, objects: Objects) -> Equipment:
    return equipped(database, objects, max_attempts=1)


async def seconds_between_end_and_start(equipment: Equipment, first: str, second: str) -> float:
    async with equipment.database.connection() as connection:
        seconds = await connection.fetchval(
            """
            SELECT extract(epoch FROM second.started_at - coalesce(first.completed_at, first.interrupted_at))
            FROM import AS first, import AS second
            WHERE first.uid = $1::text::uuid AND second.uid = $2::text::uuid
            """,
            first,
            second,
        )
    return float(seconds)


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_waits_for_whatever_none_starts_too_early_and_all_end(
    equipment: Equipment, seed: int
) -> None:
    dice = Random(seed)
    play = drawn(dice, 14)
    async with equipment.database.connection() as connection:
        await connection.execute(POISON)

    async with working(equipment, named(equipment, "other")):
        cast = await acted(equipment, play, dice)
        await all_over(equipment.database, cast, within=30)

    await judge(equipment.database, play, cast)


@pytest.mark.parametrize("point", KILL_POINTS)
async def test_a_worker_killed_at_a_point_loses_no_release(equipment, spawn_service, point) -> None:
    dice = Random(point)
    play = drawn(dice, 12)
    async with equipment.database.connection() as connection:
        await connection.execute(POISON)
    first = await spawn_service(wait=False, **WORKER, IMPORTS_STOP_AT=point)
    cast = [await created(equipment, skus(5))]
    cast.append(await created(equipment, skus(15), after=cast))
    cast.append(await created(equipment, skus(15), after=cast))
    others = await acted(equipment, play, dice, patience=1)

    await first.said("stopped at")
    await first.kill()
    await spawn_service(wait=False, **WORKER)

    await all_over(equipment.database, [*cast, *others], within=60)
    await judge(equipment.database, play, others)
    assert [(await import_now(equipment.database, each)).counts.processed for each in cast] == [5, 15, 15]


async def test_what_waits_starts_as_soon_as_the_other_has_ended(equipment: Equipment) -> None:
    async with working(equipment):
        first = await created(equipment, skus(25))
        second = await created(equipment, skus(25) + skus(1), after=[first])
        third = await created(equipment, skus(25), after=[second, first])
        done = await ended(equipment, third)

    assert (done.status, done.counts.unchanged, done.is_waiting) == (Status.COMPLETED, 25, False)
    for before, after in ((first, second), (second, third)):
        assert await seconds_between_end_and_start(equipment, before.uid, after.uid) < 0.8


async def test_a_release_that_nobody_was_told_of_comes_a_second_later(equipment: Equipment) -> None:
    first = await created_import(equipment.database)
    second = await created(equipment, skus(5), after=[first])

    async with working(equipment):
        await eventually(lambda: _is_resting(equipment), what="a lane where all waits")
        async with equipment.database.transaction() as connection:
            await connection.execute("DELETE FROM import WHERE uid::text = $1", first.uid)
            gone_at = await transaction_time(connection)
        done = await ended(equipment, second)

    assert done.started_at is not None
    assert (done.started_at - gone_at).total_seconds() < 3


async def _is_resting(equipment: Equipment) -> bool:
    async with equipment.database.connection() as connection:
        await connection.execute(
            "UPDATE unit SET state = 'void' WHERE state = 'ready'"
        )  # nobody stored the rows
        return bool(await connection.fetchval("SELECT wake_at > now() AND wake_at < 'infinity' FROM lane"))


async def test_a_rehearsal_waits_as_well_and_sees_what_it_waited_for(equipment: Equipment) -> None:
    async with working(equipment):
        first = await created(equipment, skus(25))
        second = await created(equipment, skus(25), validate_only=True, after=[first])
        done = await ended(equipment, second)

    assert (done.counts.created, done.counts.unchanged) == (0, 25)


async def test_an_import_that_is_interrupted_closes_without_waiting(equipment: Equipment) -> None:
    first = await created_import(equipment.database)
    second = await created(equipment, skus(25), after=[first])
    async with equipment.database.connection() as connection:
        await connection.execute("UPDATE unit SET state = 'waiting' WHERE import_uid::text = $1", first.uid)

    async with working(equipment):
        await interrupt_import(
            ImportName(ORGANIZATION, second.import_id), database=equipment.database, nudges=equipment.nudges
        )
        done = await ended(equipment, second)

    assert (done.status, done.closing, done.started_at) == (Status.INTERRUPTED, Closing.REQUESTED, None)
    assert done.not_processed_count == 25


async def test_an_import_may_be_deleted_while_it_waits(equipment: Equipment) -> None:
    first = await created(equipment, skus(5))
    second = await created(equipment, skus(5), after=[first])
    third = await created(equipment, skus(5), after=[second])
    await delete_import(
        ImportName(ORGANIZATION, second.import_id),
        lease=equipment.settings.lease,
        database=equipment.database,
        nudges=equipment.nudges,
    )

    async with working(equipment):
        done = await ended(equipment, third)

    assert done.status is Status.COMPLETED
