"""The two files that an import leaves behind, in the form of its document: what was imported, with ids, and
the inputs that were not, with what to mend.

Rows are written as they were sent, byte by byte in JSON and cell by cell in CSV, but for what is added to
them. Cells are made safe for spreadsheets in failed inputs, which are meant to be mended in one and carry the marks by
which that is undone; attachments are exact.
"""

import csv
import io
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import compress

import msgspec
from isal import isal_zlib

from imports_service.domain.imports import Format
from imports_service.domain.rows import Issue, Outcome
from imports_service.pipeline.guarded_cells import guarded
from imports_service.pipeline.json_members import UnreadableRow, members_of
from imports_service.pipeline.json_rows import MARKS

_WENT_THROUGH = frozenset({Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED})
_EMPTY_OBJECT = re.compile(rb"\{\s*\}")
_GZIP = 16 + 15  # the gzip format, and the largest window

_encode = msgspec.json.Encoder().encode
_records = msgspec.json.Decoder(list[list[str]])


class Gzip:
    """One gzip member, written as a stream. Compressing takes CPU and lets other threads run."""

    def __init__(self) -> None:
        self._compressor = isal_zlib.compressobj(level=1, wbits=_GZIP)

    def compress(self, data: bytes) -> bytes:
        """What there is to write after these bytes; often nothing yet."""
        return self._compressor.compress(data)

    def finish(self) -> bytes:
        return self._compressor.flush()


class AttachmentWriter:
    """The rows that were created, updated or unchanged, each with the id of its resource.

    JSON: an array with one row per line. CSV: the document's own columns, and `id` at the end if it has none.
    """

    def __init__(self, format: Format, *, columns: Sequence[str] = (), delimiter: str = ",") -> None:
        self._is_csv = format is Format.CSV
        self._columns = list(columns)
        self._delimiter = delimiter
        self._array = _JsonArray()

    def begin(self) -> bytes:
        """What the file begins with."""
        if not self._is_csv:
            return self._array.begin()
        added = [] if "id" in self._columns else ["id"]
        return _csv([[*self._columns, *added]], self._delimiter)

    def rows(self, lines: Sequence[bytes], outcomes: Sequence[int], ids: Sequence[str]) -> bytes:
        """The rows that went through, out of consecutive lines of a segment; b"" where none did.

        `outcomes` are numbers of `Outcome`. A slice of 250 rows takes well under a millisecond.
        """
        if not _WENT_THROUGH.issuperset(outcomes):
            went_through = [outcome in _WENT_THROUGH for outcome in outcomes]
            lines = list(compress(lines, went_through))
            ids = list(compress(ids, went_through))
        if not lines:
            return b""
        if not self._is_csv:
            return self._array.rows(_with_ids(lines, ids))
        if (plain := self._plain_records_with_ids(lines, ids)) is not None:
            return plain
        return _csv(self._records_with_ids(lines, ids), self._delimiter)

    def end(self) -> bytes:
        """What the file ends with."""
        return b"" if self._is_csv else self._array.end()

    def _plain_records_with_ids(self, lines: Sequence[bytes], ids: Sequence[str]) -> bytes | None:
        """The same where no cell needs quotes: what stands between two cells is replaced, and no cell is looked at.

        None where some cell may need them: in JSON a quote or a line break has a backslash before it. The records are
        written by `csv_rows`, without blanks.
        """
        if "id" in self._columns:
            return None
        block, delimiter = b"\n".join(lines), self._delimiter.encode()
        between = len(lines) * (len(self._columns) - 1)
        delimiters = between if delimiter == b"," else 0
        if b"\\" in block or block.count(b'","') != between or block.count(delimiter) != delimiters:
            return None
        return b"".join(
            [
                b"%b%b%b\r\n" % (line[2:-2].replace(b'","', delimiter), delimiter, resource_id.encode())
                for line, resource_id in zip(lines, ids, strict=True)
            ]
        )

    def _records_with_ids(self, lines: Sequence[bytes], ids: Sequence[str]) -> list[list[str]]:
        records = _decode_records(lines)
        if "id" in self._columns:
            place = self._columns.index("id")
            for record, resource_id in zip(records, ids, strict=True):
                record[place] = resource_id
        else:
            for record, resource_id in zip(records, ids, strict=True):
                record.append(resource_id)
        return records


class FailedInputsWriter:
    """The rows that failed or were not processed, ready to be mended and sent again.

    Each begins with its number, its outcome and what was wrong with it: columns in CSV, attributes in JSON.
    """

    def __init__(self, format: Format, *, columns: Sequence[str] = (), delimiter: str = ",") -> None:
        self._is_csv = format is Format.CSV
        self._columns = list(columns)
        # a document that says what our marks say, but is no such file: the names must not stand there twice
        self._places = [place for place, name in enumerate(columns) if name not in MARKS]
        self._delimiter = delimiter
        self._array = _JsonArray()

    def begin(self) -> bytes:
        """What the file begins with."""
        if not self._is_csv:
            return self._array.begin()
        columns = [self._columns[place] for place in self._places]
        return _csv([["_row_number", "_outcome", "_codes", "_messages", *columns]], self._delimiter)

    def rows(
        self,
        lines: Sequence[bytes],
        row_numbers: Sequence[int],
        outcomes: Sequence[int],
        issues: Mapping[int, Sequence[Issue]],
        *,
        refused: Collection[int] = (),
        first_place: int = 0,
    ) -> bytes:
        """The rows that did not go through, out of consecutive lines of a segment; b"" where all did.

        `issues` and `refused` (the rows of which nothing was kept) are by place in the segment, and the first
        line is at `first_place`. A segment that never ran has NOT_PROCESSED for all outcomes and no issues.
        """
        if _WENT_THROUGH.issuperset(outcomes):
            return b""
        failed = [
            (line, number, Outcome(outcome), issues.get(place, ()), place not in refused)
            for place, (line, number, outcome) in enumerate(
                zip(lines, row_numbers, outcomes, strict=True), first_place
            )
            if outcome not in _WENT_THROUGH
        ]
        if not self._is_csv:
            return self._array.rows(
                [
                    _with_marks(line if kept else b"{}", number, outcome, said)
                    for line, number, outcome, said, kept in failed
                ]
            )
        records = _decode_records([line if kept else b"[]" for line, *_, kept in failed])
        marked = [
            guarded([*_marks_as_cells(number, outcome, said), *self._unmarked(record)])
            for record, (_, number, outcome, said, _) in zip(records, failed, strict=True)
        ]
        return _csv(marked, self._delimiter)

    def end(self) -> bytes:
        """What the file ends with."""
        return b"" if self._is_csv else self._array.end()

    def _unmarked(self, record: list[str]) -> list[str]:
        """The record without cells of the names that our marks have."""
        if len(self._places) == len(self._columns):
            return record
        cells = [record[place] for place in self._places if place < len(record)]
        cells += record[len(self._columns) :]
        if len(record) < len(self._columns) and len(cells) == len(self._places):
            cells.append("")  # it had too few cells, and must not look as if it had them all
        return cells


class _JsonArray:
    """An array with one element per line."""

    def __init__(self) -> None:
        self._separator = b"\n"

    def begin(self) -> bytes:
        return b"["

    def rows(self, rows: Sequence[bytes]) -> bytes:
        separator, self._separator = self._separator, b",\n"
        return separator + b",\n".join(rows)

    def end(self) -> bytes:
        return b"\n]\n"


def _with_ids(lines: Sequence[bytes], ids: Sequence[str]) -> list[bytes]:
    """The rows with their ids; where it is plain that none has an id and none is empty, without a look at each."""
    block = b"\n".join(lines)
    if b'"id"' in block or _may_be_escaped(block) or _EMPTY_OBJECT.search(block):
        return list(map(_with_id, lines, ids))
    return [
        b'%b,"id":"%b"}' % (line[:-1], resource_id.encode())
        for line, resource_id in zip(lines, ids, strict=True)
    ]


def _with_id(line: bytes, resource_id: str) -> bytes:
    """The row with the id: as it is where it has that id, in place of another one, or added at its end."""
    written = b'"%b"' % resource_id.encode()
    if b'"id"' in line or _may_be_escaped(line):
        members = members_of(line)
        if "id" in members:
            if bytes(members["id"]) == written:
                return line
            return _encode(members | {"id": msgspec.Raw(written)})
    return b'%b%b"id":%b}' % (line[:-1], b"" if _is_empty(line) else b",", written)


def _with_marks(line: bytes, number: int, outcome: Outcome, issues: Sequence[Issue]) -> bytes:
    """The row with the marks before its own attributes, and without those of an earlier file."""
    line = _without_marks(line)
    issues = _worst_first(issues)
    marks = {
        "_row_number": number,
        "_outcome": outcome.name.lower(),
        "_codes": [issue.code for issue in issues],
        "_messages": [_message(issue) for issue in issues],
    }
    return _encode(marks)[:-1] + (b"}" if _is_empty(line) else b"," + line[1:])


def _without_marks(line: bytes) -> bytes:
    if b'"_' not in line and not _may_be_escaped(line):
        return line
    try:
        members = members_of(line)
    except UnreadableRow:
        return line  # names given twice are allowed, and the reader ignores both
    if MARKS.isdisjoint(members):
        return line
    return _encode({name: value for name, value in members.items() if name not in MARKS})


def _may_be_escaped(text: bytes) -> bool:
    """Whether a name of plain letters may stand in it with escapes; a text without a backslash is seen at once."""
    return b"\\" in text and b"\\u00" in text


def _marks_as_cells(number: int, outcome: Outcome, issues: Sequence[Issue]) -> tuple[str, ...]:
    issues = _worst_first(issues)
    codes = "; ".join(issue.code for issue in issues)
    return str(number), outcome.name.lower(), codes, "; ".join(map(_message, issues))


def _worst_first(issues: Sequence[Issue]) -> Sequence[Issue]:
    """Errors before warnings: they are what has to be mended."""
    return sorted(issues, key=lambda issue: issue.code.is_warning)


def _message(issue: Issue) -> str:
    return f"{issue.attribute}: {issue.message}" if issue.attribute else issue.message


def _is_empty(line: bytes) -> bool:
    """Whether the object has no members."""
    return len(line) == 2 or line[1:-1].isspace()


def _decode_records(lines: Iterable[bytes]) -> list[list[str]]:
    return _records.decode(b"[%b]" % b",".join(lines))


def _csv(records: Iterable[Sequence[str]], delimiter: str) -> bytes:
    # With CRLF the writer quotes cells that hold either of the two; with LF a lone CR would cut its row.
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(records)
    return text.getvalue().encode()
