"""How much work a row is, next to one of plain values: what it nests counts, guessed from its line without reading it.

Rows of one segment are held and worked through together, and some nest a thousand items. So a segment holds rows up to
a weight, too, and the steps in which it is worked through are cut by weight.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from imports_service.domain.imports import Format

MOST_IN_SEGMENT = 25_000
MOST_IN_STEP = 250
"""Of rows without nested values: what one step may hold the event loop for, 1 to 2 ms."""

_SHORT_BYTES = 1024  # a shorter row is not worth counting its commas
_COMMAS = 8  # a name in a list is a comma, and an eighth of the work that an object is

Weights = Callable[[Sequence[bytes]], list[int]]


def weights_of(format: Format, columns: Sequence[str] = ()) -> Weights:
    """What weighs lines of a segment; `columns` are those of a CSV document."""
    if format is Format.JSON:
        return partial(_weights, base=0, least_braces=1, commas=0)
    numbered = {prefix for name in columns for prefix in _items_of(name)}
    return partial(_weights, base=1 + len(numbered), least_braces=0, commas=len(columns) - 1)


def _weights(lines: Sequence[bytes], *, base: int, least_braces: int, commas: int) -> list[int]:
    """By their objects and lists; `least_braces` are in any line, and `commas` part the cells of a record."""
    if b"".join(lines).count(b"{") == least_braces * len(lines):  # then no line has more than that
        weights = [base + least_braces] * len(lines)
    else:
        weights = [base + line.count(b"{") for line in lines]
    if max(map(len, lines), default=0) > _SHORT_BYTES:
        for place, line in enumerate(lines):
            if len(line) > _SHORT_BYTES:
                weights[place] += max(line.count(b",") - commas, 0) // _COMMAS
    return weights


def _items_of(column: str) -> Iterator[str]:
    """The numbered items that a column is a part of, on all levels."""
    steps = column.split(".")
    return (".".join(steps[: place + 1]) for place, step in enumerate(steps) if step.isdecimal())


def steps_of(weights: Sequence[int]) -> Iterator[slice]:
    """Lines of these weights in runs that are one step of work each; a heavy row is a step of its own."""
    start = left = 0
    for place, weight in enumerate(weights):
        cost = 2 * weight - 1  # a nested item is more work than a row of plain values
        if place > start and cost > left:
            yield slice(start, place)
            start = place
        left = (left if place > start else MOST_IN_STEP) - cost
    if weights:
        yield slice(start, len(weights))
