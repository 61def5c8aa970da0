"""What an event of a watch says of an import's end."""

from commerce.imports.v1.imports_pb2 import (
    KIND_DELETED,
    KIND_SNAPSHOT,
    KIND_TRANSITION,
    STATUS_COMPLETED,
    STATUS_INTERRUPTED,
    ImportEvent,
    Status,
)


def has_ended(status: Status.ValueType) -> bool:
    """False also for statuses of a later contract."""
    return status in {STATUS_COMPLETED, STATUS_INTERRUPTED}


def is_last(event: ImportEvent) -> bool:
    """Whether nothing comes after it in the watch of one import."""
    if event.kind == KIND_DELETED:
        return True
    return event.kind in {KIND_SNAPSHOT, KIND_TRANSITION} and has_ended(event.snapshot.status)
