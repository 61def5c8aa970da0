"""What single values of a row mean, by B9, B11 and B2: stored as they are, refused with a code, or the same."""

import json
import re
from dataclasses import dataclass
from typing import Any

from tests.model.kinds import Attr

MOST = 2**53 - 1


@dataclass(frozen=True)
class Refused:
    """The value is refused with this code."""

    code: str


def judged(attr: Attr, value: Any) -> Any:
    """What is stored for the value, or `Refused`."""
    if value is None:
        return Refused("required") if attr.required else None
    return _JUDGES[attr.takes](attr, value)


def same(old: Any, new: Any) -> bool:
    """Whether two stored values are one: 1 is 1.0, true is not 1, null is no value."""
    return _plain(old) == _plain(new)


def lowered(attr: Attr | None, value: Any) -> Any:
    """Emails are compared in lower case."""
    return value.lower() if attr is not None and attr.email and isinstance(value, str) else value


def _text(attr: Attr, value: Any) -> Any:
    if not isinstance(value, str):
        return Refused("wrong_type")
    if attr.required and not value.strip():
        return Refused("required")
    if attr.choices and value not in attr.choices:
        return Refused("not_in_enum")
    if attr.name_of_tag and not re.fullmatch(r"[0-9A-Za-z_-]{1,25}", value):
        return Refused("invalid")
    if attr.country and not re.fullmatch(r"[A-Za-z]{2}", value):
        return Refused("invalid")
    return value


def _integer(attr: Attr, value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]+", value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return Refused("wrong_type")
    return _bounded(attr, value) if abs(value) <= MOST else Refused("out_of_range")


def _number(attr: Attr, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Refused("wrong_type")
    return _bounded(attr, float(value))


def _bounded(attr: Attr, value: float) -> Any:
    too_small = (attr.least is not None and value < attr.least) or (
        attr.above is not None and value <= attr.above
    )
    return Refused("out_of_range") if too_small else value


def _boolean(_attr: Attr, value: Any) -> Any:
    return value if isinstance(value, bool) else Refused("wrong_type")


def _object(_attr: Attr, value: Any) -> Any:
    return value if isinstance(value, dict) else Refused("wrong_type")


_JUDGES = {"text": _text, "integer": _integer, "number": _number, "boolean": _boolean, "object": _object}


def _plain(value: Any) -> str:
    def with_doubles(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: with_doubles(inner) for name, inner in part.items()}
        if isinstance(part, list):
            return [with_doubles(inner) for inner in part]
        return float(part) if isinstance(part, int) and not isinstance(part, bool) else part

    return json.dumps(with_doubles(value), sort_keys=True)
