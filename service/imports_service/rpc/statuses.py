"""Domain errors as `google.rpc.Status`: code, reason, facts and paths of fields, small enough to travel.

Says nothing that the error does not say: an error that is none of ours has no text here.
"""

from collections.abc import Iterator

from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc import StatusCode

from imports_service.domain import errors

ERROR_DOMAIN = "imports.commerce"

STATUS_OF_KIND: dict[type[errors.ImportsError], StatusCode] = {
    errors.InvalidArgument: StatusCode.INVALID_ARGUMENT,
    errors.NotFound: StatusCode.NOT_FOUND,
    errors.AlreadyExists: StatusCode.ALREADY_EXISTS,
    errors.Conflict: StatusCode.ABORTED,
    errors.FailedPrecondition: StatusCode.FAILED_PRECONDITION,
    errors.OutOfRange: StatusCode.OUT_OF_RANGE,
    errors.Exhausted: StatusCode.RESOURCE_EXHAUSTED,
    errors.Unavailable: StatusCode.UNAVAILABLE,
    errors.ImportsError: StatusCode.INTERNAL,
}

# Details travel in trailers, and a client drops a call whose trailers exceed 8 KiB. Base64 makes 4 of 3
# bytes, and a character beyond ASCII takes up to 12 in `grpc-message`.
MAX_MESSAGE_BYTES = 256
MAX_FACT_BYTES = 160
MAX_VIOLATIONS = 8


def status_of(error: errors.ImportsError) -> StatusCode:
    """The status of the error's nearest ancestor in `STATUS_OF_KIND`."""
    return next(STATUS_OF_KIND[kind] for kind in type(error).__mro__ if kind in STATUS_OF_KIND)


def rich_status(error: errors.ImportsError) -> status_pb2.Status:
    """The error as `google.rpc.Status`: code, message and details, small enough for trailers."""
    status = status_pb2.Status(
        code=_number_of(status_of(error)), message=_shortened(str(error), MAX_MESSAGE_BYTES)
    )
    for detail in _details(error):
        status.details.add().Pack(detail)
    return status


def _details(error: errors.ImportsError) -> Iterator[Message]:
    yield error_details_pb2.ErrorInfo(
        reason=error.reason,
        domain=ERROR_DOMAIN,
        metadata={name: _shortened(fact, MAX_FACT_BYTES) for name, fact in error.facts.items()},
    )
    if isinstance(error, errors.InvalidArgument):
        yield error_details_pb2.BadRequest(
            field_violations=[
                error_details_pb2.BadRequest.FieldViolation(
                    field=_shortened(violation.field, MAX_FACT_BYTES),
                    description=_shortened(violation.description, MAX_MESSAGE_BYTES),
                )
                for violation in error.violations[:MAX_VIOLATIONS]
            ]
        )
    if isinstance(error, errors.Exhausted):
        yield error_details_pb2.QuotaFailure(
            violations=[
                error_details_pb2.QuotaFailure.Violation(
                    subject=error.subject, description=_shortened(str(error), MAX_MESSAGE_BYTES)
                )
            ]
        )
    if isinstance(error, errors.Exhausted | errors.Unavailable):
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromNanoseconds(round(error.retry_after_seconds * 1e9))
        yield retry


def _number_of(code: StatusCode) -> code_pb2.Code.ValueType:
    return code_pb2.Code.Value(code.name)


def name_of(status: status_pb2.Status) -> str:
    """The status code's name, such as NOT_FOUND."""
    return str(code_pb2.Code.Name(code_pb2.Code.ValueType(status.code)))


def _shortened(text: str, most_bytes: int) -> str:
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= most_bytes:
        return encoded.decode()
    return encoded[: most_bytes - 3].decode(errors="ignore") + "…"


def refusal_in(error: BaseException) -> errors.ImportsError | None:
    """The domain error that it is, or the first of a task group's; None when a bug is among them."""
    if isinstance(error, BaseExceptionGroup):
        refusals = [refusal_in(inner) for inner in error.exceptions]
        return refusals[0] if all(refusals) else None
    return error if isinstance(error, errors.ImportsError) else None
