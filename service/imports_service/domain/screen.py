"""What the compiled classes cannot see of rows that they took: the last check of the fast way.

Answers yes or no, never why: a slice that does not pass is looked at row by row, and a row that does not pass
the careful way.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC
from operator import attrgetter
from typing import Any

from imports_service.domain.keys import SHORT_KEY_CHARACTERS, is_too_long
from imports_service.domain.shapes import MAX_INTEGER, Shape
from imports_service.domain.values import flaw_of_object

_IDS = re.compile(r"[A-Za-z0-9_-]*")
_BARRED_ESCAPES = re.compile(rb"\\(?:[bf]|u00[01])")


def has_barred_escapes(data: bytes) -> bool:
    """Whether JSON text may hold a character that no key may have, NUL among them.

    Such characters can stand in JSON as escapes only. An escaped backslash before `u0000` is taken for one,
    too, and so is a tab in this form.
    """
    return b"\\" in data and _BARRED_ESCAPES.search(data) is not None


class Screen:
    """Looks at decoded rows of one type.

    `objects_are_text`: objects stood as text in their cells, so that no decoder of rows has looked into them.
    """

    def __init__(self, shape: Shape, *, objects_are_text: bool) -> None:
        self._shape = shape
        self._objects_are_text = objects_are_text
        self._ids = [attrgetter(name) for name in ("id", *shape.reference_fields)]
        self._texts = [attrgetter(name) for name in shape.required_texts]
        self._objects = [attrgetter(name) for name in shape.object_fields]

    def keys_of(self, rows: Sequence[Any]) -> list[str | None] | None:
        """The canonical key of each row; None when a row does not pass. Brings times to UTC."""
        if not (
            self._ids_are_well_formed(rows)
            and self._texts_are_there(rows)
            and self._objects_can_be_stored(rows)
            and self._bring_times_to_utc(rows)
        ):
            return None
        keys = list(self._shape.keys_of(rows))
        long = [key for key in keys if key is not None and len(key) > SHORT_KEY_CHARACTERS]
        return None if any(map(is_too_long, long)) else keys

    def _ids_are_well_formed(self, rows: Sequence[Any]) -> bool:
        return all(_IDS.fullmatch("".join(filter(None, map(get, rows)))) for get in self._ids)

    def _texts_are_there(self, rows: Sequence[Any]) -> bool:
        return not any(any(map(str.isspace, filter(None, map(get, rows)))) for get in self._texts)

    def _objects_can_be_stored(self, rows: Sequence[Any]) -> bool:
        for value in self._given_objects(rows):
            if (self._objects_are_text or not _is_plain(value)) and flaw_of_object(value) is not None:
                return False
        return True

    def _given_objects(self, rows: Sequence[Any]) -> Iterator[dict[str, Any]]:
        for get in self._objects:
            yield from filter(None, map(get, rows))

    def _bring_times_to_utc(self, rows: Sequence[Any]) -> bool:
        for name in self._shape.datetime_fields:
            for row in rows:
                if (time := getattr(row, name)) and time.tzinfo is not UTC:
                    try:
                        setattr(row, name, time.astimezone(UTC))
                    except OverflowError:
                        return False
        return True


def _is_plain(value: dict[str, Any]) -> bool:
    """Whether there are no levels below and no large integers: for the rest, the JSON decoder has vouched."""
    for member in value.values():
        kind = type(member)
        if kind is dict or kind is list or (kind is int and abs(member) > MAX_INTEGER):
            return False
    return True
