"""What of a row is stored nowhere: values of write-only attributes, its own and its nested objects'.

A row is taken apart for this, because a name may be written with escapes, or twice.
"""

import msgspec
from msgspec import Raw

from imports_service.domain.registry import Registry
from imports_service.domain.resource_type import ResourceType
from imports_service.pipeline.json_members import NULL, UnreadableRow, items_of, members_of


class Secrets:
    """The secrets of one resource type. Objects nested in a row are looked into, and no deeper."""

    def __init__(self, resource_type: ResourceType, registry: Registry) -> None:
        self._own = resource_type.write_only
        self._nested: dict[str, frozenset[str]] = {}
        for relationship in resource_type.relationships:
            targets = map(registry.get, (*relationship.importable, relationship.items))
            names = frozenset(name for target in targets if target for name in target.write_only)
            if names:
                self._nested[relationship.name] = names

    def may_be_in(self, block: bytes) -> bool:
        """Whether rows have to be taken apart; `block` holds them, one a line."""
        return bool(self._own) or (bool(self._nested) and block.count(b"{") > block.count(b"\n") + 1)

    def taken_from(self, line: bytes) -> bytes:
        """The row with null for each secret; each name once, so that none hides an earlier secret.

        Rows without such names are given back as they are. Raises `UnreadableRow`.
        """
        members = members_of(line)
        if not any(name in self._own or name in self._nested for name in members):
            return line
        return msgspec.json.encode(
            {name: self._without_secrets(name, value) for name, value in members.items()}
        )

    def is_column(self, column: str) -> bool:
        """Whether cells of a CSV column hold a secret: an attribute, the path to it, or the JSON of an object."""
        first, *path = column.split(".")
        if not path:
            return first in self._own or first in self._nested
        return first in self._nested and path[-1] in self._nested[first]

    def taken_from_cell(self, column: str, cell: str) -> str:
        """A cell of such a column without its secret: nothing is left of it, and null stands in JSON instead.

        JSON that can't be read is cut so that it stays so.
        """
        names = self._nested.get(column)
        if names is None:
            return ""
        if "\\" not in cell and not any(name in cell for name in names):
            return cell
        try:
            return bytes(_with_nulls(Raw(cell.strip().encode()), names)).decode()
        except UnreadableRow:
            return cell.strip()[:1]

    def _without_secrets(self, name: str, value: Raw) -> Raw:
        if name in self._own:
            return NULL
        return _with_nulls(value, self._nested[name]) if name in self._nested else value


def _with_nulls(value: Raw, names: frozenset[str]) -> Raw:
    """The value, an object or a list of objects, with null under the names."""
    written = bytes(value)
    if written.startswith(b"["):
        return Raw(msgspec.json.encode([_with_nulls(item, names) for item in items_of(written)]))
    if not written.startswith(b"{"):
        return value
    members = members_of(written)
    return Raw(msgspec.json.encode({name: NULL if name in names else v for name, v in members.items()}))
