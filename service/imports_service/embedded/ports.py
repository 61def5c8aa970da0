"""Free TCP ports on loopback, kept from one start to the next while they stay free."""

import random
import socket
from collections.abc import Iterable

LOWEST_PORT = 20_000
HIGHEST_PORT = 32_000
"""Below what Linux hands to outgoing connections, so that a kept port is seldom lost to one of those."""


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(*, preferred: int | None = None, taken: Iterable[int] = (), companion: int = 0) -> int:
    """A free port, `preferred` if it is; with `companion`, the port so far above it is free as well.

    Raises `OSError` when a few hundred tries find none.
    """
    avoided = set(taken)
    chance = random.SystemRandom()
    tries = [chance.randint(LOWEST_PORT, HIGHEST_PORT) for _ in range(500)]
    for port in [preferred, *tries] if preferred is not None else tries:
        if port in avoided or not is_free(port) or (companion and not is_free(port + companion)):
            continue
        return port
    raise OSError(f"no free port between {LOWEST_PORT} and {HIGHEST_PORT} on 127.0.0.1")
