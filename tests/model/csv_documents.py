"""The same rows as JSON and as CSV, for rows that CSV can say.

It can't say an empty text, an empty list or object in dotted columns, a value of a type that its column has not, or a
name that the type has not. Such values are left out of both. Null needs the marker.
"""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from tests.model.kinds import KINDS, Kind, Row

NULL = "NULL"


def sayable(kind: Kind, row: Row) -> Row:
    """What of the row CSV can say."""
    said: Row = {}
    for name, value in row.items():
        kept = _sayable(kind, name, value)
        if kept is not ...:
            said[name] = kept
    return said


def _sayable(kind: Kind, name: str, value: Any) -> Any:
    """The value, or as much of it as can be said; `...` for nothing."""
    if name == "id" or (name.endswith("_id") and name.removesuffix("_id") in kind.refs):
        return value
    if name in {"_add_tags", "_remove_tags"} and kind.has_tags:
        return value
    if name in kind.attrs:
        is_text = isinstance(value, str) and value != ""
        takes = kind.attrs[name].takes
        fits = is_text or (takes == "boolean" and isinstance(value, bool)) or takes == "object"
        fits = fits or (takes in {"integer", "number"} and isinstance(value, int | float))
        return value if fits or value is None else ...
    if name in kind.refs:
        return _object(KINDS[kind.refs[name].kind], value) if kind.refs[name].kind in KINDS else ...
    if name in kind.lists and isinstance(value, list):
        return [
            _object(KINDS[kind.lists[name].kind], item)
            for item in value
            if _object(KINDS[kind.lists[name].kind], item) is not ...
        ] or ...
    if name == "tags" and kind.has_tags:
        return _names(value)
    return ...


def _object(kind: Kind, value: Any) -> Any:
    return (sayable(kind, value) or ...) if isinstance(value, dict) else ...


def _names(value: Any) -> Any:
    """Tags by name; None stays None."""
    if not isinstance(value, list):
        return None if value is None else ...
    names = [item if isinstance(item, str) else item.get("name") for item in value]
    return [name for name in names if name] or ...


def csv_of(
    kind: Kind, rows: Sequence[Row], *, dotted_objects: bool, tags_by_name: bool, numbered: bool
) -> bytes:
    """The rows as a CSV document. Objects without a schema stand in one JSON cell, or in dotted columns where they can:
    members that are texts. `numbered`: items of lists always have their number, also where all have but one."""
    writer = _Cells(
        tags="tags.name" if tags_by_name else "tags",
        dots=dotted_objects and all(_has_texts(kind, row) for row in rows),
        numbers=numbered or any(_longest(row) > 1 for row in rows),
    )
    records = [writer.of(kind, row) for row in rows]
    columns = list(dict.fromkeys(name for record in records for name in record))
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(columns)
    lines.writerows([record.get(name, "") for name in columns] for record in records)
    return text.getvalue().encode()


class _Cells:
    def __init__(self, *, tags: str, dots: bool, numbers: bool) -> None:
        self._tags, self._dots, self._numbers = tags, dots, numbers

    def of(self, kind: Kind, row: Row, prefix: str = "") -> dict[str, str]:
        cells: dict[str, str] = {}
        for name, value in row.items():
            column = prefix + name
            if name == "tags":
                cells[prefix + self._tags] = NULL if value is None else ",".join(value)
            elif name in kind.lists:
                inner = KINDS[kind.lists[name].kind]
                for place, item in enumerate(value):
                    cells |= self.of(inner, item, f"{column}.{place}." if self._numbers else f"{column}.")
            elif isinstance(value, dict) and name in kind.refs:
                cells |= self.of(KINDS[kind.refs[name].kind], value, f"{column}.")
            elif isinstance(value, dict) and self._dots:
                cells |= {f"{column}.{member}": text for member, text in value.items()}
            else:
                cells[column] = _cell(value)
        return cells


def _cell(value: Any) -> str:
    if value is None:
        return NULL
    if isinstance(value, str):
        return value
    return json.dumps(value)


def _has_texts(kind: Kind, row: Row) -> bool:
    """Whether all objects without a schema can stand in dotted columns."""
    for name, value in row.items():
        if name in kind.attrs and kind.attrs[name].takes == "object":
            if (
                not isinstance(value, dict)
                or not value
                or not all(isinstance(text, str) for text in value.values())
            ):
                return False
        elif (
            name in kind.lists and not all(_has_texts(KINDS[kind.lists[name].kind], item) for item in value)
        ) or (
            isinstance(value, dict)
            and name in kind.refs
            and not _has_texts(KINDS[kind.refs[name].kind], value)
        ):
            return False
    return True


def _longest(value: Any) -> int:
    """The length of the longest list of items in the row."""
    if isinstance(value, dict):
        return max((_longest(inner) for inner in value.values()), default=0)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return max(len(value), *(_longest(item) for item in value))
    return 0
