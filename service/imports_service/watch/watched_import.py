"""One import as a process knows it while somebody watches it: read once, told to all."""

from collections.abc import Callable, Hashable
from datetime import datetime, timedelta

from imports_service.domain.imports import Event, EventKind, Import, Status
from imports_service.store.watches import Reading
from imports_service.watch.alarm import Alarm
from imports_service.watch.closings import Closings
from imports_service.watch.events import Progress, Recorded, WatchEvent, WatchKind
from imports_service.watch.progress import ProgressMeter
from imports_service.watch.window import Window

EVENTS_KEPT = 16
AUDIENCES_KEPT = 16
ETA_TOLERANCE = timedelta(seconds=1)


class WatchedImport:
    """`snapshot`: the newest that was read, None when it is gone. `window`: its last events.

    `edition` counts what PROGRESS has had to tell. `watchers`: the alarms of those who watch this import alone, each
    with the moment from which it may be told progress.
    """

    def __init__(
        self,
        reading: Reading,
        seq: int,
        ahead: int,
        closings: Closings,
        *,
        is_limited: bool = False,
        in_outage: bool = False,
    ) -> None:
        self.uid = reading.snapshot.uid
        self.snapshot: Import | None = reading.snapshot
        self.at = reading.at
        self.window = Window(seq, size=EVENTS_KEPT)
        self.watchers: dict[Alarm, float] = {}
        self.ahead = ahead
        self.is_limited = is_limited
        self.in_outage = in_outage
        self.edition = 0
        self._meter = ProgressMeter(closings)
        self._measured = self._read(reading.snapshot, reading.at)
        self._told: dict[Hashable, WatchEvent] = {}

    @property
    def is_live(self) -> bool:
        """Whether it may still change."""
        return self.snapshot is not None and not self.snapshot.status.has_ended

    @property
    def version(self) -> int:
        """That of the newest state; 0 when it is gone."""
        return self.snapshot.version if self.snapshot is not None else 0

    @property
    def is_pending(self) -> bool:
        return self.snapshot is not None and self.snapshot.status is Status.PENDING

    def has_recorded_more(self, snapshot: Import) -> bool:
        """Whether events that have not been read lie between what is known and the snapshot.

        Recorded changes are those of the status, of what UpdateImport changes, and the request to interrupt.
        """
        known = self.snapshot
        return known is not None and _recorded_state(known) != _recorded_state(snapshot)

    def update(self, reading: Reading) -> bool:
        """Take over a newer state; False when it is not newer."""
        if self.snapshot is None or reading.snapshot.version <= self.snapshot.version:
            return False
        self.snapshot, self.at = reading
        self._measure(self._read(self.snapshot, self.at))
        return True

    def measure_again(self, at: datetime) -> bool:
        """Judge the same state by a later time: an import that stalls, or takes its time to close, tells by silence.

        False when that only confirms what watchers have been told.
        """
        if self.snapshot is None or self.snapshot.status is not Status.IN_PROGRESS or at <= self.at:
            return False
        measured = self._read(self.snapshot, at)
        if not _differs(self._measured, measured, elapsed=at - self.at):
            return False
        self.at = at
        self._measure(measured)
        return True

    def record(self, event: Event) -> Recorded:
        """Take over the next event of this import, and wake its watchers to tell it."""
        recorded = Recorded(event, self._read(event.snapshot, event.occurred_at))
        self.window.add(recorded)
        if event.kind is EventKind.DELETED:
            self.snapshot = None
        else:
            self.update(Reading(event.snapshot, event.occurred_at))
        for alarm in self.watchers:
            alarm.ring()
        return recorded

    def move_to(self, ahead: int, *, is_limited: bool) -> bool:
        """Take over the place in the queue; False when it is the same."""
        if (ahead, is_limited) == (self.ahead, self.is_limited) or self.snapshot is None:
            return False
        self.ahead, self.is_limited = ahead, is_limited
        self._measure(self._read(self.snapshot, self.at))
        return True

    def hold_up(self, *, in_outage: bool) -> bool:
        """Take over whether nothing starts; False when that is the same, or nothing to this import."""
        if in_outage == self.in_outage:
            return False
        self.in_outage = in_outage
        if self.snapshot is None or not self.is_pending or self.snapshot.is_waiting:
            return False
        self._measure(self._read(self.snapshot, self.at))
        return True

    def _read(self, snapshot: Import, at: datetime) -> Progress:
        return self._measured_by(self._meter, snapshot, at)

    def _measured_by(self, meter: ProgressMeter, snapshot: Import, at: datetime) -> Progress:
        return meter.read(
            snapshot, at, ahead=self.ahead, is_limited=self.is_limited, in_outage=self.in_outage
        )

    def _measure(self, measured: Progress) -> None:
        self._measured = measured
        self.edition += 1
        self._told.clear()

    @property
    def reading(self) -> Reading:
        """The newest state. Only of an import that is not gone."""
        if self.snapshot is None:
            raise AssertionError(f"{self.uid} is gone")
        return Reading(self.snapshot, self.at)

    def told(
        self, kind: WatchKind, reading: Reading, audience: Hashable, token: Callable[[], str]
    ) -> WatchEvent:
        """The message of a state that no event records, for watchers who all have the same token after it.

        `audience` says which they are.
        """
        audience = kind, audience, reading.snapshot.version
        told = self._told.get(audience)
        progress = self._progress_of(reading)
        if told is None or told.progress != progress:
            told = WatchEvent(
                kind=kind,
                token=token(),
                occurred_at=reading.at,
                snapshot=reading.snapshot,
                progress=progress,
            )
            if len(self._told) >= AUDIENCES_KEPT:
                self._told.clear()
            self._told[audience] = told
        return told

    def _progress_of(self, reading: Reading) -> Progress:
        if self.snapshot is not None and reading.snapshot.version == self.snapshot.version:
            return self._measured
        return self._measured_by(ProgressMeter(), reading.snapshot, reading.at)

    def ring_for_progress(self) -> None:
        """Wake each watcher as soon as it may be told progress."""
        for alarm, due in self.watchers.items():
            alarm.ring_at(due)


def _differs(told: Progress, measured: Progress, *, elapsed: timedelta) -> bool:
    """Whether the time left is another one than watchers can count down to by themselves."""
    if told.eta is None or measured.eta is None:
        return told.eta is not measured.eta
    expected = max(timedelta(0), told.eta - elapsed)
    return abs(measured.eta - expected) > max(ETA_TOLERANCE, expected / 10)


def _recorded_state(snapshot: Import) -> tuple[object, ...]:
    return snapshot.status, snapshot.etag, snapshot.interrupt_requested_at
