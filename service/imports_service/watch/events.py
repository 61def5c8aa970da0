"""What a watch tells: one value per message. Shapes only."""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from imports_service.domain.imports import Import, Status


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


class WatchEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a watch.

    `token` resumes after this event. `snapshot` is None for SYNCED and HEARTBEAT only. `previous_status`
    comes with TRANSITION and is None for the one to pending. `progress` comes with every snapshot.
    """

    kind: WatchKind
    token: str
    occurred_at: datetime
    snapshot: Import | None = None
    previous_status: Status | None = None
    progress: Progress | None = None
