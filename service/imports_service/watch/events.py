"""What a watch tells: one value per message, and one value for all watchers who are told the same."""

from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from imports_service.domain.imports import Event, Import, Status


class WatchKind(StrEnum):
    """The kinds of `ImportEvent`, by their names."""

    SNAPSHOT = "snapshot"
    TRANSITION = "transition"
    PROGRESS = "progress"
    SYNCED = "synced"
    HEARTBEAT = "heartbeat"
    DELETED = "deleted"


class PendingReason(StrEnum):
    """Why an import has not started yet."""

    QUEUED = "queued"
    ORGANIZATION_LIMIT = "organization_limit"
    AFTER = "after"
    OUTAGE = "outage"


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far an import is.

    `percent`: 0 to 100. `eta`: None while no rate is known. `queue_position`: how many imports of the
    organization come before it while it is pending.
    """

    rows_per_second: float
    percent: float
    eta: timedelta | None
    pending_reason: PendingReason | None
    queue_position: int = 0


class WatchEvent(msgspec.Struct, kw_only=True):
    """One message of a watch, never changed once it is told.

    `token` resumes after this event. `snapshot` is None for SYNCED and HEARTBEAT only. `previous_status`
    comes with TRANSITION and is None for the one to pending. `progress` comes with every snapshot.
    """

    kind: WatchKind
    token: str
    occurred_at: datetime
    snapshot: Import | None = None
    previous_status: Status | None = None
    progress: Progress | None = None
    rendered: bytes | None = None


class Recorded:
    """A recorded event as this process has read it, and the messages that tell it: one for each kind of watch."""

    __slots__ = ("_told", "event", "progress")

    def __init__(self, event: Event, progress: Progress) -> None:
        self.event = event
        self.progress = progress
        self._told: dict[Hashable, WatchEvent] = {}

    def told(self, audience: Hashable, token: Callable[[], str]) -> WatchEvent:
        """The message for watchers who all have the same token after the event; `audience` says which they are."""
        told = self._told.get(audience)
        if told is None:
            told = self._told[audience] = WatchEvent(
                kind=WatchKind(self.event.kind.value),
                token=token(),
                occurred_at=self.event.occurred_at,
                snapshot=self.event.snapshot,
                previous_status=self.event.previous_status,
                progress=self.progress,
            )
        return told
