"""Deleting an import: what goes at once, what is left to the sweep, what stays."""

from typing import Any

import asyncpg
import pytest

from imports_service.commands.create import create_import
from imports_service.commands.creation import Creation
from imports_service.commands.delete import delete_import
from imports_service.domain.errors import EtagMismatch, FailedPrecondition, ImportNotFound
from imports_service.domain.imports import EventKind, Import, Status
from imports_service.domain.names import ImportName, import_prefix
from imports_service.store import imports
from imports_service.store.events import events_after
from tests.commands.conftest import Held
from tests.commands.documents import ORGANIZATION, chunked, skus, wish


@pytest.fixture
async def created(creation: Creation) -> Import:
    return await create_import(wish(import_id="spring"), chunked(skus(25)), creation)


async def delete(creation: Creation, import_id: str, **wanted: Any) -> None:
    await delete_import(
        ImportName(ORGANIZATION, import_id),
        lease=creation.limits.lease,
        database=creation.database,
        nudges=creation.nudges,
        **wanted,
    )


async def test_rows_and_units_go_at_once(creation: Creation, created: Import, held: Held) -> None:
    await delete(creation, "spring")

    rows = (await held()).rows
    assert (rows["import"], rows["unit"]) == (0, 0)


async def test_its_objects_are_left_to_the_sweep_two_leases_later(
    creation: Creation, created: Import, tables: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await delete(creation, "spring")

    trash = await tables.fetchrow("SELECT prefix, not_before - now() AS delay FROM object_trash")
    assert trash is not None
    assert trash["prefix"] == import_prefix(ORGANIZATION, created.uid)
    assert creation.limits.lease < trash["delay"] <= 2 * creation.limits.lease


async def test_the_deletion_is_recorded_with_the_import_as_it_was(
    creation: Creation, created: Import
) -> None:
    await delete(creation, "spring")

    async with creation.database.connection() as connection:
        events = await events_after(connection, ORGANIZATION, created.uid, 1, 10)
    assert [(event.kind, event.snapshot) for event in events] == [(EventKind.DELETED, created)]


async def test_its_id_is_free_again_and_the_new_import_has_another_uid(
    creation: Creation, created: Import
) -> None:
    await delete(creation, "spring")

    again = await create_import(wish(import_id="spring"), chunked(skus(1)), creation)

    assert again.uid != created.uid


async def test_an_import_in_progress_is_refused(creation: Creation, created: Import) -> None:
    async with creation.database.transaction() as connection:
        started = await imports.start_import(connection, ORGANIZATION, created.uid)
    assert started is not None
    assert started.status is Status.IN_PROGRESS

    with pytest.raises(FailedPrecondition) as refused:
        await delete(creation, "spring")

    assert refused.value.reason == "IMPORT_IN_PROGRESS"


async def test_another_etag_is_refused(creation: Creation, created: Import) -> None:
    with pytest.raises(EtagMismatch):
        await delete(creation, "spring", etag="another")


async def test_a_missing_import_is_not_found(creation: Creation) -> None:
    with pytest.raises(ImportNotFound):
        await delete(creation, "unknown")


async def test_a_missing_import_is_fine_when_that_is_allowed(creation: Creation, held: Held) -> None:
    before = await held()

    await delete(creation, "unknown", allow_missing=True)

    assert await held() == before
