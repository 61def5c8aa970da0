"""What the two forms of JSON have in common once their rows are apart: what is kept of a row, and what is
not.

Takes values that are known to be JSON. Whether a row makes sense for its type is not looked at.
"""

import json
from collections.abc import Iterator, Sequence

import msgspec
from msgspec import UNSET, Raw, UnsetType

from imports_service.domain.registry import ResourceType
from imports_service.domain.rows import Code
from imports_service.pipeline.collector import RowCollector

MARKS = frozenset({"_row_number", "_outcome", "_codes", "_messages"})
"""What a file of failed inputs says beside each row; ignored when the file comes back."""

BLANKS = b" \t\r\n"
_LINE_BREAKS_TO_BLANKS = bytes.maketrans(b"\r\n", b"  ")


class _Identified(msgspec.Struct, gc=False):
    id: Raw | UnsetType = UNSET


class _Object(msgspec.Struct, gc=False):
    """Any object: all names are skipped."""


class UnreadableRow(Exception):
    """Syntactically a JSON object, but none of the decoders takes it; `code` says what is wrong with it."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


_NULL = Raw(b"null")
_members = msgspec.json.Decoder(dict[str, Raw])


class JsonRows:
    """Hands JSON rows to the collector. `in_order` becomes True when a row names itself by id."""

    def __init__(self, resource_type: ResourceType, *, max_input_bytes: int, collector: RowCollector) -> None:
        self.in_order = resource_type.has_key
        self.max_input_bytes = max_input_bytes
        self._collector = collector
        self._write_only = resource_type.write_only
        self._identified = msgspec.json.Decoder(_Identified)
        self._objects = msgspec.json.Decoder(_Object)

    def objects_of(self, block: bytes) -> int:
        """How many JSON objects stand one after the other in the block, which is looked at once for ids.

        Raises `msgspec.DecodeError` and `RecursionError` where that can't be told; syntax is checked, UTF-8
        is not.
        """
        if self.in_order:
            return len(self._objects.decode_lines(block))
        found = self._identified.decode_lines(block)
        self.in_order = any(row.id is not UNSET and bytes(row.id) != b"null" for row in found)
        return len(found)

    def add(self, lines: list[bytes], block: bytes) -> None:
        """Keep rows that are objects without a line break in them; `block` holds all of them."""
        if b'"_row_number"' in block:
            lines = [line for line in lines if not _has_only_marks(line)]
        if not self._write_only:
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
            self._collector.refuse(Code.TOO_LONG)
        elif not value.startswith(b"{"):
            self._collector.refuse(Code.NOT_AN_OBJECT)
        else:
            self.in_order = self.in_order or _names_itself(value)
            line = without_line_breaks(value)
            self.add([line], line)

    def refuse(self, code: Code) -> None:
        self._collector.refuse(code)

    def _add_without_secrets(self, line: bytes) -> None:
        """Keep the row with null for each secret; each name once, so that none hides an earlier secret."""
        try:
            members = members_of(line)
        except UnreadableRow as unreadable:
            self._collector.refuse(unreadable.code)
            return
        if not self._write_only.isdisjoint(members):
            members.update((name, _NULL) for name in self._write_only & members.keys())
            line = msgspec.json.encode(members)
        self._collector.add([line])


def without_line_breaks(value: bytes) -> bytes:
    """The same JSON value on one line: outside of texts a line break is a blank, and inside there can be
    none.
    """
    return value.translate(_LINE_BREAKS_TO_BLANKS)


def members_of(line: bytes) -> dict[str, Raw]:
    """The row's members, their values as they were written; of a name given twice the last one.

    Where the C decoder gives up (a lone surrogate, NaN) values are written anew. Raises `UnreadableRow`.
    """
    try:
        return _members.decode(line)
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        return {name: Raw(json.dumps(value).encode()) for name, value in json.loads(line).items()}
    except RecursionError:
        raise UnreadableRow(Code.TOO_DEEP) from None
    except ValueError:  # an integer of more digits than Python reads
        raise UnreadableRow(Code.OUT_OF_RANGE) from None


def _has_only_marks(line: bytes) -> bool:
    try:
        return b'"_row_number"' in line and members_of(line).keys() <= MARKS
    except UnreadableRow:
        return False


def _names_itself(value: bytes) -> bool:
    try:
        return bytes(members_of(value).get("id", _NULL)) != b"null"
    except UnreadableRow:
        return True  # nobody can tell, and in order is always right
