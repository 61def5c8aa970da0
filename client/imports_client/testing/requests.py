"""Checks of a request's fields, all of them before anything is done."""

from collections.abc import Sequence
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToJson

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.names import is_import_id, is_resource_id, parse_name
from imports_client.testing.refused import Refused, invalid
from imports_client.testing.resource_types import RESOURCE_TYPES

MAX_TEXT_CHARACTERS = 255
MAX_METADATA_BYTES = 64 * 1024
MAX_AFTER = 10
STATUSES = frozenset(pb.Status.values()) - {pb.STATUS_UNSPECIFIED}
OUTCOMES = frozenset(pb.Outcome.values()) - {pb.OUTCOME_UNSPECIFIED}
DEFAULT_PROGRESS_SECONDS = 0.5


def check_creation(request: pb.CreateImportRequest, organization: str, at: str = "") -> None:
    """Refuse what is wrong with the fields of a creation in the organization; `at` is its path in the message
    (`header.`)."""
    spec = request.spec
    if request.import_id and not is_import_id(request.import_id):
        raise invalid(f"{at}import_id", "must be 1 to 63 of a-z, 0-9 and `-`, with no `-` at either end")
    check_request_id(request.request_id, f"{at}request_id")
    if len(request.document_sha256) not in {0, 32}:
        raise invalid(f"{at}document_sha256", "must be 32 bytes")
    if spec.format not in pb.Format.values():
        raise invalid(f"{at}spec.format", f"{spec.format} is no format")
    if spec.parent_resource_id and not is_resource_id(spec.parent_resource_id):
        raise invalid(f"{at}spec.parent_resource_id", "must be 1 to 64 of A-Z, a-z, 0-9, `_` and `-`")
    if spec.cleanup_records:
        raise invalid(f"{at}spec.cleanup_records", "is not supported")
    if spec.HasField("csv_options") and spec.format != pb.FORMAT_CSV:
        raise invalid(f"{at}spec.csv_options", "goes with FORMAT_CSV only")
    check_notes(spec, f"{at}spec.")
    check_after(spec.after, organization, f"{at}spec.after")
    if spec.resource_type not in RESOURCE_TYPES:
        raise invalid(
            f"{at}spec.resource_type",
            f"{spec.resource_type!r} is no resource type",
            reason="RESOURCE_TYPE_UNKNOWN",
        )


def check_after(names: Sequence[str], organization: str, at: str) -> None:
    """Refuse what are not names of at most 10 imports of the organization, each named once."""
    if len(names) > MAX_AFTER:
        raise invalid(at, f"has more than {MAX_AFTER} names")
    for place, name in enumerate(names):
        if parse_name(name, f"{at}[{place}]").organization != organization:
            raise invalid(f"{at}[{place}]", "is an import of another organization")
        if name in names[:place]:
            raise invalid(f"{at}[{place}]", "is named twice")


def check_notes(noted: pb.ImportSpec | pb.UpdateImportRequest, at: str = "") -> None:
    """Refuse a reference, an origin or metadata out of bounds."""
    check_text(noted.reference, f"{at}reference")
    check_text(noted.reference_origin, f"{at}reference_origin")
    if len(MessageToJson(noted.metadata, indent=None)) > MAX_METADATA_BYTES:
        raise invalid(f"{at}metadata", f"takes more than {MAX_METADATA_BYTES} bytes as JSON")


def check_text(text: str, field: str) -> None:
    """Refuse a text that is too long or cannot be kept."""
    if len(text) > MAX_TEXT_CHARACTERS:
        raise invalid(field, f"is longer than {MAX_TEXT_CHARACTERS} characters")
    if "\0" in text:
        raise invalid(field, "holds a NUL character")


def check_request_id(request_id: str, field: str = "request_id") -> None:
    """Refuse what is not empty and not 1 to 64 printable ASCII characters."""
    if len(request_id) > 64 or not all(" " <= character <= "~" for character in request_id):
        raise invalid(field, "must be 1 to 64 printable ASCII characters")


def check_filter(asked: pb.ImportFilter) -> None:
    """Refuse values that no import can have."""
    for status in asked.statuses:
        if status not in STATUSES:
            raise invalid("filter.statuses", f"{status} is none of the values that can be asked for")
    if len(asked.resource_types) > 100:
        raise invalid("filter.resource_types", "has more than 100 values")
    check_text(asked.reference, "filter.reference")
    check_text(asked.reference_prefix, "filter.reference_prefix")
    if asked.retry_of:
        parse_name(asked.retry_of, "filter.retry_of")


def outcomes_of(request: pb.RetryImportRequest | pb.ListImportResultsRequest) -> frozenset[int]:
    """The outcomes asked for; empty means all."""
    for outcome in request.outcomes:
        if outcome not in OUTCOMES:
            raise invalid("outcomes", f"{outcome} is no outcome of a row")
    return frozenset(request.outcomes)


def page_size_of(page_size: int) -> int:
    """How many items a page may have."""
    if page_size < 0:
        raise invalid("page_size", "must not be negative")
    return min(page_size or 50, 1_000)


def progress_seconds_of(request: pb.WatchImportRequest | pb.WatchImportsRequest) -> float:
    """The least time between two PROGRESS events."""
    if not request.HasField("progress_interval"):
        return DEFAULT_PROGRESS_SECONDS
    interval: Duration = request.progress_interval
    seconds = interval.seconds + interval.nanos / 1e9
    if 0 <= interval.nanos < 1e9 and 0.1 <= seconds <= timedelta(hours=1).total_seconds():
        return seconds
    raise invalid("progress_interval", "must be from 100 ms to 1 h")


def invalid_resume_token() -> Refused:
    """The refusal of a token that is none of this watch."""
    return invalid("resume_token", "is not a token of this watch", reason="RESUME_TOKEN_INVALID")


def invalid_page_token() -> Refused:
    """The refusal of a token that is none of this list."""
    return invalid("page_token", "is not a token of this list with these fields", reason="PAGE_TOKEN_INVALID")
