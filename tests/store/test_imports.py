"""Imports as rows: how they are made, counted, closed, ended, listed and deleted."""

import asyncio
from datetime import timedelta

import pytest

from imports_service.domain.errors import ImportIdTaken
from imports_service.domain.imports import Closing, Counts, Import, ImportSpec, Status
from imports_service.domain.queries import ImportFilter, ImportOrder, ImportPosition
from imports_service.store import claims, imports, units
from imports_service.store.database import Database
from tests.store.builders import (
    NOW,
    ORGANIZATION,
    created_import,
    import_now,
    unit_states,
)

RETENTION = timedelta(days=30)


async def counted(database: Database, import_: Import, **counts: int) -> Import | None:
    async with database.transaction() as connection:
        return await imports.count_rows(connection, import_.organization_id, import_.uid, Counts(**counts))


async def started(database: Database, import_: Import) -> Import | None:
    async with database.transaction() as connection:
        return await imports.start_import(connection, import_.organization_id, import_.uid)


async def closing_requested(database: Database, import_: Import, closing: Closing) -> Import | None:
    async with database.transaction() as connection:
        return await imports.request_closing(connection, import_.organization_id, import_.uid, closing)


async def ended(
    database: Database, import_: Import, *, not_processed: int = 0, closing: Closing | None = None
) -> Import | None:
    async with database.transaction() as connection:
        return await imports.end_import(
            connection,
            import_.organization_id,
            import_.uid,
            not_processed_count=not_processed,
            attachment="attachment",
            failed_inputs=None,
            at=NOW,
            retention=RETENTION,
            closing=closing,
        )


async def test_an_import_is_read_back_as_it_was_stored(database: Database) -> None:
    spec = ImportSpec(resource_type="skus", reference="r1", metadata={"season": "é\u2028", "n": 1.5})

    import_ = await created_import(database, spec=spec, import_id="first", segments=2, rows=5)

    async with database.connection() as connection:
        assert await imports.get_import(connection, ORGANIZATION, "first") == import_
        assert await imports.get_import_by_uid(connection, ORGANIZATION, import_.uid) == import_
    assert import_.spec == spec
    assert (import_.status, import_.inputs_size, import_.version) == (Status.PENDING, 10, 1)


async def test_a_taken_import_id_is_refused(database: Database) -> None:
    await created_import(database, import_id="mine")

    with pytest.raises(ImportIdTaken):
        await created_import(database, import_id="mine")


async def test_another_organization_may_use_the_same_import_id(database: Database) -> None:
    await created_import(database, import_id="mine")

    await created_import(database, "other", import_id="mine")

    async with database.connection() as connection:
        assert await imports.get_import(connection, "third", "mine") is None


async def test_an_import_is_started_once(database: Database) -> None:
    import_ = await created_import(database)

    first = await started(database, import_)
    second = await started(database, import_)

    assert first is not None
    assert first.status is Status.IN_PROGRESS
    assert first.started_at is not None
    assert second is None


async def test_an_import_that_is_being_closed_is_not_started(database: Database) -> None:
    import_ = await created_import(database)
    await closing_requested(database, import_, Closing.REQUESTED)

    assert await started(database, import_) is None


async def test_counts_add_up_and_the_last_segment_closes(database: Database) -> None:
    import_ = await created_import(database, segments=2, rows=20)

    first = await counted(database, import_, created=18, updated=1, failed=1, warnings=3)
    second = await counted(database, import_, created=10, unchanged=10)

    assert first is not None
    assert (first.closing, first.version) == (None, 2)
    assert second is not None
    assert second.closing is Closing.COMPLETED
    assert second.counts == Counts(created=28, updated=1, unchanged=10, failed=1, warnings=3)
    assert second.updated_at == import_.updated_at


async def test_two_last_segments_at_once_close_exactly_once(database: Database) -> None:
    import_ = await created_import(database, segments=2, rows=10)
    both = asyncio.Barrier(2)
    closings: list[Closing | None] = []

    async def finish() -> None:
        async with database.transaction() as connection:
            await connection.execute("SELECT 1")
            await both.wait()
            counted = await imports.count_rows(connection, ORGANIZATION, import_.uid, Counts(created=10))
            assert counted is not None
            if counted.closing is not None:
                await units.insert_closing(connection, ORGANIZATION, import_.uid)
            closings.append(counted.closing)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(finish())
        tasks.create_task(finish())

    assert sorted(closings, key=str) == [None, Closing.COMPLETED]
    assert (await import_now(database, import_)).counts.created == 20


@pytest.mark.parametrize(
    ("failed", "closing"),
    [
        pytest.param(10, None, id="a tenth is allowed"),
        pytest.param(11, Closing.TOO_MANY_ERRORS, id="more than a tenth is not"),
    ],
)
async def test_more_than_a_tenth_failed_closes_at_once(
    database: Database, failed: int, closing: Closing | None
) -> None:
    import_ = await created_import(database, segments=2, rows=50)

    now = await counted(database, import_, created=50 - failed, failed=failed)

    assert now is not None
    assert now.closing is closing
    assert now.threshold_exceeded is (closing is not None)


async def test_too_many_errors_win_over_all_rows_done(database: Database) -> None:
    import_ = await created_import(database, segments=1, rows=9)

    now = await counted(database, import_, created=8, failed=1)

    assert now is not None
    assert now.closing is Closing.TOO_MANY_ERRORS


async def test_skip_errors_goes_on_and_says_that_the_threshold_was_exceeded(database: Database) -> None:
    spec = ImportSpec(resource_type="skus", skip_errors=True)
    import_ = await created_import(database, segments=2, rows=10, spec=spec)

    now = await counted(database, import_, failed=10)

    assert now is not None
    assert now.closing is None
    assert now.threshold_exceeded


async def test_nothing_is_counted_once_an_import_is_being_closed(database: Database) -> None:
    import_ = await created_import(database, segments=2)
    await closing_requested(database, import_, Closing.REQUESTED)

    assert await counted(database, import_, created=10) is None
    assert (await import_now(database, import_)).counts == Counts()


async def test_how_an_import_ends_is_settled_once(database: Database) -> None:
    import_ = await created_import(database)

    first = await closing_requested(database, import_, Closing.REQUESTED)
    second = await closing_requested(database, import_, Closing.FAULT)

    assert first is not None
    assert first.interrupt_requested_at is not None
    assert second is None
    assert (await import_now(database, import_)).closing is Closing.REQUESTED


@pytest.mark.parametrize(
    ("closing", "status"),
    [
        (Closing.COMPLETED, Status.COMPLETED),
        (Closing.REQUESTED, Status.INTERRUPTED),
        (Closing.TOO_MANY_ERRORS, Status.INTERRUPTED),
        (Closing.FAULT, Status.INTERRUPTED),
    ],
)
async def test_an_import_ends_as_its_closing_says(
    database: Database, closing: Closing, status: Status
) -> None:
    import_ = await created_import(database, rows=10)
    await closing_requested(database, import_, closing)

    end = await ended(database, import_, not_processed=10)

    assert end is not None
    assert end.status is status
    assert end.completed_at == (NOW if status is Status.COMPLETED else None)
    assert end.interrupted_at == (None if status is Status.COMPLETED else NOW)
    assert (end.expires_at, end.attachment) == (NOW + RETENTION, "attachment")
    assert await ended(database, import_, not_processed=10) is None


async def test_a_closing_given_up_ends_the_import_as_a_fault(database: Database) -> None:
    import_ = await created_import(database, rows=10)
    await closing_requested(database, import_, Closing.COMPLETED)

    end = await ended(database, import_, not_processed=10, closing=Closing.FAULT)

    assert end is not None
    assert (end.status, end.closing) == (Status.INTERRUPTED, Closing.FAULT)


async def test_an_import_that_is_not_being_closed_does_not_end(database: Database) -> None:
    import_ = await created_import(database, rows=10)

    assert await ended(database, import_, not_processed=10) is None


async def test_changing_fields_moves_etag_version_and_updated_at(database: Database) -> None:
    import_ = await created_import(database)
    spec = ImportSpec(resource_type="skus", reference="new", metadata={"a": [1]})

    async with database.transaction() as connection:
        changed = await imports.update_import_fields(
            connection, ORGANIZATION, import_.uid, spec=spec, etag="second"
        )

    assert changed is not None
    assert (changed.spec, changed.etag, changed.version) == (spec, "second", 2)
    assert changed.updated_at > import_.updated_at


async def test_deleting_takes_units_along(database: Database) -> None:
    import_ = await created_import(database, segments=3)

    async with database.transaction() as connection:
        locked = await imports.lock_import(connection, ORGANIZATION, import_.import_id)
        assert locked == import_
        was_there = await imports.delete_import(connection, ORGANIZATION, import_.uid)
        again = await imports.delete_import(connection, ORGANIZATION, import_.uid)

    assert (was_there, again) == (True, False)
    assert await unit_states(database, import_) == []


async def test_a_unit_that_is_being_claimed_does_not_hold_up_the_deletion(database: Database) -> None:
    import_ = await created_import(database, segments=2)

    async with database.transaction() as claiming:
        await claims.claim(claiming, worker="worker", lease=timedelta(seconds=30))
        async with database.transaction() as connection:
            await imports.delete_import(connection, ORGANIZATION, import_.uid)

    assert await unit_states(database, import_) == ["leased"]


async def test_only_pending_imports_count_as_pending(database: Database) -> None:
    await created_import(database)
    await started(database, await created_import(database))
    await created_import(database, "other")

    async with database.connection() as connection:
        assert await imports.count_pending(connection, ORGANIZATION) == 1


async def listed(
    database: Database, filter: ImportFilter, order: ImportOrder = ImportOrder.OLDEST_FIRST
) -> list[str]:
    async with database.connection() as connection:
        found = await imports.list_imports(connection, ORGANIZATION, filter, order)
        assert await imports.count_imports(connection, ORGANIZATION, filter) == len(found)
    return [import_.import_id for import_ in found]


async def test_a_filter_keeps_what_matches_all_of_it(database: Database) -> None:
    for import_id, spec in {
        "a": ImportSpec(resource_type="skus", reference="spring-1"),
        "b": ImportSpec(resource_type="prices", reference="spring-2"),
        "c": ImportSpec(resource_type="prices", reference="autumn"),
    }.items():
        last = await created_import(database, import_id=import_id, spec=spec, rows=100)
    await created_import(database, "other", import_id="d")
    await counted(database, last, failed=1)

    assert await listed(database, ImportFilter()) == ["a", "b", "c"]
    assert await listed(database, ImportFilter(resource_types=("prices", "orders"))) == ["b", "c"]
    assert await listed(database, ImportFilter(reference="spring-1")) == ["a"]
    assert await listed(database, ImportFilter(reference_prefix="spring")) == ["a", "b"]
    assert await listed(database, ImportFilter(reference_prefix="s%")) == []
    assert await listed(database, ImportFilter(resource_types=("prices",), reference_prefix="spring")) == [
        "b"
    ]
    assert await listed(database, ImportFilter(statuses=(Status.COMPLETED, Status.PENDING))) == [
        "a",
        "b",
        "c",
    ]
    assert await listed(database, ImportFilter(statuses=(Status.COMPLETED,))) == []
    assert await listed(database, ImportFilter(with_errors=True)) == ["c"]
    assert await listed(database, ImportFilter(with_errors=False)) == ["a", "b"]
    assert await listed(database, ImportFilter(validate_only=True)) == []
    assert await listed(database, ImportFilter(retry_of="nothing")) == []
    assert await listed(database, ImportFilter(created_since=last.created_at)) == ["c"]
    assert await listed(database, ImportFilter(created_before=last.created_at)) == ["a", "b"]


@pytest.mark.parametrize("order", list(ImportOrder))
async def test_pages_in_any_order_give_every_import_once(database: Database, order: ImportOrder) -> None:
    sizes = {f"{number}": 1 + number % 3 for number in range(10)}
    for import_id, size in sizes.items():
        await created_import(database, import_id=import_id, rows=size)

    pages: list[Import] = []
    async with database.connection() as connection:
        while page := await imports.list_imports(
            connection,
            ORGANIZATION,
            ImportFilter(),
            order,
            ImportPosition.after(pages[-1]) if pages else None,
            3,
        ):
            pages += page

    column = order.value.split()[0]
    values = [(getattr(import_, column), import_.uid) for import_ in pages]
    assert {import_.import_id for import_ in pages} == set(sizes)
    assert values == sorted(values, reverse=order.value.endswith("desc"))
