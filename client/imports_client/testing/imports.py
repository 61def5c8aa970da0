"""An import as the fake holds it: its message, its rows and what became of them."""

import uuid
from collections.abc import Sequence
from datetime import timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.documents import Row

ENDED = frozenset({pb.STATUS_COMPLETED, pb.STATUS_INTERRUPTED})
RETENTION = timedelta(days=30)


def now() -> Timestamp:
    """The time, as messages have it."""
    timestamp = Timestamp()
    timestamp.GetCurrentTime()
    return timestamp


class FakeImport:
    """One import. `message` is what lists and events show; `version` grows with every change that can be seen."""

    def __init__(self, message: pb.Import, rows: list[Row], after: Sequence[str] = ()) -> None:
        """`after`: the uids of the imports that have to end first."""
        self.message = message
        self.rows = rows
        self.after = after
        self.results: list[pb.ImportResult] = []
        self.version = 1
        self.closing_reason: pb.StatusReason.ValueType | None = None
        """How it will be interrupted; None while it goes on to be completed."""

    @property
    def has_ended(self) -> bool:
        return self.message.status in ENDED

    @property
    def rows_left(self) -> int:
        return len(self.rows) - len(self.results)

    def copy(self) -> pb.Import:
        """The import as it is now, for an event or an answer."""
        copied = pb.Import()
        copied.CopyFrom(self.message)
        return copied

    def with_report(self) -> pb.Import:
        """The import with its logs and summary. The fake writes no files, so there are no URLs."""
        message = self.copy()
        summary: dict[tuple[str, str], pb.IssueSummary] = {}
        errors: dict[str, dict[str, list[str]]] = {}
        for result in self.results:
            for issue in result.issues:
                attributes = errors.setdefault(result.key, {})
                attributes.setdefault(issue.attribute or "base", []).append(issue.message)
                entry = summary.setdefault(
                    (issue.code, issue.attribute),
                    pb.IssueSummary(
                        severity=issue.severity,
                        code=issue.code,
                        attribute=issue.attribute,
                        sample_message=issue.message,
                    ),
                )
                entry.count += 1
                if len(entry.first_rows) < 5:
                    entry.first_rows.append(result.row_number)
        message.errors_log.update(errors)
        message.issue_summary.extend(summary.values())
        return message

    def start(self) -> None:
        """The first rows are taken up."""
        self.message.status = pb.STATUS_IN_PROGRESS
        self.message.started_at.CopyFrom(now())

    def finish_row(self) -> None:
        """The next row gets its outcome and is counted."""
        row, message = self.rows[len(self.results)], self.message
        result = pb.ImportResult(row_number=row.number, key=row.key)
        if row.fault is None:
            result.outcome = pb.OUTCOME_CREATED
            if not message.validate_only:
                result.resource_id = str(row.values.get("id") or uuid.uuid4().hex[:22])
            message.created_count += 1
            message.processed_count += 1
        else:
            result.outcome = pb.OUTCOME_FAILED
            result.issues.add(
                severity=pb.SEVERITY_ERROR,
                attribute=row.fault.attribute,
                code=row.fault.code,
                message=row.fault.message,
            )
            message.errors_count += 1
        self.results.append(result)

    def judge_errors(self) -> None:
        """Look whether too many rows failed: then no further row is taken up."""
        message = self.message
        if message.errors_count * 10 <= message.inputs_size:
            return
        message.threshold_exceeded = True
        if not (message.skip_errors or message.validate_only):
            self.closing_reason = pb.STATUS_REASON_TOO_MANY_ERRORS

    def end(self) -> None:
        """The import gets the status that it was going to get; the rows that are left are not processed."""
        message, at = self.message, now()
        message.not_processed_count = self.rows_left
        if self.closing_reason is None:
            message.status = pb.STATUS_COMPLETED
            message.completed_at.CopyFrom(at)
        else:
            message.status = pb.STATUS_INTERRUPTED
            message.status_reason = self.closing_reason
            message.interrupted_at.CopyFrom(at)
        message.expires_at.FromDatetime(at.ToDatetime() + RETENTION)
        self.results.extend(
            pb.ImportResult(row_number=row.number, key=f"row {row.number}", outcome=pb.OUTCOME_NOT_PROCESSED)
            for row in self.rows[len(self.results) :]
        )
