"""Splits JSON Lines: one object a line. A bad line is one bad row; only the first one, when it is no object,
says that the document is something else. Blank lines are no rows.
"""

from collections.abc import Generator, Iterator
from typing import Any

import msgspec

from imports_service.domain.rows import Code
from imports_service.pipeline.json_rows import BLANKS, JsonRows
from imports_service.pipeline.json_scanner import TOKEN_MARKS, JsonScanner, JsonSyntaxError
from imports_service.pipeline.places import Place, malformed
from imports_service.pipeline.steps import steps_of


class JsonLinesSplitter:
    """Takes whole characters of checked UTF-8. Between steps it holds less than a row and a piece."""

    def __init__(self, rows: JsonRows, place: Place) -> None:
        self._rows = rows
        self._place = place  # where the bytes that are held begin, until the first row is there
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._skipping = False
        self._is_first = True

    def feed(self, data: bytes) -> Iterator[None]:
        """Take the next piece. Raises `InvalidArgument` when the first line is no object."""
        if self._skipping:
            data = self._skip(data)
        cut = data.rfind(b"\n") + 1
        if cut:
            block = b"".join((*self._held, data[:cut]))
            self._hold(data[cut:], anew=True)
            yield from self._split(block)
        else:
            self._hold(data, anew=False)
        if self._held_bytes > self._rows.held_bytes:
            self._hold_less()

    def finish(self) -> Iterator[None]:
        """Take the last line, which may have no line break."""
        if not self._skipping:
            yield from self._split(b"".join(self._held))

    def _hold(self, data: bytes, *, anew: bool) -> None:
        if anew:
            self._held = []
            self._held_bytes = 0
        self._held.append(data)
        self._held_bytes += len(data)

    def _hold_less(self) -> None:
        """Let go of a line that is too long, unless all of it so far is the blanks before a row."""
        line = b"".join(self._held)
        row = line.lstrip(BLANKS)
        if len(row) > self._rows.held_bytes:
            if self._is_first and not row.startswith(b"{"):
                raise self._no_object(line)
            self._is_first = False
            self._rows.refuse(Code.TOO_LONG)
            self._skipping = True
            row = b""
        if self._is_first:
            self._place = self._place.after(line[: len(line) - len(row)])
        self._hold(row, anew=True)

    def _skip(self, data: bytes) -> bytes:
        """What comes after the line that is being skipped."""
        end = data.find(b"\n") + 1
        self._skipping = not end
        return data[end:] if end else b""

    def _split(self, block: bytes) -> Iterator[None]:
        """Take whole lines; where they are all good, at once."""
        lines = block.replace(b"\r\n", b"\n") if b"\r" in block else block
        lines = lines.removesuffix(b"\n")
        if (objects := self._objects_of(lines)) is not None:
            self._rows.add(lines.split(b"\n"), lines, objects)
            self._is_first = False
        else:
            yield from self._split_one_by_one(block)
        if self._is_first:
            self._place = self._place.after(block)

    def _objects_of(self, lines: bytes) -> list[Any] | None:
        """The lines as objects; None unless each of them is one object, and short enough.

        A line that begins with a brace and ends with one can't be a part of a row: inside a row no brace
        follows another over a line break without a comma. So as many objects as lines: one object a line.
        """
        if len(lines) > self._rows.max_input_bytes or not lines.startswith(b"{") or not lines.endswith(b"}"):
            return None
        breaks = lines.count(b"\n")
        if lines.count(b"}\n{") != breaks or b"\r" in lines:
            return None
        try:
            objects = self._rows.objects_of(lines)
        except (msgspec.DecodeError, RecursionError):
            return None
        return objects if len(objects) == breaks + 1 else None

    def _split_one_by_one(self, block: bytes) -> Iterator[None]:
        start = 0
        for number, line in enumerate(block.split(b"\n"), 1):
            row = line.lstrip(BLANKS)
            if row:
                yield from self._take(row, block, start + len(line) - len(row))
            start += len(line) + 1
            if number % 64 == 0:
                yield

    def _take(self, row: bytes, block: bytes, start: int) -> Iterator[None]:
        if self._is_first:
            yield from self._check_first(row, block[:start])
        self._is_first = False
        if len(row) > self._rows.held_bytes:
            self._rows.refuse(Code.TOO_LONG)
        elif (yield from _syntax_error(row)) is not None:
            self._rows.refuse(Code.MALFORMED)
        else:
            self._rows.add_value(row.rstrip(BLANKS))

    def _check_first(self, row: bytes, before: bytes) -> Iterator[None]:
        if not row.startswith(b"{"):
            raise self._no_object(before + row)
        if len(row) <= self._rows.held_bytes and (error := (yield from _syntax_error(row))):
            place = self._place.after(before + row[: error.offset])
            raise malformed(place, f"the first line is no JSON object: {error}")

    def _no_object(self, line: bytes) -> Exception:
        place = self._place.after(line[: len(line) - len(line.lstrip(BLANKS))])
        return malformed(place, "the first line is no JSON object")


def _syntax_error(row: bytes) -> Generator[None, None, JsonSyntaxError | None]:
    """Why the row is no JSON value, or None. The C decoder says yes, the scanner decides where it says no."""
    try:
        msgspec.json.decode(row, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        scanner = JsonScanner(single=True)
        try:
            for number, piece in enumerate(steps_of(row, TOKEN_MARKS)):
                if number:
                    yield
                scanner.feed(piece)
            scanner.finish()
        except JsonSyntaxError as error:
            return error
    return None
