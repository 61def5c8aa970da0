"""The organization clock: numbers without gaps, in the order of commits."""

import asyncio
import random

import pytest

from imports_service.domain.imports import EventKind, Import, Status
from imports_service.store import events
from imports_service.store.database import Connection, Database
from tests.store.builders import ORGANIZATION, created_import

EVENTS_AT_ONCE = 10_000


async def all_events(connection: Connection, organization_id: str) -> list[int]:
    found = await events.events_after(connection, organization_id, None, 0, EVENTS_AT_ONCE)
    return [event.seq for event in found]


async def test_an_event_carries_the_import_as_it_was(database: Database) -> None:
    import_ = await created_import(database)

    async with database.connection() as connection:
        [event] = await events.events_after(connection, ORGANIZATION, import_.uid, 0, 10)

    assert (event.seq, event.kind, event.previous_status) == (1, EventKind.TRANSITION, None)
    assert event.snapshot == import_
    assert event.occurred_at == import_.created_at


async def test_an_organization_without_events_has_a_clock_that_stands_at_zero(database: Database) -> None:
    async with database.connection() as connection:
        assert await events.clock(connection, "nobody") == (0, 0)


async def test_events_of_one_import_leave_out_those_of_others(database: Database) -> None:
    first = await created_import(database)
    second = await created_import(database)
    async with database.transaction() as connection:
        await events.record(connection, EventKind.TRANSITION, Status.PENDING, first)

    async with database.connection() as connection:
        of_first = await events.events_after(connection, ORGANIZATION, first.uid, 0, 10)
        after = await events.events_after(connection, ORGANIZATION, first.uid, 1, 10)
        of_second = await events.events_after(connection, ORGANIZATION, second.uid, 0, 10)
        of_all = await events.events_after(connection, ORGANIZATION, None, 1, 1)
        assert await events.clock(connection, ORGANIZATION) == (3, 0)

    assert [event.seq for event in of_first] == [1, 3]
    assert [event.seq for event in after] == [3]
    assert [event.seq for event in of_second] == [2]
    assert [event.seq for event in of_all] == [2]


async def test_numbers_have_no_gap_and_whoever_sees_one_sees_all_before_it(database: Database) -> None:
    imports = [await created_import(database, f"org-{number % 3}") for number in range(6)]
    done = asyncio.Event()
    choice = random.Random(7)

    async def write(import_: Import) -> None:
        for _ in range(60):
            async with database.transaction() as connection:
                await events.record(connection, EventKind.SNAPSHOT, None, import_)
                if choice.random() < 0.1:
                    await connection.execute("ROLLBACK")
                    await connection.execute("BEGIN")

    async def read() -> None:
        while not done.is_set():
            for number in range(3):
                async with database.connection() as connection:
                    seen = await all_events(connection, f"org-{number}")
                assert seen == list(range(1, len(seen) + 1))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(read())
        async with asyncio.TaskGroup() as writers:
            for import_ in imports:
                writers.create_task(write(import_))
        done.set()

    for number in range(3):
        async with database.connection() as connection:
            seen = await all_events(connection, f"org-{number}")
            assert (await events.clock(connection, f"org-{number}"))[0] == len(seen)


@pytest.mark.parametrize("organizations", [1, 4])
async def test_many_first_events_at_once_get_the_numbers_from_one_on(
    database: Database, organizations: int
) -> None:
    async with asyncio.TaskGroup() as tasks:
        for number in range(16):
            tasks.create_task(created_import(database, f"new-{number % organizations}"))

    for number in range(organizations):
        async with database.connection() as connection:
            seen = await all_events(connection, f"new-{number}")
        assert seen == list(range(1, 16 // organizations + 1))
