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
        if self._write_only or b'"_row_number"' in block:
            lines = [self._without_secrets(line) for line in lines if not _has_only_marks(line)]
        self._collector.add(lines)

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

    def _without_secrets(self, line: bytes) -> bytes:
        """The row with null for each secret; each name is kept once, so that none hides an earlier secret."""
        if not self._write_only:
            return line
        members = _members_of(line)
        if self._write_only.isdisjoint(members):
            return line
        null = Raw(b"null")
        return msgspec.json.encode({n: null if n in self._write_only else v for n, v in members.items()})


def without_line_breaks(value: bytes) -> bytes:
    """The same JSON value on one line: outside of texts a line break is a blank, and inside there can be
    none.
    """
    return value.translate(_LINE_BREAKS_TO_BLANKS)


def _members_of(line: bytes) -> dict[str, Raw]:
    """The row's members; what the C decoder can't read (a lone surrogate, deep nesting) goes the slow way."""
    try:
        return _members.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return {name: Raw(json.dumps(value).encode()) for name, value in json.loads(line).items()}


def _has_only_marks(line: bytes) -> bool:
    return b'"_row_number"' in line and _members_of(line).keys() <= MARKS


def _names_itself(value: bytes) -> bool:
    try:
        return _members_of(value).get("id", Raw(b"null")) != Raw(b"null")
    except RecursionError:
        return True  # nobody can tell, and in order is always right
