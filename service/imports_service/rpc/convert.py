"""Imports, their events and their results as messages. Nothing is decided here.

An `Import` in lists and events goes without URLs, logs and summary: `message_of_import` alone makes that
one, and `add_report` adds what GetImport shows besides.
"""

from datetime import datetime

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from msgspec import UNSET

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.domain.imports import Closing, Format, Import, Status
from imports_service.domain.outcomes import RowResult
from imports_service.domain.report import Report
from imports_service.domain.row_changes import RowChange
from imports_service.domain.rows import Code, Issue, Outcome
from imports_service.rpc.structs import struct_of, value_of
from imports_service.watch.events import PendingReason, Progress, WatchEvent, WatchKind

FORMATS = {Format.JSON: pb.FORMAT_JSON, Format.CSV: pb.FORMAT_CSV}
STATUSES = {
    Status.PENDING: pb.STATUS_PENDING,
    Status.IN_PROGRESS: pb.STATUS_IN_PROGRESS,
    Status.COMPLETED: pb.STATUS_COMPLETED,
    Status.INTERRUPTED: pb.STATUS_INTERRUPTED,
}
REASONS = {
    Closing.REQUESTED: pb.STATUS_REASON_REQUESTED,
    Closing.TOO_MANY_ERRORS: pb.STATUS_REASON_TOO_MANY_ERRORS,
    Closing.FAULT: pb.STATUS_REASON_FAULT,
}
OUTCOMES = {
    Outcome.CREATED: pb.OUTCOME_CREATED,
    Outcome.UPDATED: pb.OUTCOME_UPDATED,
    Outcome.UNCHANGED: pb.OUTCOME_UNCHANGED,
    Outcome.FAILED: pb.OUTCOME_FAILED,
    Outcome.NOT_PROCESSED: pb.OUTCOME_NOT_PROCESSED,
}
KINDS = {
    WatchKind.SNAPSHOT: pb.KIND_SNAPSHOT,
    WatchKind.TRANSITION: pb.KIND_TRANSITION,
    WatchKind.PROGRESS: pb.KIND_PROGRESS,
    WatchKind.SYNCED: pb.KIND_SYNCED,
    WatchKind.HEARTBEAT: pb.KIND_HEARTBEAT,
    WatchKind.DELETED: pb.KIND_DELETED,
}
PENDING_REASONS = {
    PendingReason.QUEUED: pb.PENDING_REASON_QUEUED,
    PendingReason.ORGANIZATION_LIMIT: pb.PENDING_REASON_ORGANIZATION_LIMIT,
    PendingReason.AFTER: pb.PENDING_REASON_AFTER,
    PendingReason.OUTAGE: pb.PENDING_REASON_OUTAGE,
}


def message_of_import(found: Import) -> pb.Import:
    """The import as lists and events show it."""
    spec, counts = found.spec, found.counts
    message = pb.Import(
        name=found.name,
        uid=found.uid,
        etag=found.etag,
        resource_type=spec.resource_type,
        format=FORMATS[spec.format],
        parent_resource_id=spec.parent_resource_id or "",
        skip_errors=spec.skip_errors,
        reference=spec.reference or "",
        reference_origin=spec.reference_origin or "",
        after=spec.after,
        validate_only=found.validate_only,
        status=STATUSES[found.status],
        inputs_size=found.inputs_size,
        processed_count=counts.processed,
        created_count=counts.created,
        updated_count=counts.updated,
        unchanged_count=counts.unchanged,
        errors_count=counts.failed,
        warnings_count=counts.warnings,
        not_processed_count=found.not_processed_count,
        retry_of=found.retry_of or "",
        creator=found.creator,
        created_at=_timestamp(found.created_at),
        updated_at=_timestamp(found.updated_at),
        started_at=_timestamp(found.started_at),
        completed_at=_timestamp(found.completed_at),
        interrupted_at=_timestamp(found.interrupted_at),
        interrupt_requested_at=_timestamp(found.interrupt_requested_at),
        expires_at=_timestamp(found.expires_at),
        threshold_exceeded=found.threshold_exceeded,
    )
    if found.status is Status.INTERRUPTED and found.closing is not None:
        message.status_reason = REASONS[found.closing]
    if spec.metadata:
        message.metadata.CopyFrom(struct_of(spec.metadata))
    if spec.format is Format.CSV:
        message.csv_options.delimiter = spec.csv_options.delimiter
        if spec.csv_options.null_marker is not None:
            message.csv_options.null_marker = spec.csv_options.null_marker
    return message


def add_report(message: pb.Import, report: Report) -> None:
    """Put the logs and the summary into the import's message."""
    message.errors_log.CopyFrom(struct_of(report.errors_log))
    message.errors_log_truncated = report.errors_log_truncated
    message.warnings_log.CopyFrom(struct_of(report.warnings_log))
    message.warnings_log_truncated = report.warnings_log_truncated
    message.issue_summary.extend(
        pb.IssueSummary(
            severity=_severity(entry.code),
            code=entry.code,
            attribute=entry.attribute,
            count=entry.count,
            first_rows=entry.first_rows,
            sample_message=entry.sample_message,
        )
        for entry in report.summary
    )
    message.issue_summary_truncated = report.summary_truncated


def message_of_event(event: WatchEvent) -> pb.ImportEvent:
    """One event of a watch."""
    message = pb.ImportEvent(
        resume_token=event.token, kind=KINDS[event.kind], occurred_at=_timestamp(event.occurred_at)
    )
    if event.snapshot is not None:
        message.snapshot.CopyFrom(message_of_import(event.snapshot))
    if event.previous_status is not None:
        message.previous_status = STATUSES[event.previous_status]
    if event.progress is not None:
        message.progress.CopyFrom(_progress(event.progress))
    return message


def rendered(event: WatchEvent) -> bytes:
    """The event as it goes over the wire; made once for all watchers who are told the same."""
    if event.rendered is None:
        event.rendered = message_of_event(event).SerializeToString()
    return event.rendered


def _progress(progress: Progress) -> pb.Progress:
    message = pb.Progress(
        rows_per_second=progress.rows_per_second,
        percent=progress.percent,
        queue_position=progress.queue_position,
    )
    if progress.eta is not None:
        eta = Duration()
        eta.FromTimedelta(progress.eta)
        message.eta.CopyFrom(eta)
    if progress.pending_reason is not None:
        message.pending_reason = PENDING_REASONS[progress.pending_reason]
    return message


def message_of_result(result: RowResult) -> pb.ImportResult:
    """What became of one row."""
    return pb.ImportResult(
        row_number=result.row_number,
        key=result.key,
        outcome=OUTCOMES[result.outcome],
        resource_id=result.resource_id,
        issues=[_issue(issue) for issue in result.issues],
        changes=[_change(change) for change in result.changes],
    )


def _change(change: RowChange) -> pb.Change:
    message = pb.Change(attribute=change.attribute)
    if change.old is not UNSET:
        message.old_value.CopyFrom(value_of(change.old))
    if change.new is not UNSET:
        message.new_value.CopyFrom(value_of(change.new))
    return message


def _issue(issue: Issue) -> pb.Issue:
    return pb.Issue(
        severity=_severity(issue.code), attribute=issue.attribute, code=issue.code, message=issue.message
    )


def _severity(code: Code) -> pb.Severity.ValueType:
    return pb.SEVERITY_WARNING if code.is_warning else pb.SEVERITY_ERROR


def _timestamp(at: datetime | None) -> Timestamp | None:
    if at is None:
        return None
    timestamp = Timestamp()
    timestamp.FromDatetime(at)
    return timestamp
