"""The rate of an import and the time it will take, from readings."""

from datetime import UTC, datetime, timedelta

import pytest

from imports_service.domain.imports import Counts, Import, ImportSpec, Status
from imports_service.watch.events import PendingReason
from imports_service.watch.progress import WINDOW_SECONDS, ProgressMeter

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def import_with(rows: int, *, failed: int = 0, status: Status = Status.IN_PROGRESS) -> Import:
    """One of 1,000 rows, so many of them done."""
    return Import(
        organization_id="acme",
        uid="0198f3a0-0000-7000-8000-000000000001",
        import_id="spring",
        version=1,
        etag="first",
        spec=ImportSpec(resource_type="skus"),
        creator="insecure",
        status=status,
        inputs_size=1_000,
        counts=Counts(created=rows - failed, failed=failed),
        created_at=MOMENT,
        updated_at=MOMENT,
    )


def test_failed_rows_count_as_done() -> None:
    assert ProgressMeter().read(import_with(250, failed=50), 0.0, ahead=0).percent == 25.0


def test_without_a_reading_before_there_is_no_rate() -> None:
    first = ProgressMeter().read(import_with(250), 0.0, ahead=0)

    assert (first.rows_per_second, first.eta) == (0.0, None)


def test_the_rate_is_that_of_the_readings_within_the_window() -> None:
    meter = ProgressMeter()
    meter.read(import_with(0), 0.0, ahead=0)
    meter.read(import_with(500), 100.0, ahead=0)

    recent = meter.read(import_with(700), 100.0 + WINDOW_SECONDS, ahead=0)

    assert recent.rows_per_second == 200 / WINDOW_SECONDS
    assert recent.eta == timedelta(seconds=300 / (200 / WINDOW_SECONDS))


def test_a_rate_that_nothing_follows_fades() -> None:
    meter = ProgressMeter()
    meter.read(import_with(0), 0.0, ahead=0)
    soon = meter.read(import_with(100), 1.0, ahead=0)

    later = meter.read(import_with(100), 5.0, ahead=0)

    assert later.rows_per_second == pytest.approx(soon.rows_per_second / 5)


def test_the_readings_kept_do_not_grow_with_time() -> None:
    meter = ProgressMeter()

    for second in range(1_000):
        meter.read(import_with(second), float(second), ahead=0)

    assert len(meter._readings) <= WINDOW_SECONDS + 2


def test_a_pending_import_has_a_reason_and_a_place_and_no_rate() -> None:
    meter = ProgressMeter()
    meter.read(import_with(0, status=Status.PENDING), 0.0, ahead=4)

    pending = meter.read(import_with(0, status=Status.PENDING), 1.0, ahead=3)

    assert (pending.pending_reason, pending.queue_position) == (PendingReason.QUEUED, 3)
    assert (pending.rows_per_second, pending.eta) == (0.0, None)
