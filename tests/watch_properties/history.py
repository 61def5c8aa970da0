"""The changes of an organization's imports in the order of their commits, as the oracle has them. Shapes only."""

from collections import defaultdict
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from commerce.imports.v1 import imports_pb2 as pb

ENDED = frozenset({"completed", "interrupted"})


class Kind(StrEnum):
    """How a change is told."""

    TRANSITION = "transition"
    SNAPSHOT = "snapshot"
    DELETED = "deleted"


class Look(NamedTuple):
    """What tells an import's states apart: every change but a deletion leads to one that never was before."""

    status: str
    etag: str
    is_asked_to_end: bool


class State(NamedTuple):
    """An import at one moment. `counts`: created, updated, unchanged, failed, with warnings, not processed."""

    import_id: str
    status: str
    etag: str
    is_asked_to_end: bool
    resource_type: str
    reference: str
    counts: tuple[int, ...]

    @property
    def look(self) -> Look:
        return Look(self.status, self.etag, self.is_asked_to_end)

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED


class Change(NamedTuple):
    """One line of the log. `before` is None for a creation, `after` for a deletion."""

    number: int
    kind: Kind
    uid: str
    before: State | None
    after: State | None

    @property
    def ends(self) -> bool:
        """Whether the import ends with it."""
        return self.kind is Kind.TRANSITION and self.after is not None and self.after.has_ended

    @property
    def told(self) -> State:
        """The state that an event of it carries: of a deletion the last one."""
        state = self.after or self.before
        assert state is not None
        return state

    def __str__(self) -> str:
        state, previous = self.told, f"{self.before.status} → " if self.before else ""
        what = f"{previous}{state.status}" if self.kind is Kind.TRANSITION else state.status
        asked = ", asked to end" if state.is_asked_to_end else ""
        return (
            f"{self.number:>4} {self.uid[-4:]} {state.import_id:<6} {self.kind:<10} {what}{asked} "
            f"{state.resource_type} {state.reference!r} {state.counts}"
        )


class History:
    """The changes of one organization, in order."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self.changes = changes
        self.by_uid: dict[str, list[Change]] = defaultdict(list)
        self._by_look: dict[tuple[str, Look], Change] = {}
        for change in changes:
            self.by_uid[change.uid].append(change)
            if change.after is not None:
                self._by_look[change.uid, change.after.look] = change

    def change_of(self, event: pb.ImportEvent) -> Change | None:
        """The last change that the event's snapshot includes; a DELETED includes the deletion."""
        changes = self.by_uid.get(event.snapshot.uid)
        if not changes:
            return None
        if event.kind == pb.KIND_DELETED:
            return changes[-1] if changes[-1].kind is Kind.DELETED else None
        return self._by_look.get((event.snapshot.uid, look_of(event.snapshot)))


def look_of(message: pb.Import) -> Look:
    return Look(status_of(message), message.etag, message.HasField("interrupt_requested_at"))


def state_of(message: pb.Import) -> State:
    """The same of a message."""
    return State(
        message.name.rpartition("/")[2],
        *look_of(message),
        message.resource_type,
        message.reference,
        (
            message.created_count,
            message.updated_count,
            message.unchanged_count,
            message.errors_count,
            message.warnings_count,
            message.not_processed_count,
        ),
    )


def status_of(message: pb.Import) -> str:
    return pb.Status.Name(message.status).removeprefix("STATUS_").lower()


def matches(wanted: pb.ImportFilter, state: State | None) -> bool:
    """Whether an import in that state is one that the filter wants."""
    if state is None:
        return False
    statuses = {pb.Status.Name(status).removeprefix("STATUS_").lower() for status in wanted.statuses}
    return (
        (not statuses or state.status in statuses)
        and (not wanted.resource_types or state.resource_type in wanted.resource_types)
        and (not wanted.reference or state.reference == wanted.reference)
        and state.reference.startswith(wanted.reference_prefix)
    )


def concerns(wanted: pb.ImportFilter, change: Change) -> bool:
    """Whether watchers with the filter are told of the change: its import matches before or after it."""
    return matches(wanted, change.before) or matches(wanted, change.after)
