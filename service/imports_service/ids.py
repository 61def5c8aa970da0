"""Identifiers that the service makes: they begin with time, so that what is made together is stored together.

The clock and the randomness of the system go in here and nowhere else; tests may pass their own.
"""

import os
import time
from collections.abc import Iterator

_DIGITS = (
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"  # in the order of their code points
)
TIME_DIGITS = 8
"""How an id begins: 63 ** 8 milliseconds are enough for 7,800 years."""

_COUNTER_DIGITS = 3
_ENTROPY_DIGITS = 11  # 65 bits
_RUN = len(_DIGITS) ** _COUNTER_DIGITS
_COUNTERS = tuple(f"{first}{second}{third}" for first in _DIGITS for second in _DIGITS for third in _DIGITS)

_MORE = 1_000

ENTROPY_BYTES = 10


def new_uid(milliseconds: int | None = None, *, entropy: bytes | None = None) -> str:
    """A UUIDv7 in text form for the time, in milliseconds since 1970. `entropy`: `ENTROPY_BYTES` bytes."""
    if milliseconds is None:
        milliseconds = _now()
    random = int.from_bytes(entropy or os.urandom(ENTROPY_BYTES))
    value = (milliseconds & (1 << 48) - 1) << 80 | 0x7 << 76 | (random >> 62 & 0xFFF) << 64
    value |= 0b10 << 62 | random & (1 << 62) - 1
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def new_ids(count: int, milliseconds: int | None = None, *, entropy: bytes | None = None) -> list[str]:
    """So many new resource ids of 22 characters of A-Z, a-z, 0-9 and `_`, in ascending order.

    They begin with the time, given in milliseconds since 1970. Then comes a random run that the ids of one
    call share, and a counter: two calls meet only if time and 65 random bits agree.
    """
    if count > _RUN:
        raise ValueError(f"at most {_RUN} ids can be made at once, not {count}")
    run = int.from_bytes(entropy or os.urandom(ENTROPY_BYTES)) % len(_DIGITS) ** _ENTROPY_DIGITS
    prefix = _in_digits(_now() if milliseconds is None else milliseconds, TIME_DIGITS) + _in_digits(
        run, _ENTROPY_DIGITS
    )
    return [prefix + counter for counter in _COUNTERS[:count]]


def id_stream(expected: int) -> Iterator[str]:
    """New resource ids in ascending order without end; the first ones, as many as expected, come the fastest."""
    milliseconds = _now()
    yield from new_ids(min(expected, _RUN), milliseconds)
    while True:
        milliseconds += 1
        yield from new_ids(_MORE, milliseconds)


def _now() -> int:
    return time.time_ns() // 1_000_000


def _in_digits(value: int, width: int) -> str:
    text = ""
    for _ in range(width):
        value, digit = divmod(value, len(_DIGITS))
        text = _DIGITS[digit] + text
    return text
