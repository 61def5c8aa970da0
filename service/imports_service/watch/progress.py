"""How far an import is, how fast it goes, and when it will have ended: its closing included."""

from datetime import datetime, timedelta

from imports_service.domain.imports import Import, Status
from imports_service.watch.closings import Closings
from imports_service.watch.events import PendingReason, Progress
from imports_service.watch.pace import Pace

FORGOTTEN_SECONDS = 2.0
"""A closing that takes twice what was expected and this more is one of which nothing is known."""
LONGEST = timedelta(days=365)
"""What would take longer will not be: nothing is known of its end."""


class ProgressMeter:
    """Fed with every reading of one import, at best from its start; one that comes late begins with the average since.

    Percent follows from the snapshot alone. Rate and time left are judged by the newest reading, so those with an
    older snapshot, as an event carries it, disturb nothing.
    """

    def __init__(self, closings: Closings | None = None) -> None:
        """`closings`: what the process has learned of them."""
        self._closings = closings or Closings()
        self._pace: Pace | None = None
        self._now = 0.0
        self._closing: _Closing | None = None
        self._has_learned = False

    def read(
        self,
        snapshot: Import,
        at: datetime,
        *,
        ahead: int,
        is_limited: bool = False,
        in_outage: bool = False,
    ) -> Progress:
        """The progress of the snapshot, which was read at that time by the database's clock.

        `ahead`: how many imports come before it while it is pending; `is_limited`: its organization runs as much as it
        may; `in_outage`: nothing starts, whatever its place.
        """
        self._now = max(self._now, at.timestamp())
        if snapshot.status is Status.IN_PROGRESS:
            self._follow(snapshot, at.timestamp())
        elif snapshot.status is Status.COMPLETED:
            self._learn(snapshot)
        pending = snapshot.status is Status.PENDING
        running = self._pace if snapshot.status is Status.IN_PROGRESS else None
        return Progress(
            rows_per_second=running.rows_per_second if running else 0.0,
            percent=100.0 * _rows_done(snapshot) / snapshot.inputs_size,
            eta=self._time_left(snapshot, running) if running else None,
            pending_reason=_pending_reason(snapshot, is_limited, in_outage) if pending else None,
            queue_position=ahead if pending else 0,
        )

    def _follow(self, snapshot: Import, at: float) -> None:
        was_watched = self._pace is not None
        if self._pace is None:
            self._pace = Pace((snapshot.started_at or snapshot.created_at).timestamp())
        self._pace.read(at, _rows_done(snapshot))
        if snapshot.closing is not None and self._closing is None:
            self._closing = _Closing(at, self._pace.rows_per_second, was_seen_to_begin=was_watched)

    def _time_left(self, snapshot: Import, pace: Pace) -> timedelta | None:
        if snapshot.closing is not None and self._closing is not None:
            seconds = self._closing_left(snapshot, self._closing)
        else:
            seconds = pace.seconds_for(snapshot.inputs_size - _rows_done(snapshot))
            if seconds is not None:
                seconds += self._closing_seconds(snapshot, pace.rows_per_second)
        return (
            timedelta(seconds=seconds) if seconds is not None and seconds < LONGEST.total_seconds() else None
        )

    def _closing_left(self, snapshot: Import, closing: "_Closing") -> float | None:
        if closing.rate == 0:
            return None
        expected = self._closing_seconds(snapshot, closing.rate)
        elapsed = self._now - closing.began
        return max(0.0, expected - elapsed) if elapsed < 2 * expected + FORGOTTEN_SECONDS else None

    def _closing_seconds(self, snapshot: Import, rate: float) -> float:
        return self._closings.seconds(snapshot.spec.resource_type, snapshot.inputs_size / rate)

    def _learn(self, ended: Import) -> None:
        """Once, from a closing that was seen from its beginning to its end."""
        closing, has_learned, self._has_learned = self._closing, self._has_learned, True
        if has_learned or closing is None or not closing.was_seen_to_begin or closing.rate == 0:
            return
        if ended.completed_at is not None:
            took = ended.completed_at.timestamp() - closing.began
            self._closings.learn(ended.spec.resource_type, ended.inputs_size / closing.rate, took)


class _Closing:
    """When the closing was first seen, and the rate of the rows then."""

    def __init__(self, began: float, rate: float, *, was_seen_to_begin: bool) -> None:
        self.began = began
        self.rate = rate
        self.was_seen_to_begin = was_seen_to_begin


def _pending_reason(pending: Import, is_limited: bool, in_outage: bool) -> PendingReason:
    if pending.is_waiting:
        return PendingReason.AFTER
    if in_outage:
        return PendingReason.OUTAGE
    return PendingReason.ORGANIZATION_LIMIT if is_limited else PendingReason.QUEUED


def _rows_done(snapshot: Import) -> int:
    return snapshot.counts.processed + snapshot.counts.failed
