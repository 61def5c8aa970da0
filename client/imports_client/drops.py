"""Which errors pass by themselves: the service is away or busy, or something between here and there lost the call.

Everything else is an answer, and asking again would get the same one.
"""

import grpc

from imports_client.refusals import Refusal

# The service gives a reason with its own faults. Without one it is somebody else who speaks, in words of their own:
# gRPC's library, a proxy, or a server that is ending. Our own deadline and cancellation are not seen here.
_PASSING_WITHOUT_REASON = {
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
}


def is_passing(refusal: Refusal) -> bool:
    """Whether the same call may well succeed a little later, or at another replica."""
    match refusal.code:
        case grpc.StatusCode.UNAVAILABLE:
            return True
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return refusal.retry_after_seconds is not None
        case _:
            return not refusal.reason and refusal.code in _PASSING_WITHOUT_REASON
