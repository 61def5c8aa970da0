"""What can be said of a row: its outcome and its issues. Values, never exceptions.

The catalogue of codes is closed: a new code is a change of the contract.
"""

from enum import IntEnum, StrEnum

import msgspec


class Outcome(IntEnum):
    """What became of a row. The numbers are those of the proto enum and of stored outcomes."""

    CREATED = 1
    UPDATED = 2
    UNCHANGED = 3
    FAILED = 4
    NOT_PROCESSED = 5


class Code(StrEnum):
    """The catalogue. A row with an error failed; a row with warnings only went through."""

    REQUIRED = "required"
    WRONG_TYPE = "wrong_type"
    NOT_IN_ENUM = "not_in_enum"
    MUST_EXIST = "must_exist"
    TOO_LONG = "too_long"
    TOO_SHORT = "too_short"
    OUT_OF_RANGE = "out_of_range"
    INVALID = "invalid"
    MALFORMED = "malformed"
    NOT_AN_OBJECT = "not_an_object"
    CELL_COUNT = "cell_count"
    TOO_MANY_ITEMS = "too_many_items"
    TOO_DEEP = "too_deep"
    EXCLUSIVE = "exclusive"
    IMMUTABLE = "immutable"
    IMMUTABLE_KEY = "immutable_key"
    AMBIGUOUS_KEY = "ambiguous_key"
    UNSUPPORTED = "unsupported"

    UNKNOWN_ATTRIBUTE = "unknown_attribute"
    TRIGGER_IGNORED = "trigger_ignored"
    ID_IGNORED = "id_ignored"
    NO_KEY = "no_key"
    WRITE_ONLY_IGNORED = "write_only_ignored"

    @property
    def is_warning(self) -> bool:
        return self in _WARNINGS


_WARNINGS = frozenset(
    {Code.UNKNOWN_ATTRIBUTE, Code.TRIGGER_IGNORED, Code.ID_IGNORED, Code.NO_KEY, Code.WRITE_ONLY_IGNORED}
)


class Issue(msgspec.Struct, frozen=True, array_like=True):
    """One thing said of a row. `attribute` is the name as the row gave it, "" for the row as a whole."""

    code: Code
    attribute: str
    message: str

    @property
    def is_error(self) -> bool:
        return not self.code.is_warning
