"""Which imports a list shows, and in which order: from messages to the store's words."""

from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.domain.errors import FieldViolation, InvalidArgument
from imports_service.domain.imports import Status
from imports_service.domain.names import parse_import_name
from imports_service.domain.queries import ImportFilter, ImportOrder, ImportPosition
from imports_service.domain.tokens import TokenField
from imports_service.rpc.violations import Violations

STATUSES = {
    pb.STATUS_PENDING: Status.PENDING,
    pb.STATUS_IN_PROGRESS: Status.IN_PROGRESS,
    pb.STATUS_COMPLETED: Status.COMPLETED,
    pb.STATUS_INTERRUPTED: Status.INTERRUPTED,
}
MAX_RESOURCE_TYPES = 100

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def filter_of(asked: pb.ImportFilter) -> ImportFilter:
    """The conditions of a list. Raises `InvalidArgument` naming every field that is wrong."""
    violations = Violations()
    known = frozenset(STATUSES)
    for number in asked.statuses:
        violations.expect_known(number, known, "filter.statuses")
    violations.expect(
        len(asked.resource_types) <= MAX_RESOURCE_TYPES,
        "filter.resource_types",
        f"has more than {MAX_RESOURCE_TYPES} values",
    )
    for resource_type in asked.resource_types:
        violations.expect_text(resource_type, "filter.resource_types")
    violations.expect_text(asked.reference, "filter.reference")
    violations.expect_text(asked.reference_prefix, "filter.reference_prefix")
    since = _time_of(asked, "created_since", violations)
    before = _time_of(asked, "created_before", violations)
    violations.refuse()
    return ImportFilter(
        statuses=tuple(STATUSES[number] for number in asked.statuses),
        resource_types=tuple(asked.resource_types),
        reference=asked.reference or None,
        reference_prefix=asked.reference_prefix or None,
        retry_of=str(parse_import_name(asked.retry_of, field="filter.retry_of")) if asked.retry_of else None,
        validate_only=asked.validate_only if asked.HasField("validate_only") else None,
        with_errors=asked.with_errors if asked.HasField("with_errors") else None,
        created_since=since,
        created_before=before,
    )


def order_of(order_by: str) -> ImportOrder:
    """The order of a list; newest first when empty. Raises `InvalidArgument`."""
    if not order_by:
        return ImportOrder.NEWEST_FIRST
    try:
        return ImportOrder(" ".join(order_by.split()))
    except ValueError:
        orders = ", ".join(f"`{order}`" for order in ImportOrder)
        raise InvalidArgument(FieldViolation("order_by", f"must be one of {orders}")) from None


def fields_of(position: ImportPosition) -> tuple[TokenField, ...]:
    """The position as fields of a token."""
    return ((position.created_at - _EPOCH) // _MICROSECOND, position.inputs_size, position.uid)


def position_after(fields: tuple[TokenField, ...]) -> ImportPosition:
    """The position of a token's fields, as `fields_of` gave them."""
    microseconds, inputs_size, uid = fields
    return ImportPosition(
        created_at=_EPOCH + int(microseconds) * _MICROSECOND, inputs_size=int(inputs_size), uid=str(uid)
    )


def _time_of(asked: pb.ImportFilter, field: str, violations: Violations) -> datetime | None:
    if not asked.HasField(field):  # type: ignore[arg-type]
        return None
    timestamp: Timestamp = getattr(asked, field)
    try:
        return timestamp.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        violations.expect(False, f"filter.{field}", "is no moment between the years 1 and 9999")
        return None
