"""How fast an import goes: rows per second over the last seconds, and from that the time left."""

from collections import deque
from datetime import datetime, timedelta

from imports_service.domain.imports import Import, Status
from imports_service.watch.events import PendingReason, Progress

WINDOW_SECONDS = 10.0


class ProgressMeter:
    """Fed with what a watcher reads of one import; `now` is a monotonic clock in seconds."""

    def __init__(self) -> None:
        self._readings: deque[tuple[float, int]] = deque()

    def read(self, snapshot: Import, at: datetime, *, ahead: int) -> Progress:
        """The progress of the snapshot, judged by it and by those given within the window before.

        `ahead`: how many imports come before it while it is pending.
        """
        now = at.timestamp()
        rows = snapshot.counts.processed + snapshot.counts.failed
        self._readings.append((now, rows))
        # the oldest reading kept may be older than the window: a segment can take longer than that
        while len(self._readings) > 2 and self._readings[1][0] <= now - WINDOW_SECONDS:
            self._readings.popleft()
        began, rows_then = self._readings[0]
        rate = max(0.0, (rows - rows_then) / (now - began)) if now > began else 0.0
        pending = snapshot.status is Status.PENDING
        running = snapshot.status is Status.IN_PROGRESS
        return Progress(
            rows_per_second=rate if running else 0.0,
            percent=100.0 * rows / snapshot.inputs_size,
            eta=timedelta(seconds=(snapshot.inputs_size - rows) / rate) if running and rate > 0 else None,
            pending_reason=PendingReason.QUEUED if pending else None,
            queue_position=ahead if pending else 0,
        )
