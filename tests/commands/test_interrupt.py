"""Asking for the end of an import."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from imports_service.commands.create import create_import
from imports_service.commands.creation import Creation
from imports_service.commands.interrupt import interrupt_import
from imports_service.domain.errors import FailedPrecondition, ImportNotFound
from imports_service.domain.imports import Closing, Counts, EventKind, Import, Status
from imports_service.domain.names import ImportName
from imports_service.store import imports
from imports_service.store.events import events_after
from tests.commands.documents import ORGANIZATION, chunked, skus, wish


@pytest.fixture
async def created(creation: Creation) -> Import:
    return await create_import(wish(), chunked(skus(25)), creation)


async def interrupt(creation: Creation, created: Import) -> Import:
    name = ImportName(ORGANIZATION, created.import_id)
    return await interrupt_import(name, database=creation.database, nudges=creation.nudges)


async def test_the_request_is_recorded_and_the_status_follows_later(
    creation: Creation, created: Import
) -> None:
    interrupted = await interrupt(creation, created)

    async with creation.database.connection() as connection:
        events = await events_after(connection, ORGANIZATION, created.uid, 1, 10)
    assert (interrupted.status, interrupted.closing) == (Status.PENDING, Closing.REQUESTED)
    assert interrupted.interrupt_requested_at is not None
    assert [(event.kind, event.snapshot) for event in events] == [(EventKind.SNAPSHOT, interrupted)]


async def test_from_then_on_no_segment_counts_its_rows(creation: Creation, created: Import) -> None:
    await interrupt(creation, created)

    async with creation.database.transaction() as connection:
        counted = await imports.count_rows(connection, ORGANIZATION, created.uid, Counts(created=10))
    assert counted is None


async def test_the_end_becomes_one_unit_of_work_that_workers_are_told_of(
    creation: Creation, created: Import, tables: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    creation.nudges.work_wanted.clear()

    await interrupt(creation, created)

    closing = "SELECT state FROM unit WHERE import_uid = $1 AND segment = -1"
    assert await tables.fetchval(closing, created.uid) == "ready"
    assert creation.nudges.work_wanted.is_set()


async def test_asking_again_changes_nothing(creation: Creation, created: Import) -> None:
    first = await interrupt(creation, created)

    assert await interrupt(creation, created) == first


async def test_many_who_ask_at_once_make_one_end(creation: Creation, created: Import) -> None:
    async with asyncio.TaskGroup() as callers:
        calls = [callers.create_task(interrupt(creation, created)) for _ in range(10)]

    async with creation.database.connection() as connection:
        events = await events_after(connection, ORGANIZATION, created.uid, 1, 10)
    assert len({call.result().version for call in calls}) == 1
    assert len(events) == 1


async def test_an_ended_import_is_refused(creation: Creation, created: Import) -> None:
    await interrupt(creation, created)
    async with creation.database.transaction() as connection:
        await imports.end_import(
            connection,
            ORGANIZATION,
            created.uid,
            not_processed_count=25,
            attachment=None,
            failed_inputs=None,
            at=datetime.now(UTC),
            retention=timedelta(days=30),
        )

    with pytest.raises(FailedPrecondition) as refused:
        await interrupt(creation, created)

    assert refused.value.reason == "IMPORT_ENDED"


async def test_an_unknown_import_is_not_found(creation: Creation) -> None:
    with pytest.raises(ImportNotFound):
        await interrupt_import(
            ImportName(ORGANIZATION, "unknown"), database=creation.database, nudges=creation.nudges
        )
