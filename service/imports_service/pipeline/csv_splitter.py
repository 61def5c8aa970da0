"""Splits CSV: RFC 4180, read as leniently as the `csv` module does, but that quotes must close.

A block of text is read at once up to its last line break. If the quotes of its last record are open there,
that record waits for more text; how the record ends is then looked for by the scanner, each byte once.
"""

import csv
import io
import sys
from collections.abc import Callable, Generator, Iterator, Mapping

from imports_service.domain.errors import InvalidArgument
from imports_service.domain.resource_type import ResourceType
from imports_service.domain.rows import Code
from imports_service.pipeline.collector import RowCollector
from imports_service.pipeline.csv_header import check_header
from imports_service.pipeline.csv_names import CsvNames
from imports_service.pipeline.csv_records import RecordScanner
from imports_service.pipeline.csv_rows import CsvRows
from imports_service.pipeline.json_rows import MARKS_BYTES
from imports_service.pipeline.places import Place, malformed
from imports_service.pipeline.secrets import Secrets
from imports_service.pipeline.steps import steps_of

# How long a cell may be is decided by row, not by a global of the csv module.
csv.field_size_limit(sys.maxsize)

BUFFER_BYTES = 64 * 1024
"""From this length on an unfinished record is left to the scanner, not read again with every piece."""


class CsvSplitter:
    """Takes whole characters of checked UTF-8. Holds less than a piece, or a record of at most
    `max_input_bytes`.
    """

    def __init__(
        self,
        resource_type: ResourceType,
        types: Mapping[str, ResourceType],
        *,
        secrets: Secrets,
        delimiter: str,
        max_input_bytes: int,
        collector: RowCollector,
        names_of: Callable[[list[str]], CsvNames],
        place: Place,
    ) -> None:
        self._rows: CsvRows | None = None
        self._resource_type = resource_type
        self._types = types
        self._secrets = secrets
        self._delimiter = delimiter
        self._marks = (delimiter.encode(), b'"')
        self._end_mark = "x" if delimiter != "x" else "y"
        self._max_input_bytes = max_input_bytes
        self._collector = collector
        self._names_of = names_of
        self._place = place  # where the bytes that are held begin
        self._held = bytearray()
        self._skipping = False
        self._scanner: RecordScanner | None = None
        self._scanned = place  # where the scanner has come to
        self._opening_quote = place

    def feed(self, data: bytes) -> Iterator[None]:
        """Take the next piece of the document. Raises `InvalidArgument` HEADER_INVALID."""
        if self._scanner is not None:
            data = yield from self._finish_record(self._scanner, data)
        self._held += data
        if self._rows is None:
            self._drop(len(self._held) - len(self._held.lstrip(b"\r\n")))  # blank lines before the header
        cut = max(self._held.rfind(b"\n"), self._held.rfind(b"\r")) + 1
        if self._scanner is None and cut:
            self._split(cut)
        if self._scanner is None and len(self._held) > BUFFER_BYTES:
            yield from self._scan()

    def finish(self) -> Iterator[None]:
        """Take the last record, which may have no line break. Raises `InvalidArgument` DOCUMENT_MALFORMED."""
        if self._scanner is None:
            yield from self._scan()
        if self._scanner is not None and self._scanner.in_quotes:
            raise malformed(self._opening_quote, "these quotes are never closed")
        if self._held and not self._skipping:
            self._take(self._held.decode())
            self._drop(len(self._held))
        yield

    def _split(self, cut: int) -> None:
        """Take the records that end before the cut."""
        block = bytes(memoryview(self._held)[:cut])
        self._drop(self._take(block.decode()) if b'"' not in block else self._take_closed(block.decode()))

    def _take_closed(self, text: str) -> int:
        """Take the records of a text that ends with a line break, all but one whose quotes are open there.

        The number of bytes taken is returned. The mark becomes a record of its own, or the end of the open one.
        """
        *records, last = csv.reader(io.StringIO(text + self._end_mark, newline=""), delimiter=self._delimiter)
        taken = (
            text if last == [self._end_mark] else _without_last_lines(text, sum(map(_line_breaks_in, last)))
        )
        self._take_records(records)
        return len(taken.encode())

    def _take(self, text: str) -> int:
        self._take_records(list(csv.reader(io.StringIO(text, newline=""), delimiter=self._delimiter)))
        return len(text.encode())

    def _take_records(self, records: list[list[str]]) -> None:
        if self._rows is None:
            if not records:
                return
            header, *records = records
            check_header(header, self._resource_type, self._types, self._place)
            self._rows = CsvRows(
                header,
                self._secrets,
                max_input_bytes=self._max_input_bytes,
                collector=self._collector,
                names_of=self._names_of,
            )
        self._rows.add(records)

    def _scan(self) -> Iterator[None]:
        """Go on with a scanner from the start of the record that is held."""
        held = bytes(self._held)
        self._held.clear()
        self._scanner = RecordScanner(self._delimiter)
        self._scanned = self._place
        self._held += yield from self._finish_record(self._scanner, held)

    def _finish_record(self, scanner: RecordScanner, data: bytes) -> Generator[None, None, bytes]:
        """Read on in the record that has begun; what comes after its end is returned."""
        position = 0
        for piece in steps_of(data, self._marks):
            end = scanner.feed(piece)
            if scanner.opening_quote is not None:
                self._opening_quote = self._scanned.after(piece[: scanner.opening_quote])
            self._scanned = self._scanned.after(piece)
            self._held += piece if end is None else piece[:end]
            if len(self._held) > self._most_bytes() + len("\r\n"):
                self._skip()
            yield
            if end is not None:
                self._end_record()
                return data[position + end :]
            position += len(piece)
        return b""

    def _end_record(self) -> None:
        self._scanner = None
        if not self._skipping:
            self._take(self._held.decode())
        self._drop(len(self._held))
        self._skipping = False

    def _skip(self) -> None:
        if not self._skipping:
            self._refuse_too_long()
        self._skipping = True
        self._drop(len(self._held))

    def _refuse_too_long(self) -> None:
        if self._rows is None:
            raise self._header_too_long()
        self._collector.refuse(Code.TOO_LONG)

    def _most_bytes(self) -> int:
        """Of a record, before the marks of an earlier import are taken off."""
        is_returned = self._rows is not None and self._rows.is_returned
        return self._max_input_bytes + (MARKS_BYTES if is_returned else 0)

    def _header_too_long(self) -> InvalidArgument:
        return malformed(self._place, f"the CSV header is longer than {self._max_input_bytes} bytes")

    def _drop(self, length: int) -> None:
        self._place = self._place.after(bytes(memoryview(self._held)[:length]))
        del self._held[:length]


def _line_breaks_in(cell: str) -> int:
    return cell.count("\n") + cell.count("\r") - cell.count("\r\n")


def _without_last_lines(text: str, lines: int) -> str:
    """The text, which ends with a line break, less that many lines."""
    with_line_feeds = text.replace("\r\n", " \n").replace("\r", "\n")  # as long as the text itself
    rest, *last_lines = with_line_feeds.rsplit("\n", lines + 1)
    return text[: len(rest) + 1] if len(last_lines) == lines + 1 else ""
