"""How a channel to the service behaves: which calls are tried again, how large messages may be, how soon a dead
peer is noticed."""

import json
from typing import Any

import grpc

DEFAULT_TARGET = "127.0.0.1:50051"
MAX_MESSAGE_BYTES = 4 * 1024 * 1024
MAX_ANSWER_BYTES = 16 * 1024 * 1024

# Only what may be repeated without a request id, and what `tries` do not repeat already.
_RETRIED = (
    "InterruptImport",
    "WaitImport",
    "DownloadImportFile",  # like every stream only until its first message has come
)
_SERVICE_CONFIG = json.dumps(
    {
        # A name may stand for several servers: those that do not answer are passed over.
        "loadBalancingConfig": [{"round_robin": {}}],
        "methodConfig": [
            {
                "name": [
                    *(
                        {"service": "commerce.imports.v1.ImportService", "method": method}
                        for method in _RETRIED
                    ),
                    {"service": "commerce.imports.v1.ResourceTypeService"},
                    {"service": "commerce.imports.v1.ResourceService"},
                ],
                "retryPolicy": {
                    "maxAttempts": 4,
                    "initialBackoff": "0.1s",
                    "maxBackoff": "2s",
                    "backoffMultiplier": 3,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ],
    }
)
_CHANNEL_OPTIONS: tuple[tuple[str, Any], ...] = (
    ("grpc.service_config", _SERVICE_CONFIG),
    ("grpc.enable_retries", 1),
    ("grpc.max_receive_message_length", MAX_ANSWER_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # Left alone, a channel tries again after up to two minutes; a restarted service is back sooner.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.min_reconnect_backoff_ms", 5_000),  # how long connecting may take; another replica may be there
    # A dead peer is noticed only with all three, and sooner than a watch tires of its silence. The service allows pings
    # every 10 s; between two of these a heartbeat comes, so that servers that allow fewer do not mind either.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 10_000),
)


def open_channel(target: str, credentials: grpc.ChannelCredentials | None) -> grpc.aio.Channel:
    """The caller closes it. Without credentials nothing is encrypted."""
    if credentials is None:
        return grpc.aio.insecure_channel(target, options=_CHANNEL_OPTIONS)
    return grpc.aio.secure_channel(target, credentials, options=_CHANNEL_OPTIONS)


def addresses_in(target: str) -> list[str]:
    """The targets between commas. What gRPC itself lists so, `ipv4:` and `ipv6:`, is one. Raises ValueError."""
    if target.startswith(("ipv4:", "ipv6:")):
        return [target]
    addresses = [address.strip() for address in target.split(",")]
    if not all(addresses):
        raise ValueError(f"no address where there should be one in {target!r}")
    return addresses
