"""What CSV records name, read from their cells: from texts under the names of members, and from cells that hold
objects, lists, or parts of them. Cells that can't be understood make the document one in order.
"""

from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from msgspec import UNSET

from imports_service.domain.attributes import Relationship
from imports_service.domain.registry import Registry
from imports_service.domain.resource_type import ResourceType
from imports_service.pipeline.mentions import Unclear, items_of, read_json, single_key
from imports_service.pipeline.order import Order

MOST_DIGITS = 9
"""Of the number of an item."""

_Path = tuple[str | int, ...]
_Read = Callable[[str], Any]


class CsvNames:
    """Hands what the records of one document name to its order."""

    def __init__(
        self,
        columns: Sequence[str],
        resource_type: ResourceType,
        registry: Registry,
        order: Order,
        *,
        null_marker: str | None,
    ) -> None:
        self._order = order
        self._cells = len(columns)
        self._null_marker = null_marker
        named = list(enumerate(columns))
        naming = order.naming
        self._texts = {name: itemgetter(place) for place, name in named if name in naming.texts}
        self._parts = [
            (place, *_part(name.split("."), resource_type, registry))
            for place, name in named
            if name.partition(".")[0] in naming.objects
        ]

    def take(self, first_row: int, records: Sequence[list[str]]) -> None:
        """Take records under the number of the first; those with cells too few or too many are certain to fail."""
        if not self._order.is_open:
            return
        if set(map(len, records)) - {self._cells}:
            self._order.take(first_row, map(self._row, records))
            return
        columns = {name: list(map(cell_of, records)) for name, cell_of in self._texts.items()}
        given = {name: self._values(cells) for name, cells in columns.items() if any(cells)}
        if any(record[place] for place, _, _ in self._parts for record in records):
            self._order.take(first_row, map(self._row, records))
        else:
            self._order.take_columns(first_row, given, len(records))

    def _values(self, cells: list[str]) -> list[Any]:
        """The cells with null for the marker, and UNSET for empty ones."""
        if (marker := self._null_marker) is not None and marker in cells:
            return [None if cell == marker else cell or UNSET for cell in cells]
        return cells if all(cells) else [cell or UNSET for cell in cells]

    def _row(self, record: list[str]) -> dict[str, Any] | None:
        """What a record gives. Raises `Unclear`."""
        if len(record) != self._cells:
            return None
        row: dict[Any, Any] = {
            name: None if cell_of(record) == self._null_marker else cell_of(record)
            for name, cell_of in self._texts.items()
            if cell_of(record)
        }
        for place, path, read in self._parts:
            if cell := record[place]:
                _put(row, path, None if cell == self._null_marker else read(cell))
        return {name: _with_lists(value) for name, value in row.items()}


def _put(row: dict[Any, Any], path: _Path, value: Any) -> None:
    *levels, last = path
    for name in levels:
        row = row.setdefault(name, {})
        if not isinstance(row, dict):
            raise Unclear
    before = row.get(last)
    row[last] = [*before, *value] if isinstance(before, list) and isinstance(value, list) else value


def _with_lists(value: Any) -> Any:
    """The value with a list for each collection of numbered items."""
    if not isinstance(value, dict):
        return value
    read = {name: _with_lists(inner) for name, inner in value.items()}
    return list(read.values()) if read and all(isinstance(name, int) for name in read) else read


def _part(names: Sequence[str], resource_type: ResourceType, registry: Registry) -> tuple[_Path, _Read]:
    """Where in a row the cells of a column belong, and how they are read."""
    first, *rest = names
    relationship = next((r for r in resource_type.relationships if r.name == first), None)
    if relationship is None:
        return tuple(names), str
    if not rest:
        return (first,), _names_or_json if _is_set(relationship) else read_json
    target = registry.types.get(items_of(relationship)[0]) if items_of(relationship) else None
    if target is None or len(items_of(relationship)) > 1:
        return tuple(names), str
    if _is_set(relationship):
        return (first,), {single_key(target): _names, "id": _ids}.get(
            rest[0] if len(rest) == 1 else "", _unclear
        )
    if not relationship.many:
        path, read = _part(rest, target, registry)
        return (first, *path), read
    number, *below = rest if rest[0].isdecimal() else ["0", *rest]
    if not below or len(number) > MOST_DIGITS:
        return (first,), _unclear
    path, read = _part(below, target, registry)
    return (first, int(number), *path), read


def _is_set(relationship: Relationship) -> bool:
    return relationship.many and relationship.nested == "shared"


def _names(cell: str) -> list[Any]:
    return [part.strip() for part in cell.split(",") if part.strip()]


def _ids(cell: str) -> list[Any]:
    return [{"id": part} for part in _names(cell)]


def _names_or_json(cell: str) -> Any:
    return read_json(cell) if cell.lstrip().startswith("[") else _names(cell)


def _unclear(_cell: str) -> Iterator[None]:
    raise Unclear
