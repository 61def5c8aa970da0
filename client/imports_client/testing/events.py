"""Messages of a watch."""

import time

from google.protobuf.timestamp_pb2 import Timestamp

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.imports import now
from imports_client.testing.world import Recorded, Standing


def event_of(recorded: Recorded, token: str, standing: Standing) -> pb.ImportEvent:
    """A recorded event, as it was in the moment of the change."""
    return _event(
        recorded.kind,
        token,
        at=recorded.at,
        snapshot=recorded.after,
        previous_status=recorded.previous_status,
        progress=progress_of(recorded.after, standing),
    )


def state_event(
    kind: pb.Kind.ValueType, token: str, message: pb.Import, standing: Standing
) -> pb.ImportEvent:
    """The import as it is now: SNAPSHOT or PROGRESS."""
    return _event(kind, token, at=now(), snapshot=message, progress=progress_of(message, standing))


def bare_event(kind: pb.Kind.ValueType, token: str) -> pb.ImportEvent:
    """HEARTBEAT or SYNCED."""
    return _event(kind, token, at=now())


def progress_of(message: pb.Import, standing: Standing) -> pb.Progress:
    """How far the import is, judged by its message and, while it is pending, by how it stands."""
    rows = message.processed_count + message.errors_count
    progress = pb.Progress(percent=100.0 * rows / message.inputs_size)
    if message.status == pb.STATUS_PENDING:
        progress.pending_reason = pb.PENDING_REASON_AFTER if standing.is_waiting else pb.PENDING_REASON_QUEUED
        progress.queue_position = standing.ahead
    elif message.status == pb.STATUS_IN_PROGRESS and rows:
        seconds = max(1e-3, time.time() - message.started_at.ToNanoseconds() / 1e9)
        progress.rows_per_second = rows / seconds
        progress.eta.FromNanoseconds(round((message.inputs_size - rows) * seconds / rows * 1e9))
    return progress


def _event(
    kind: pb.Kind.ValueType,
    token: str,
    *,
    at: Timestamp,
    snapshot: pb.Import | None = None,
    previous_status: pb.Status.ValueType = pb.STATUS_UNSPECIFIED,
    progress: pb.Progress | None = None,
) -> pb.ImportEvent:
    return pb.ImportEvent(
        kind=kind,
        resume_token=token,
        occurred_at=at,
        snapshot=snapshot,
        previous_status=previous_status,
        progress=progress,
    )
