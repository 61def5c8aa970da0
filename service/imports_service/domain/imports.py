"""An import as a reader may see it, and the words for its states.

Shapes only: no I/O, no clock. Counts are of rows. Times are aware datetimes in UTC from the database's clock.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec


class Format(StrEnum):
    """How the document of an import is written."""

    JSON = "json"
    CSV = "csv"


class Status(StrEnum):
    """pending → in_progress → completed | interrupted; nothing leaves the last two."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    INTERRUPTED = "interrupted"

    @property
    def has_ended(self) -> bool:
        return self in {Status.COMPLETED, Status.INTERRUPTED}


class Closing(StrEnum):
    """How an import that is being closed will end: completed, or interrupted for the reason named."""

    COMPLETED = "completed"
    REQUESTED = "requested"
    TOO_MANY_ERRORS = "too_many_errors"
    FAULT = "fault"

    @property
    def status(self) -> Status:
        return Status.COMPLETED if self is Closing.COMPLETED else Status.INTERRUPTED


class CsvOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`delimiter`: one character. `null_marker`: the cell that means null; None when no cell does."""

    delimiter: str = ","
    null_marker: str | None = None


class ImportSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller asks for, defaults filled in. Its encoding is part of what a request id stands for.

    `after`: the names of imports that have to end first.
    """

    resource_type: str
    format: Format = Format.JSON
    parent_resource_id: str | None = None
    skip_errors: bool = False
    reference: str | None = None
    reference_origin: str | None = None
    metadata: dict[str, Any] = {}
    csv_options: CsvOptions = CsvOptions()
    after: tuple[str, ...] = ()


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Rows by outcome; `warnings` counts rows that carry at least one warning, whatever their outcome."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    warnings: int = 0

    @property
    def processed(self) -> int:
        return self.created + self.updated + self.unchanged


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """One import at one moment.

    `version` grows with every change that anyone can see, so two copies can be ordered. `etag` changes only with
    UpdateImport. `validate_only`: a rehearsal, its counts say what would happen. `is_waiting`: while it is pending, it
    waits for imports of `spec.after` that have not ended. `attachment` and `failed_inputs` are names of objects, never
    URLs. Invariant: processed + failed + not_processed = inputs_size once ended, ≤ before.
    """

    organization_id: str
    uid: str
    import_id: str
    version: int
    etag: str
    spec: ImportSpec
    creator: str
    validate_only: bool = False
    is_waiting: bool = False
    status: Status
    closing: Closing | None = None
    inputs_size: int
    counts: Counts = Counts()
    not_processed_count: int = 0
    threshold_exceeded: bool = False
    attachment: str | None = None
    failed_inputs: str | None = None
    retry_of: str | None = None
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
    interrupted_at: datetime | None = None
    interrupt_requested_at: datetime | None = None
    expires_at: datetime | None = None

    @property
    def name(self) -> str:
        """The resource name, `organizations/{organization}/imports/{import}`."""
        return f"organizations/{self.organization_id}/imports/{self.import_id}"


class EventKind(StrEnum):
    """What an event records. Progress is no event: it is read from the import."""

    SNAPSHOT = "snapshot"
    TRANSITION = "transition"
    DELETED = "deleted"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded change: `seq` is its place in the organization's total order, equal to commit order.

    `previous_status` is None for the transition to pending and for kinds other than TRANSITION. `snapshot` is the
    import as it was in the transaction of the change; `previous_reference` is the reference before it.
    """

    seq: int
    kind: EventKind
    previous_status: Status | None
    previous_reference: str | None = None
    occurred_at: datetime
    snapshot: Import

    @property
    def is_last(self) -> bool:
        """Whether the import has ended or is gone with it."""
        return self.kind is EventKind.DELETED or self.snapshot.status.has_ended
