"""What the fake refuses a call with: a status with the details that the contract promises."""

from collections.abc import Iterator

import grpc
from google.protobuf.message import Message
from google.rpc.code_pb2 import Code
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, QuotaFailure, RetryInfo
from google.rpc.status_pb2 import Status as RpcStatus
from grpc_status import rpc_status

DOMAIN = "imports.commerce"


class Refused(Exception):
    """Ends a call. `violations`: pairs of a field's path and what is wrong with it; `subject`: whose quota it is."""

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: str,
        message: str,
        *,
        violations: tuple[tuple[str, str], ...] = (),
        retry_seconds: float | None = None,
        subject: str = "",
        facts: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.violations = violations
        self.retry_seconds = retry_seconds
        self.subject = subject
        self.facts = facts or {}

    def to_status(self) -> grpc.Status:
        """The status as gRPC sends it."""
        status = RpcStatus(code=Code.Value(self.code.name), message=str(self))
        for detail in self._details():
            status.details.add().Pack(detail)
        return rpc_status.to_status(status)

    def _details(self) -> Iterator[Message]:
        yield ErrorInfo(reason=self.reason, domain=DOMAIN, metadata=self.facts)
        if self.violations:
            yield BadRequest(
                field_violations=[
                    BadRequest.FieldViolation(field=field, description=description)
                    for field, description in self.violations
                ]
            )
        if self.subject:
            violation = QuotaFailure.Violation(subject=self.subject, description=str(self))
            yield QuotaFailure(violations=[violation])
        if self.retry_seconds is not None:
            retry = RetryInfo()
            retry.retry_delay.FromNanoseconds(round(self.retry_seconds * 1e9))
            yield retry


def invalid(field: str, description: str, *, reason: str = "FIELD_INVALID", **facts: str) -> Refused:
    """The refusal of one field of the request."""
    return Refused(
        grpc.StatusCode.INVALID_ARGUMENT,
        reason,
        f"{field}: {description}",
        violations=((field, description),),
        facts=facts,
    )


def not_found(name: str) -> Refused:
    """The refusal of an import that is not there."""
    return Refused(grpc.StatusCode.NOT_FOUND, "IMPORT_NOT_FOUND", f"there is no {name}", facts={"name": name})


def precondition(reason: str, message: str, name: str) -> Refused:
    """The refusal of what cannot be done with the import as it stands."""
    return Refused(grpc.StatusCode.FAILED_PRECONDITION, reason, message, facts={"name": name})


def already_exists(reason: str, message: str, **facts: str) -> Refused:
    """The refusal of a name or request id that stands for something else."""
    return Refused(grpc.StatusCode.ALREADY_EXISTS, reason, message, facts=facts)


def not_yet(what: str) -> Refused:
    """The refusal of what the contract has and the service does not serve yet."""
    return Refused(
        grpc.StatusCode.UNIMPLEMENTED,
        "NOT_YET",
        f"{what} is not served by this version",
        facts={"what": what},
    )


def stopping(retry_seconds: float) -> Refused:
    """How a server that stops ends what is open."""
    return Refused(
        grpc.StatusCode.UNAVAILABLE,
        "STOPPING",
        "the service is stopping; go on with the last token",
        retry_seconds=retry_seconds,
    )
