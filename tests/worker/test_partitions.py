"""Events get partitions ahead and go with them when their time is over; whatever happens, none is refused or lost."""

import asyncio

import pytest
from structlog.testing import capture_logs

from imports_service.domain.errors import Unavailable
from imports_service.domain.imports import EventKind
from imports_service.objects.store import Objects
from imports_service.store import events
from imports_service.store.database import Database
from imports_service.worker import housekeeping
from imports_service.worker.equipment import Equipment
from imports_service.worker.partitions import drop_partitions, make_partitions
from tests.store.builders import ORGANIZATION, created_import
from tests.store.event_days import DAY, age, make_days, name_of, partition_names, places, today
from tests.worker.turning import turned
from tests.worker.working import equipped


@pytest.fixture
def equipment(database: Database, objects: Objects) -> Equipment:
    return equipped(database, objects)


async def names_now(equipment: Equipment) -> set[str]:
    async with equipment.database.connection() as connection:
        return set(await partition_names(connection))


async def floors(equipment: Equipment) -> dict[str, int]:
    async with equipment.database.connection() as connection:
        records = await connection.fetch("SELECT organization_id, floor FROM organization_clock")
    return {record["organization_id"]: record["floor"] for record in records}


async def some_days(equipment: Equipment) -> None:
    """Three organizations: one with old events only, one with old and young ones, one with young ones only."""
    async with equipment.database.transaction() as connection:
        await make_days(connection, -9, -8, *range(-7, 2))
    for _ in range(3):
        await created_import(equipment.database, "old")
        await created_import(equipment.database, "both")
    async with equipment.database.transaction() as connection:
        await age(connection, 8)
        await age(connection, 1, up_to=1)
    for _ in range(2):
        await created_import(equipment.database, "both")
        await created_import(equipment.database, "young")


async def test_partitions_are_made_ahead_and_events_land_in_theirs(equipment: Equipment) -> None:
    async with equipment.database.transaction() as connection:
        await make_days(connection)

    await make_partitions(equipment)
    await make_partitions(equipment)
    await created_import(equipment.database)

    days = [name_of(today() + number * DAY) for number in range(3)]
    assert await names_now(equipment) == {"event_default", *days}
    async with equipment.database.connection() as connection:
        assert await places(connection, ORGANIZATION) == {1: days[0]}


async def test_an_event_without_a_partition_is_kept_and_its_day_is_left_out(equipment: Equipment) -> None:
    async with equipment.database.transaction() as connection:
        await make_days(connection)
    await created_import(equipment.database)

    with capture_logs() as logs:
        await make_partitions(equipment)
    await created_import(equipment.database)

    assert await names_now(equipment) == {
        "event_default",
        *(name_of(today() + number * DAY) for number in (1, 2)),
    }
    assert [log["log_level"] for log in logs] == ["info", "warning", "info"]
    async with equipment.database.transaction() as connection:
        assert set((await places(connection, ORGANIZATION)).values()) == {"event_default"}
        await connection.execute("UPDATE event_default SET occurred_at = now() - interval '8 days'")
    await housekeeping.forget_events(equipment)
    async with equipment.database.connection() as connection:
        assert await places(connection, ORGANIZATION) == {}
    assert await floors(equipment) == {ORGANIZATION: 2}


async def test_old_events_go_with_their_partitions_and_floors_say_so(equipment: Equipment) -> None:
    await some_days(equipment)

    await drop_partitions(equipment)

    assert await names_now(equipment) == {
        "event_default",
        *(name_of(today() + number * DAY) for number in range(-7, 2)),
    }
    assert await floors(equipment) == {"old": 3, "both": 3, "young": 0}
    async with equipment.database.connection() as connection:
        assert await places(connection, "old") == {}
        for organization_id, seqs in (("both", [4, 5]), ("young", [1, 2])):
            found = await events.events_after(connection, organization_id, None, 0, 10)
            assert [event.seq for event in found] == seqs


async def test_several_at_once_do_it_once(equipment: Equipment) -> None:
    await some_days(equipment)
    async with equipment.database.transaction() as connection:
        await connection.execute(f"DROP TABLE {name_of(today() + DAY)}")

    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(turned(equipment))

    assert await names_now(equipment) == {
        "event_default",
        *(name_of(today() + number * DAY) for number in range(-7, 3)),
    }


@pytest.mark.parametrize("chore", [make_partitions, drop_partitions])
async def test_who_is_at_work_on_events_is_not_waited_for_long(
    equipment: Equipment, chore: housekeeping.Chore
) -> None:
    await some_days(equipment)
    async with equipment.database.transaction() as connection:
        await connection.execute(f"DROP TABLE {name_of(today() + DAY)}")
    before = await names_now(equipment)
    import_ = await created_import(equipment.database)

    async with equipment.database.transaction() as recording:
        await events.record(recording, EventKind.SNAPSHOT, None, import_)
        with pytest.raises(Unavailable):
            await chore(equipment)
        assert await names_now(equipment) == before
    await chore(equipment)

    assert await names_now(equipment) != before
    async with equipment.database.connection() as connection:
        assert len(await events.events_after(connection, ORGANIZATION, None, 0, 10)) == 2


async def test_events_are_recorded_and_read_all_the_while(equipment: Equipment) -> None:
    await some_days(equipment)
    import_ = await created_import(equipment.database)
    are_done = asyncio.Event()
    read: list[int] = [0]

    async def record() -> None:
        for _ in range(150):
            async with equipment.database.transaction() as connection:
                await events.record(connection, EventKind.SNAPSHOT, None, import_)
        are_done.set()

    async def read_on() -> None:
        is_last = False
        while not is_last:
            is_last = are_done.is_set()
            async with equipment.database.connection() as connection:
                found = await events.events_after(connection, ORGANIZATION, None, read[-1], 100)
            read.extend(event.seq for event in found)

    async def turn() -> None:
        for number in range(-40, -12):
            day = today() + number * DAY
            async with equipment.database.transaction() as connection:
                await connection.execute(
                    f"CREATE TABLE {name_of(day)} PARTITION OF event FOR VALUES FROM ('{day}') TO ('{day + DAY}')"
                )
            await turned(equipment)
            if are_done.is_set():
                break

    async with asyncio.TaskGroup() as tasks:
        for work in (record, read_on, turn):
            tasks.create_task(work())

    assert read == list(range(152))
    assert await floors(equipment) == {"old": 3, "both": 3, "young": 0, ORGANIZATION: 0}
