"""Splits a document into segments while it arrives: chooses the form, keeps the limits, hands out segments.

Memory stays flat whatever the document: at most one segment, a buffer and one row are held. What a row means
is not looked at here; that is for the decoder, row by row, in the background.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from imports_service.domain.errors import FieldViolation, InvalidArgument
from imports_service.domain.imports import CsvOptions, Format
from imports_service.domain.registry import Registry
from imports_service.domain.resource_type import ResourceType
from imports_service.pipeline.characters import CharacterCheck
from imports_service.pipeline.collector import RowCollector, Segment
from imports_service.pipeline.csv_names import CsvNames
from imports_service.pipeline.csv_splitter import CsvSplitter
from imports_service.pipeline.hashes import MOST_HASHES
from imports_service.pipeline.json_array import JsonArraySplitter
from imports_service.pipeline.json_lines import JsonLinesSplitter
from imports_service.pipeline.json_rows import BLANKS, JsonRows
from imports_service.pipeline.naming import Naming
from imports_service.pipeline.order import Order
from imports_service.pipeline.places import Place, empty, malformed
from imports_service.pipeline.secrets import Secrets

__all__ = ["Segment", "SplitOptions", "Splitter"]

MIB = 1024 * 1024
PIECE_BYTES = 64 * 1024
"""What one step takes: 0.2 to 1 ms of ordinary rows."""
SMALL_PIECE_BYTES = 16 * 1024
"""The same where rows are tiny, or what they name is read one by one: their number is what takes time then."""
MANY_ROWS = 1_000

_BYTE_ORDER_MARK = "\ufeff".encode()
_FOREIGN_MAGIC = {
    b"\x1f\x8b": "this is gzip; send the document uncompressed",
    b"\xff\xfe": "this is UTF-16; send the document in UTF-8",
    b"\xfe\xff": "this is UTF-16; send the document in UTF-8",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitOptions:
    """How a document is read and cut. `max_input_bytes` bounds a row, `segment_bytes` the lines of a segment, and
    `most_hashes` what is remembered in order to tell whether segments may run at the same time.
    """

    format: Format
    resource_type: ResourceType
    registry: Registry
    csv_options: CsvOptions = field(default_factory=CsvOptions)
    parent_resource_id: str | None = None
    segment_rows: int = 10_000
    segment_bytes: int = 4 * MIB
    max_inputs: int = 20_000_000
    max_input_bytes: int = MIB
    max_document_bytes: int = 8 * 1024 * MIB
    most_hashes: int = MOST_HASHES


class _Form(Protocol):
    def feed(self, data: bytes) -> Iterator[None]: ...

    def finish(self) -> Iterator[None]: ...


class Splitter:
    """One document. Exhaust what `feed` and `finish` return: the work is done while it is iterated.

    Both yield segments as they become full, and None as often as the caller should let others run (about
    every millisecond). Both raise `InvalidArgument` with reason DOCUMENT_MALFORMED, DOCUMENT_EMPTY,
    HEADER_INVALID (each with the facts `line`, `column`, `offset`), INPUTS_TOO_MANY or DOCUMENT_TOO_LARGE;
    the splitter is of no use after that.
    """

    def __init__(self, options: SplitOptions) -> None:
        self._options = options
        self._characters = CharacterCheck()
        self._collector = RowCollector(
            kind=options.format,
            registry_hash=options.registry.hash,
            segment_rows=options.segment_rows,
            segment_bytes=options.segment_bytes,
            max_inputs=options.max_inputs,
        )
        self._secrets = Secrets(options.resource_type, options.registry)
        naming = Naming(
            options.resource_type, options.registry, parent_resource_id=options.parent_resource_id
        )
        self._order = Order(naming, most_hashes=options.most_hashes)
        self._json_rows = JsonRows(
            order=self._order,
            secrets=self._secrets,
            max_input_bytes=options.max_input_bytes,
            collector=self._collector,
        )
        self._received = 0
        self._piece_bytes = SMALL_PIECE_BYTES
        self._place = Place()
        self._beginning = b""
        self._is_open = False
        self._form: _Form | None = None

    @property
    def rows(self) -> int:
        """Rows so far, refused ones included."""
        return self._collector.rows

    @property
    def in_order(self) -> bool:
        """Whether segments must run one after the other; as long as the document has not ended, they must."""
        return self._order.in_order

    def feed(self, chunk: bytes) -> Iterator[Segment | None]:
        """Take the next bytes of the document, as many as there are."""
        self._received += len(chunk)
        if self._received > self._options.max_document_bytes:
            raise InvalidArgument(
                FieldViolation("document", f"is longer than {self._options.max_document_bytes} bytes"),
                reason="DOCUMENT_TOO_LARGE",
                max_document_bytes=self._options.max_document_bytes,
            )
        start = 0
        while start < len(chunk):
            piece = chunk[start : start + self._piece_bytes]
            start += len(piece)
            rows_before = self.rows
            if not self._is_open:
                piece = self._open(piece)
            yield from self._take(self._characters.feed(piece))
            is_dense = self.rows - rows_before > MANY_ROWS * self._piece_bytes // PIECE_BYTES
            self._piece_bytes = SMALL_PIECE_BYTES if is_dense or self._order.is_slow else PIECE_BYTES

    def finish(self) -> Iterator[Segment | None]:
        """Say that the document has ended."""
        if not self._is_open:
            yield from self._take(self._characters.feed(self._beginning))
        self._characters.finish()
        if self._form is not None:
            yield from self._drain(self._form.finish())
        if not self.rows:
            raise empty(self._characters.place)
        yield from self._closed(self._collector.finish())
        yield from self._order.finish()

    def _open(self, piece: bytes) -> bytes:
        """Hold back the first bytes until they can be told from a foreign encoding and a byte order mark."""
        self._beginning += piece
        for magic, what in _FOREIGN_MAGIC.items():
            if self._beginning.startswith(magic):
                raise malformed(Place(), what)
        if len(self._beginning) < len(_BYTE_ORDER_MARK):
            return b""
        self._is_open = True
        if self._beginning.startswith(_BYTE_ORDER_MARK):
            self._characters.skip(len(_BYTE_ORDER_MARK))
            self._place = self._characters.place
            return self._beginning.removeprefix(_BYTE_ORDER_MARK)
        return self._beginning

    def _take(self, data: bytes) -> Iterator[Segment | None]:
        if self._form is None:
            data = self._choose_form(data)
        if self._form is not None:
            yield from self._drain(self._form.feed(data))

    def _choose_form(self, data: bytes) -> bytes:
        """Decide by the first byte that is no blank; the bytes that are left for the form are returned."""
        if self._options.format is Format.CSV:
            self._form = CsvSplitter(
                self._options.resource_type,
                self._options.registry.types,
                secrets=self._secrets,
                delimiter=self._options.csv_options.delimiter,
                max_input_bytes=self._options.max_input_bytes,
                collector=self._collector,
                names_of=self._csv_names,
                place=self._place,
            )
            return data
        rest = data.lstrip(BLANKS)
        self._place = self._place.after(data[: len(data) - len(rest)])
        if rest.startswith(b"["):
            self._form = JsonArraySplitter(self._json_rows, self._place.after(b"["))
            return rest[1:]
        if rest.startswith(b"{"):
            self._form = JsonLinesSplitter(self._json_rows, self._place)
        elif rest:
            raise malformed(self._place, "a JSON document begins with '[' (an array) or '{' (JSON Lines)")
        return rest

    def _drain(self, steps: Iterator[None]) -> Iterator[Segment | None]:
        for _ in steps:
            yield from self._closed(self._collector.take())
            yield None
        yield from self._closed(self._collector.take())
        yield None

    def _closed(self, segments: list[Segment]) -> Iterator[Segment | None]:
        for segment in segments:
            yield from self._order.close(segment.first_row + segment.row_count - 1)
            yield segment

    def _csv_names(self, columns: list[str]) -> CsvNames:
        return CsvNames(
            columns,
            self._options.resource_type,
            self._options.registry,
            self._order,
            null_marker=self._options.csv_options.null_marker,
        )
