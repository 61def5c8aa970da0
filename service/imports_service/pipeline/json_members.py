"""What a JSON object or array consists of, as it was written, for rows that have to be taken apart."""

import json
from typing import Any

import msgspec
from msgspec import Raw

from imports_service.domain.rows import Code

NULL = Raw(b"null")
_items = msgspec.json.Decoder(list[Raw])
_members = msgspec.json.Decoder(dict[str, Raw])


class UnreadableRow(Exception):
    """Syntactically a JSON object, but none of the decoders takes it; `code` says what is wrong with it."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


def members_of(line: bytes) -> dict[str, Raw]:
    """The members of an object, their values as they were written; of a name given twice the last one.

    Where the C decoder gives up (a lone surrogate, NaN) values are written anew. Raises `UnreadableRow`.
    """
    try:
        return _members.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return {name: _raw(value) for name, value in _read_slowly(line).items()}


def items_of(line: bytes) -> list[Raw]:
    """The items of an array, like `members_of`."""
    try:
        return _items.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return list(map(_raw, _read_slowly(line)))


def _raw(value: object) -> Raw:
    return Raw(json.dumps(value).encode())


def _read_slowly(line: bytes) -> Any:
    try:
        return json.loads(line)
    except RecursionError:
        raise UnreadableRow(Code.TOO_DEEP) from None
    except ValueError:  # an integer of more digits than Python reads
        raise UnreadableRow(Code.OUT_OF_RANGE) from None
