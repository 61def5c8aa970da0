"""Whether the segments of a document may run at the same time: found out while it is split.

They may where all rows name their resource in one way and nothing that they name occurs in two segments. What can't
be told means in order, and so does more than can be remembered; from then on nothing is looked at any more.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType
from msgspec.structs import astuple

from imports_service.pipeline.hashes import MOST_HASHES, RepeatedHashes
from imports_service.pipeline.mentions import Unclear, plain
from imports_service.pipeline.naming import Naming, Way

MOST_OF_A_SEGMENT = 250_000
"""Hashes of rows read one by one, which may name hundreds each: 10 MB, as long as their segment has not ended."""

_Lists = Sequence[Sequence[int]]


class Order:
    """The verdict on one document. `in_order` holds until `finish` is exhausted, and then may hold no more.
    `is_open` says whether rows are still looked at, and `is_slow` that the last ones were looked at one by one.

    Rows are taken before they are counted, under the number of the first of them; segments are closed when their rows
    have been taken.
    """

    def __init__(self, naming: Naming, *, most_hashes: int = MOST_HASHES) -> None:
        self.in_order = True
        self.is_open = True
        self.is_slow = False
        self.naming = naming
        self._way: Way | None = None
        self._pending: deque[tuple[int, int, _Lists, _Lists]] = deque()
        self._unsorted = 0
        self._hashes = RepeatedHashes(most_hashes)
        self._members = (*naming.texts, *naming.objects)
        self._decoder = msgspec.json.Decoder(_row_class(naming))

    def decode(self, block: bytes) -> list[Any]:
        """Objects that stand one after the other, as `take_decoded` wants them.

        Raises `msgspec.DecodeError` and `RecursionError` where it can't; syntax is checked, UTF-8 is not.
        """
        return self._decoder.decode_lines(block)

    def take_decoded(self, first_row: int, rows: Sequence[Any]) -> None:
        """Take rows that `decode` gave."""
        columns = zip(*map(astuple, rows), strict=True)
        given = {
            name: values
            for name, values in zip(
                self._members, columns, strict=False
            )  # no columns where there are no rows
            if values.count(UNSET) < len(rows)
        }
        self.take_columns(first_row, given, len(rows))

    def take_columns(self, first_row: int, columns: Mapping[str, Sequence[Any]], rows: int) -> None:
        """Take rows by their members; `columns` are those that at least one row gives."""
        if not rows or not self.is_open:
            return
        try:
            found = self.naming.of_columns(columns, rows)
        except Unclear:
            self.give_up()
            return
        if found is None:
            self.take(first_row, _rows(columns, rows))
        elif self._is_way(found[0]):
            self._put(first_row, rows, found[1], found[2])

    def take(self, first_row: int, rows: Iterable[Mapping[str, Any] | None]) -> None:
        """Take rows one by one; None is one that is certain to fail."""
        hashes: list[Sequence[int]] = []
        try:
            for row in rows:
                way, found = self.naming.of(row) if row is not None else (self._way, [])
                if way is not None and not self._is_way(way):
                    return
                hashes.append(found)
        except Unclear:
            self.give_up()
        else:
            self._put(first_row, len(hashes), (), hashes)

    def close(self, last_row: int) -> Iterator[None]:
        """Say that a segment ends with the row of this number, and the next one begins behind it."""
        if not self.is_open:
            return
        segment: set[int] = set()
        self._unsorted = 0
        while self._pending and self._pending[0][0] <= last_row:
            first_row, rows, columns, each = self._pending.popleft()
            taken = min(last_row - first_row + 1, rows)
            segment.update(*(column[:taken] for column in columns), *each[:taken])
            if taken < rows:
                rest = [column[taken:] for column in columns], each[taken:]
                self._pending.appendleft((first_row + taken, rows - taken, *rest))
            if each:
                yield
        yield from self._hashes.add(segment)
        if self._hashes.full or self._hashes.repeated:
            self.give_up()

    def finish(self) -> Iterator[None]:
        """Say that all segments are closed."""
        if self.is_open:
            yield from self._hashes.search()
            self.in_order = self._hashes.repeated
            self.give_up()

    def _put(self, first_row: int, rows: int, columns: _Lists, each: _Lists) -> None:
        """Keep the hashes of rows until their segment is closed."""
        self.is_slow = bool(each)
        self._pending.append((first_row, rows, columns, each))
        self._unsorted += sum(map(len, each))
        if self._unsorted > MOST_OF_A_SEGMENT:
            self.give_up()

    def give_up(self) -> None:
        """Look at nothing any more; unless all has been looked at, the segments run in order."""
        self.is_open = self.is_slow = False
        self._pending.clear()
        self._hashes.let_go()

    def _is_way(self, way: Way) -> bool:
        if self._way is None:
            self._way = way
        if self._way != way:
            self.give_up()
        return self.is_open


def _row_class(naming: Naming) -> Any:
    """What is decoded of a row: texts, everything else as it was written."""
    texts = [(name, str | None | UnsetType, UNSET) for name in naming.texts]
    return msgspec.defstruct(
        "Row",
        [*texts, *((name, Raw | UnsetType, UNSET) for name in naming.objects)],
        gc=False,
        module=__name__,
    )


def _rows(columns: Mapping[str, Sequence[Any]], rows: int) -> Iterator[dict[str, Any]]:
    """The rows that the columns are made of, each with what it gives. Raises `Unclear`."""
    if not columns:
        yield from ({} for _ in range(rows))
    for values in zip(*columns.values(), strict=True):
        yield {name: plain(value) for name, value in zip(columns, values, strict=True) if value is not UNSET}
