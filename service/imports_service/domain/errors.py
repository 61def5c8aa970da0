"""Everything this service raises on purpose, by what the caller can do about it.

    ImportsError
    ├── InvalidArgument       mend the request (carries field paths)
    ├── NotFound              asking again will not help
    ├── AlreadyExists         the name or request id is taken
    ├── Conflict              read again, then decide
    ├── FailedPrecondition    not in this state
    ├── OutOfRange            the position asked for is gone
    ├── Exhausted             a quota; may pass later
    └── Unavailable           a part is away; may pass later

A bad row is no exception: see `imports_service.domain.rows`. gRPC's words appear only in `rpc.statuses`, which
turns each kind into a status and each `reason` and fact into `ErrorInfo`. Anything else that is raised is a bug
and reaches the caller as INTERNAL without its text.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class FieldViolation(NamedTuple):
    """One field that is wrong: its path in the request (`spec.metadata`) and what is wrong with it.

    An empty path is the request as a whole.
    """

    field: str
    description: str


class ImportsError(Exception):
    """A refusal of one call: a stable `reason` to branch on, and the facts of the message in `facts`."""

    reason = "INTERNAL"

    def __init__(self, message: str, *, reason: str | None = None, **facts: object) -> None:
        super().__init__(message)
        if reason is not None:
            self.reason = reason
        self.facts = {name: str(fact) for name, fact in facts.items()}


class InvalidArgument(ImportsError):
    """The request itself is wrong; `violations` say where."""

    reason = "FIELD_INVALID"

    def __init__(
        self,
        violations: Iterable[FieldViolation] | FieldViolation,
        *,
        reason: str | None = None,
        **facts: object,
    ) -> None:
        self.violations = [violations] if isinstance(violations, FieldViolation) else list(violations)
        super().__init__(
            "; ".join(": ".join(filter(None, violation)) for violation in self.violations),
            reason=reason,
            **facts,
        )


class NotFound(ImportsError):
    """Asking again will not help."""


class ImportNotFound(NotFound):
    reason = "IMPORT_NOT_FOUND"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no {name}", name=name)


class ResourceNotFound(NotFound):
    reason = "RESOURCE_NOT_FOUND"


class FileNotFound(NotFound):
    reason = "FILE_NOT_FOUND"


class ResourceTypeNotFound(NotFound):
    reason = "RESOURCE_TYPE_NOT_FOUND"

    def __init__(self, resource_type: str) -> None:
        super().__init__(f"there is no resource type {resource_type!r}", resource_type=resource_type)


class AlreadyExists(ImportsError):
    """The name or request id is taken by something else."""


class ImportIdTaken(AlreadyExists):
    reason = "IMPORT_ID_TAKEN"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} exists already", name=name)


class RequestIdReused(AlreadyExists):
    reason = "REQUEST_ID_REUSED"


class Conflict(ImportsError):
    """The thing has changed since the caller read it."""


class EtagMismatch(Conflict):
    reason = "ETAG_MISMATCH"


class FailedPrecondition(ImportsError):
    """Not in this state; `reason` says what stands in the way."""


class OutOfRange(ImportsError):
    """The position asked for is gone."""

    reason = "RESUME_TOKEN_EXPIRED"


class Exhausted(ImportsError):
    """A quota of the organization is used up; it frees as imports end."""

    reason = "PENDING_IMPORTS_LIMIT"

    def __init__(self, message: str, *, subject: str, retry_after_seconds: float, **facts: object) -> None:
        super().__init__(message, reason=None, **facts)
        self.subject = subject
        self.retry_after_seconds = retry_after_seconds


class Unavailable(ImportsError):
    """A part that this call needs is away: DATABASE_UNAVAILABLE, OBJECTS_UNAVAILABLE or STOPPING."""

    reason = "STOPPING"

    def __init__(
        self, message: str, *, reason: str, retry_after_seconds: float = 1.0, **facts: object
    ) -> None:
        super().__init__(message, reason=reason, **facts)
        self.retry_after_seconds = retry_after_seconds


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """What to say of stages that failed together: the first refusal of ours, or else the first exception."""
    leaves = list(_leaves(group))
    return next((error for error in leaves if isinstance(error, ImportsError)), leaves[0])


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
