"""Rows as the fold takes them, decoded from the lines of a segment.

A slice of good rows is decoded and checked in one call into C. A slice that fails is halved until the bad
row is found, and that one goes the careful way, which says what is wrong with it. Both take the same rows.
"""

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

import msgspec
from msgspec import UNSET

from imports_service.domain.cells import CellReader
from imports_service.domain.checks import RowChecks, issue_of_key
from imports_service.domain.imports import Format
from imports_service.domain.keys import printable, row_text
from imports_service.domain.nested import Given, Nested
from imports_service.domain.reading import Reading
from imports_service.domain.rows import Code, Issue
from imports_service.domain.screen import Screen, has_barred_escapes
from imports_service.domain.shapes import Shape
from imports_service.domain.spoken_keys import spoken_key
from imports_service.domain.values import parse_json

_REFUSALS = {
    Code.MALFORMED: "is no valid JSON",
    Code.NOT_AN_OBJECT: "must be an object",
    Code.TOO_LONG: "is longer than a row may be",
    Code.TOO_DEEP: "is nested too deeply",
    Code.CELL_COUNT: "has not as many cells as the header",
}

_decode_records = msgspec.json.Decoder(list[str | None]).decode_lines


class Input(msgspec.Struct, gc=False):
    """One row. `values` is an object of its shape's class, None when the row is refused.

    `key` is the canonical key that the row itself gives, None when it gives none or not all of it; `key_text`
    is how people call the row. `nested` is what it brings along, None for a row of plain values. `readable` is what
    could be read of a row that is refused for other values, so that all that is wrong with it can be said at once.
    """

    number: int
    values: Any
    key_text: str
    issues: tuple[Issue, ...] = ()
    key: str | None = None
    nested: Nested | None = None
    readable: Given | None = None


class InputDecoder:
    """Decodes the lines of one segment, slice by slice.

    `columns` are those of a CSV document, whose lines are JSON arrays of cells. `refused` and `emptied` are
    the segment's notes by place: rows of which nothing was kept, and CSV rows out of which a secret was
    taken.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        format: Format,
        columns: tuple[str, ...] = (),
        parent_resource_id: str | None = None,
        null_marker: str | None = None,
        refused: Mapping[int, Code] | None = None,
        emptied: Mapping[int, Sequence[str]] | None = None,
    ) -> None:
        self._shape = shape
        self._screen = Screen(shape, objects_are_text=format is Format.CSV)
        self._checks = RowChecks(shape)
        self._cells: CellReader | None = None
        if format is Format.CSV:
            self._cells = CellReader(
                shape.resource_type, shape.family.types, columns, null_marker=null_marker
            )
        self._rows_type = list[shape.struct]  # type: ignore[name-defined]  # made at start
        self._parent = (shape.parent_attribute, parent_resource_id)
        self._refused = refused or {}
        self._emptied = emptied or {}
        self._noted = self._refused.keys() | self._emptied.keys()

    def decode(self, lines: Sequence[bytes], numbers: Sequence[int], *, first_place: int = 0) -> list[Input]:
        """One input for each line. `numbers` are those of the rows, `first_place` is where the slice begins.

        A slice of 250 lines takes well under a millisecond, unless its rows are large or bad.
        """
        places = range(first_place, first_place + len(lines))
        if self._noted.isdisjoint(places):
            inputs = self._decode_good(lines, numbers)
            if inputs is not None:
                return inputs
        if len(lines) <= 1:
            return [self._decode_one(*row) for row in zip(lines, numbers, places, strict=True)]
        # A bad row is looked for by halves, so that the good ones beside it keep the fast way.
        half = len(lines) // 2
        return [
            *self.decode(lines[:half], numbers[:half], first_place=first_place),
            *self.decode(lines[half:], numbers[half:], first_place=first_place + half),
        ]

    def _decode_good(self, lines: Sequence[bytes], numbers: Sequence[int]) -> list[Input] | None:
        """The inputs, None unless every row is good and nothing is to be said of any."""
        data = b"\n".join(lines)
        try:
            rows = self._decode_rows(data)
        except (ValueError, RecursionError):  # msgspec's errors are ValueErrors, as are those of UTF-8
            return None
        if rows is None or len(rows) != len(lines) or has_barred_escapes(data):
            return None
        self._fill_in_parent(rows)
        keys = self._screen.keys_of(rows)
        if keys is None:
            return None
        texts = self._shape.key_texts_of(rows, numbers, keys)
        inputs = list(map(Input, numbers, rows, texts, repeat(()), keys))
        for row in self._shape.nesting(inputs, rows):
            self._take_nested(row)
        return inputs

    def _decode_rows(self, data: bytes) -> list[Any] | None:
        if self._cells is None:
            return self._shape.decode_lines(data)
        records = _decode_records(data)
        if any(len(record) != len(self._cells.columns) for record in records):
            return None
        rows: list[Any] = msgspec.convert(self._cells.read(records), self._rows_type)
        return rows

    def _take_nested(self, row: Input) -> None:
        reading = Reading()
        row.nested = self._checks.take_nested(row.values, reading)
        self._settle(row, row.values, reading.issues, {})

    def _settle(self, row: Input, values: Any, issues: list[Issue], given: Mapping[str, object]) -> None:
        """Fill in what follows from the values; references that stood in objects may have completed the key."""
        row.key = self._shape.key_of(values)
        spoken = spoken_key(self._shape, values, row.nested, given) if row.key is None else None
        row.key_text = printable(spoken or self._shape.key_text_of(values, row.number, row.key))
        if (issue := issue_of_key(self._shape, values)) is not None:
            issues = [*issues, issue]
        row.issues = tuple(issues)
        if any(issue.is_error for issue in issues):
            row.readable = Given(self._shape, values, nested=row.nested)
            row.values = row.key = row.nested = None

    def _fill_in_parent(self, rows: Sequence[Any]) -> None:
        name, resource_id = self._parent
        if not name or resource_id is None:
            return
        as_object = self._shape.parent_object
        for row in rows:
            if getattr(row, name) is UNSET and getattr(row, as_object) is UNSET:
                setattr(row, name, resource_id)

    def _decode_one(self, line: bytes, number: int, place: int) -> Input:
        if (code := self._refused.get(place)) is not None:
            return _refused(number, code)
        given = self._parse(line)
        if isinstance(given, Code):
            return _refused(number, given)
        if self._cells is not None and (emptied := self._emptied.get(place)):
            self._cells.note_emptied(given, emptied)
        return self._check(given, number)

    def _parse(self, line: bytes) -> dict[str, Any] | Code:
        """The row's names and values, or why there are none."""
        try:
            value = parse_json(line.decode())
        except ValueError:
            return Code.MALFORMED
        except RecursionError:
            return Code.TOO_DEEP
        if self._cells is not None:
            return self._cells.read([value])[0] if len(value) == len(self._cells.columns) else Code.CELL_COUNT
        return value if isinstance(value, dict) else Code.NOT_AN_OBJECT

    def _check(self, given: Mapping[str, object], number: int) -> Input:
        reading = Reading()
        checked = self._checks.check(given, reading)
        if checked.nested is None or self._parent[0] not in checked.nested.names:
            self._fill_in_parent([checked.values])
        row = Input(number, checked.values, "", nested=checked.nested)
        self._settle(row, checked.values, reading.issues, given)
        return row


def _refused(number: int, code: Code) -> Input:
    message = _REFUSALS.get(code, "cannot be read as a row")
    return Input(number, None, row_text(number), (Issue(code, "", message),))
