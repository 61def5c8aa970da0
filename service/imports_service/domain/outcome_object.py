"""The object that holds the outcomes of an ended import: a header line, then segment after segment its outcomes and
its issues, as they were stored before.

Where each part lies is known elsewhere, and each part begins with the version of its own encoding, so that reading one
takes no header. The bytes follow from the outcomes alone: whoever writes the object again writes the same. A release
that writes them in another way has to give the object another name, or one that was late would overwrite it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

VERSION = 1
HEADER = b'{"v":%d}\n' % VERSION
MOST_GAP_BYTES = 64 * 1024
"""What is read in vain rather than asking twice."""


class Part(NamedTuple):
    """Where the outcomes of a segment lie in the object. `issues_size` is None where there are no issues."""

    segment: int
    place: int
    outcomes_size: int
    issues_size: int | None

    @property
    def size(self) -> int:
        return self.outcomes_size + (self.issues_size or 0)

    @property
    def end(self) -> int:
        return self.place + self.size


def parts_of(sizes: Iterable[tuple[int, int, int | None]]) -> list[Part]:
    """The parts of an object with these segments: number, size of the outcomes, size of the issues."""
    parts: list[Part] = []
    place = len(HEADER)
    for segment, outcomes_size, issues_size in sizes:
        parts.append(Part(segment, place, outcomes_size, issues_size))
        place = parts[-1].end
    return parts


def batches_of(parts: Sequence[Part], *, most_bytes: int, most: int) -> Iterator[Sequence[Part]]:
    """The parts in order, in batches of so many and so large at most; one that is larger alone."""
    start = size = 0
    for number, part in enumerate(parts):
        if number > start and (size + part.size > most_bytes or number - start == most):
            yield parts[start:number]
            start, size = number, 0
        size += part.size
    if start < len(parts):
        yield parts[start:]


def runs_of(parts: Iterable[Part]) -> list[list[Part]]:
    """The parts, those together that lie so close that they are read in one go."""
    runs: list[list[Part]] = []
    for part in parts:
        if runs and 0 <= part.place - runs[-1][-1].end <= MOST_GAP_BYTES:
            runs[-1].append(part)
        else:
            runs.append([part])
    return runs


def cut_out(part: Part, run: bytes, start: int) -> tuple[bytes, bytes | None]:
    """The outcomes and the issues of a part, from bytes that begin at `start` in the object."""
    begin = part.place - start
    middle = begin + part.outcomes_size
    issues = None if part.issues_size is None else run[middle : part.end - start]
    return run[begin:middle], issues
