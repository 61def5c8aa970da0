"""Outcomes move into the object store after the end: readable at every moment, whoever dies, deletes or is late."""

import asyncio
import contextlib
import socket
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from imports_service.checkpoints import Checkpoints
from imports_service.commands.delete import delete_import
from imports_service.commands.results import next_result_segments
from imports_service.domain.errors import ImportNotFound, Unavailable
from imports_service.domain.imports import Closing, Counts, Format, Import
from imports_service.domain.names import ImportName, import_prefix, outcomes_object, segment_object
from imports_service.domain.outcome_object import HEADER
from imports_service.domain.outcomes import EncodedOutcomes, SegmentOutcomes, encode_outcomes
from imports_service.domain.report import decode_report
from imports_service.domain.rows import Code, Issue, Outcome
from imports_service.objects.store import Objects, open_objects
from imports_service.pipeline.segments import VERSION, SegmentHeader, pack
from imports_service.rpc.reports import message_with_report
from imports_service.store import imports, moves, outcomes, results, units
from imports_service.store.database import Database
from imports_service.store.moves import Unmoved
from imports_service.worker import housekeeping
from imports_service.worker.equipment import Equipment
from imports_service.worker.files import write_files
from imports_service.worker.leases import LeaseLost
from imports_service.worker.moves import move_outcomes
from tests.store.builders import ORGANIZATION, claimed_unit, created_import, import_now
from tests.worker.working import equipped

ALL = frozenset({Outcome.CREATED, Outcome.FAILED})
BLANK = Issue(Code.REQUIRED, "name", "can't be blank")


@pytest.fixture
def equipment(database: Database, objects: Objects) -> Equipment:
    return equipped(database, objects)


def encoded_of(segment: int, rows: int = 4) -> EncodedOutcomes:
    """Every third segment has a failed row."""
    outcomes = SegmentOutcomes.empty()
    for row in range(rows):
        failed = segment % 3 == 0 and row == 0
        outcome = Outcome.FAILED if failed else Outcome.CREATED
        outcomes.add(outcome, f"id-{segment}-{row}", f"key-{segment}-{row}", [BLANK] if failed else [])
    return encode_outcomes(outcomes, range(1 + segment * rows, 1 + (segment + 1) * rows))


async def ended_import(database: Database, *, segments: int = 7, has_report: bool = True) -> Import:
    """An import that ended an hour ago, with the outcomes of all its segments."""
    import_ = await created_import(database, segments=segments, rows=4)
    async with database.transaction() as connection:
        await connection.execute("UPDATE unit SET state = 'done' WHERE import_uid = $1", import_.uid)
    for segment in range(segments):
        await store_outcomes(database, import_, segment, encoded_of(segment))
    async with database.transaction() as connection:
        await imports.request_closing(connection, ORGANIZATION, import_.uid, Closing.FAULT)
        if has_report:
            await outcomes.insert_report(connection, ORGANIZATION, import_.uid, b"report")
        await imports.end_import(
            connection,
            ORGANIZATION,
            import_.uid,
            not_processed_count=segments * 4,
            attachment=None,
            failed_inputs=None,
            at=await units.transaction_time(connection) - timedelta(hours=1),
            retention=timedelta(days=1),
        )
    return await import_now(database, import_)


async def store_outcomes(database: Database, import_: Import, segment: int, encoded: EncodedOutcomes) -> None:
    claimed = units.Claimed(
        organization_id=ORGANIZATION,
        import_uid=import_.uid,
        segment=segment,
        first_row=1,
        row_count=1,
        attempts=0,
        lease_token="",
        in_order=True,
        has_next=False,
    )
    async with database.transaction() as connection:
        await outcomes.insert_outcome(connection, claimed, encoded)


def unmoved(import_: Import) -> Unmoved:
    return Unmoved(import_.organization_id, import_.uid)


async def read(
    equipment: Equipment, import_: Import, wanted: frozenset[Outcome] = ALL
) -> list[tuple[int, bytes, bytes | None]]:
    """What a reader finds of each segment, wherever it is."""
    found, has_more, start = [], True, 0
    while has_more:
        page, has_more = await next_result_segments(
            import_,
            database=equipment.database,
            objects=equipment.objects,
            from_segment=start,
            outcomes=wanted,
            unfinished=False,
        )
        found += [(segment.segment, segment.outcomes, segment.issues) for segment in page]
        start = page[-1].segment + 1
    return found


def expected(segments: int, wanted: frozenset[Outcome] = ALL) -> list[tuple[int, bytes, bytes | None]]:
    return [
        (number, encoded_of(number).outcomes, encoded_of(number).issues)
        for number in range(segments)
        if wanted is ALL or number % 3 == 0
    ]


async def bytes_here(database: Database) -> int:
    """How much of outcomes PostgreSQL holds."""
    async with database.connection() as connection:
        total = await connection.fetchval(
            "SELECT sum(octet_length(outcomes) + octet_length(coalesce(issues, '') || coalesce(summary, '')))"
            " FROM outcome"
        )
    return int(total or 0)


async def is_moved(database: Database, import_: Import) -> bool:
    async with database.connection() as connection:
        moved: bool = await connection.fetchval(
            "SELECT outcomes_moved FROM import WHERE uid = $1", import_.uid
        )
    return moved


async def lapse(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("UPDATE import SET outcomes_lease_until = now() - interval '1 second'")


class Pause(Checkpoints):
    """Lets who comes to a point for the n-th time (`outcomes-placed:2`) stand there until `go_on` is set."""

    def __init__(self, point: str) -> None:
        self._point, _, turn = point.partition(":")
        self._left = int(turn or 1)
        self.is_reached = asyncio.Event()
        self.go_on = asyncio.Event()

    async def reach(self, name: str) -> None:
        self._left -= name == self._point
        if name == self._point and self._left == 0:
            self.is_reached.set()
            await self.go_on.wait()


@contextlib.asynccontextmanager
async def paused(point: str, equipment: Equipment, import_: Import) -> AsyncIterator[asyncio.Task[None]]:
    """A move that stands still at the point for the time of the block, and then goes on to its end."""
    pause = Pause(point)
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        move = tasks.create_task(move_outcomes(replace(equipment, checkpoints=pause), unmoved(import_)))
        await pause.is_reached.wait()
        yield move
        pause.go_on.set()


async def test_outcomes_of_an_ended_import_are_one_object_and_read_as_before(
    equipment: Equipment, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "SEGMENTS_AT_ONCE", 3)
    import_ = await ended_import(equipment.database)

    await housekeeping.move_all_outcomes(equipment)

    assert await is_moved(equipment.database, import_)
    assert await bytes_here(equipment.database) == 0
    assert [name async for name in objects.list("")] == [outcomes_object(ORGANIZATION, import_.uid)]
    data = await objects.get(outcomes_object(ORGANIZATION, import_.uid))
    whole = b"".join(encoded + (issues or b"") for _, encoded, issues in expected(7))
    assert data == HEADER + whole
    assert await read(equipment, import_) == expected(7)
    assert await read(equipment, import_, frozenset({Outcome.FAILED})) == expected(7, frozenset())


async def test_an_import_that_has_just_ended_or_runs_keeps_its_outcomes(equipment: Equipment) -> None:
    running = await created_import(equipment.database)
    await claimed_unit(equipment.database)
    await store_outcomes(equipment.database, running, 0, encoded_of(0))
    fresh = await ended_import(equipment.database)
    async with equipment.database.transaction() as connection:
        await connection.execute("UPDATE import SET interrupted_at = now() WHERE uid = $1", fresh.uid)

    await housekeeping.move_all_outcomes(equipment)
    await move_outcomes(equipment, unmoved(running))

    assert not await is_moved(equipment.database, fresh)
    assert not await is_moved(equipment.database, running)
    assert await read(equipment, fresh) == expected(7)


async def test_an_import_without_outcomes_has_no_object(equipment: Equipment, objects: Objects) -> None:
    import_ = await ended_import(equipment.database, segments=1)
    async with equipment.database.transaction() as connection:
        await connection.execute("DELETE FROM outcome")

    await housekeeping.move_all_outcomes(equipment)

    assert await is_moved(equipment.database, import_)
    assert [name async for name in objects.list("")] == []


POINTS = [
    "outcomes-copied",
    "outcomes-copied:3",
    "outcomes-stored",
    "outcomes-placing:2",
    "outcomes-placed:2",
]


@pytest.mark.parametrize("point", POINTS)
async def test_a_move_that_stops_at_a_point_is_readable_and_taken_up_by_another(
    equipment: Equipment, objects: Objects, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    monkeypatch.setattr("imports_service.worker.moves.MOST_SEGMENTS", 2)
    import_ = await ended_import(equipment.database)

    async with paused(point, equipment, import_) as first:
        assert await read(equipment, import_) == expected(7)
        first.cancel()
    await lapse(equipment.database)
    await housekeeping.move_all_outcomes(equipment)

    assert await is_moved(equipment.database, import_)
    assert await bytes_here(equipment.database) == 0
    assert await read(equipment, import_) == expected(7)
    assert [upload async for upload in objects.open_uploads("")] == []


@pytest.mark.parametrize("point", ["outcomes-copied:2", "outcomes-stored", "outcomes-placed:2"])
async def test_a_late_move_does_no_harm_to_what_another_has_finished(
    equipment: Equipment, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    monkeypatch.setattr("imports_service.worker.moves.MOST_SEGMENTS", 2)
    import_ = await ended_import(equipment.database)

    async with paused(point, equipment, import_):
        await lapse(equipment.database)
        await move_outcomes(equipment, unmoved(import_))

    assert await is_moved(equipment.database, import_)
    assert await read(equipment, import_) == expected(7)


async def test_several_housekeepers_at_once_do_no_harm(equipment: Equipment) -> None:
    ended = [await ended_import(equipment.database) for _ in range(8)]

    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(housekeeping.move_all_outcomes(equipment))

    for import_ in ended:
        assert await is_moved(equipment.database, import_)
        assert await read(equipment, import_) == expected(7)


async def test_a_claimed_move_is_nobody_elses_until_its_lease_runs_out(database: Database) -> None:
    import_ = await ended_import(database)
    lease = timedelta(seconds=30)
    first, second = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
    async with database.transaction() as connection:
        assert await moves.claim_move(connection, unmoved(import_), first, lease=lease) is False
        assert await moves.claim_move(connection, unmoved(import_), second, lease=lease) is None
        assert await moves.unmoved_imports(connection, ended_before=lease, limit=10) == []
    await lapse(database)
    async with database.transaction() as connection:
        assert await moves.unmoved_imports(connection, ended_before=lease, limit=10) == [unmoved(import_)]
        assert await moves.claim_move(connection, unmoved(import_), second, lease=lease) is True
        assert not await moves.extend_move(connection, unmoved(import_), first, lease=lease)
        assert await moves.extend_move(connection, unmoved(import_), second, lease=lease)


@pytest.mark.parametrize("point", ["outcomes-copied", "outcomes-stored", "outcomes-placed"])
async def test_a_deletion_while_outcomes_move_leaves_nothing(
    equipment: Equipment, objects: Objects, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    monkeypatch.setattr("imports_service.worker.moves.MOST_SEGMENTS", 2)
    import_ = await ended_import(equipment.database)

    async with paused(point, equipment, import_):
        await delete_import(
            ImportName(ORGANIZATION, import_.import_id),
            lease=timedelta(0),
            database=equipment.database,
            nudges=equipment.nudges,
        )
    with pytest.raises(ImportNotFound):
        await read(equipment, import_)
    await emptied(equipment)

    assert [name async for name in objects.list(import_prefix(ORGANIZATION, import_.uid))] == []
    async with equipment.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM outcome") == 0


async def emptied(equipment: Equipment) -> None:
    """The trash, swept as often as it takes."""
    for _ in range(3):
        async with equipment.database.transaction() as connection:
            await connection.execute("UPDATE object_trash SET not_before = now()")
        await housekeeping.sweep_trash(equipment)


async def test_a_reader_whose_object_is_deleted_looks_again_and_finds_the_import_gone(
    equipment: Equipment, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_ = await ended_import(equipment.database)
    await housekeeping.move_all_outcomes(equipment)
    find = results.find_result_segments

    async def find_then_delete(*args, **kwargs):
        page = await find(*args, **kwargs)
        if page is not None:
            await delete_import(
                ImportName(ORGANIZATION, import_.import_id),
                lease=timedelta(0),
                database=equipment.database,
                nudges=equipment.nudges,
            )
            await emptied(equipment)
        return page

    monkeypatch.setattr("imports_service.commands.results.find_result_segments", find_then_delete)
    with pytest.raises(ImportNotFound):
        await read(equipment, import_)


async def test_a_reader_that_read_the_row_just_before_it_moved_has_it_all(
    equipment: Equipment, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_ = await ended_import(equipment.database)
    find = results.find_result_segments

    async def find_then_move(*args, **kwargs):
        page = await find(*args, **kwargs)
        await housekeeping.move_all_outcomes(equipment)
        return page

    monkeypatch.setattr("imports_service.commands.results.find_result_segments", find_then_move)

    assert await read(equipment, import_) == expected(7)
    assert await is_moved(equipment.database, import_)


async def test_an_object_that_the_store_has_lost_is_trouble_of_the_store(
    equipment: Equipment, objects: Objects
) -> None:
    import_ = await ended_import(equipment.database)
    await housekeeping.move_all_outcomes(equipment)
    await objects.delete([outcomes_object(ORGANIZATION, import_.uid)])

    with pytest.raises(Unavailable):
        await read(equipment, import_)


async def test_an_import_without_a_report_gets_one_before_its_issues_move(equipment: Equipment) -> None:
    database = equipment.database
    import_ = await ended_import(database, has_report=False)
    async with database.connection() as connection:
        before = await message_with_report(connection, import_)

    await housekeeping.move_all_outcomes(equipment)

    async with database.connection() as connection:
        stored = await outcomes.read_report(connection, ORGANIZATION, import_.uid)
        after = await message_with_report(connection, import_)
    assert stored is not None
    assert [entry.count for entry in decode_report(stored).summary] == [3]
    assert after == before


async def test_a_closing_that_comes_too_late_to_read_outcomes_has_lost_its_lease(
    equipment: Equipment, objects: Objects
) -> None:
    import_ = await ended_import(equipment.database, segments=1)
    header = SegmentHeader(v=VERSION, kind=Format.JSON, rows=[(1, 4)], registry="r")
    await objects.put(segment_object(ORGANIZATION, import_.uid, 0), pack(header, [b"{}"] * 4))
    await housekeeping.move_all_outcomes(equipment)

    with pytest.raises(LeaseLost):
        await write_files(equipment, import_, "late")


async def test_a_store_that_is_away_leaves_outcomes_where_they_are(equipment: Equipment) -> None:
    import_ = await ended_import(equipment.database)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        async with open_objects(bucket="none", endpoint_url=url, access_key="a", secret_key="b") as away:
            await housekeeping.move_all_outcomes(replace(equipment, objects=away))

    assert await read(equipment, import_) == expected(7)
    await lapse(equipment.database)
    await housekeeping.move_all_outcomes(equipment)
    assert await is_moved(equipment.database, import_)


@pytest.mark.timeout(120)
async def test_memory_does_not_know_how_many_segments_move(equipment: Equipment, objects: Objects) -> None:
    """4,000 segments, 40 MB: a multipart upload, with a part and a batch in memory."""
    database = equipment.database
    import_ = await ended_import(database, segments=1)
    async with database.transaction() as connection:
        await connection.execute(
            """
            INSERT INTO outcome
            SELECT 'acme', $1, n, 5000, 0, 0, 0, 0,
                (SELECT string_agg(sha512((n || ' ' || m)::bytea), '') FROM generate_series(1, 160) AS m)
            FROM generate_series(1, 3999) AS n
            """,
            import_.uid,
        )
    held = await bytes_here(database)
    tracemalloc.start()

    await move_outcomes(equipment, unmoved(import_))

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held > 40_000_000
    assert await objects.head(outcomes_object(ORGANIZATION, import_.uid)) == held + len(HEADER) - len(
        encoded_of(0).summary or b""
    )
    assert await bytes_here(database) == 0
    assert peak < 32 * 1024 * 1024, peak


def test_counts_are_those_of_the_rows() -> None:
    assert encoded_of(0).counts == Counts(created=3, failed=1)
