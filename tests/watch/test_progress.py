"""The rate of an import and the time until it has ended, from readings that come as they like."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from imports_service.domain.imports import Closing, Counts, Import, ImportSpec, Status
from imports_service.watch.closings import Closings
from imports_service.watch.events import PendingReason, Progress
from imports_service.watch.pace import GRAIN_SECONDS, WINDOW_SECONDS
from imports_service.watch.progress import FORGOTTEN_SECONDS, ProgressMeter

STARTED = datetime(2026, 1, 1, tzinfo=UTC)
SIZE = 1_000
SEGMENT = 50

Reading = tuple[float, int]


def import_with(
    rows: int,
    *,
    failed: int = 0,
    size: int = SIZE,
    status: Status = Status.IN_PROGRESS,
    closing: Closing | None = None,
    ended: float = 0.0,
) -> Import:
    """An import with so many of its rows done; started at second 0, `ended` so many seconds later."""
    return Import(
        organization_id="acme",
        uid="0198f3a0-0000-7000-8000-000000000001",
        import_id="spring",
        version=1,
        etag="first",
        spec=ImportSpec(resource_type="skus"),
        creator="insecure",
        status=status,
        closing=Closing.COMPLETED if rows == size else closing,
        inputs_size=size,
        counts=Counts(created=rows - failed, failed=failed),
        created_at=STARTED - timedelta(hours=1),
        updated_at=STARTED,
        started_at=STARTED if status is not Status.PENDING else None,
        completed_at=at(ended) if status is Status.COMPLETED else None,
    )


def at(second: float) -> datetime:
    return STARTED + timedelta(seconds=second)


def fed(meter: ProgressMeter, readings: Sequence[Reading], *, size: int = SIZE) -> Progress:
    """What the last of the readings tells: each a second since the start and the rows done."""
    for second, rows in readings:
        progress = meter.read(import_with(rows, size=size), at(second), ahead=0)
    return progress


def seconds(progress: Progress) -> float:
    assert progress.eta is not None
    return progress.eta.total_seconds()


def closing_seconds(rows_per_second: float, size: int = SIZE) -> float:
    return Closings().seconds("skus", size / rows_per_second)


growing = st.lists(st.tuples(st.floats(0, 100_000), st.integers(0, SIZE)), min_size=1, max_size=200).map(
    lambda pairs: list(
        zip(sorted(second for second, _ in pairs), sorted(rows for _, rows in pairs), strict=True)
    )
)


@settings(deadline=None)
@given(growing, st.data())
def test_whatever_comes_rate_and_time_left_can_be_told(readings: list[Reading], data: st.DataObject) -> None:
    meter = ProgressMeter()

    for second, rows in data.draw(st.permutations(readings)):
        failed = data.draw(st.integers(0, rows))
        progress = meter.read(import_with(rows, failed=failed), at(second), ahead=0)

        assert progress.percent == 100 * rows / SIZE
        assert math.isfinite(progress.rows_per_second)
        assert progress.rows_per_second >= 0
        assert progress.eta is None or timedelta(0) <= progress.eta <= timedelta(days=365)


@settings(deadline=None)
@given(growing)
def test_percent_never_goes_back(readings: list[Reading]) -> None:
    meter = ProgressMeter()

    percents = [fed(meter, [reading]).percent for reading in readings]

    assert percents == sorted(percents)


@settings(deadline=None)
@given(growing, st.data())
def test_what_comes_late_changes_nothing_for_what_is_newer(
    readings: list[Reading], data: st.DataObject
) -> None:
    in_order, disturbed = ProgressMeter(), ProgressMeter()
    for number, reading in enumerate(readings):
        expected = fed(in_order, [reading])
        found = fed(disturbed, [reading])
        fed(disturbed, [data.draw(st.sampled_from(readings[: number + 1]))])

        assert found == expected


@settings(deadline=None)
@given(
    segment_seconds=st.floats(0.01, 100),
    segments=st.integers(2, 40),
    first_seen=st.integers(1, 40),
    into_the_next=st.floats(0, 0.99),
)
def test_at_a_constant_pace_rate_and_time_left_are_exact_whenever_it_is_looked_at(
    segment_seconds: float, segments: int, first_seen: int, into_the_next: float
) -> None:
    size = 40 * SEGMENT
    meter = ProgressMeter()
    rate = SEGMENT / segment_seconds
    first_seen = min(first_seen, segments)
    done = [(number * segment_seconds, number * SEGMENT) for number in range(first_seen, segments + 1)]
    fed(meter, done, size=size)

    second = (segments + into_the_next) * segment_seconds
    told = meter.read(import_with(segments * SEGMENT, size=size), at(second), ahead=0)

    assert told.rows_per_second == pytest.approx(rate, rel=1e-3)  # the clock has whole microseconds
    if segments < 40:
        left = 40 * segment_seconds - second + closing_seconds(rate, size)
        assert seconds(told) == pytest.approx(left, rel=1e-3, abs=1e-3)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.001, 1), st.integers(200, 2_000))
def test_memory_is_bounded_however_dense_the_readings(apart: float, readings: int) -> None:
    meter = ProgressMeter()

    fed(meter, [(number * apart, number) for number in range(1, readings)], size=10_000)

    assert meter._pace is not None
    assert len(meter._pace._steps) <= 2 * WINDOW_SECONDS / GRAIN_SECONDS + 4


def test_before_the_first_rows_there_is_no_rate() -> None:
    told = fed(ProgressMeter(), [(0, 0), (0.5, 0)])

    assert (told.rows_per_second, told.eta) == (0.0, None)


def test_who_comes_in_the_middle_is_told_the_average_since_the_start() -> None:
    told = fed(ProgressMeter(), [(50, 500)])

    assert told.rows_per_second == 10
    assert seconds(told) == pytest.approx(50 + closing_seconds(10), abs=1e-3)


def test_the_rate_is_that_of_the_last_seconds() -> None:
    slow = [(float(second), second) for second in range(1, 101)]
    quick = [(100 + second / 10, 100 + second) for second in range(1, 121)]

    told = fed(ProgressMeter(), slow + quick)

    assert told.rows_per_second == pytest.approx(10)
    assert seconds(told) == pytest.approx(78 + closing_seconds(10), abs=0.1)


def test_a_stall_lets_the_rate_fall_to_nothing_and_the_time_left_grow_until_it_is_unknown() -> None:
    meter = ProgressMeter()
    before = fed(meter, [(float(second), second * 10) for second in range(1, 31)])

    told = [fed(meter, [(30 + second, 300)]) for second in range(1, 13)]

    rates = [before.rows_per_second, *(each.rows_per_second for each in told)]
    assert rates == sorted(rates, reverse=True)
    assert [each.rows_per_second for each in told[-3:]] == [0.0] * 3
    etas = [seconds(each) for each in told if each.eta is not None]
    assert etas == sorted(etas)
    assert len(etas) >= WINDOW_SECONDS - 2
    assert told[-1].eta is None


def test_after_a_stall_the_rate_is_that_of_the_window_again() -> None:
    meter = ProgressMeter()
    fed(meter, [(1, 10), (31, 10)])

    told = fed(meter, [(31 + second, 10 + second * 10) for second in range(1, 25)])

    assert told.rows_per_second == pytest.approx(10)


def test_while_it_is_closed_the_time_left_counts_down_and_no_lower_than_0() -> None:
    meter = ProgressMeter()
    last_row = fed(meter, [(50, 500), (100, 1_000)])
    expected = closing_seconds(10)

    midway = fed(meter, [(100 + expected / 2, 1_000)])
    late = fed(meter, [(100 + 1.5 * expected, 1_000)])
    too_late = fed(meter, [(100 + 3 * expected + FORGOTTEN_SECONDS, 1_000)])

    assert seconds(last_row) == pytest.approx(expected, abs=1e-3)
    assert seconds(midway) == pytest.approx(expected / 2, abs=1e-3)
    assert seconds(late) == 0
    assert too_late.eta is None


def test_the_time_left_does_not_jump_when_the_closing_begins() -> None:
    meter = ProgressMeter()
    before = fed(meter, [(second / 10, second) for second in range(1, 1_000)])
    after = fed(meter, [(100, 1_000)])

    assert seconds(after) == pytest.approx(seconds(before) - 0.1, abs=0.05)


def test_an_import_that_is_interrupted_has_only_its_closing_before_it() -> None:
    meter = ProgressMeter()
    fed(meter, [(10, 100)])

    told = meter.read(import_with(100, closing=Closing.REQUESTED), at(10), ahead=0)

    assert seconds(told) == pytest.approx(closing_seconds(10), abs=1e-3)


def test_closings_that_were_seen_teach_what_the_next_of_that_type_will_take() -> None:
    closings = Closings()
    took = 3 * closing_seconds(10)
    errors = []
    for _ in range(12):
        meter = ProgressMeter(closings)
        last_row = fed(meter, [(50, 500), (100, 1_000)])
        errors.append(abs(seconds(last_row) - took))
        ended = import_with(1_000, status=Status.COMPLETED, ended=100 + took)
        meter.read(ended, at(101 + took), ahead=0)

    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < errors[0] / 4
    assert closings.seconds("prices", 100) == Closings().seconds("prices", 100)


def test_a_closing_is_learned_from_once() -> None:
    once, often = Closings(), Closings()
    for closings, times in ((once, 1), (often, 3)):
        meter = ProgressMeter(closings)
        fed(meter, [(50, 500), (100, 1_000)])
        for second in range(times):
            fed(meter, [(120, 1_000)])  # as an event tells it that comes late
            meter.read(import_with(1_000, status=Status.COMPLETED, ended=130), at(131 + second), ahead=0)

    assert often.seconds("skus", 100) == once.seconds("skus", 100) != Closings().seconds("skus", 100)


def test_a_closing_whose_beginning_was_not_seen_teaches_nothing() -> None:
    closings = Closings()
    meter = ProgressMeter(closings)
    fed(meter, [(100, 1_000)])

    meter.read(import_with(1_000, status=Status.COMPLETED, ended=100.01), at(101), ahead=0)

    assert closings.seconds("skus", 100) == Closings().seconds("skus", 100)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-1, 1e9), st.floats(-1, 1e9)), max_size=50))
def test_nothing_that_is_learned_makes_an_expectation_absurd(taught: list[tuple[float, float]]) -> None:
    closings = Closings()
    for processing, took in taught:
        closings.learn("skus", processing, took)

    assert 1 <= closings.seconds("skus", 100) <= 100


def test_a_pending_import_that_waits_for_others_says_so() -> None:
    waiting = replace(import_with(0, status=Status.PENDING), is_waiting=True)

    assert ProgressMeter().read(waiting, at(-1), ahead=0).pending_reason is PendingReason.AFTER


def test_a_pending_import_has_a_reason_and_a_place_and_no_rate() -> None:
    meter = ProgressMeter()
    meter.read(import_with(0, status=Status.PENDING), at(-10), ahead=4)

    pending = meter.read(import_with(0, status=Status.PENDING), at(-1), ahead=3)

    assert (pending.pending_reason, pending.queue_position) == (PendingReason.QUEUED, 3)
    assert (pending.rows_per_second, pending.eta) == (0.0, None)


def test_the_time_it_was_pending_does_not_count() -> None:
    meter = ProgressMeter()
    meter.read(import_with(0, status=Status.PENDING), at(-1_000), ahead=4)

    assert fed(meter, [(10, 100)]).rows_per_second == 10


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.INTERRUPTED])
def test_an_import_that_has_ended_has_neither_rate_nor_time_left(status: Status) -> None:
    meter = ProgressMeter()
    fed(meter, [(50, 500)])

    ended = meter.read(import_with(800, failed=100, status=status, ended=81), at(82), ahead=0)

    assert (ended.percent, ended.rows_per_second, ended.eta, ended.pending_reason) == (80.0, 0.0, None, None)
