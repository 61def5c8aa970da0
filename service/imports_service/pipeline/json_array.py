"""Splits one JSON array. Any syntax error refuses the document, with its exact place.

The fast way keeps a buffer that begins at an element, guesses where a later element begins and lets the C
decoder judge: if what lies between parses as a list, the guess was right, whatever the elements hold. Where
guesses fail (an error, an element longer than the buffer, deep nesting) the scanner goes on from the same
place, byte by byte.
"""

import re
from collections.abc import Iterator

import msgspec

from imports_service.domain.errors import InvalidArgument
from imports_service.domain.rows import Code
from imports_service.pipeline.json_rows import JsonRows, without_line_breaks
from imports_service.pipeline.json_scanner import JsonScanner, JsonSyntaxError, State
from imports_service.pipeline.places import Place, malformed

# With a piece of 64 KiB a guess costs at most a third of a millisecond.
GUESSES = 6
BUFFER_BYTES = 128 * 1024
SCAN_BYTES = 8 * 1024
"""What the scanner reads in one step, 2 ms at worst."""

_NEXT_OBJECT = re.compile(rb"[ \t\r\n]*+,[ \t\r\n]*+(?=\{)")
_elements = msgspec.json.Decoder(list[msgspec.Raw])


class JsonArraySplitter:
    """Takes whole characters of checked UTF-8, from behind the opening bracket on.

    Holds a buffer, or an element of at most `max_input_bytes`; a longer one is read to its end and not held.
    """

    def __init__(self, rows: JsonRows, place: Place) -> None:
        self._rows = rows
        self._place = place  # where the buffer begins
        self._buffer = bytearray()
        self._state = State.TOP_FIRST
        self._scanner: JsonScanner | None = None

    def feed(self, data: bytes) -> Iterator[None]:
        """Take the next piece of the document. Raises `InvalidArgument` DOCUMENT_MALFORMED."""
        if self._scanner is None:
            self._buffer += data
            if values := self._guess():
                yield from self._keep(values)
            if len(self._buffer) < BUFFER_BYTES:
                return
            data = bytes(self._buffer)
            self._buffer.clear()
            self._scanner = JsonScanner(offset=self._place.offset, state=self._state)
        yield from self._scan(self._scanner, data)
        self._leave_scanner(self._scanner)

    def finish(self) -> Iterator[None]:
        """Take what is left; the array must be closed, and nothing follow it. Raises `InvalidArgument`."""
        scanner = self._scanner
        if scanner is None:
            scanner = JsonScanner(offset=self._place.offset, state=self._state)
            data = bytes(self._buffer)
            self._buffer.clear()
            yield from self._scan(scanner, data)
        try:
            scanner.finish()
        except JsonSyntaxError as error:
            raise self._malformed(error) from None

    def _guess(self) -> list[bytes]:
        """The elements up to a place that proved to lie between two of them; none where no guess was right."""
        end = len(self._buffer)
        for _ in range(GUESSES):
            end, separator_end = self._separator_before(end)
            if not separator_end:
                return []
            try:
                found = _elements.decode(b"".join((b"[", memoryview(self._buffer)[:end], b"]")))
            except (msgspec.DecodeError, RecursionError):
                continue
            self._drop(separator_end)
            self._state = State.TOP_VALUE
            return [bytes(element) for element in found]
        return []

    def _separator_before(self, end: int) -> tuple[int, int]:
        """Where the last `}` before `end` stands that a comma and an object follow, and where that object
        begins.
        """
        for _ in range(64):
            end = self._buffer.rfind(b"}", 0, end)
            if end < 0:
                break
            if separator := _NEXT_OBJECT.match(self._buffer, end + 1):
                return end + 1, separator.end()
        return 0, 0

    def _keep(self, values: list[bytes]) -> Iterator[None]:
        block = b"\n".join(values)
        if b"\r" in block or block.count(b"\n") != len(values) - 1:
            values = [without_line_breaks(value) for value in values]
            block = b"\n".join(values)
        all_objects = block.startswith(b"{") and block.count(b"\n{") == len(values) - 1
        if not all_objects or max(map(len, values)) > self._rows.max_input_bytes:
            yield from self._rows.add_values(values)
            return
        if not self._rows.in_order:
            self._rows.objects_of(block)
        self._rows.add(values)

    def _scan(self, scanner: JsonScanner, data: bytes) -> Iterator[None]:
        for start in range(0, len(data), SCAN_BYTES):
            piece = data[start : start + SCAN_BYTES]
            self._buffer += piece
            try:
                elements = scanner.feed(piece)
            except JsonSyntaxError as error:
                raise self._malformed(error) from None
            for element_start, element_end in elements:
                self._take(element_start, element_end)
            self._drop_scanned(scanner)
            yield

    def _take(self, start: int, end: int) -> None:
        if end - start > self._rows.max_input_bytes:
            self._rows.refuse(Code.TOO_LONG)
            return
        first = self._place.offset
        self._rows.add_value(bytes(self._buffer[start - first : end - first]))

    def _drop_scanned(self, scanner: JsonScanner) -> None:
        """Hold on to the element that has begun only, and not even to that when it is too long."""
        end = self._place.offset + len(self._buffer)
        start = scanner.element_start
        if start is None or end - start > self._rows.max_input_bytes:
            start = end
        self._drop(start - self._place.offset)

    def _leave_scanner(self, scanner: JsonScanner) -> None:
        """Back to the fast way where all of the unfinished element, if there is one, is in the buffer."""
        start = scanner.element_start
        between = scanner.state is State.TOP_VALUE
        if (between and start is None) or (scanner.has_separator and start == self._place.offset):
            self._state = State.TOP_VALUE
            self._scanner = None

    def _drop(self, length: int) -> None:
        self._place = self._place.after(bytes(memoryview(self._buffer)[:length]))
        del self._buffer[:length]

    def _malformed(self, error: JsonSyntaxError) -> InvalidArgument:
        before = bytes(memoryview(self._buffer)[: error.offset - self._place.offset])
        return malformed(self._place.after(before), f"the JSON array is broken: {error}")
