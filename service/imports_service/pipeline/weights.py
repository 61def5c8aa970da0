"""How much work a row is, next to one of plain values: what it nests counts, guessed from its line without reading it.

Rows of one segment are held and worked through together, and some nest a thousand items. So a segment holds rows up to
a weight, too, and the steps in which it is worked through are cut by weight.
"""

from collections.abc import Callable, Iterator, Sequence

from imports_service.domain.imports import Format

MOST_IN_SEGMENT = 25_000
MOST_IN_STEP = 250
"""Of rows without nested values: what one step may hold the event loop for, 1 to 2 ms."""

_SHORT_BYTES = 1024  # a shorter row is not worth counting its commas
_COMMAS = 8  # a name in a list is a comma, and an eighth of the work that an object is

Weight = Callable[[bytes], int]


def weight_of(format: Format, columns: Sequence[str] = ()) -> Weight:
    """The weight of lines of a segment; `columns` are those of a CSV document."""
    if format is Format.JSON:
        return _of_json
    numbered = {prefix for name in columns for prefix in _items_of(name)}
    cells = len(columns) - 1

    def of_csv(line: bytes) -> int:
        in_cells = line.count(b",") - cells if len(line) > _SHORT_BYTES else 0
        return 1 + len(numbered) + line.count(b"{") + max(in_cells, 0) // _COMMAS

    return of_csv


def _of_json(line: bytes) -> int:
    weight = line.count(b"{")
    return weight if len(line) <= _SHORT_BYTES else weight + line.count(b",") // _COMMAS


def _items_of(column: str) -> Iterator[str]:
    """The numbered items that a column is a part of, on all levels."""
    steps = column.split(".")
    return (".".join(steps[: place + 1]) for place, step in enumerate(steps) if step.isdecimal())


def steps_of(lines: Sequence[bytes], weight: Weight) -> Iterator[slice]:
    """The lines in runs that are one step of work each; a heavy row is a step of its own."""
    start = left = 0
    for place, line in enumerate(lines):
        cost = 2 * weight(line) - 1  # a nested item is more work than a row of plain values
        if place > start and cost > left:
            yield slice(start, place)
            start = place
        left = (left if place > start else MOST_IN_STEP) - cost
    if lines:
        yield slice(start, len(lines))
