"""Retrying an import: which rows the new one has, as what, and what is left when it comes to nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from imports_service.checkpoints import Checkpoints
from imports_service.commands.create import create_import
from imports_service.commands.creation import CreateImport, Creation
from imports_service.commands.delete import delete_import
from imports_service.commands.interrupt import interrupt_import
from imports_service.commands.retry import RETRYABLE, RetryImport, retry_import
from imports_service.domain.errors import (
    Exhausted,
    ImportNotFound,
    ImportsError,
    RequestIdReused,
)
from imports_service.domain.imports import CsvOptions, EventKind, Format, Import, ImportSpec, Status
from imports_service.domain.names import ImportName, segment_object
from imports_service.domain.rows import Code, Outcome
from imports_service.objects.store import Objects
from imports_service.pipeline.segments import SegmentHeader, unpack
from imports_service.store.database import Database
from imports_service.store.events import events_after
from imports_service.store.moves import Unmoved
from imports_service.store.nudges import Nudges
from imports_service.worker.equipment import Equipment
from imports_service.worker.moves import move_outcomes
from tests.commands.conftest import Held, limited
from tests.commands.documents import ORGANIZATION, chunked, json_lines, sku_rows, skus, wish
from tests.eventually import eventually
from tests.worker.working import ended, equipped, results, working

UNITS = (
    "SELECT segment, first_row, last_row, row_count, state FROM unit WHERE import_uid = $1 ORDER BY segment"
)


@pytest.fixture
def equipment(database: Database, objects: Objects, nudges: Nudges) -> Equipment:
    """A worker of the creation's process."""
    return replace(equipped(database, objects), nudges=nudges)


Run = Callable[[Import], Awaitable[Import]]


@pytest.fixture
def run(equipment: Equipment) -> Run:
    """The import, run to its end."""

    async def to_its_end(import_: Import) -> Import:
        async with working(equipment):
            return await ended(equipment, import_)

    return to_its_end


def rows(count: int, *, bad: Callable[[int], bool]) -> bytes:
    """SKUs, the bad ones without the name that a new one must have."""
    good = sku_rows(count)
    return json_lines(
        {name: value for name, value in row.items() if name != "name" or not bad(number)}
        for number, row in enumerate(good, 1)
    )


def every_third(number: int) -> bool:
    return number % 3 == 0


def lenient(**spec: Any) -> CreateImport:
    return replace(wish(), spec=ImportSpec(**{"resource_type": "skus", "skip_errors": True, **spec}))


def retry_of(import_: Import, **wanted: Any) -> RetryImport:
    return RetryImport(name=ImportName(ORGANIZATION, import_.import_id), **{"creator": "insecure", **wanted})


async def kept(creation: Creation, import_: Import, segment: int = 0) -> tuple[SegmentHeader, list[bytes]]:
    return unpack(await creation.objects.get(segment_object(ORGANIZATION, import_.uid, segment)))


async def delete(creation: Creation, import_: Import) -> None:
    await delete_import(
        ImportName(ORGANIZATION, import_.import_id),
        lease=creation.limits.lease,
        database=creation.database,
        nudges=creation.nudges,
    )


@pytest.mark.parametrize("moved", [False, True])
async def test_a_retry_has_the_failed_rows_under_their_numbers(
    creation: Creation,
    run: Run,
    equipment: Equipment,
    tables: "asyncpg.Connection[asyncpg.Record]",
    moved: bool,
) -> None:
    document = rows(40, bad=every_third)
    first = await run(await create_import(lenient(), chunked(document), creation))
    if moved:
        await move_outcomes(equipment, Unmoved(ORGANIZATION, first.uid))
        assert await tables.fetchval("SELECT bool_and(outcomes = '') FROM outcome")

    retried = await retry_import(retry_of(first), creation)

    lines = document.splitlines()
    numbers: list[int] = []
    copied: list[bytes] = []
    for segment in range(2):
        header, found = await kept(creation, retried, segment)
        numbers += header.row_numbers()
        copied += found
    assert (retried.status, retried.inputs_size, numbers) == (Status.PENDING, 13, list(range(3, 40, 3)))
    assert copied == [lines[number - 1] for number in numbers]
    units = [tuple(unit) for unit in await tables.fetch(UNITS, retried.uid)]
    assert units == [(0, 3, 30, 10, "ready"), (1, 33, 39, 3, "waiting")]


async def test_a_retry_takes_over_what_its_import_was_given_and_skips_errors(
    creation: Creation, run: Run
) -> None:
    spec = ImportSpec(
        resource_type="prices",
        format=Format.CSV,
        parent_resource_id="list",
        reference="spring",
        reference_origin="erp",
        metadata={"season": 2026},
        csv_options=CsvOptions(delimiter=";", null_marker="NULL"),
    )
    wanted = replace(wish(), spec=spec)
    first = await run(await create_import(wanted, chunked(b"sku_code;amount_cents\nA;1\n"), creation))

    retried = await retry_import(retry_of(first, creator="someone", trace_context="00-1"), creation)

    assert first.status is Status.INTERRUPTED
    assert retried.spec == ImportSpec(
        **{name: getattr(spec, name) for name in spec.__struct_fields__} | {"skip_errors": True}
    )
    assert (retried.retry_of, retried.creator) == (first.name, "someone")
    assert retried.import_id == retried.uid != first.uid


async def test_results_of_a_retry_of_a_retry_have_the_numbers_of_the_document_first_sent(
    creation: Creation, run: Run, equipment: Equipment
) -> None:
    document = b'{"weight":"heavy"}\n' * 5 + rows(30, bad=every_third)
    first = await run(await create_import(lenient(), chunked(document), creation))
    second = await run(await retry_import(retry_of(first), limited(creation, segment_rows=4)))
    third = await run(await retry_import(retry_of(second), limited(creation, segment_rows=3)))

    numbers = [*range(1, 6), *range(8, 36, 3)]
    for import_ in (second, third):
        found = await results(equipment.database, import_)
        assert [result.row_number for result in found] == numbers
        assert [result.key for result in found[:5]] == [f"row {number}" for number in range(1, 6)]
        assert (import_.status, import_.counts.failed) == (Status.COMPLETED, 15)
    assert third.retry_of == second.name


async def test_rows_that_are_good_by_now_go_through(
    creation: Creation, run: Run, equipment: Equipment
) -> None:
    prices = lenient(resource_type="prices", parent_resource_id="list")
    amounts = json_lines(
        {"sku_code": "SKU-0001", "amount_cents": str(n)} for n in range(25)
    )  # no such SKU yet
    first = await run(await create_import(prices, chunked(amounts), creation))
    await run(await create_import(wish(), chunked(skus(1)), creation))
    lists = lenient(resource_type="price_lists")
    await run(
        await create_import(lists, chunked(b'{"id":"list","name":"l","currency_code":"EUR"}'), creation)
    )

    retried = await run(await retry_import(retry_of(first), creation))

    assert (first.counts.failed, retried.counts.failed) == (25, 0)
    assert retried.counts.processed == 25


async def test_rows_of_which_nothing_was_kept_fail_again_for_the_same_reason(
    creation: Creation, run: Run, equipment: Equipment
) -> None:
    good, long = b'{"code":"A","name":"a","do_not_ship":true}', b'{"code":"%b"}' % (b"x" * 20_000)
    document = b"\n".join([good, b"{broken", b'{"code":"B"}', long, b"[1]", b'{"issue":"malformed"}'])
    first = await run(await create_import(lenient(), chunked(document), creation))

    retried = await run(await retry_import(retry_of(first), limited(creation, segment_rows=2)))

    found = {
        import_.uid: [
            (result.row_number, result.key, result.issues)
            for result in await results(equipment.database, import_)
            if result.outcome is Outcome.FAILED
        ]
        for import_ in (first, retried)
    }
    assert found[retried.uid] == found[first.uid]
    assert [issues[-1].code for _, _, issues in found[retried.uid]] == [
        Code.MALFORMED,
        Code.REQUIRED,
        Code.TOO_LONG,
        Code.NOT_AN_OBJECT,
        Code.REQUIRED,
    ]


async def test_secrets_that_were_taken_are_still_spoken_of(
    creation: Creation, run: Run, equipment: Equipment
) -> None:
    document = b"email,password,id\na@example.com,,\n,secret,a\n,secret,b\n,,c\n"
    wanted = lenient(resource_type="customers", format=Format.CSV)
    first = await run(await create_import(wanted, chunked(document), creation))

    retried = await run(await retry_import(retry_of(first), limited(creation, segment_rows=2)))

    warned = {
        result.row_number: any(issue.code is Code.WRITE_ONLY_IGNORED for issue in result.issues)
        for result in await results(equipment.database, retried)
    }
    assert warned == {2: True, 3: True, 4: False}
    _, lines = await kept(creation, retried)
    assert b"secret" not in b"".join(lines)


async def interrupted(creation: Creation, equipment: Equipment) -> Import:
    """Ten rows failed or were created, and fifteen were not processed: a key that comes again keeps them in order."""
    document = rows(25, bad=every_third).replace(b"SKU-0025", b"SKU-0001")
    first = await create_import(lenient(), chunked(document), creation)
    stopping = replace(equipment, checkpoints=_Interrupting(creation, first))
    async with working(stopping):
        return await ended(equipment, first)


class _Interrupting(Checkpoints):
    """Interrupts the import when its first segment is stored."""

    def __init__(self, creation: Creation, import_: Import) -> None:
        super().__init__()
        self._creation = creation
        self._import = import_

    async def reach(self, name: str) -> None:
        if name == "after-commit":
            await interrupt_import(
                ImportName(ORGANIZATION, self._import.import_id),
                database=self._creation.database,
                nudges=self._creation.nudges,
            )


@pytest.mark.parametrize(
    ("outcomes", "numbers"),
    [
        ({Outcome.FAILED}, [3, 6, 9]),
        ({Outcome.NOT_PROCESSED}, list(range(11, 26))),
        (RETRYABLE, [3, 6, 9, *range(11, 26)]),
    ],
)
async def test_a_retry_has_the_rows_of_the_outcomes_asked_for(
    creation: Creation, equipment: Equipment, outcomes: set[Outcome], numbers: list[int]
) -> None:
    first = await interrupted(creation, equipment)

    retried = await retry_import(
        retry_of(first, outcomes=frozenset(outcomes)), limited(creation, segment_rows=100)
    )

    header, _ = await kept(creation, retried)
    assert list(header.row_numbers()) == numbers


async def test_a_retry_is_announced_and_wakes_the_workers(creation: Creation, run: Run) -> None:
    first = await run(await create_import(lenient(), chunked(rows(3, bad=every_third)), creation))
    creation.nudges.work_wanted.clear()

    retried = await retry_import(retry_of(first), creation)

    async with creation.database.connection() as connection:
        [event] = await events_after(connection, ORGANIZATION, retried.uid, 0, 10)
    assert (event.kind, event.previous_status, event.snapshot) == (EventKind.TRANSITION, None, retried)
    assert creation.nudges.work_wanted.is_set()


async def test_a_retry_outlives_the_import_that_it_retries(
    creation: Creation, run: Run, objects: Objects
) -> None:
    first = await run(await create_import(lenient(), chunked(rows(30, bad=every_third)), creation))
    retried = await retry_import(retry_of(first), creation)
    await delete(creation, first)
    await objects.delete_prefix(f"organizations/{ORGANIZATION}/imports/{first.uid}/")

    done = await run(retried)

    assert (done.counts.failed, done.retry_of) == (10, first.name)


async def reason_of(retry: Awaitable[Import]) -> str:
    with pytest.raises(ImportsError) as refused:
        await retry
    return refused.value.reason


async def test_what_cannot_be_retried_is_refused_and_leaves_nothing(
    creation: Creation, run: Run, tables: "asyncpg.Connection[asyncpg.Record]", held: Held
) -> None:
    bad = await run(await create_import(lenient(), chunked(rows(3, bad=every_third)), creation))
    rehearsal = await run(await create_import(lenient(), chunked(rows(3, bad=every_third)), creation))
    await tables.execute("UPDATE import SET validate_only = true WHERE uid = $1", rehearsal.uid)
    good = await run(await create_import(wish(), chunked(skus(3)), creation))
    pending = await create_import(wish(), chunked(skus(3)), creation)
    before = await held()

    wishes = [
        retry_of(pending),
        retry_of(good),
        retry_of(bad, outcomes=frozenset({Outcome.NOT_PROCESSED})),
        retry_of(rehearsal),
        RetryImport(name=ImportName(ORGANIZATION, "nothing"), creator="insecure"),
    ]
    reasons = [await reason_of(retry_import(wanted, creation)) for wanted in wishes]
    reasons.append(await reason_of(retry_import(retry_of(bad), limited(creation, max_pending_imports=1))))

    assert reasons == [
        "IMPORT_NOT_ENDED",
        "NOTHING_TO_RETRY",
        "NOTHING_TO_RETRY",
        "VALIDATE_ONLY_IMPORT",
        "IMPORT_NOT_FOUND",
        "PENDING_IMPORTS_LIMIT",
    ]
    assert await held() == before


@pytest.fixture
async def failed(creation: Creation, run: Run) -> Import:
    """An import of 30 rows of which 10 failed."""
    wanted = replace(lenient(), import_id="spring")
    return await run(await create_import(wanted, chunked(rows(30, bad=every_third)), creation))


async def test_the_same_request_again_answers_with_the_same_retry_and_stores_nothing(
    creation: Creation, failed: Import, held: Held
) -> None:
    first = await retry_import(retry_of(failed, request_id="once"), creation)
    before = await held()

    again = await retry_import(retry_of(failed, request_id="once"), limited(creation, max_pending_imports=1))
    await delete(creation, failed)
    orphaned = await retry_import(retry_of(failed, request_id="once"), creation)

    assert first == again == orphaned
    assert set((await held()).bucket) == set(before.bucket)


async def test_without_a_request_id_every_call_makes_a_retry(creation: Creation, failed: Import) -> None:
    retries = [await retry_import(retry_of(failed), creation) for _ in range(2)]

    assert len({retried.uid for retried in retries}) == 2


async def test_a_request_id_of_something_else_is_refused(
    creation: Creation, run: Run, failed: Import, held: Held
) -> None:
    await retry_import(retry_of(failed, request_id="retry"), creation)
    await create_import(wish(request_id="create"), chunked(skus(1)), creation)
    before = await held()

    with pytest.raises(RequestIdReused) as refused:
        await retry_import(
            retry_of(failed, request_id="retry", outcomes=frozenset({Outcome.FAILED})), creation
        )
    with pytest.raises(RequestIdReused):
        await retry_import(retry_of(failed, request_id="create"), creation)
    with pytest.raises(RequestIdReused):
        await create_import(wish(request_id="retry"), chunked(skus(1)), creation)

    assert refused.value.facts.keys() >= {"name", "first_content_sha256", "content_sha256"}
    assert await held() == before


async def test_a_request_id_does_not_stand_for_another_import_that_took_the_name(
    creation: Creation, run: Run, failed: Import
) -> None:
    await retry_import(retry_of(failed, request_id="once"), creation)
    await delete(creation, failed)
    wanted = replace(lenient(), import_id="spring")
    await run(await create_import(wanted, chunked(rows(3, bad=every_third)), creation))

    with pytest.raises(RequestIdReused):
        await retry_import(retry_of(failed, request_id="once"), creation)


async def test_ten_of_one_request_at_once_make_one_retry_and_no_orphan(
    creation: Creation, failed: Import, held: Held
) -> None:
    before = await held()

    async with asyncio.TaskGroup() as callers:
        calls = [
            callers.create_task(retry_import(retry_of(failed, request_id="once"), creation))
            for _ in range(10)
        ]

    assert len({call.result().uid for call in calls}) == 1
    holdings = await held()
    assert holdings.rows["import"] == before.rows["import"] + 1
    assert (len(holdings.bucket) - len(before.bucket), holdings.rows["upload"]) == (1, 0)


class _Deleting(Checkpoints):
    """Deletes an import when a certain place has been reached."""

    def __init__(self, place: str, delete: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self._place: str | None = place
        self._delete = delete

    async def reach(self, name: str) -> None:
        if name == self._place:
            self._place = None
            await self._delete()


@pytest.mark.parametrize("place", ["splitting", "object-stored"])
@pytest.mark.parametrize("swept", [False, True])
async def test_an_import_that_is_deleted_while_it_is_copied_is_not_found_and_nothing_is_left(
    creation: Creation, failed: Import, objects: Objects, held: Held, place: str, swept: bool
) -> None:
    async def delete_it() -> None:
        await delete(creation, failed)
        if swept:
            await objects.delete_prefix(f"organizations/{ORGANIZATION}/imports/{failed.uid}/")

    deleting = replace(limited(creation, segment_rows=2), checkpoints=_Deleting(place, delete_it))

    with pytest.raises(ImportNotFound):
        await retry_import(retry_of(failed, request_id="once"), deleting)

    holdings = await held()
    ours = [name for name in holdings.bucket if failed.uid not in name]
    assert (ours, holdings.rows["import"], holdings.rows["unit"], holdings.rows["upload"]) == ([], 0, 0, 0)
    assert holdings.rows["creation_request"] == 0


async def test_a_retry_that_is_cut_off_leaves_its_objects_to_the_sweep(
    creation: Creation, failed: Import, tables: "asyncpg.Connection[asyncpg.Record]", held: Held
) -> None:
    before = await held()
    stored = asyncio.Event()

    class Waiting(Checkpoints):
        async def reach(self, name: str) -> None:
            if name == "object-stored":
                stored.set()
                await asyncio.Event().wait()

    async with asyncio.TaskGroup() as tasks:
        slow = replace(limited(creation, segment_rows=2), checkpoints=Waiting())
        retry = tasks.create_task(retry_import(retry_of(failed), slow))
        await stored.wait()
        retry.cancel()

    holdings = await held()
    uid = await tables.fetchval("SELECT uid::text FROM upload")
    assert holdings.rows["import"] == before.rows["import"]
    assert all(uid in name for name in set(holdings.bucket) - set(before.bucket))


async def test_a_long_copy_keeps_its_lease(
    creation: Creation, failed: Import, tables: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    until = "SELECT max(lease_until) FROM upload"

    class Slow(Checkpoints):
        async def reach(self, name: str) -> None:
            if name == "object-stored":
                first = await tables.fetchval(until)
                await eventually(
                    lambda: tables.fetchval(f"SELECT ({until}) > $1", first), what="the extension"
                )

    slow = replace(limited(creation, lease=timedelta(milliseconds=300)), checkpoints=Slow())

    assert (await retry_import(retry_of(failed), slow)).inputs_size == 10


async def test_the_quota_holds_for_retries_that_are_made_at_once(
    creation: Creation, failed: Import, held: Held
) -> None:
    creation = limited(creation, max_pending_imports=2)
    refused = []

    async def retry() -> None:
        try:
            await retry_import(retry_of(failed), creation)
        except Exhausted as error:
            refused.append(error)

    async with asyncio.TaskGroup() as callers:
        for _ in range(4):
            callers.create_task(retry())

    assert len(refused) == 2
    assert (await held()).rows["upload"] == 0
