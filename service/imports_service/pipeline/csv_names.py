"""What CSV records name: whole columns at once where cells hold texts, and record by record, as a worker will read
them, where cells are parts of objects and lists.
"""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from msgspec import UNSET

from imports_service.domain.cells import CellReader
from imports_service.domain.registry import Registry
from imports_service.domain.resource_type import ResourceType
from imports_service.pipeline.order import Order


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
        self._parts = [place for place, name in named if name.partition(".")[0] in naming.objects]
        self._members = {*naming.texts, *naming.objects}
        self._reader = CellReader(resource_type, registry.types, columns, null_marker=null_marker)

    def take(self, first_row: int, records: Sequence[list[str]]) -> None:
        """Take records under the number of the first; those with cells too few or too many are certain to fail."""
        if not self._order.is_open:
            return
        if set(map(len, records)) - {self._cells}:
            self._order.take(first_row, map(self._row, records))
            return
        columns = {name: list(map(cell_of, records)) for name, cell_of in self._texts.items()}
        given = {name: self._values(cells) for name, cells in columns.items() if any(cells)}
        if any(record[place] for place in self._parts for record in records):
            self._order.take(first_row, map(self._row, records))
        else:
            self._order.take_columns(first_row, given, len(records))

    def _values(self, cells: list[str]) -> list[Any]:
        """The cells with null for the marker, and UNSET for empty ones."""
        if (marker := self._null_marker) is not None and marker in cells:
            return [None if cell == marker else cell or UNSET for cell in cells]
        return cells if all(cells) else [cell or UNSET for cell in cells]

    def _row(self, record: list[str]) -> dict[str, Any] | None:
        """What a record gives under names that matter here."""
        if len(record) != self._cells:
            return None
        (row,) = self._reader.read([record])
        return {name: value for name, value in row.items() if name in self._members}
