"""Splits one JSON array. Any syntax error refuses the document, with its exact place.

The fast way keeps a buffer that begins at an element, guesses where a later element begins and lets the C
decoder judge: if what lies between parses as a list, the guess was right, whatever the elements hold. Where
guesses fail (an error, an element longer than the buffer, deep nesting) the scanner goes on from the same
place, byte by byte.
"""

from collections.abc import Iterator

import msgspec

from imports_service.domain.errors import InvalidArgument
from imports_service.domain.rows import Code
from imports_service.pipeline.json_rows import BLANKS, JsonRows, without_line_breaks
from imports_service.pipeline.json_scanner import TOKEN_MARKS, JsonScanner, JsonSyntaxError, State
from imports_service.pipeline.places import Place, malformed
from imports_service.pipeline.steps import steps_of

GUESSES = 3
"""How often each kind of guess is made for one piece; a wrong one costs about a tenth of a millisecond."""
MOST_LOOKED_AT = 64
GAP_BYTES = 64
"""Blanks and the comma between two elements; where there are more, nothing is guessed."""
BUFFER_BYTES = 128 * 1024

_elements = msgspec.json.Decoder(list[msgspec.Raw])


class JsonArraySplitter:
    """Takes whole characters of checked UTF-8, from behind the opening bracket on.

    Holds a buffer, or an element of at most `held_bytes`; a longer one is read to its end and not held.
    """

    def __init__(self, rows: JsonRows, place: Place) -> None:
        self._rows = rows
        self._place = place  # where the buffer begins
        self._buffer = bytearray()
        self._first_name = b""
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
        """The elements up to a place that proved to lie between two; none where no guess was right."""
        if not self._first_name:
            self._first_name = _beginning_of(self._buffer)
        for beginning in filter(None, (self._first_name, b"{")):
            next_element = len(self._buffer)
            for _ in range(GUESSES):
                end, next_element = self._gap_before(next_element, beginning)
                if not end:
                    break
                try:
                    found = _elements.decode(b"".join((b"[", memoryview(self._buffer)[:end], b"]")))
                except (msgspec.DecodeError, RecursionError):
                    continue
                self._drop(next_element)
                self._state = State.TOP_VALUE
                return [bytes(element) for element in found]
        return []

    def _gap_before(self, end: int, beginning: bytes) -> tuple[int, int]:
        """Where, last before `end`, an object ends that a comma and an object follow; where that begins."""
        for _ in range(MOST_LOOKED_AT):
            end = self._buffer.rfind(beginning, 0, end)
            if end <= 0:
                break
            before = bytes(self._buffer[max(end - GAP_BYTES, 0) : end])
            object_before = before.rstrip(BLANKS).removesuffix(b",").rstrip(BLANKS)
            if object_before.endswith(b"}") and b"," in before[len(object_before) :]:
                return end - len(before) + len(object_before), end
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
        self._rows.add(values, block)

    def _scan(self, scanner: JsonScanner, data: bytes) -> Iterator[None]:
        for piece in steps_of(data, TOKEN_MARKS):
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
        if end - start > self._rows.held_bytes:
            self._rows.refuse(Code.TOO_LONG)
            return
        first = self._place.offset
        self._rows.add_value(bytes(self._buffer[start - first : end - first]))

    def _drop_scanned(self, scanner: JsonScanner) -> None:
        """Hold on to the element that has begun only, and not even to that when it is too long."""
        end = self._place.offset + len(self._buffer)
        start = scanner.element_start
        if start is None or end - start > self._rows.held_bytes:
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


def _beginning_of(buffer: bytearray) -> bytes:
    """How the first element begins, up to its first name; empty as long as that is not in sight.

    Rows that one program wrote mostly begin alike, and unlike the objects in them.
    """
    beginning, colon, _ = bytes(buffer[:GAP_BYTES]).lstrip(BLANKS).partition(b":")
    return beginning if colon and beginning.startswith(b"{") else b""
