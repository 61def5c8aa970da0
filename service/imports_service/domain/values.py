"""What each kind of attribute takes, value by value, and in which words a value is refused.

The careful way: it names every flaw. Rows without one never come here, they are decoded and checked in C by
`domain.shapes`, and both ways take the same values. Messages never repeat a value: it may be a secret.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from math import isinf
from typing import Annotated, Any

import msgspec

from imports_service.domain.attributes import Attribute, AttributeType, Relationship
from imports_service.domain.names import is_resource_id
from imports_service.domain.rows import Code, Issue
from imports_service.domain.shapes import MAX_INTEGER

MAX_DEPTH = 16  # of a row, which is the first level itself

_INTEGRAL_TEXT = re.compile(r"[+-]?[0-9]+(?:\.0*)?")
_NUMBER_TEXT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NO_NUMBER_TEXTS = frozenset({"nan", "inf", "infinity"})
_BOOLEAN_TEXTS = {"true": True, "1": True, "false": False, "0": False}
_MOST_DIGITS = 400  # more than any double has; int() refuses some thousands
_FEW_DIGITS = 16  # the usual case, decided without a pattern
_SHOWN_ENUM_CHARACTERS = 150

_RANGE = f"must be between -{MAX_INTEGER} and {MAX_INTEGER}; larger numbers can be sent as text"


class NoNumber(Enum):
    """What stands in a parsed row for what is no number: NaN, infinity, or more than a double can hold."""

    NOT_A_NUMBER = "not a number"
    TOO_LARGE = "too large"


class Flaw(msgspec.Struct, frozen=True):
    """Why a value is refused; which attribute it was given for is the caller's to say."""

    code: Code
    message: str

    def of(self, name: str) -> Issue:
        return Issue(self.code, name, self.message)


BLANK = Flaw(Code.REQUIRED, "can't be blank")
_NO_TEXT = Flaw(Code.INVALID, "must not contain NUL or half of a surrogate pair")
_NO_EMAIL = Flaw(Code.INVALID, "must be an email address")
_NO_ID = Flaw(Code.INVALID, "must be an id: 1 to 64 of A-Z, a-z, 0-9, _ and -")
_NO_TIME = Flaw(Code.INVALID, "must be a time in RFC 3339 with an offset, such as 2026-01-31T12:00:00Z")
_NOT_A_NUMBER = Flaw(Code.INVALID, "must be a finite number")
_NO_INTEGER = Flaw(Code.WRONG_TYPE, "must be an integer")
_BEYOND_INTEGERS = Flaw(Code.OUT_OF_RANGE, _RANGE)
_BEYOND_DOUBLES = Flaw(Code.OUT_OF_RANGE, "is larger than a double can hold")
_TOO_DEEP = Flaw(Code.TOO_DEEP, f"is nested more than {MAX_DEPTH} levels deep")
NO_OBJECT = Flaw(Code.WRONG_TYPE, "must be an object")


def parse_json(text: str | bytes) -> Any:
    """The value, `NoNumber` for what is no number. Raises `ValueError` for no JSON, and `RecursionError`."""
    return json.loads(
        text, parse_constant=_parse_constant, parse_float=_parse_float, parse_int=_parse_integer
    )


def _parse_constant(_word: str) -> NoNumber:
    return NoNumber.NOT_A_NUMBER


def _parse_float(digits: str) -> float | NoNumber:
    number = float(digits)
    return NoNumber.TOO_LARGE if isinf(number) else number


def _parse_integer(digits: str) -> int | NoNumber:
    return int(digits) if len(digits) <= _MOST_DIGITS else NoNumber.TOO_LARGE


def read_attribute(attribute: Attribute, value: object, *, level: int = 1) -> object:
    """What is stored for the value, or a `Flaw`. None clears the attribute. `level` is that of its object."""
    if value is None:
        return None if attribute.nullable else BLANK
    if attribute.type is AttributeType.OBJECT:
        return _read_object(value, level)
    return _READERS[attribute.type](attribute, value)


def read_reference(reference: Relationship, value: object) -> object:
    """The id that is stored for the value, None, or a `Flaw`."""
    if value is None and reference.nullable:
        return None
    if value is None or (reference.required and isinstance(value, str) and not value.strip()):
        return BLANK
    return read_id(value)


def read_id(value: object) -> object:
    """The id, or a `Flaw`."""
    if not isinstance(value, str):
        return Flaw(Code.WRONG_TYPE, "must be an id, which is a string")
    return value if is_resource_id(value) else _NO_ID


def _read_string(attribute: Attribute, value: object) -> object:
    if not isinstance(value, str):
        return Flaw(Code.WRONG_TYPE, "must be a string")
    if not _is_text(value):
        return _NO_TEXT
    if attribute.required and not value.strip():
        return BLANK
    if attribute.enum and value not in attribute.enum:
        listed = ", ".join(attribute.enum)
        shown = listed if len(listed) <= _SHOWN_ENUM_CHARACTERS else f"{listed[:_SHOWN_ENUM_CHARACTERS]}…"
        return Flaw(Code.NOT_IN_ENUM, f"must be one of {shown}")
    if attribute.max_length is not None and len(value) > attribute.max_length:
        return Flaw(Code.TOO_LONG, f"must have at most {attribute.max_length} characters")
    if attribute.min_length is not None and len(value) < attribute.min_length:
        return Flaw(Code.TOO_SHORT, f"must have at least {attribute.min_length} characters")
    if attribute.whole_pattern and not re.match(attribute.whole_pattern, value):
        return _NO_EMAIL if attribute.email else Flaw(Code.INVALID, f"must match {attribute.pattern}")
    return value


def _read_integer(attribute: Attribute, value: object) -> object:
    if isinstance(value, str):
        value = integer_from_text(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    match value:
        case bool():
            return _NO_INTEGER
        case int() if abs(value) > MAX_INTEGER:
            return _BEYOND_INTEGERS
        case int():
            return _within_bounds(attribute, value)
        case NoNumber.TOO_LARGE:
            return _BEYOND_INTEGERS
        case NoNumber.NOT_A_NUMBER:
            return _NOT_A_NUMBER
        case _:
            return _NO_INTEGER


def _within_bounds(attribute: Attribute, value: float) -> object:
    if attribute.minimum is not None and value < attribute.minimum:
        return Flaw(Code.OUT_OF_RANGE, f"must be {attribute.minimum} or more")
    if attribute.above is not None and value <= attribute.above:
        return Flaw(Code.OUT_OF_RANGE, f"must be more than {attribute.above:g}")
    return value


def _read_float(attribute: Attribute, value: object) -> object:
    match value:
        case bool():
            return Flaw(Code.WRONG_TYPE, "must be a number")
        case int() | float():
            try:
                return _within_bounds(attribute, float(value))
            except OverflowError:
                return _BEYOND_DOUBLES
        case NoNumber.TOO_LARGE:
            return _BEYOND_DOUBLES
        case NoNumber.NOT_A_NUMBER:
            return _NOT_A_NUMBER
        case _:
            return Flaw(Code.WRONG_TYPE, "must be a number")


def _read_boolean(_attribute: Attribute, value: object) -> object:
    return value if isinstance(value, bool) else Flaw(Code.WRONG_TYPE, "must be true or false")


def _read_datetime(_attribute: Attribute, value: object) -> object:
    if not isinstance(value, str):
        return Flaw(Code.WRONG_TYPE, "must be a time, which is a string")
    try:
        return msgspec.convert(value, Annotated[datetime, msgspec.Meta(tz=True)]).astimezone(UTC)
    except (msgspec.ValidationError, UnicodeEncodeError):
        return _NO_TIME
    except OverflowError:
        return Flaw(Code.OUT_OF_RANGE, "is no time between the years 1 and 9999")


def _read_object(value: object, level: int) -> object:
    if not isinstance(value, dict):
        return NO_OBJECT
    return flaw_of_object(value, level=level + 1) or value


_READERS: Mapping[AttributeType, Callable[[Attribute, object], object]] = {
    AttributeType.STRING: _read_string,
    AttributeType.INTEGER: _read_integer,
    AttributeType.FLOAT: _read_float,
    AttributeType.BOOLEAN: _read_boolean,
    AttributeType.DATETIME: _read_datetime,
}


def flaw_of_object(value: Mapping[str, object], *, level: int = 2) -> Flaw | None:
    """What keeps an object without a schema from being stored; `level` is where it stands in its row."""
    members: list[object] = [value]
    for _ in range(level, MAX_DEPTH + 1):
        below: list[object] = []
        for inner in members:
            if flaw := _flaw_of_level(inner, below):
                return flaw
        if not below:
            return None
        members = below
    return _TOO_DEEP


def _flaw_of_level(value: object, below: list[object]) -> Flaw | None:
    """The flaw of an object's names and of the values in it; objects and lists in it go to `below`."""
    if isinstance(value, dict):
        if not all(map(_is_text, value)):
            return _NO_TEXT
        members: Any = value.values()
    else:
        members = value
    for member in members:
        if isinstance(member, dict | list):
            below.append(member)
        elif flaw := _flaw_of_scalar(member):
            return flaw
    return None


def _flaw_of_scalar(value: object) -> Flaw | None:
    match value:
        case str():
            return None if _is_text(value) else _NO_TEXT
        case bool():
            return None
        case int() if abs(value) > MAX_INTEGER:
            return _BEYOND_INTEGERS
        case NoNumber.TOO_LARGE:
            return _BEYOND_DOUBLES
        case NoNumber.NOT_A_NUMBER:
            return _NOT_A_NUMBER
        case _:
            return None


def _is_text(text: str) -> bool:
    """Whether PostgreSQL and UTF-8 can hold it."""
    if "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def integer_from_text(text: str) -> object:
    """The integer that a decimal text stands for; the text itself when it stands for none."""
    if len(text) < _FEW_DIGITS and text.isdecimal() and text.isascii():
        return int(text)
    if len(text) > _MOST_DIGITS:
        return NoNumber.TOO_LARGE if _INTEGRAL_TEXT.fullmatch(text) else text
    return int(text.partition(".")[0]) if _INTEGRAL_TEXT.fullmatch(text) else text


def float_from_text(text: str) -> object:
    """The number that a text stands for; the text itself when it stands for none."""
    if _NUMBER_TEXT.fullmatch(text):
        return _parse_float(text)
    return NoNumber.NOT_A_NUMBER if text.lower().lstrip("+-") in _NO_NUMBER_TEXTS else text


def boolean_from_text(text: str) -> object:
    """The boolean that true, false, 1 or 0 in any case stands for; any other text itself."""
    return _BOOLEAN_TEXTS.get(text.lower(), text)


def json_from_text(text: str) -> object:
    """The object or list that the text is the JSON of; the text itself when it is none."""
    try:
        value = parse_json(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, dict | list) else text


FROM_TEXT: Mapping[AttributeType, Callable[[str], object]] = {
    AttributeType.INTEGER: integer_from_text,
    AttributeType.FLOAT: float_from_text,
    AttributeType.BOOLEAN: boolean_from_text,
    AttributeType.OBJECT: json_from_text,
}
