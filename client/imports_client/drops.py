"""Which errors pass by themselves: the service is away or busy, or something between here and there lost the call.

Everything else is an answer, and asking again would get the same one.
"""

import re

import grpc

from imports_client.refusals import Refusal

# What gRPC's own library and proxies say of a connection that broke under a call; they have no code for it.
_LOST = re.compile(
    r"rst_stream|stream (was )?(removed|closed|reset|terminated)|goaway|connection|socket|transport|upstream"
    r"|http/?2|\beof\b|end of (tcp|stream)|broken pipe|trailers"
    r"|error from core",  # a write that was under way when the call ended
    re.IGNORECASE,
)


def is_passing(refusal: Refusal) -> bool:
    """Whether the same call may well succeed a little later, or at another replica."""
    match refusal.code:
        case grpc.StatusCode.UNAVAILABLE:
            return True
        # Ours to cancel, and our deadline, are not seen here: this is what others ended.
        case grpc.StatusCode.CANCELLED | grpc.StatusCode.DEADLINE_EXCEEDED:
            return not refusal.reason
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return refusal.retry_after_seconds is not None
        case grpc.StatusCode.INTERNAL | grpc.StatusCode.UNKNOWN:
            # The service gives a reason with its own faults.
            return not refusal.reason and (not refusal.message or bool(_LOST.search(refusal.message)))
        case _:
            return False
