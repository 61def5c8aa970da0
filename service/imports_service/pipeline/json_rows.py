"""What the two forms of JSON have in common once their rows are apart: what is kept of a row and what not.

Takes values that are known to be JSON. Whether a row makes sense for its type is not looked at.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from imports_service.domain.rows import Code
from imports_service.pipeline.collector import RowCollector
from imports_service.pipeline.json_members import UnreadableRow, members_of
from imports_service.pipeline.order import Order
from imports_service.pipeline.secrets import Secrets

MARKS = frozenset({"_row_number", "_outcome", "_codes", "_messages"})
"""What a file of failed inputs says beside each row; ignored when the file comes back."""

MARKS_BYTES = 64 * 1024
"""More than the marks of any row: the longest row that can fail can come back with them."""

BLANKS = b" \t\r\n"
_LINE_BREAKS_TO_BLANKS = bytes.maketrans(b"\r\n", b"  ")


class _Object(msgspec.Struct, gc=False):
    """Any object: all names are skipped."""


class JsonRows:
    """Hands JSON rows to the collector, and what they name to the order."""

    def __init__(
        self, *, order: Order, secrets: Secrets, max_input_bytes: int, collector: RowCollector
    ) -> None:
        self._order = order
        self.max_input_bytes = max_input_bytes
        self.held_bytes = max_input_bytes + MARKS_BYTES  # of a row, before its marks are taken off
        self._collector = collector
        self._secrets = secrets
        self._objects = msgspec.json.Decoder(_Object)

    def objects_of(self, block: bytes) -> list[Any]:
        """The JSON objects that stand one after the other in the block, as `add` wants them.

        Raises `msgspec.DecodeError` and `RecursionError` where that can't be told; syntax is checked, UTF-8
        is not.
        """
        return self._order.decode(block) if self._order.is_open else self._objects.decode_lines(block)

    def add(self, lines: list[bytes], block: bytes, objects: list[Any] | None = None) -> None:
        """Keep rows that are objects without a line break in them; `block` holds all of them, and `objects` is what
        `objects_of` gave of it just before.
        """
        if b'"_row_number"' in block:
            lines = [line for line in lines if not _has_only_marks(line)]
            block, objects = b"\n".join(lines), None
        if self._order.is_open:
            self._look_at_names(block, objects)
        if not self._secrets.may_be_in(block):
            self._collector.add(lines)
            return
        for line in lines:
            self._add_without_secrets(line)

    def add_values(self, values: Sequence[bytes]) -> Iterator[None]:
        """Keep or refuse rows of any kind, one by one; breathes now and then."""
        for number, value in enumerate(values, 1):
            self.add_value(value)
            if number % 64 == 0:
                yield

    def add_value(self, value: bytes) -> None:
        """Keep or refuse one row, which is any JSON value."""
        if len(value) > self.max_input_bytes:
            value = _without_marks(value)
        if len(value) > self.max_input_bytes:
            self._collector.refuse(Code.TOO_LONG)
        elif not value.startswith(b"{"):
            self._collector.refuse(Code.NOT_AN_OBJECT)
        else:
            line = without_line_breaks(value)
            self.add([line], line)

    def refuse(self, code: Code) -> None:
        self._collector.refuse(code)

    def _look_at_names(self, block: bytes, objects: list[Any] | None) -> None:
        try:
            found = self._order.decode(block) if objects is None else objects
        except (
            msgspec.DecodeError,
            RecursionError,
        ):  # a name that is no text, or JSON that only Python reads
            self._order.give_up()
        else:
            self._order.take_decoded(self._collector.rows + 1, found)

    def _add_without_secrets(self, line: bytes) -> None:
        try:
            kept = self._secrets.taken_from(line)
        except UnreadableRow as unreadable:
            self._collector.refuse(unreadable.code)
        else:
            self._collector.add([kept])


def without_line_breaks(value: bytes) -> bytes:
    """The same JSON value on one line: a line break is a blank outside of texts, and never inside."""
    return value.translate(_LINE_BREAKS_TO_BLANKS)


def _without_marks(value: bytes) -> bytes:
    """A row of a file of failed inputs less what that says beside it; any other value as it is."""
    try:
        return (
            msgspec.json.encode({name: one for name, one in members_of(value).items() if name not in MARKS})
            if value.startswith(b"{") and b'"_row_number"' in value
            else value
        )
    except UnreadableRow:
        return value


def _has_only_marks(line: bytes) -> bool:
    try:
        return b'"_row_number"' in line and members_of(line).keys() <= MARKS
    except UnreadableRow:
        return False
