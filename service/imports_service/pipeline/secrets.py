"""What of a row is stored nowhere: values of write-only attributes, its own and those of objects nested in it.

A row is taken apart for this, because a name may be written with escapes, or twice. Objects are followed on all
levels, along relationships; what an object without a schema holds is its sender's own.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Raw

from imports_service.domain.registry import Registry
from imports_service.domain.resource_type import ResourceType
from imports_service.pipeline.json_members import NULL, UnreadableRow, items_of, members_of


class Secrets:
    """The secrets of one resource type, and of those that rows of it may nest or name by objects."""

    def __init__(self, resource_type: ResourceType, registry: Registry) -> None:
        self._family = _family(resource_type, registry)
        self._top = self._family[resource_type.name]
        self._names = {name for members in self._family.values() for name in members.own}
        self._written = [name.encode() for name in self._names]

    def may_be_in(self, block: bytes) -> bool:
        """Whether rows have to be taken apart; `block` holds them, one a line."""
        return bool(self._top.own) or (bool(self._top.nested) and block.count(b"{") > block.count(b"\n") + 1)

    def taken_from(self, line: bytes) -> bytes:
        """The row with null for each secret; each name once, so that none hides an earlier secret.

        Rows without such names are given back as they are. Raises `UnreadableRow`.
        """
        if b"\\" not in line and not any(name in line for name in self._written):
            return line
        members = members_of(line)
        if not any(name in self._top.own or name in self._top.nested for name in members):
            return line
        return _encode(self._without_secrets(members, self._top))

    def is_column(self, column: str) -> bool:
        """Whether cells of a CSV column hold a secret: an attribute, the path to it, or the JSON of an object."""
        place = self._top
        *levels, last = [step for step in column.split(".") if not step.isdecimal()] or [column]
        for level in levels:
            if level not in place.nested:
                return False
            place = self._family[place.nested[level]]
        return last in place.own or last in place.nested

    def taken_from_cell(self, column: str, cell: str) -> str:
        """A cell of such a column without its secret: nothing is left of it, and null stands in JSON instead.

        JSON that can't be read is cut so that it stays so.
        """
        place = self._top
        for level in (step for step in column.split(".") if not step.isdecimal()):
            if level not in place.nested:
                return ""
            place = self._family[place.nested[level]]
        if "\\" not in cell and not any(name in cell for name in self._names):
            return cell
        try:
            return bytes(self._emptied(Raw(cell.strip().encode()), place)).decode()
        except UnreadableRow:
            return cell.strip()[:1]

    def _without_secrets(self, members: Mapping[str, Raw], place: "_Members") -> dict[str, Raw]:
        return {
            name: NULL
            if name in place.own
            else self._emptied(value, self._family[place.nested[name]])
            if name in place.nested
            else value
            for name, value in members.items()
        }

    def _emptied(self, value: Raw, place: "_Members") -> Raw:
        """The value, an object or a list of objects, with null for what is secret in it."""
        written = bytes(value)
        if written.startswith(b"["):
            return Raw(_encode([self._emptied(item, place) for item in items_of(written)]))
        if not written.startswith(b"{"):
            return value
        return Raw(_encode(self._without_secrets(members_of(written), place)))


class _Members(msgspec.Struct):
    """The members of a type's objects that matter: secrets, and those that lead to types with secrets."""

    own: frozenset[str]
    nested: dict[str, str]


def _family(resource_type: ResourceType, registry: Registry) -> dict[str, _Members]:
    """The type, and every type with secrets somewhere that its rows can lead to."""
    found: dict[str, _Members] = {}
    left = [resource_type.name]
    while left:
        found_type = registry.types[left.pop()]
        if found_type.name in found:
            continue
        nested = {
            r.name: target for r in found_type.relationships for target in (*r.importable, r.items) if target
        }
        found[found_type.name] = _Members(found_type.write_only, nested)
        left += nested.values()
    leading = {name for name, members in found.items() if members.own}
    while more := {
        n for n, m in found.items() if n not in leading and not leading.isdisjoint(m.nested.values())
    }:
        leading |= more
    for members in found.values():
        members.nested = {name: target for name, target in members.nested.items() if target in leading}
    return found


_encode = msgspec.json.Encoder().encode
