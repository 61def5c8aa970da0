"""Owners of objects: no moment without one, from before the first object to after the last."""

from datetime import timedelta
from uuid import uuid4

from imports_service.domain.imports import Closing
from imports_service.store import imports, uploads
from imports_service.store.database import Database
from imports_service.store.uploads import LapsedUpload, Trash
from tests.store.builders import NOW, ORGANIZATION, claimed_unit, created_import, unit_states

AT_ONCE = timedelta(0)
LATER = timedelta(hours=1)
UID = str(uuid4())
PREFIX = f"organizations/{ORGANIZATION}/imports/{UID}/"


async def test_an_upload_is_handed_over_once(database: Database) -> None:
    async with database.transaction() as connection:
        await uploads.insert_upload(connection, ORGANIZATION, UID, LATER)

    async with database.transaction() as connection:
        first = await uploads.delete_upload(connection, ORGANIZATION, UID)
        second = await uploads.delete_upload(connection, ORGANIZATION, UID)

    assert (first, second) == (True, False)


async def test_an_extended_upload_is_not_lapsed(database: Database) -> None:
    async with database.transaction() as connection:
        await uploads.insert_upload(connection, ORGANIZATION, UID, -LATER)
        assert await uploads.lapsed_uploads(connection, limit=10) == [LapsedUpload(ORGANIZATION, UID)]

        assert await uploads.extend_upload(connection, ORGANIZATION, UID, LATER)

        assert await uploads.lapsed_uploads(connection, limit=10) == []
        assert not await uploads.take_lapsed_upload(connection, ORGANIZATION, UID)


async def test_a_lapsed_upload_goes_to_the_trash_once(database: Database) -> None:
    async with database.transaction() as connection:
        await uploads.insert_upload(connection, ORGANIZATION, UID, -LATER)

    async with database.transaction() as connection:
        first = await uploads.take_lapsed_upload(connection, ORGANIZATION, UID)
        await uploads.trash(connection, ORGANIZATION, UID, PREFIX, delay=AT_ONCE)
        second = await uploads.take_lapsed_upload(connection, ORGANIZATION, UID)

    assert (first, second) == (True, False)
    async with database.connection() as connection:
        assert not await uploads.extend_upload(connection, ORGANIZATION, UID, LATER)
        assert not await uploads.delete_upload(connection, ORGANIZATION, UID)
        assert await uploads.next_trash(connection, limit=10) == [Trash(ORGANIZATION, UID, PREFIX, 0)]


async def test_trash_rests_until_its_time_has_come(database: Database) -> None:
    async with database.transaction() as connection:
        await uploads.trash(connection, ORGANIZATION, UID, PREFIX, delay=LATER)

    async with database.connection() as connection:
        assert await uploads.next_trash(connection, limit=10) == []


async def test_trash_is_swept_three_times_and_then_forgotten_with_what_was_left_of_the_import(
    database: Database,
) -> None:
    import_ = await created_import(database, segments=2)
    async with database.transaction() as claiming:
        # a unit that is locked while the import is deleted stays behind
        await claiming.execute("SELECT 1 FROM unit WHERE segment = 0 FOR UPDATE")
        async with database.transaction() as connection:
            await imports.delete_import(connection, ORGANIZATION, import_.uid)
            await uploads.trash(connection, ORGANIZATION, import_.uid, PREFIX, delay=AT_ONCE)
    assert len(await unit_states(database, import_)) == 1

    sweeps = 0
    async with database.connection() as connection:
        while found := await uploads.next_trash(connection, limit=10):
            sweeps += 1
            await uploads.finish_sweep(connection, found[0], again_after=AT_ONCE, last_after=AT_ONCE)

    assert sweeps == 3
    assert await unit_states(database, import_) == []


async def test_a_first_sweep_puts_the_second_off(database: Database) -> None:
    async with database.transaction() as connection:
        await uploads.trash(connection, ORGANIZATION, UID, PREFIX, delay=AT_ONCE)

    async with database.connection() as connection:
        [found] = await uploads.next_trash(connection, limit=10)
        await uploads.finish_sweep(connection, found, again_after=LATER, last_after=AT_ONCE)
        assert await uploads.next_trash(connection, limit=10) == []


async def test_two_who_sweep_at_once_skip_no_sweep(database: Database) -> None:
    async with database.transaction() as connection:
        await uploads.trash(connection, ORGANIZATION, UID, PREFIX, delay=AT_ONCE)

    async with database.connection() as connection:
        [found] = await uploads.next_trash(connection, limit=10)
        for _ in range(2):
            await uploads.finish_sweep(connection, found, again_after=AT_ONCE, last_after=LATER)
        [again] = await uploads.next_trash(connection, limit=10)
    assert again.swept == 1


async def test_the_files_of_an_ended_import_are_looked_through_once(database: Database) -> None:
    import_ = await created_import(database)
    await claimed_unit(database)
    async with database.transaction() as connection:
        await imports.request_closing(connection, ORGANIZATION, import_.uid, Closing.REQUESTED)
        assert await uploads.unswept_imports(connection, ended_before=AT_ONCE, limit=10) == []
        await imports.end_import(
            connection,
            ORGANIZATION,
            import_.uid,
            not_processed_count=import_.inputs_size,
            attachment=None,
            failed_inputs="failed",
            at=NOW - LATER,
            retention=LATER,
        )

    async with database.connection() as connection:
        [found] = await uploads.unswept_imports(connection, ended_before=AT_ONCE, limit=10)
        await uploads.mark_files_swept(connection, ORGANIZATION, import_.uid)
        left = await uploads.unswept_imports(connection, ended_before=AT_ONCE, limit=10)

    assert (found.uid, found.attachment, found.failed_inputs) == (import_.uid, None, "failed")
    assert left == []


async def test_what_is_thrown_away_again_is_swept_from_the_start(database: Database) -> None:
    async with database.transaction() as connection:
        await uploads.trash(connection, ORGANIZATION, UID, PREFIX, delay=AT_ONCE)
    async with database.transaction() as connection:
        [found] = await uploads.next_trash(connection, limit=10)
        await uploads.finish_sweep(connection, found, again_after=LATER, last_after=LATER)

    async with database.transaction() as connection:
        await uploads.trash(connection, ORGANIZATION, UID, PREFIX, delay=AT_ONCE)

    async with database.transaction() as connection:
        assert await uploads.next_trash(connection, limit=10) == [Trash(ORGANIZATION, UID, PREFIX, 0)]
