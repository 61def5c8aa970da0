"""Creating an import: what stands in the tables and the bucket afterwards, and after a refusal."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from imports_service.commands.create import create_import
from imports_service.commands.creation import CreateImport, Creation, Source
from imports_service.commands.stowage import Stowage
from imports_service.domain.errors import Exhausted, ImportIdTaken, ImportsError, InvalidArgument, Unavailable
from imports_service.domain.imports import EventKind, Format, Import, ImportSpec, Status
from imports_service.domain.names import import_prefix, segment_object
from imports_service.objects.store import open_objects
from imports_service.pipeline.collector import Segment
from imports_service.pipeline.segments import unpack
from imports_service.store.database import Database
from imports_service.store.events import events_after
from tests.commands.conftest import Held, limited
from tests.commands.documents import ORGANIZATION, address_rows, chunked, json_lines, never_read, skus, wish
from tests.eventually import eventually

UNITS = "SELECT segment, first_row, row_count, state FROM unit WHERE import_uid = $1 ORDER BY segment"


async def test_a_created_import_is_pending_with_its_rows_counted(creation: Creation) -> None:
    created = await create_import(wish(reference="spring"), chunked(skus(25)), creation)

    assert (created.status, created.inputs_size, created.counts.processed) == (Status.PENDING, 25, 0)
    assert created.import_id == created.uid
    assert created.spec.reference == "spring"


async def test_the_segments_hold_the_rows_in_order(creation: Creation) -> None:
    created = await create_import(wish(), chunked(skus(25)), creation)

    lines = []
    for segment in range(3):
        data = await creation.objects.get(segment_object(ORGANIZATION, created.uid, segment))
        lines += unpack(data)[1]
    assert lines == skus(25).splitlines()


async def test_rows_with_a_key_in_common_wait_for_the_segment_before(
    creation: Creation, tables: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    created = await create_import(wish(), chunked(skus(24) + skus(1)), creation)

    units = [tuple(unit) for unit in await tables.fetch(UNITS, created.uid)]
    assert units == [(0, 1, 10, "ready"), (1, 11, 10, "waiting"), (2, 21, 5, "waiting")]


async def test_rows_of_distinct_keys_are_ready_at_once(
    creation: Creation, tables: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    created = await create_import(wish(), chunked(skus(25)), creation)

    assert [unit["state"] for unit in await tables.fetch(UNITS, created.uid)] == ["ready"] * 3


async def test_rows_that_name_nothing_are_ready_at_once(
    creation: Creation, tables: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    document = json_lines(address_rows(25))

    created = await create_import(wish(resource_type="addresses"), chunked(document), creation)

    assert {unit["state"] for unit in await tables.fetch(UNITS, created.uid)} == {"ready"}


async def test_creation_is_recorded_as_the_transition_to_pending(creation: Creation) -> None:
    created = await create_import(wish(), chunked(skus(1)), creation)

    async with creation.database.connection() as connection:
        [event] = await events_after(connection, ORGANIZATION, created.uid, 0, 10)
    assert (event.kind, event.previous_status, event.snapshot) == (EventKind.TRANSITION, None, created)


async def test_creation_wakes_the_workers(creation: Creation) -> None:
    await create_import(wish(), chunked(skus(1)), creation)

    assert creation.nudges.work_wanted.is_set()


async def test_an_upload_row_is_gone_when_its_import_is_there(creation: Creation, held: Held) -> None:
    await create_import(wish(), chunked(skus(25)), creation)

    assert (await held()).rows["upload"] == 0


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        pytest.param(b"", "DOCUMENT_EMPTY", id="nothing"),
        pytest.param(b"[]", "DOCUMENT_EMPTY", id="an empty array"),
        pytest.param(b"hello", "DOCUMENT_MALFORMED", id="no JSON"),
        pytest.param(b"[" + b",".join(skus(55).splitlines()), "DOCUMENT_MALFORMED", id="an array cut short"),
        pytest.param(skus(55) + b"\xff", "DOCUMENT_MALFORMED", id="no UTF-8 after 55 good rows"),
        pytest.param(skus(1_001), "INPUTS_TOO_MANY", id="too many rows"),
    ],
)
async def test_a_refused_document_leaves_tables_and_bucket_as_they_were(
    creation: Creation, held: Held, document: bytes, reason: str
) -> None:
    before = await held()

    with pytest.raises(InvalidArgument) as refused:
        await create_import(wish(request_id="once"), chunked(document), creation)

    assert refused.value.reason == reason
    assert [violation.field for violation in refused.value.violations] == ["document"]
    assert await held() == before


async def test_a_document_over_the_limit_is_refused_and_leaves_nothing(
    creation: Creation, held: Held
) -> None:
    before = await held()

    with pytest.raises(InvalidArgument) as refused:
        await create_import(wish(), chunked(skus(55)), limited(creation, max_document_bytes=1_000))

    assert refused.value.reason == "DOCUMENT_TOO_LARGE"
    assert await held() == before


async def test_a_csv_document_is_kept_as_records_under_its_columns(creation: Creation) -> None:
    wanted = replace(wish(), spec=ImportSpec(resource_type="skus", format=Format.CSV))
    document = b'code,name\nSKU-1,"Shirt, red"\nSKU-2,\n'

    created = await create_import(wanted, chunked(document, size=3), creation)

    header, lines = unpack(await creation.objects.get(segment_object(ORGANIZATION, created.uid, 0)))
    assert header.columns == ["code", "name"]
    assert lines == [b'["SKU-1","Shirt, red"]', b'["SKU-2",""]']


async def test_refused_inline_inputs_are_named_as_such(creation: Creation) -> None:
    wanted = replace(wish(), source=Source.INPUTS)

    with pytest.raises(InvalidArgument) as refused:
        await create_import(wanted, chunked(b""), creation)

    assert [violation.field for violation in refused.value.violations] == ["inputs"]


async def test_a_document_of_another_hash_is_refused_and_leaves_nothing(
    creation: Creation, held: Held
) -> None:
    before = await held()
    announced = hashlib.sha256(b"another document").digest()

    with pytest.raises(InvalidArgument) as refused:
        await create_import(wish(document_sha256=announced), chunked(skus(25)), creation)

    assert refused.value.reason == "DOCUMENT_CHECKSUM"
    assert await held() == before


async def test_an_import_id_is_taken_until_its_import_is_gone(creation: Creation, held: Held) -> None:
    await create_import(wish(import_id="spring"), chunked(skus(1)), creation)
    before = await held()

    with pytest.raises(ImportIdTaken):
        await create_import(wish(import_id="spring"), chunked(skus(25)), creation)

    assert await held() == before


async def test_one_of_two_at_once_gets_the_import_id_and_the_other_leaves_nothing(
    creation: Creation, held: Held
) -> None:
    created, refused = await at_once(
        creation, [wish(import_id="spring"), wish(import_id="spring")], document=skus(25)
    )

    assert (len(created), [type(error) for error in refused]) == (1, [ImportIdTaken])
    assert len((await held()).bucket) == 3


async def test_the_quota_is_checked_before_the_document_is_read(creation: Creation) -> None:
    creation = limited(creation, max_pending_imports=1)
    await create_import(wish(), chunked(skus(1)), creation)

    with pytest.raises(Exhausted):
        await create_import(wish(), never_read(), creation)


async def test_the_quota_holds_for_imports_that_are_created_at_once(creation: Creation, held: Held) -> None:
    creation = limited(creation, max_pending_imports=2)

    created, refused = await at_once(creation, [wish() for _ in range(5)], document=skus(25))

    assert (len(created), {type(error) for error in refused}) == (2, {Exhausted})
    holdings = await held()
    assert (len(holdings.bucket), holdings.rows["upload"]) == (6, 0)


async def test_the_quota_of_one_organization_is_nobody_elses(creation: Creation) -> None:
    creation = limited(creation, max_pending_imports=1)
    await create_import(wish(), chunked(skus(1)), creation)

    other = await create_import(wish(organization_id="globex"), chunked(skus(1)), creation)

    assert other.status is Status.PENDING


async def test_a_cut_off_upload_makes_no_import_and_leaves_its_objects_to_the_sweep(
    creation: Creation, tables: "asyncpg.Connection[asyncpg.Record]", held: Held
) -> None:
    three_are_there = asyncio.Event()

    async def cut_off() -> AsyncIterator[bytes]:
        yield skus(45)
        three_are_there.set()
        await asyncio.Event().wait()

    async with asyncio.TaskGroup() as tasks:
        upload = tasks.create_task(create_import(wish(), cut_off(), creation))
        await three_are_there.wait()
        upload.cancel()

    holdings = await held()
    uid = await tables.fetchval("SELECT uid::text FROM upload")
    assert holdings.rows["import"] == holdings.rows["unit"] == holdings.rows["event"] == 0
    assert all(name.startswith(import_prefix(ORGANIZATION, uid)) for name in holdings.bucket)


async def test_an_upload_that_lost_its_lease_to_the_sweep_makes_no_import(
    creation: Creation, tables: "asyncpg.Connection[asyncpg.Record]", held: Held
) -> None:
    async def swept_meanwhile() -> AsyncIterator[bytes]:
        yield skus(45)
        await eventually(lambda: tables.fetchval("DELETE FROM upload RETURNING 1"), what="the upload row")
        yield skus(5)

    with pytest.raises(Unavailable):
        await create_import(wish(), swept_meanwhile(), creation)

    assert (await held()).rows["import"] == 0


async def test_what_is_stored_after_the_sweep_of_a_lost_upload_is_swept_once_more(
    creation: Creation, tables: "asyncpg.Connection[asyncpg.Record]", held: Held
) -> None:
    async def swept_meanwhile() -> AsyncIterator[bytes]:
        yield skus(45)
        await eventually(lambda: tables.fetchval("DELETE FROM upload RETURNING 1"), what="the upload row")
        yield skus(25)

    with pytest.raises(Unavailable):
        await create_import(wish(), swept_meanwhile(), creation)

    prefix = await tables.fetchval("SELECT prefix FROM object_trash")
    assert all(name.startswith(prefix) for name in (await held()).bucket)


async def test_an_upload_survives_an_extension_that_does_not_come_through(
    creation: Creation, tables: "asyncpg.Connection[asyncpg.Record]", database: Database
) -> None:
    creation = limited(creation, lease=timedelta(seconds=1.5))
    end_it = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"

    async def disturbed() -> AsyncIterator[bytes]:
        yield skus(45)
        await eventually(lambda: tables.fetchval("SELECT count(*) FROM upload"), what="the upload row")
        async with database.transaction() as blocking:
            await blocking.execute("SELECT FROM upload FOR UPDATE")
            await eventually(lambda: tables.fetchval(end_it), what="an extension to disturb")
        until = await tables.fetchval("SELECT lease_until FROM upload")
        await eventually(
            lambda: tables.fetchval("SELECT lease_until > $1 FROM upload", until), what="the next extension"
        )

    created = await create_import(wish(), disturbed(), creation)

    assert created.inputs_size == 45


async def test_a_long_upload_keeps_its_lease(
    creation: Creation, tables: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    creation = limited(creation, lease=timedelta(milliseconds=300))
    until = "SELECT max(lease_until) FROM upload"

    async def slow() -> AsyncIterator[bytes]:
        yield skus(45)
        first = await eventually(lambda: tables.fetchval(until), what="the upload row")
        await eventually(lambda: tables.fetchval(f"SELECT ({until}) > $1", first), what="the extension")

    created = await create_import(wish(), slow(), creation)

    assert created.inputs_size == 45


async def test_without_the_object_store_there_is_no_import_and_the_sweep_is_told(
    creation: Creation, held: Held
) -> None:
    async with open_objects(
        bucket="away",
        endpoint_url="http://127.0.0.1:1",
        region="us-east-1",
        access_key="nobody",
        secret_key="nothing",
    ) as away:
        with pytest.raises(Unavailable) as refused:
            await create_import(wish(), chunked(skus(25)), replace(creation, objects=away))

    assert refused.value.reason == "OBJECTS_UNAVAILABLE"
    rows = (await held()).rows
    assert (rows["import"], rows["upload"]) == (0, 1)


async def at_once(
    creation: Creation, wishes: list[CreateImport], *, document: bytes
) -> tuple[list[Import], list[ImportsError]]:
    """The imports that were created, and the refusals of the others."""
    created, refused = [], []

    async def create(wanted: CreateImport) -> None:
        try:
            created.append(await create_import(wanted, chunked(document), creation))
        except ImportsError as error:
            refused.append(error)

    async with asyncio.TaskGroup() as callers:
        for wanted in wishes:
            callers.create_task(create(wanted))
    return created, refused


async def test_an_upload_that_stood_still_for_longer_than_its_lease_puts_nothing_more(
    creation: Creation, tables: "asyncpg.Connection[asyncpg.Record]", held: Held
) -> None:
    short = limited(creation, lease=timedelta(seconds=0.6))
    rows = skus(60).splitlines(keepends=True)

    async def chunks() -> AsyncIterator[bytes]:
        yield b"".join(rows[:30])
        await eventually(objects_are_there, what="segments in the store")
        # what the sweep does meanwhile; the lock keeps the word of it from the upload
        await tables.execute("BEGIN; LOCK TABLE upload IN EXCLUSIVE MODE; DELETE FROM upload")
        await creation.objects.delete_prefix("")
        time.sleep(1.2)  # noqa: ASYNC251 (the process stands still)
        yield b"".join(rows[30:])

    async def objects_are_there() -> bool:
        return bool([name async for name in creation.objects.list()])

    with pytest.raises(Unavailable):
        await create_import(wish(), chunks(), short)
    await tables.execute("COMMIT")

    assert (await held()).bucket == []


async def test_an_upload_that_stood_still_and_was_then_given_up_leaves_its_objects_to_the_sweep(
    creation: Creation, tables: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """A PUT that was under way may come to its end after the sweep had looked."""
    short = limited(creation, lease=timedelta(seconds=0.6))
    rows = skus(60).splitlines(keepends=True)

    async def chunks() -> AsyncIterator[bytes]:
        yield b"".join(rows[:30])
        await eventually(objects_are_there, what="segments in the store")
        await tables.execute("BEGIN; LOCK TABLE upload IN EXCLUSIVE MODE; DELETE FROM upload; COMMIT")
        time.sleep(1.2)  # noqa: ASYNC251 (the process stands still)
        uploading.cancel()  # as the server does when the client is gone
        yield b"".join(rows[30:])

    async def objects_are_there() -> bool:
        return bool([name async for name in creation.objects.list()])

    async with asyncio.TaskGroup() as tasks:
        uploading = tasks.create_task(create_import(wish(), chunks(), short))

    assert uploading.cancelled()
    assert await tables.fetchval("SELECT count(*) FROM object_trash") == 1


async def test_an_import_that_was_created_keeps_its_objects_however_long_its_upload_stood_still(
    creation: Creation, tables: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    created = await create_import(wish(), chunked(skus(3)), creation)
    data = await creation.objects.get(segment_object(ORGANIZATION, created.uid, 0))
    stowage = Stowage(ORGANIZATION, limited(creation, lease=timedelta(seconds=0.6)))
    stowage.uid = created.uid

    async def hand_one_over() -> None:
        await stowage.hand_over(Segment(0, 1, 3, *unpack(data)))

    async def give_up_after_the_commit() -> None:
        async with stowage.kept():
            await stowage.fill(hand_one_over)
            await tables.execute("DELETE FROM upload")  # as the transaction does that creates the import
            time.sleep(1.2)  # noqa: ASYNC251 (the process stands still)
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await give_up_after_the_commit()

    assert await tables.fetchval("SELECT count(*) FROM object_trash") == 0


async def test_an_upload_hands_no_more_over_than_is_being_put(
    creation: Creation, tables: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    created = await create_import(wish(), chunked(skus(3)), creation)
    data = await creation.objects.get(segment_object(ORGANIZATION, created.uid, 0))
    stowage = Stowage(ORGANIZATION, creation)
    handed: list[int] = []

    async def hand_over_four() -> None:
        for number in range(4):
            await stowage.hand_over(Segment(number, 1, 3, *unpack(data)))
            handed.append(number)

    async def waits() -> bool:
        return bool(await tables.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

    async with asyncio.TaskGroup() as tasks:
        await tables.execute("BEGIN; LOCK TABLE upload IN EXCLUSIVE MODE")
        tasks.create_task(stowage.fill(hand_over_four))
        await eventually(waits, what="the first PUT waiting for its upload row")
        handed_meanwhile = list(handed)
        await tables.execute("COMMIT")

    assert handed_meanwhile == [0, 1]
    assert handed == [0, 1, 2, 3]
