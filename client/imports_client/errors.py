"""What the helper raises, so that a caller can branch on a class and go on from where it was.

Whatever comes of the status of a call is a `grpc.aio.AioRpcError` as well, so code that catches those goes on working.

    ImportsError
    ├── CallFailed (also grpc.aio.AioRpcError)
    │   ├── Refused                the service said no: see `reason` and `violations`; again would be the same
    │   │   └── ResumeTokenExpired what was missed since the token is not kept any more: watch afresh
    │   ├── ServiceAway            nobody answered for longer than `patience`: go on later
    │   ├── ConnectionClosed       the caller's own side closed the connection under the call
    │   ├── DeadlineOver           `timeout` is over; the import goes on
    │   └── DocumentSpent          the connection broke while pieces were sent that come only once
    └── ImportDeleted              it was deleted before its end, so there is no final import
"""

from dataclasses import dataclass
from typing import Any

import grpc

from commerce.imports.v1.imports_pb2 import Import, ImportEvent
from imports_client.drops import is_passing
from imports_client.refusals import Refusal, refusal_of


@dataclass(slots=True)
class Place:
    """How far a call has come; told with its error, so that the caller can go on from there."""

    name: str = ""
    """Of the import, or of the organization; empty while neither is known."""
    request_id: str = ""
    """Of a creation: with it the same document may be sent again without making a second import."""
    resume_token: str = ""
    """Of the last event of the watch."""
    last_import: Import | None = None
    """The import as it was last seen."""

    def move_to(self, event: ImportEvent) -> None:
        """Come as far as the event. Some say nothing new with one; the last token is still good then."""
        self.resume_token = event.resume_token or self.resume_token
        if event.HasField("snapshot"):
            self.last_import = event.snapshot


class ImportsError(Exception):
    """`name`, `request_id`, `resume_token` and `last_import` are what is known of the import: see `Place`."""

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(message, place)
        self._keep(message, place)

    def _keep(self, message: str, place: Place) -> None:
        self.message = message
        self.name = place.name
        self.request_id = place.request_id
        self.resume_token = place.resume_token
        self.last_import = place.last_import

    def __str__(self) -> str:
        return f"{self.name}: {self.message}" if self.name else self.message


class CallFailed(ImportsError, grpc.aio.AioRpcError):
    """A call that has ended with another status than OK; `__cause__` is gRPC's own error."""

    def __init__(self, error: grpc.aio.AioRpcError, place: Place) -> None:
        grpc.aio.AioRpcError.__init__(
            self,
            error.code(),
            error.initial_metadata(),
            error.trailing_metadata(),
            error.details(),
            error.debug_error_string(),
        )
        self.refusal: Refusal = refusal_of(error)
        self._error = error
        self._place = Place(place.name, place.request_id, place.resume_token, place.last_import)
        said = self.refusal.reason or self.refusal.code.name
        self._keep(f"{said}: {self.refusal.message}", self._place)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._error, self._place)

    @property
    def reason(self) -> str:
        """What to branch on: see the calls in the contract. Empty when the service itself did not answer."""
        return self.refusal.reason

    @property
    def violations(self) -> tuple[tuple[str, str], ...]:
        """Pairs of a field's path in the request and what is wrong with it."""
        return self.refusal.violations

    @property
    def facts(self) -> dict[str, str]:
        """What the message says, by name."""
        return self.refusal.facts


class Refused(CallFailed):
    """The service answered that it will not, or that it cannot; `reason` says why."""


class ResumeTokenExpired(Refused):
    """Events since the token are not kept any more (7 days). Watch without a token: it begins with how things stand."""


class ServiceAway(CallFailed):
    """Nobody answered, however often it was tried within `patience`, or only with faults that are not the service's
    own. An import that exists is not touched by that."""


class ConnectionClosed(CallFailed):
    """`connect` was left, or the channel closed, while the call was under way. An import that exists goes on."""


class DeadlineOver(CallFailed):
    """`timeout` is over. `code()` is DEADLINE_EXCEEDED; an import that exists goes on all the same."""


class DocumentSpent(CallFailed):
    """The upload broke off and its pieces come only once. Send the whole document again with `request_id`: should the
    first one have arrived all the same, the answer is that import."""


class ImportDeleted(ImportsError):
    """The import was deleted before it was seen to end. `last_import` is how it was last."""


def failure_of(error: grpc.aio.AioRpcError, place: Place) -> CallFailed:
    """The typed error of a status that ends a call for good, and not by our own deadline. Raise it from `error`."""
    refusal = refusal_of(error)
    if refusal.code is grpc.StatusCode.OUT_OF_RANGE:  # which says nothing else
        return ResumeTokenExpired(error, place)
    if is_passing(refusal) and refusal.code is not grpc.StatusCode.RESOURCE_EXHAUSTED:
        return ServiceAway(error, place)
    return Refused(error, place)


def broken_off(details: str, code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE) -> grpc.aio.AioRpcError:
    """The error of a call that ended in a way for which gRPC has none."""
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), details=details)
