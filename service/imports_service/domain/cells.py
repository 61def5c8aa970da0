"""CSV records as rows: cells under their columns' names, text turned into what each column's type takes.

An empty cell says nothing; the null marker, where there is one, says null. Text that does not stand for a
value of the type stays text, and is refused where values are checked.
"""

from collections.abc import Sequence
from typing import Any

from imports_service.domain.attributes import AttributeType
from imports_service.domain.resource_type import ResourceType
from imports_service.domain.values import FROM_TEXT

Cells = Sequence[str | None]


class CellReader:
    """Reads the records of one document. A cell of None is null, whatever the marker."""

    def __init__(
        self, resource_type: ResourceType, columns: Sequence[str], *, null_marker: str | None
    ) -> None:
        types = {**resource_type.triggers, **{a.name: a.type for a in resource_type.attributes}}
        objects = {name for name, kind in types.items() if kind is AttributeType.OBJECT}
        self.columns = tuple(columns)
        self._null_marker = null_marker
        self._dropped = frozenset(name for name in columns if resource_type.is_read_only(name))
        self._from_text = {name: FROM_TEXT[types[name]] for name in columns if types.get(name) in FROM_TEXT}
        dotted = [(name, *name.split(".")) for name in columns if "." in name]
        self._members = [(column, path) for column, *path in dotted if path[0] in objects]

    def read(self, records: Sequence[Cells]) -> list[dict[str, Any]]:
        """What each record gives, by column. Every record must have as many cells as there are columns.

        Dotted cells of an object attribute together make the object. Goes through the cells column by column:
        most columns of a document need nothing done, or are empty.
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
        if self._members:
            for row in rows:
                self._gather_members(row)
        return rows

    def _column(self, name: str, cells: Cells) -> Sequence[Any]:
        if (marker := self._null_marker) is not None:
            cells = [None if cell == marker else cell for cell in cells]
        from_text = self._from_text.get(name)
        return cells if from_text is None else [from_text(cell) if cell else cell for cell in cells]

    def _gather_members(self, row: dict[str, Any]) -> None:
        for column, (*levels, member) in self._members:
            if column in row:
                holder = row
                for name in levels:
                    holder = holder.setdefault(name, {})
                holder[member] = row.pop(column)
