"""What is kept of CSV records: each as a JSON array of its cells, without secrets and without the marks of an
earlier import's failed inputs. Whether the cells make sense is not looked at; a record with cells too few or
too many is kept.
"""

from collections.abc import Callable

import msgspec

from imports_service.domain.rows import Code
from imports_service.pipeline.collector import RowCollector
from imports_service.pipeline.csv_names import CsvNames
from imports_service.pipeline.guarded_cells import unguarded
from imports_service.pipeline.json_rows import MARKS
from imports_service.pipeline.secrets import Secrets

_encoder = msgspec.json.Encoder()


class CsvRows:
    """Hands CSV records to the collector, and what they name to the order.

    `is_returned`: the document is a file of failed inputs that comes back.
    """

    def __init__(
        self,
        header: list[str],
        secrets: Secrets,
        *,
        max_input_bytes: int,
        collector: RowCollector,
        names_of: Callable[[list[str]], CsvNames],
    ) -> None:
        self._cells = len(header)
        self._taken_from_cell = secrets.taken_from_cell
        self._max_input_bytes = max_input_bytes
        self._collector = collector
        self.is_returned = "_row_number" in header
        self._marks = [place for place, name in enumerate(header) if self.is_returned and name in MARKS]
        self._columns = [name for place, name in enumerate(header) if place not in self._marks]
        self._secrets = [n for n, name in enumerate(self._columns) if secrets.is_column(name)]
        self._names = names_of(self._columns)
        collector.columns = self._columns

    def add(self, records: list[list[str]]) -> None:
        """Take records; blank lines among them are no rows."""
        if set(map(len, records)) - {self._cells}:
            records = [record for record in records if not self._is_blank(record)]
        if self._marks:
            records = self._without_marks(records)
        self._names.take(self._collector.rows + 1, records)
        if self._secrets:
            self._add_emptied(records)
        else:
            self._add_lines(records)

    def _is_blank(self, record: list[str]) -> bool:
        return not record or (len(record) == 1 < self._cells and not record[0].strip())

    def _without_marks(self, records: list[list[str]]) -> list[list[str]]:
        """Records less their marks and their guards, less rows that consist of marks only."""
        rest = []
        for record in records:
            cells = unguarded([cell for place, cell in enumerate(record) if place not in self._marks])
            if len(record) != self._cells and len(cells) == len(self._columns):
                cells.append("")  # it had too few cells, and must not look as if it had them all
            if any(cells):
                rest.append(cells)
        return rest

    def _add_lines(self, records: list[list[str]]) -> None:
        if not records:
            return
        lines = _encoder.encode_lines(records)[:-1].split(b"\n")
        if max(map(len, lines)) <= self._max_input_bytes:
            self._collector.add(lines)
            return
        for line in lines:
            self._add_line(line)

    def _add_line(self, line: bytes, emptied: list[str] | None = None) -> None:
        if len(line) > self._max_input_bytes:
            self._collector.refuse(Code.TOO_LONG)
        elif emptied:
            self._collector.add_emptied(line, emptied)
        else:
            self._collector.add([line])

    def _add_emptied(self, records: list[list[str]]) -> None:
        """Take records of a type with secrets: their cells are emptied, and the segment says where."""
        for record in records:
            emptied = []
            for place in self._secrets:
                if place < len(record) and record[place]:
                    record[place] = self._taken_from_cell(self._columns[place], record[place])
                    if not record[place]:
                        emptied.append(self._columns[place])
            self._add_line(_encoder.encode(record), emptied)
