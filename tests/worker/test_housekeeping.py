"""What housekeeping puts right, and that one thing gone wrong holds up no other."""

import asyncio
from datetime import timedelta

import pytest

from imports_service.commands.delete import expire_import
from imports_service.domain.imports import Closing, EventKind, Import, Status
from imports_service.domain.names import import_prefix, segment_object
from imports_service.objects.store import Objects
from imports_service.store import events, imports, units, uploads
from imports_service.store.database import Database
from imports_service.worker import housekeeping
from imports_service.worker.equipment import Equipment
from tests.eventually import eventually
from tests.store.builders import (
    ORGANIZATION,
    claimed_unit,
    created_import,
    import_now,
    lapse_leases,
    unit_states,
    waits_for_a_lock,
)
from tests.store.event_days import make_days
from tests.worker.working import equipped


@pytest.fixture
def equipment(database: Database, objects: Objects) -> Equipment:
    return equipped(database, objects, max_attempts=1, lease_seconds=6)


async def closing_claimed(database: Database, organization_id: str = ORGANIZATION) -> Import:
    """An import whose closing is in the hands of a worker that is not heard of any more."""
    import_ = await created_import(database, organization_id)
    async with database.transaction() as connection:
        await imports.request_closing(connection, organization_id, import_.uid, Closing.REQUESTED)
        await units.insert_closing(connection, organization_id, import_.uid)
    assert (await claimed_unit(database)).is_closing
    return import_


async def test_a_chore_that_fails_holds_up_no_other_and_does_not_end_the_process(
    equipment: Equipment,
) -> None:
    import_ = await created_import(equipment.database)
    await claimed_unit(equipment.database, "dead")
    await lapse_leases(equipment.database)
    async with equipment.database.connection() as connection:
        await connection.execute("DROP TABLE object_trash")
    stop = asyncio.Event()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(housekeeping.keep_house(equipment, stop))
        await eventually(lambda: is_void(equipment.database, import_), what="the rescue")
        stop.set()


async def test_a_stop_does_not_wait_for_a_chore(equipment: Equipment) -> None:
    stop = asyncio.Event()
    async with equipment.database.transaction() as blocking:
        await blocking.execute("LOCK TABLE upload IN ACCESS EXCLUSIVE MODE")
        async with asyncio.timeout(3), asyncio.TaskGroup() as tasks:
            tasks.create_task(housekeeping.keep_house(equipment, stop))
            await eventually(lambda: waits_for_a_lock(equipment.database), 2, "a chore under way")
            stop.set()


async def test_a_segment_rescued_too_often_ends_its_import(equipment: Equipment) -> None:
    import_ = await created_import(equipment.database)
    await claimed_unit(equipment.database, "dead")
    await lapse_leases(equipment.database)

    await housekeeping.rescue_units(equipment)

    assert (await import_now(equipment.database, import_)).closing is Closing.FAULT
    assert (await claimed_unit(equipment.database)).is_closing


async def test_giving_up_several_imports_at_once_is_in_nobodys_way(equipment: Equipment) -> None:
    database = equipment.database
    first = await closing_claimed(database)
    second = await closing_claimed(database)
    async with database.transaction() as connection:
        await connection.execute(
            """
            UPDATE unit
            SET lease_until = now() - CASE WHEN import_uid = $1 THEN interval '2 s' ELSE interval '1 s' END
            WHERE state = 'leased'
            """,
            first.uid,
        )

    async with asyncio.TaskGroup() as tasks:
        async with database.transaction() as command:
            await imports.lock_import(command, ORGANIZATION, second.import_id)
            rescue = tasks.create_task(housekeeping.rescue_units(equipment))
            await eventually(lambda: waits_for_a_lock(database), what="a rescue that waits for the command")
            await events.tick(command, ORGANIZATION)
        await rescue

    for import_ in (first, second):
        assert (await import_now(database, import_)).status is Status.INTERRUPTED


async def test_what_a_store_writes_long_after_its_sender_died_is_swept(
    equipment: Equipment, objects: Objects
) -> None:
    uid = "00000000-0000-0000-0000-000000000001"
    async with equipment.database.transaction() as connection:
        await uploads.insert_upload(connection, ORGANIZATION, uid, timedelta(seconds=-1))
    await housekeeping.abandon_uploads(equipment)
    for _ in range(2):
        await sweep_as_if_due(equipment)

    await objects.put(segment_object(ORGANIZATION, uid, 0), b"late")
    async with equipment.database.connection() as connection:
        left = await connection.fetchval("SELECT not_before - now() FROM object_trash")
    await sweep_as_if_due(equipment)

    assert left > 29 * equipment.settings.lease
    assert [name async for name in objects.list("")] == []
    async with equipment.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM object_trash") == 0


async def sweep_as_if_due(equipment: Equipment) -> None:
    async with equipment.database.connection() as connection:
        await connection.execute("UPDATE object_trash SET not_before = now()")
    await housekeeping.sweep_trash(equipment)


async def test_an_import_expires_as_if_it_were_deleted(equipment: Equipment) -> None:
    database = equipment.database
    import_, young = await created_import(database), await created_import(database)
    async with database.transaction() as connection:
        await connection.execute("UPDATE import SET expires_at = now() + interval '1 day'")
        await connection.execute("UPDATE import SET expires_at = now() WHERE uid = $1", import_.uid)

    await housekeeping.expire_imports(equipment)

    async with database.connection() as connection:
        assert await imports.get_import_by_uid(connection, ORGANIZATION, import_.uid) is None
        assert await imports.get_import_by_uid(connection, ORGANIZATION, young.uid) is not None
        last = (await events.events_after(connection, ORGANIZATION, import_.uid, 0, 10))[-1]
        prefix = await connection.fetchval("SELECT prefix FROM object_trash")
    assert (last.kind, last.snapshot.uid) == (EventKind.DELETED, import_.uid)
    assert prefix == import_prefix(ORGANIZATION, import_.uid)


async def test_an_import_that_took_over_the_id_of_an_expired_one_stays(equipment: Equipment) -> None:
    database = equipment.database
    import_ = await created_import(database, import_id="spring")
    async with database.transaction() as connection:
        await connection.execute("UPDATE import SET expires_at = now()")
    async with database.connection() as connection:
        [expired] = await imports.expired_imports(connection)
    async with database.transaction() as connection:
        await imports.delete_import(connection, ORGANIZATION, import_.uid)
    second = await created_import(database, import_id="spring")

    await expire_import(expired, lease=timedelta(seconds=6), database=database, nudges=equipment.nudges)

    assert (await import_now(database, second)).uid == second.uid


async def test_old_events_without_a_partition_are_forgotten_and_the_floor_says_so(
    equipment: Equipment,
) -> None:
    database = equipment.database
    async with database.transaction() as connection:
        await make_days(connection)
    for _ in range(3):
        await created_import(database)
    async with database.transaction() as connection:
        await connection.execute("UPDATE event SET occurred_at = now() - interval '8 days' WHERE seq < 3")

    await housekeeping.forget_events(equipment)

    async with database.connection() as connection:
        assert await events.clock(connection, ORGANIZATION) == (3, 2)
        assert [event.seq for event in await events.events_after(connection, ORGANIZATION, None, 0, 10)] == [
            3
        ]


async def test_a_clock_without_old_events_keeps_its_floor(equipment: Equipment) -> None:
    await created_import(equipment.database)

    async with equipment.database.transaction() as connection:
        await events.forget_events(connection, ORGANIZATION, older_than=timedelta(days=7))

    async with equipment.database.connection() as connection:
        assert await events.clock(connection, ORGANIZATION) == (1, 0)


async def test_files_that_no_import_names_go_after_its_end(equipment: Equipment, objects: Objects) -> None:
    import_ = await closing_claimed(equipment.database)
    files = f"{import_prefix(ORGANIZATION, import_.uid)}files/"
    await objects.put(f"{files}lost/attachment.json.gz", b"lost")
    await objects.put(f"{files}last/attachment.json.gz", b"last")
    async with equipment.database.transaction() as connection:
        now = await units.transaction_time(connection)
        await imports.end_import(
            connection,
            ORGANIZATION,
            import_.uid,
            not_processed_count=10,
            attachment=f"{files}last/attachment.json.gz",
            failed_inputs=None,
            at=now - 3 * equipment.settings.lease,
            retention=timedelta(days=1),
        )

    await housekeeping.sweep_files(equipment)

    assert [name async for name in objects.list(files)] == [f"{files}last/attachment.json.gz"]


async def is_void(database: Database, import_: Import) -> bool:
    return await unit_states(database, import_) == ["void"]
