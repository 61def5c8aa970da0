"""Results: what an import and a page of its rows cost, and that all pages are all that was asked for."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pytest

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.domain.errors import ImportNotFound
from imports_service.domain.imports import Format, Import
from imports_service.domain.names import segment_object
from imports_service.domain.outcomes import SegmentOutcomes, encode_outcomes, ranges_of
from imports_service.domain.rows import Code, Issue, Outcome
from imports_service.embedded.parts import Parts
from imports_service.objects.store import Objects
from imports_service.pipeline.segments import VERSION, SegmentHeader, pack
from imports_service.rpc.pages import PageSize
from imports_service.rpc.results import ResultPlace, ResultReader
from imports_service.settings import Role, Settings
from imports_service.store import results
from imports_service.store.database import Database
from imports_service.store.imports import delete_import
from imports_service.store.moves import Unmoved
from imports_service.store.outcomes import insert_outcome
from imports_service.store.units import Claimed
from imports_service.worker.moves import move_outcomes
from tests.rpc.counting_proxy import counting
from tests.services import running_service
from tests.store.builders import ORGANIZATION, created_import, import_now
from tests.worker.working import equipped

CREATED, UPDATED, UNCHANGED, FAILED, NOT_PROCESSED = Outcome
BLANK = Issue(Code.REQUIRED, "name", "can't be blank")


@dataclass(frozen=True)
class Stored:
    """A segment to be stored: the numbers of its rows and their outcomes, None where it is not finished."""

    numbers: Sequence[int]
    outcomes: Sequence[Outcome] | None


async def stored(database: Database, segments: list[Stored], *, ended: bool, objects: Objects) -> Import:
    """An import whose segments stand like this, as workers and a retry leave them."""
    import_ = await created_import(database, segments=len(segments), rows=len(segments[0].numbers))
    async with database.transaction() as connection:
        for number, segment in enumerate(segments):
            await connection.execute(
                "UPDATE unit SET first_row = $1, last_row = $2, row_count = $3, state = $4 WHERE segment = $5",
                segment.numbers[0],
                segment.numbers[-1] if isinstance(segment.numbers, list) else None,
                len(segment.numbers),
                "done" if segment.outcomes is not None else "void" if ended else "waiting",
                number,
            )
            if segment.outcomes is not None:
                encoded = encode_outcomes(_outcomes(segment), segment.numbers)
                await insert_outcome(connection, _claimed(import_, number), encoded)
        rows = [outcome for segment in segments for outcome in segment.outcomes or ()]
        left = sum(len(segment.numbers) for segment in segments if segment.outcomes is None)
        await connection.execute(
            "UPDATE import SET inputs_size = $1, created_count = $2, updated_count = $3, unchanged_count = $4,"
            " errors_count = $5, not_processed_count = $6, closing = $7, status = $8, completed_at = $9",
            len(rows) + left,
            *(rows.count(outcome) for outcome in (CREATED, UPDATED, UNCHANGED, FAILED)),
            left if ended else 0,
            "completed" if ended else None,
            "completed" if ended else "in_progress",
            import_.created_at if ended else None,
        )
    for number, segment in enumerate(segments):
        if isinstance(segment.numbers, list):
            header = SegmentHeader(v=VERSION, kind=Format.JSON, rows=ranges_of(segment.numbers), registry="r")
            data = pack(header, [b"{}"] * len(segment.numbers))
            await objects.put(segment_object(ORGANIZATION, import_.uid, number), data)
    return await import_now(database, import_)


def _outcomes(segment: Stored) -> SegmentOutcomes:
    outcomes = SegmentOutcomes.empty()
    for number, outcome in zip(segment.numbers, segment.outcomes or (), strict=True):
        outcomes.add(outcome, "", f"key-{number}", [BLANK] if outcome is FAILED else [])
    return outcomes


def _claimed(import_: Import, segment: int) -> Claimed:
    return Claimed(
        organization_id=import_.organization_id,
        import_uid=import_.uid,
        segment=segment,
        first_row=1,
        row_count=1,
        attempts=0,
        lease_token="",
        in_order=True,
        has_next=False,
    )


def clean(count: int, rows: int) -> list[Stored]:
    return [Stored(range(1 + n * rows, 1 + (n + 1) * rows), [CREATED] * rows) for n in range(count)]


@pytest.mark.parametrize("moved", [False, True])
async def test_the_one_failed_row_of_100_000_costs_three_statements_at_most(
    database: Database, objects: Objects, parts: Parts, settings: Settings, moved: bool
) -> None:
    segments = clean(1_000, 100)
    segments[-1] = replace(segments[-1], outcomes=[CREATED] * 99 + [FAILED])
    import_ = await stored(database, segments, ended=True, objects=objects)
    if moved:
        await move(database, objects, import_)
    request = pb.ListImportResultsRequest(parent=import_.name, outcomes=[pb.OUTCOME_FAILED])
    costs = []

    async with counting(parts.database_url) as statements, counting(parts.endpoint_url or "") as reads:
        led = replace(parts, database_url=statements.url, endpoint_url=reads.url)
        api = settings.model_copy(update={"role": Role.API})
        async with running_service(api, led) as service:
            for start_row in (0, 0, 99_000):
                before = statements.number, reads.number
                request.start_row = start_row
                page = await service.imports.ListImportResults(request)
                costs.append((statements.number - before[0], reads.number - before[1]))
                assert [(found.row_number, found.key) for found in page.results] == [(100_000, "key-100000")]
                assert page.next_page_token == ""

    assert all(0 < run <= 3 and read == moved for run, read in costs), costs


async def test_an_import_without_issues_is_one_statement(
    database: Database, objects: Objects, parts: Parts, settings: Settings
) -> None:
    import_ = await stored(database, clean(2, 100), ended=True, objects=objects)
    costs = []

    async with counting(parts.database_url) as statements:
        led = replace(parts, database_url=statements.url)
        async with running_service(settings.model_copy(update={"role": Role.API}), led) as service:
            for _ in range(6):
                before = statements.number
                found = await service.imports.GetImport(pb.GetImportRequest(name=import_.name))
                costs.append(statements.number - before)
                assert len(found.issue_summary) == 0

    assert min(costs) == 1, costs  # the first call prepares it, and what the process does beside adds to any


async def test_a_page_of_outcomes_that_have_moved_is_one_read(
    database: Database, objects: Objects, parts: Parts, settings: Settings
) -> None:
    import_ = await stored(database, clean(100, 100), ended=True, objects=objects)
    await move(database, objects, import_)
    request = pb.ListImportResultsRequest(parent=import_.name, page_size=1_000)

    async with counting(parts.database_url) as statements, counting(parts.endpoint_url or "") as reads:
        led = replace(parts, database_url=statements.url, endpoint_url=reads.url)
        async with running_service(settings.model_copy(update={"role": Role.API}), led) as service:
            for number in range(10):
                before = statements.number, reads.number
                page = await service.imports.ListImportResults(request)
                assert page.results[0].row_number == 1 + number * 1_000
                assert len(page.results) == 1_000
                assert statements.number - before[0] <= 3
                assert reads.number - before[1] == 1
                request.page_token = page.next_page_token
    assert request.page_token == ""


async def move(database: Database, objects: Objects, import_: Import) -> None:
    await move_outcomes(equipped(database, objects), Unmoved(import_.organization_id, import_.uid))


async def pages(
    reader: ResultReader, place: ResultPlace, only: frozenset[Outcome], page_size: int
) -> tuple[list[tuple[int, int]], ResultPlace | None]:
    """All that can be had by now, and the place at which it ends."""
    found: list[tuple[int, int]] = []
    while True:
        page = await reader.read(place, only=only, size=PageSize(page_size))
        found += [(each.row_number, each.outcome) for each in page.results]
        if page.following is None or not page.results:
            return found, page.following
        place = page.following


def random_segments(chance: random.Random) -> Iterator[Stored]:
    """Rare and frequent outcomes in segments of a few rows, some of them with gaps, some not finished."""
    number = 0
    for _ in range(chance.randint(1, 150)):
        count = chance.randint(1, 5)
        numbers: Sequence[int] = range(number + 1, number + count + 1)
        if chance.random() < 0.3:
            numbers = sorted(chance.sample(range(number + 1, number + 20), count))
        weights = chance.choice([(1, 0, 0, 0), (0, 0, 1, 0), (3, 3, 3, 1), (0, 0, 0, 1)])
        outcomes = chance.choices([CREATED, UPDATED, UNCHANGED, FAILED], weights, k=count)
        yield Stored(numbers, outcomes if chance.random() < 0.8 else None)
        number = numbers[-1]


def expected_of(
    segments: list[Stored], start_row: int, only: frozenset[Outcome], *, ended: bool
) -> tuple[list[tuple[int, int]], bool]:
    """The rows up to the first segment that is not finished, and whether there is one."""
    expected: list[tuple[int, int]] = []
    for segment in segments:
        if segment.numbers[-1] < start_row:
            continue
        if segment.outcomes is None and not ended:
            return expected, True
        outcomes = segment.outcomes or [NOT_PROCESSED] * len(segment.numbers)
        expected += [
            (number, outcome)
            for number, outcome in zip(segment.numbers, outcomes, strict=True)
            if number >= start_row and (not only or outcome in only)
        ]
    return expected, False


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("ended", "moved"), [(True, False), (False, False), (True, True)])
async def test_pages_together_are_every_row_that_was_asked_for(
    database: Database, objects: Objects, monkeypatch: pytest.MonkeyPatch, seed: int, ended: bool, moved: bool
) -> None:
    monkeypatch.setattr(results, "SEGMENTS_AT_ONCE", 7)
    monkeypatch.setattr(results, "ENOUGH_BYTES", 500)
    chance = random.Random(seed)
    segments = list(random_segments(chance))
    import_ = await stored(database, segments, ended=ended, objects=objects)
    if moved:
        await move(database, objects, import_)
    reader = ResultReader(import_, database, objects)
    for asked in ([], [FAILED], [NOT_PROCESSED], [CREATED, FAILED], [UPDATED], [UNCHANGED, NOT_PROCESSED]):
        only = frozenset(asked)
        start_row = chance.choice([1, 1, chance.randint(1, segments[-1].numbers[-1] + 2)])
        place = await reader.place_of_row(start_row)

        found, following = await pages(reader, place, only, chance.choice([1, 3, 50]))

        expected, is_cut = expected_of(segments, start_row, only, ended=ended)
        assert found == expected
        assert (following is not None) == is_cut


async def test_a_list_goes_on_where_the_unfinished_segment_was(database: Database, objects: Objects) -> None:
    segments = clean(3, 2)
    waiting = [segments[0], replace(segments[1], outcomes=None), segments[2]]
    import_ = await stored(database, waiting, ended=False, objects=objects)
    reader = ResultReader(import_, database, objects)

    found, following = await pages(reader, ResultPlace(0, 1), frozenset(), 50)
    nothing, again = await pages(reader, following or ResultPlace(0, 0), frozenset(), 50)
    async with database.transaction() as connection:
        encoded = encode_outcomes(_outcomes(segments[1]), segments[1].numbers)
        await insert_outcome(connection, _claimed(import_, 1), encoded)
        await connection.execute("UPDATE unit SET state = 'done' WHERE segment = 1")
    rest, end = await pages(reader, again or ResultPlace(0, 0), frozenset(), 50)

    assert [number for number, _ in (*found, *rest)] == [1, 2, 3, 4, 5, 6]
    assert (nothing, end, following) == ([], None, again)


async def test_a_page_of_rows_that_are_rare_is_full(database: Database, objects: Objects) -> None:
    segments = clean(60, 3)
    segments = [replace(segment, outcomes=[CREATED, FAILED, CREATED]) for segment in segments]
    reader = ResultReader(await stored(database, segments, ended=True, objects=objects), database, objects)

    page = await reader.read(ResultPlace(0, 1), only=frozenset({FAILED}), size=PageSize(50))

    assert len(page.results) == 50


async def test_an_import_that_is_deleted_between_two_looks_is_not_found(
    database: Database, objects: Objects
) -> None:
    import_ = await stored(database, clean(2, 2), ended=True, objects=objects)
    reader = ResultReader(import_, database, objects)
    async with database.transaction() as connection:
        await delete_import(connection, ORGANIZATION, import_.uid)

    with pytest.raises(ImportNotFound):
        await reader.read(ResultPlace(0, 1), only=frozenset(), size=PageSize(50))


async def test_segments_of_an_earlier_version_are_found_by_row(database: Database, objects: Objects) -> None:
    import_ = await stored(database, clean(5, 10), ended=True, objects=objects)

    place = await ResultReader(import_, database, objects).place_of_row(31)

    assert place == ResultPlace(3, 31)
