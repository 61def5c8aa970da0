"""Imports that wait for others: nothing of them is given to a worker before these have ended, and then all is."""

import pytest

from imports_service.domain.imports import Closing, Import
from imports_service.store import claims, imports, lanes, units, waiting
from imports_service.store.claims import NeedsSolitude, ReleaseDue
from imports_service.store.database import Database
from imports_service.store.units import Claimed
from tests.eventually import eventually
from tests.store.builders import (
    LEASE,
    NOW,
    ORGANIZATION,
    claimed_unit,
    created_import,
    import_now,
    unit_states,
)


async def claim(database: Database) -> Claimed | NeedsSolitude | ReleaseDue | None:
    async with database.transaction() as connection:
        return await claims.claim(connection, worker="worker", lease=LEASE)


async def releasable(database: Database) -> list[str]:
    async with database.connection() as connection:
        found = await waiting.list_releasable(connection, ORGANIZATION, limit=100)
    return [each.uid for each in found]


async def release(database: Database, import_: Import) -> bool:
    async with database.connection() as connection:
        found = await waiting.list_releasable(connection, ORGANIZATION, limit=100)
    async with database.transaction() as connection:
        return await waiting.release(
            connection, ORGANIZATION, next(each for each in found if each.uid == import_.uid)
        )


async def end(database: Database, import_: Import, closing: Closing = Closing.COMPLETED) -> None:
    async with database.transaction() as connection:
        await imports.request_closing(connection, ORGANIZATION, import_.uid, closing)
        ended = await imports.end_import(
            connection,
            ORGANIZATION,
            import_.uid,
            not_processed_count=import_.inputs_size,
            attachment=None,
            failed_inputs=None,
            at=NOW,
            retention=LEASE,
        )
    assert ended is not None


async def delete(database: Database, import_: Import) -> None:
    async with database.transaction() as connection:
        assert await imports.delete_import(connection, ORGANIZATION, import_.uid)


async def test_what_waits_takes_no_turn_of_the_others(database: Database) -> None:
    first = await created_import(database, segments=2)
    second = await created_import(database, segments=2, after=[first])
    third = await created_import(database)

    assert await claim(database) == ReleaseDue(ORGANIZATION)  # the look that the creation asked for
    assert await releasable(database) == []
    given = [await claim(database) for _ in range(4)]

    uids = [each.import_uid for each in given if isinstance(each, Claimed)]
    assert sorted(uids) == sorted([first.uid, first.uid, third.uid])
    assert given[-1] is None
    assert await unit_states(database, second) == ["waiting", "waiting"]


async def test_a_look_is_due_at_once_when_it_is_asked_for_and_every_second_besides(
    database: Database,
) -> None:
    first = await created_import(database)
    await created_import(database, after=[first])
    assert await claim(database) == ReleaseDue(ORGANIZATION)
    await claimed_unit(database)
    assert await claim(database) is None

    async with database.transaction() as connection:
        await lanes.wake_waiting(connection, ORGANIZATION)

    assert await claim(database) == ReleaseDue(ORGANIZATION)
    assert await claim(database) is None
    assert await eventually(lambda: claim(database), within=3, what="another look") == ReleaseDue(
        ORGANIZATION
    )


async def test_without_anything_that_waits_nobody_looks_again(database: Database) -> None:
    first = await created_import(database)
    second = await created_import(database, after=[first])
    await delete(database, second)

    assert isinstance(await claim(database), Claimed)

    async with database.connection() as connection:
        assert await connection.fetchval("SELECT release_at = 'infinity' FROM lane")


@pytest.mark.parametrize("closing", list(Closing))
async def test_the_wait_is_over_with_the_end_of_the_last_however_it_ends(
    database: Database, closing: Closing
) -> None:
    first, second = await created_import(database), await created_import(database)
    third = await created_import(database, after=[first, second])

    await end(database, first, closing)
    before = await releasable(database)
    await end(database, second, closing)

    assert (before, await releasable(database)) == ([], [third.uid])


async def test_what_is_deleted_has_ended_and_who_takes_its_id_is_another(database: Database) -> None:
    first = await created_import(database, import_id="first")
    second = await created_import(database, after=[first])
    await delete(database, first)

    await created_import(database, import_id="first")

    assert await releasable(database) == [second.uid]


@pytest.mark.parametrize(
    ("in_order", "states"), [(False, ["ready", "ready", "ready"]), (True, ["ready", "waiting", "waiting"])]
)
async def test_a_release_makes_units_ready_as_a_creation_would(
    database: Database, in_order: bool, states: list[str]
) -> None:
    first = await created_import(database)
    second = await created_import(database, segments=3, in_order=in_order, after=[first])
    await end(database, first)

    assert second.is_waiting
    assert await release(database, second)

    released = await import_now(database, second)
    assert (released.is_waiting, released.version) == (False, second.version + 1)
    assert await unit_states(database, second) == states


async def test_a_release_that_comes_second_changes_nothing(database: Database) -> None:
    first = await created_import(database)
    second = await created_import(database, segments=3, in_order=True, after=[first])
    await end(database, first)
    await release(database, second)
    await claimed_unit(database)
    before = await unit_states(database, second)

    async with database.transaction() as connection:
        assert not await waiting.release(connection, ORGANIZATION, waiting.Releasable(second.uid, True))

    assert await unit_states(database, second) == before == ["leased", "waiting", "waiting"]


async def test_an_interrupted_import_is_closed_and_not_released(database: Database) -> None:
    first = await created_import(database)
    second = await created_import(database, after=[first])
    async with database.transaction() as connection:
        await imports.request_closing(connection, ORGANIZATION, second.uid, Closing.REQUESTED)
        await units.insert_closing(connection, ORGANIZATION, second.uid)
    await claim(database)

    given = [await claimed_unit(database) for _ in range(2)]

    assert [(each.import_uid, each.is_closing) for each in given if each.import_uid == second.uid] == [
        (second.uid, True)
    ]
    assert not (await import_now(database, second)).is_waiting
    await end(database, first)
    assert await releasable(database) == []


async def test_only_those_that_are_awaited_wake_anybody(database: Database) -> None:
    first, other = await created_import(database), await created_import(database)
    await created_import(database, after=[first])

    async with database.connection() as connection:
        assert await waiting.is_awaited(connection, ORGANIZATION, first.uid)
        assert not await waiting.is_awaited(connection, ORGANIZATION, other.uid)
