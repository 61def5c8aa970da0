"""Exports as documents: JSON with one row per line, or CSV. They are taken back by an import as they are.

Cells are exact: a spreadsheet may run what begins with `=`.
"""

import csv
import io
from collections.abc import Sequence
from typing import Protocol

import msgspec

from imports_service.domain.export_parts import Values
from imports_service.domain.export_rows import ExportedType

_encode = msgspec.json.Encoder().encode


class RowGrown(Exception):
    """A row has more items than the header, which was written before, has columns for."""


class ExportDocument(Protocol):
    """A document on its way: its beginning, its rows, its end."""

    def begin(self) -> bytes: ...
    def rows(self, rows: Sequence[Values]) -> bytes: ...
    def end(self) -> bytes: ...


class JsonDocument:
    """An array with one row per line."""

    def __init__(self) -> None:
        self._separator = b"\n"

    def begin(self) -> bytes:
        return b"["

    def rows(self, rows: Sequence[Values]) -> bytes:
        separator, self._separator = self._separator, b",\n"
        return separator + b",\n".join(map(_encode, rows))

    def end(self) -> bytes:
        return b"\n]\n"


class CsvDocument:
    """A header with every column that rows may fill, and a record per row, as RFC 4180 has them."""

    def __init__(self, exported: ExportedType, columns: Sequence[str]) -> None:
        self._columns = columns
        self._exported = exported
        self._known = frozenset(columns)

    def begin(self) -> bytes:
        return _csv([self._columns])

    def rows(self, rows: Sequence[Values]) -> bytes:
        """The records. Raises `RowGrown`."""
        return _csv([self._record(row) for row in rows])

    def end(self) -> bytes:
        return b""

    def _record(self, row: Values) -> list[str]:
        cells: dict[str, str] = {}
        self._exported.add_cells(cells, row)
        if not cells.keys() <= self._known:
            raise RowGrown
        return [cells.get(column, "") for column in self._columns]


def _csv(records: Sequence[Sequence[str]]) -> bytes:
    # With CRLF the writer quotes cells that hold either of the two; with LF a lone CR would cut its row.
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(records)
    return text.getvalue().encode()
