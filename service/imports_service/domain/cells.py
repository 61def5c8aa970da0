"""CSV records as rows: cells under their columns' names, text turned into what each column's type takes.

An empty cell says nothing; the null marker, where there is one, says null. Text that does not stand for a
value of the type stays text, and is refused where values are checked.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from imports_service.domain.columns import Cell, Column, Step, column_of
from imports_service.domain.nested import MAX_ITEMS
from imports_service.domain.resource_type import ResourceType
from imports_service.domain.values import FROM_TEXT, json_from_text

Cells = Sequence[str | None]


class CellReader:
    """Reads the records of one document. A cell of None is null, whatever the marker."""

    def __init__(
        self,
        resource_type: ResourceType,
        types: Mapping[str, ResourceType],
        columns: Sequence[str],
        *,
        null_marker: str | None,
    ) -> None:
        found = {
            name: column_of(name, resource_type, types) or Column((name,), Cell.DROPPED) for name in columns
        }
        self.columns = tuple(columns)
        self._null_marker = null_marker
        self._dropped = frozenset(name for name, column in found.items() if column.kind is Cell.DROPPED)
        self._from_text = {
            name: from_text for name, column in found.items() if (from_text := _from_text(column)) is not None
        }
        self._nested = [(name, column) for name, column in found.items() if column.path != (name,)]
        # what is written as one list of names in several columns is put together item by item
        self._names = {column.path[:-1] for _, column in self._nested if column.kind is Cell.PARTS}

    def read(self, records: Sequence[Cells]) -> list[dict[str, Any]]:
        """What each record gives, by column. Every record must have as many cells as there are columns.

        Dotted cells together make the object or list that they are parts of. Goes through the cells column by
        column: most columns of a document need nothing done, or are empty.
        """
        names, columns, has_gaps = [], [], False
        for name, cells in zip(self.columns, zip(*records, strict=True), strict=True):
            if name in self._dropped or not any(cell != "" for cell in cells):
                continue
            names.append(name)
            columns.append(self._column(name, cells))
            has_gaps = has_gaps or "" in cells
        if not columns:
            return [{} for _ in records]
        rows: list[dict[str, Any]] = [
            dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)
        ]
        if has_gaps:
            rows = [{name: cell for name, cell in row.items() if cell != ""} for row in rows]
        if self._nested:
            for row in rows:
                self._nest(row)
        return rows

    def note_emptied(self, row: dict[str, Any], names: Iterable[str]) -> None:
        """Put null where a secret stood, so that it can be said that it is not stored."""
        paths = {name: column.path for name, column in self._nested}
        for name in names:
            _put(row, paths.get(name, (name,)), None)

    def _column(self, name: str, cells: Cells) -> Sequence[Any]:
        if (marker := self._null_marker) is not None:
            cells = [None if cell == marker else cell for cell in cells]
        from_text = self._from_text.get(name)
        if from_text is None:
            return cells
        if from_text is json_from_text or from_text is _names_from_text:
            return [from_text(cell) if cell else cell for cell in cells]
        known = {cell: from_text(cell) if cell else cell for cell in set(cells)}  # many cells say the same
        return [known[cell] for cell in cells]

    def _nest(self, row: dict[str, Any]) -> None:
        """Put the dotted cells of a row together; numbered items stay under their places."""
        for name, column in self._nested:
            if name in row:
                _put(row, column.path, row.pop(name))
        for path in self._names:
            _at(row, path, _items_of_names)


def _put(holder: dict[Any, Any], path: Sequence[Step], value: Any) -> None:
    for step in path[:-1]:
        holder = holder.setdefault(step, {})
    holder[path[-1]] = value


def _at(holder: Any, path: Sequence[Step], change: Callable[[Any], Any]) -> None:
    """Change what stands at the path, if anything does."""
    for step in path[:-1]:
        holder = holder.get(step, {})
    if path[-1] in holder:
        holder[path[-1]] = change(holder[path[-1]])


def _items_of_names(columns: Any) -> Any:
    """The items of a list whose columns hold one list of texts each; null where all that is given is null."""
    columns = {name: cell for name, cell in columns.items() if cell is not None}
    if not columns:
        return None
    if any(not isinstance(cell, list) for cell in columns.values()):
        return columns
    return [
        {name: text for name, text in zip(columns, texts, strict=True) if text is not None}
        for texts in zip_longest(*columns.values())
    ]


def _from_text(column: Column) -> Callable[[str], object] | None:
    match column.kind:
        case Cell.NAMES | Cell.PARTS:
            return _names_from_text
        case Cell.JSON:
            return json_from_text
        case Cell.DROPPED:
            return None
        case kind:
            return FROM_TEXT.get(kind)


def _names_from_text(text: str) -> object:
    """A JSON list, or the texts between commas."""
    if text.lstrip().startswith("["):
        return json_from_text(text)
    return [name for name in map(str.strip, text.split(",", MAX_ITEMS)) if name]
