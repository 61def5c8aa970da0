"""What an error of the service says beyond its status: the reason to branch on, the fields that are wrong,
and when to try again."""

from dataclasses import dataclass, field

import grpc
from google.protobuf.any_pb2 import Any
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

DOMAIN = "imports.commerce"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused call. `reason` is empty when the error is not the service's own (a lost connection, for
    instance)."""

    code: grpc.StatusCode
    message: str
    reason: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    violations: tuple[tuple[str, str], ...] = ()
    """Pairs of a field's path in the request and what is wrong with it."""
    retry_after_seconds: float | None = None


def refusal_of(error: grpc.aio.AioRpcError) -> Refusal:
    """Read the details of an error; one without details gives its code and message."""
    reason, facts, violations, retry_after = "", {}, [], None
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # it has all that is read
    for detail in status.details if status else ():
        info, bad_request, retry = ErrorInfo(), BadRequest(), RetryInfo()
        if detail.Unpack(info):
            reason, facts = info.reason, dict(info.metadata)
        elif detail.Unpack(bad_request):
            violations += [(each.field, each.description) for each in bad_request.field_violations]
        elif detail.Unpack(retry):
            retry_after = retry.retry_delay.ToTimedelta().total_seconds()
    return Refusal(error.code(), error.details() or "", reason, facts, tuple(violations), retry_after)


def field_refused(field: str, fault: str) -> grpc.aio.AioRpcError:
    """The error with which the service would refuse a field, for what need not be asked."""
    code = grpc.StatusCode.INVALID_ARGUMENT
    status = Status(code=code.value[0], message=f"{field}: {fault}")
    violation = BadRequest.FieldViolation(field=field, description=fault)
    for detail in (
        ErrorInfo(reason="FIELD_INVALID", domain=DOMAIN),
        BadRequest(field_violations=[violation]),
    ):
        packed = Any()
        packed.Pack(detail)
        status.details.append(packed)
    trailing = grpc.aio.Metadata(*rpc_status.to_status(status).trailing_metadata)
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailing, details=status.message)
