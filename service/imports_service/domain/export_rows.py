"""Exported rows: what is written of the resources of a type, as values and as the cells of CSV.

As they are: flat, with ids; what a resource owns is exported by its own type. Dry, for another organization:
no id of anything that can be imported; references by key, and nested what has no name of its own.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from imports_service.domain.attributes import Relationship
from imports_service.domain.export_parts import (
    ByKey,
    Name,
    Names,
    Part,
    Plain,
    Related,
    StandIn,
    Values,
    Widths,
)
from imports_service.domain.resource_type import ResourceType
from imports_service.domain.shapes import MAX_INTEGER

"""The trigger that is stored: an order that is archived says so, and its status can't be written without."""

ITEM_ID = "id"

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_LONG_NUMBER = re.compile(r"[0-9]{16}")


def values_of(attributes: str) -> Values:
    """The stored attributes. PostgreSQL writes large doubles with all their digits; they are doubles again."""
    values = _decode(attributes)
    return _with_doubles(values) if _LONG_NUMBER.search(attributes) else values


def _with_doubles(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_doubles(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_doubles(inner) for inner in value]
    is_double = isinstance(value, int) and abs(value) > MAX_INTEGER
    return float(value) if is_double else value


class ExportedType:
    """What an export writes of one type: its parts, in the order of the registry.

    `owner` is the input key that a nested item leaves out: it stands in its owner.
    """

    def __init__(
        self,
        resource_type: ResourceType,
        types: Mapping[str, ResourceType],
        *,
        dry: bool,
        owner: str = "",
    ) -> None:
        self.name = resource_type.name
        self._types = types
        self._dry = dry
        self._owner = owner
        self._companions = {a.name: a.only_with for a in resource_type.attributes if a.only_with}
        self._parts: list[Part] = [] if dry else [Plain(ITEM_ID)]
        self._parts += _attributes(resource_type)
        self._parts += self._relationships(resource_type)
        if dry:
            self._parts += self._owned_lists()
        self.references = [part for part in self._parts if isinstance(part, ByKey)]
        self.objects = [part for part in self._parts if isinstance(part, Inside)]
        self.lists = [part for part in self._parts if isinstance(part, Items)]

    def row(self, values: Values, related: Related) -> dict[str, Any]:
        """The row of a resource; `values` are its stored ones and its `id`."""
        row: dict[str, Any] = {}
        for part in self._parts:
            part.add_to(row, values, related)
        for name, companions in self._companions.items():
            if any(values.get(other) != wanted for other, wanted in companions.items()):
                row.pop(name, None)  # an import takes it together with those only
        return row

    def columns(self, widths: Widths) -> Iterator[str]:
        """All columns that rows of the type may fill, whatever they hold but for the length of lists."""
        return (column for part in self._parts for column in part.columns(widths))

    def add_cells(self, cells: dict[str, str], row: Values, prefix: str = "") -> None:
        """Put the row's values under their columns; what is empty is left out."""
        for part in self._parts:
            part.add_cells(cells, row, prefix)

    def keys_needed(self, resources: Iterable[Values]) -> Iterator[Name]:
        """What these resources refer to and what has to be named by key."""
        for part in self.references:
            for values in resources:
                if (target := part.target(values)) is not None:
                    yield target

    def _relationships(self, resource_type: ResourceType) -> Iterator[Part]:
        filled = {attribute.fills for attribute in resource_type.stored_attributes}
        for relationship in resource_type.relationships:
            if relationship.many:
                yield from self._shared_list(relationship)
            elif relationship.input_key == self._owner:
                continue
            elif not self._dry or not relationship.importable:
                yield Plain(relationship.input_key)
            elif relationship.input_key not in filled:  # else its shortcut is always there, and enough
                yield from self._reference(relationship, resource_type)

    def _shared_list(self, relationship: Relationship) -> Iterator[Part]:
        if relationship.nested == "shared":
            [attribute] = self._types[relationship.types[0]].unique_key
            yield Names(relationship.name, attribute)

    def _owned_lists(self) -> Iterator[Part]:
        """What is never exported dry by its own type travels inside its owner, in a list of the type's name."""
        for item_type in self._types.values():
            owner = item_type.owner
            if owner is not None and self.name in owner.importable and not item_type.dry_exportable:
                inner = ExportedType(item_type, self._types, dry=True, owner=owner.input_key)
                yield Items(item_type.name, inner)

    def _reference(self, relationship: Relationship, resource_type: ResourceType) -> Iterator[Part]:
        targets = [self._types[name] for name in relationship.importable]
        if all(target.has_key for target in targets):
            shortcuts = {a.target_type: a.name for a in resource_type.shortcuts if not a.fills}
            yield ByKey(relationship, self._types, shortcuts if relationship.type_from else {})
        elif targets[0].owner is None:
            inner = ExportedType(targets[0], self._types, dry=True)
            yield Inside(relationship.name, relationship.input_key, inner)


def _attributes(resource_type: ResourceType) -> Iterator[Part]:
    for attribute in resource_type.stored_attributes:
        yield Plain(attribute.name)
        for name, value in attribute.required_unless.items():
            if resource_type.attribute[name].trigger:
                yield StandIn(name, value, attribute.name)


@dataclass(frozen=True, slots=True)
class Inside:
    """A resource without a name of its own, written as an object in the place of its reference."""

    name: str
    input_key: str
    type: ExportedType

    def add_to(self, row: dict[str, Any], values: Values, related: Related) -> None:
        if self.input_key not in values:
            return
        if (resource_id := values[self.input_key]) is None:
            row[self.name] = None
        elif (inner := related.objects.get((self.type.name, resource_id))) is not None:
            row[self.name] = self.type.row(inner, related)

    def columns(self, widths: Widths) -> Iterator[str]:
        for column in self.type.columns({}):
            yield f"{self.name}.{column}"

    def add_cells(self, cells: dict[str, str], row: Values, prefix: str) -> None:
        if (inner := row.get(self.name)) is not None:
            self.type.add_cells(cells, inner, f"{prefix}{self.name}.")


@dataclass(frozen=True, slots=True)
class Items:
    """The list of what a resource owns; in CSV each item has a number of its own in its columns."""

    name: str
    type: ExportedType

    def add_to(self, row: dict[str, Any], values: Values, related: Related) -> None:
        if items := related.items.get((self.type.name, values[ITEM_ID])):
            row[self.name] = [self.type.row(item, related) for item in items]

    def columns(self, widths: Widths) -> Iterator[str]:
        for number, below in enumerate(widths.get(self.name, ())):
            inner: dict[str, Sequence[int]] = {part.name: [0] * below for part in self.type.lists}
            for column in self.type.columns(inner):
                yield f"{self.name}.{number}.{column}"

    def add_cells(self, cells: dict[str, str], row: Values, prefix: str) -> None:
        for number, item in enumerate(row.get(self.name, ())):
            self.type.add_cells(cells, item, f"{prefix}{self.name}.{number}.")
