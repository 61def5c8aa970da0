"""Requests about imports that exist: read and checked field by field."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Literal

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.commands.retry import RETRYABLE, RetryImport
from imports_service.commands.update import UpdateImport
from imports_service.domain.errors import FieldViolation, InvalidArgument
from imports_service.domain.names import parse_import_name
from imports_service.domain.rows import Outcome
from imports_service.rpc.specs import check_request_id, metadata_of
from imports_service.rpc.violations import Violations

DEFAULT_PROGRESS_INTERVAL = timedelta(milliseconds=500)
NANOSECONDS = 10**9
SHORTEST_PROGRESS = NANOSECONDS // 10
LONGEST_PROGRESS = 3_600 * NANOSECONDS

OUTCOMES = {
    pb.OUTCOME_CREATED: Outcome.CREATED,
    pb.OUTCOME_UPDATED: Outcome.UPDATED,
    pb.OUTCOME_UNCHANGED: Outcome.UNCHANGED,
    pb.OUTCOME_FAILED: Outcome.FAILED,
    pb.OUTCOME_NOT_PROCESSED: Outcome.NOT_PROCESSED,
}

ImportFile = Literal["attachment", "failed_inputs"]
FILES: dict[int, ImportFile] = {
    pb.IMPORT_FILE_ATTACHMENT: "attachment",
    pb.IMPORT_FILE_FAILED_INPUTS: "failed_inputs",
}


def update_of(request: pb.UpdateImportRequest) -> UpdateImport:
    """The change that is asked for. Raises `InvalidArgument`."""
    name = parse_import_name(request.name)
    violations = Violations()
    violations.expect_text(request.reference, "reference")
    violations.expect_text(request.reference_origin, "reference_origin")
    metadata = metadata_of(request.metadata, violations, "metadata")
    violations.refuse()
    return UpdateImport(
        name=name,
        update_mask=tuple(request.update_mask.paths),
        reference=request.reference or None,
        reference_origin=request.reference_origin or None,
        metadata=metadata,
        etag=request.etag or None,
    )


def retry_of(
    request: pb.RetryImportRequest, *, creator: str, trace_context: str | None = None
) -> RetryImport:
    """The retry that is asked for. Raises `InvalidArgument`."""
    name = parse_import_name(request.name)
    outcomes = outcomes_of(request.outcomes)
    violations = Violations()
    violations.expect(outcomes <= RETRYABLE, "outcomes", "can only be failed or not processed")
    check_request_id(request.request_id, violations, "request_id")
    violations.refuse()
    return RetryImport(
        name=name,
        outcomes=outcomes or RETRYABLE,
        creator=creator,
        request_id=request.request_id or None,
        trace_context=trace_context,
    )


def progress_interval_of(request: pb.WatchImportRequest | pb.WatchImportsRequest) -> timedelta:
    """The least time between two progress events; 500 ms when unset. Raises `InvalidArgument`."""
    if not request.HasField("progress_interval"):
        return DEFAULT_PROGRESS_INTERVAL
    given = request.progress_interval
    nanoseconds = given.seconds * NANOSECONDS + given.nanos
    if 0 <= given.nanos < NANOSECONDS and SHORTEST_PROGRESS <= nanoseconds <= LONGEST_PROGRESS:
        return timedelta(microseconds=nanoseconds // 1_000)
    raise InvalidArgument(FieldViolation("progress_interval", "must be from 100 ms to 1 h"))


def outcomes_of(outcomes: Iterable[int]) -> frozenset[Outcome]:
    """The outcomes asked for; empty means all. Raises `InvalidArgument`."""
    asked = list(outcomes)
    if unknown := [number for number in asked if number not in OUTCOMES]:
        raise InvalidArgument(FieldViolation("outcomes", f"{unknown[0]} is no outcome of a row"))
    return frozenset(OUTCOMES[pb.Outcome.ValueType(number)] for number in asked)


def start_row_of(start_row: int) -> int:
    """The first row asked for, from 1. Raises `InvalidArgument`."""
    if start_row < 0:
        raise InvalidArgument(FieldViolation("start_row", "must not be negative"))
    return max(start_row, 1)


def file_of(file: int) -> ImportFile:
    """The file asked for. Raises `InvalidArgument`."""
    if file not in FILES:
        raise InvalidArgument(FieldViolation("file", "must be the attachment or the failed inputs"))
    return FILES[file]
