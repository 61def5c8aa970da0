"""Gathers the rows of a document into segments and counts them. Knows nothing of how rows are written."""

from collections.abc import Sequence
from dataclasses import dataclass

from imports_service.domain.errors import FieldViolation, InvalidArgument
from imports_service.domain.imports import Format
from imports_service.domain.rows import Code
from imports_service.pipeline.segments import VERSION, SegmentHeader, refused_line
from imports_service.pipeline.weights import MOST_IN_SEGMENT, weights_of


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of consecutive rows, ready to be packed. `number` counts from 0, `first_row` from 1."""

    number: int
    first_row: int
    row_count: int
    header: SegmentHeader
    lines: list[bytes]


class RowCollector:
    """Takes rows in document order; `take` gives the segments that are full.

    A segment ends before the row that would make it exceed `segment_rows` or, unless it is the only one,
    `segment_bytes` or the weight of its rows (see `pipeline.weights`).
    """

    def __init__(
        self, *, kind: Format, registry_hash: str, segment_rows: int, segment_bytes: int, max_inputs: int
    ) -> None:
        self.rows = 0
        self._columns: list[str] | None = None
        self._weights_of = weights_of(kind)
        self._kind = kind
        self._registry_hash = registry_hash
        self._segment_rows = segment_rows
        self._segment_bytes = segment_bytes
        self._max_inputs = max_inputs
        self._full: list[Segment] = []
        self._cut_segments = 0
        self._begin_segment()

    @property
    def columns(self) -> list[str] | None:
        """The columns of a CSV document, known before its first row."""
        return self._columns

    @columns.setter
    def columns(self, columns: list[str] | None) -> None:
        self._columns = columns
        self._weights_of = weights_of(self._kind, columns or ())

    def add(self, lines: list[bytes]) -> None:
        """Append rows that are kept. Raises `InvalidArgument` INPUTS_TOO_MANY."""
        self._count(len(lines))
        while lines:
            if len(self._lines) == self._segment_rows:
                self._cut()
            fitting, size, weight = self._fitting(lines)
            taken, lines = (lines, []) if fitting == len(lines) else (lines[:fitting], lines[fitting:])
            self._lines += taken
            self._bytes += size
            self._weight += weight
            if lines:
                self._cut()

    def refuse(self, code: Code) -> None:
        """Append a row of which nothing is kept. Raises `InvalidArgument` INPUTS_TOO_MANY."""
        self.add([refused_line(code)])
        self._refused.append((len(self._lines) - 1, code))

    def add_emptied(self, line: bytes, columns: list[str]) -> None:
        """Append a CSV row of which secrets were taken. Raises `InvalidArgument` INPUTS_TOO_MANY."""
        self.add([line])
        self._write_only.append((len(self._lines) - 1, columns))

    def take(self) -> list[Segment]:
        """The segments that became full since the last call."""
        full, self._full = self._full, []
        return full

    def finish(self) -> list[Segment]:
        """The segments not taken yet, the last and shorter one included."""
        if self._lines:
            self._cut()
        return self.take()

    def _count(self, rows: int) -> None:
        self.rows += rows
        if self.rows > self._max_inputs:
            raise InvalidArgument(
                FieldViolation("document", f"has more than {self._max_inputs} rows"),
                reason="INPUTS_TOO_MANY",
                max_inputs=self._max_inputs,
            )

    def _fitting(self, lines: Sequence[bytes]) -> tuple[int, int, int]:
        """How many of the lines the segment still takes, their bytes and their weight."""
        some = lines[: self._segment_rows - len(self._lines)]
        weights = self._weights_of(some)
        size, weight = sum(map(len, some)) + len(some), sum(weights)
        if self._bytes + size <= self._segment_bytes and self._weight + weight <= MOST_IN_SEGMENT:
            return len(some), size, weight
        size = weight = 0
        for fitting, line in enumerate(some):
            heavier = weight + weights[fitting]
            longer = size + len(line) + 1
            is_full = self._bytes + longer > self._segment_bytes or self._weight + heavier > MOST_IN_SEGMENT
            if is_full and (fitting or self._lines):
                return fitting, size, weight
            size, weight = longer, heavier
        return len(some), size, weight

    def _cut(self) -> None:
        rows_cut = self._rows_cut + len(self._lines)
        header = SegmentHeader(
            v=VERSION,
            kind=self._kind,
            rows=[(self._rows_cut + 1, rows_cut)],
            registry=self._registry_hash,
            columns=self._columns,
            refused=self._refused,
            write_only=self._write_only,
        )
        self._full.append(
            Segment(self._cut_segments, self._rows_cut + 1, len(self._lines), header, self._lines)
        )
        self._cut_segments += 1
        self._begin_segment(rows_cut)

    def _begin_segment(self, rows_cut: int = 0) -> None:
        self._rows_cut = rows_cut
        self._lines: list[bytes] = []
        self._bytes = self._weight = 0
        self._refused: list[tuple[int, Code]] = []
        self._write_only: list[tuple[int, list[str]]] = []
