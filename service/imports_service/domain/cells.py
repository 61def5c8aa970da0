"""CSV records as rows: cells under their columns' names, text turned into what each column's type takes.

An empty cell says nothing; the null marker, where there is one, says null. Text that does not stand for a
value of the type stays text, and is refused where values are checked.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from imports_service.domain.attributes import AttributeType
from imports_service.domain.registry import ResourceType
from imports_service.domain.values import FROM_TEXT


class CellReader:
    """Reads the records of one document. A cell of None is null, whatever the marker."""

    def __init__(
        self, resource_type: ResourceType, columns: Sequence[str], *, null_marker: str | None
    ) -> None:
        types = {**resource_type.triggers, **{a.name: a.type for a in resource_type.attributes}}
        objects = {name for name, kind in types.items() if kind is AttributeType.OBJECT}
        self.columns = tuple(columns)
        self._null_marker = null_marker
        self._dropped = [name for name in columns if resource_type.is_read_only(name)]
        self._typed = [(name, FROM_TEXT[types[name]]) for name in columns if types.get(name) in FROM_TEXT]
        self._members = [
            (name, *name.split(".", 1))
            for name in columns
            if "." in name and name.split(".", 1)[0] in objects
        ]

    def read(self, record: Sequence[str | None]) -> dict[str, Any]:
        """What the record gives, by column; dotted cells of an object attribute together make the object."""
        if self._null_marker is not None:
            record = [None if cell == self._null_marker else cell for cell in record]
        given: dict[str, Any] = {
            name: cell for name, cell in zip(self.columns, record, strict=True) if cell != ""
        }
        for name, from_text in self._typed:
            if (cell := given.get(name)) is not None:
                given[name] = from_text(cell)
        for column, name, member in self._members:
            if column in given:
                _object_of(given, name)[member] = given.pop(column)
        for name in self._dropped:
            given.pop(name, None)
        return given


def _object_of(given: dict[str, Any], name: str) -> dict[str, Any]:
    value: Mapping[str, Any] | Any = given.get(name)
    if not isinstance(value, dict):
        value = given[name] = {}
    return value
