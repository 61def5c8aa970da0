"""Whether a hash occurs in two segments of a document. Holds each segment's hashes once, in arrays of 64 bits,
and never one large set, which would take eight times as much memory. Knows nothing of what is hashed.
"""

from array import array
from collections.abc import Iterator
from itertools import islice

MOST_HASHES = 4_000_000
PARTITIONS = 256
"""By the low bits; each is searched by itself, in about a millisecond where there are the most hashes."""
STEP_HASHES = 2_500
"""What one step sorts into partitions: a quarter of a millisecond."""


class RepeatedHashes:
    """Takes the hashes of one segment after the other; of at most `most` in all.

    `full` says that there were more, and `repeated` that one occurred in two segments: nothing is held then, and
    nothing more taken. Until `search` is exhausted only repetitions in neighbouring segments are noticed.
    """

    def __init__(self, most: int = MOST_HASHES) -> None:
        self.full = False
        self.repeated = False
        self._room = most
        self._last: set[int] = set()
        self._partitions = [array("q") for _ in range(PARTITIONS)]

    def add(self, segment: set[int]) -> Iterator[None]:
        """Take the hashes of the next segment, signed and of 64 bits. The set must not be changed any more."""
        if self.full or self.repeated:
            return
        self._room -= len(segment)
        self.full = self._room < 0
        self.repeated = not self._last.isdisjoint(segment)
        if self.full or self.repeated:
            self.let_go()
            return
        self._last = segment
        yield
        put = [partition.append for partition in self._partitions]
        low_bits = PARTITIONS - 1
        hashes = iter(segment)
        for _ in range(0, len(segment), STEP_HASHES):
            for value in islice(hashes, STEP_HASHES):
                put[value & low_bits](value)
            yield

    def search(self) -> Iterator[None]:
        """Look for repetitions among all that was taken, and let go of it."""
        while self._partitions and not self.repeated:
            self.repeated = _has_repetition(self._partitions.pop())
            yield
        self.let_go()

    def let_go(self) -> None:
        """Hold nothing any more."""
        self._partitions = []
        self._last = set()


def _has_repetition(hashes: "array[int]") -> bool:
    return len(set(hashes)) < len(hashes)
