"""The parts of which exported rows consist: each knows what it adds to a row, which columns that takes, and what
stands in their cells.

A part is made for a type once and knows nothing of resources but what it is given: the values of one, as
stored, and `Related`, what was read of others.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
from msgspec import UNSET

from imports_service.domain.attributes import Relationship
from imports_service.domain.keys import key_values
from imports_service.domain.resource_type import ResourceType

Values = Mapping[str, Any]
Name = tuple[str, str]
"""A resource, by type and id."""
Widths = Mapping[str, Sequence[int]]
"""Of each nested list an entry for each of its numbered columns: how many items the list in that item has."""

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Related:
    """What rows own and refer to, as far as it was read: canonical keys, nested objects, and the items of
    lists by the type of the items and the id of their owner."""

    keys: dict[Name, str] = field(default_factory=dict)
    objects: dict[Name, Values] = field(default_factory=dict)
    items: dict[Name, list[Values]] = field(default_factory=dict)


class Part(Protocol):
    """One part of a row."""

    def add_to(self, row: dict[str, Any], values: Values, related: Related) -> None:
        """Put into the row what there is of this part."""

    def columns(self, widths: Widths) -> Iterator[str]:
        """The columns that the part takes, without what they are nested in."""

    def add_cells(self, cells: dict[str, str], row: Values, prefix: str) -> None:
        """Put what the row holds of this part under its columns."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A value that is written as it is stored."""

    name: str

    def add_to(self, row: dict[str, Any], values: Values, related: Related) -> None:
        if self.name in values:
            row[self.name] = values[self.name]

    def columns(self, widths: Widths) -> Iterator[str]:
        yield self.name

    def add_cells(self, cells: dict[str, str], row: Values, prefix: str) -> None:
        if cell := _cell(row.get(self.name)):
            cells[prefix + self.name] = cell


@dataclass(frozen=True, slots=True)
class Names:
    """The names of shared objects, `tags`: a list, and in CSV a comma list in one cell."""

    name: str
    attribute: str

    def add_to(self, row: dict[str, Any], values: Values, related: Related) -> None:
        if values.get(self.name):
            row[self.name] = values[self.name]

    def columns(self, widths: Widths) -> Iterator[str]:
        yield f"{self.name}.{self.attribute}"

    def add_cells(self, cells: dict[str, str], row: Values, prefix: str) -> None:
        if names := row.get(self.name):
            cells[f"{prefix}{self.name}.{self.attribute}"] = ",".join(names)


@dataclass(frozen=True, slots=True)
class StandIn:
    """A trigger that is not stored, but without which the absence of `absent` would be an error."""

    name: str
    value: Any
    absent: str

    def add_to(self, row: dict[str, Any], values: Values, related: Related) -> None:
        if values.get(self.absent) is None:
            row[self.name] = self.value

    def columns(self, widths: Widths) -> Iterator[str]:
        yield self.name

    def add_cells(self, cells: dict[str, str], row: Values, prefix: str) -> None:
        if cell := _cell(row.get(self.name)):
            cells[prefix + self.name] = cell


@dataclass(frozen=True, slots=True)
class ByKey:
    """A reference that is written by the key of its target, as an object; left out where that has none.

    `shortcuts` are the attributes that say the same where they have a value, by the type of the target.
    """

    relationship: Relationship
    types: Mapping[str, ResourceType]
    shortcuts: Mapping[str, str]

    def target(self, values: Values) -> Name | None:
        """What has to be named by key; None where there is nothing, or a shortcut names it."""
        resource_id, target_type = values.get(self.relationship.input_key), self._type_of(values)
        if resource_id is None or target_type is None or values.get(self.shortcuts.get(target_type, "")):
            return None
        return target_type, resource_id

    def add_to(self, row: dict[str, Any], values: Values, related: Related) -> None:
        given = values.get(self.relationship.input_key, UNSET)
        if given is None:
            row[self.relationship.name] = None
        elif given is not UNSET and self._type_of(values) is None:
            row[self.relationship.input_key] = given  # the id of something that is not ours
        elif (target := self.target(values)) is not None:
            key = key_object(target, related.keys, self.types)
            if key is not None:
                row[self.relationship.name] = key

    def columns(self, widths: Widths) -> Iterator[str]:
        targets = (self.types[target] for target in self.relationship.importable)
        names = (name for target in targets for name in _key_columns(target, self.types))
        yield from dict.fromkeys(f"{self.relationship.name}.{name}" for name in names)
        if self.relationship.type_from:
            yield self.relationship.input_key

    def add_cells(self, cells: dict[str, str], row: Values, prefix: str) -> None:
        if isinstance(key := row.get(self.relationship.name), dict):
            _add_key_cells(cells, key, f"{prefix}{self.relationship.name}.")
        if resource_id := row.get(self.relationship.input_key):
            cells[prefix + self.relationship.input_key] = resource_id

    def _type_of(self, values: Values) -> str | None:
        if not self.relationship.type_from:
            return self.relationship.importable[0]
        stated = values.get(self.relationship.type_from)
        return stated if stated in self.relationship.importable else None


def key_object(name: Name, keys: Mapping[Name, str], types: Mapping[str, ResourceType]) -> Values | None:
    """The key as an object, through references that are part of it; None where it can't be told."""
    key, resource_type = keys.get(name), types[name[0]]
    if key is None:
        return None
    named: dict[str, Any] = {}
    for part, value in zip(resource_type.unique_key, key_values(key), strict=True):
        reference = resource_type.references.get(part)
        if value is None:
            continue
        if reference is None or not reference.importable:
            named[part] = value
        elif inner := key_object((reference.importable[0], value), keys, types):
            named[reference.name] = inner
        else:
            return None
    return named


def names_in_key(name: Name, key: str, types: Mapping[str, ResourceType]) -> Iterator[Name]:
    """The resources that a key refers to, whose keys are needed to tell it."""
    resource_type = types[name[0]]
    for part, value in zip(resource_type.unique_key, key_values(key), strict=True):
        reference = resource_type.references.get(part)
        if value is not None and reference is not None and reference.importable:
            yield reference.importable[0], value


def _key_columns(resource_type: ResourceType, types: Mapping[str, ResourceType]) -> Iterator[str]:
    for part in resource_type.unique_key:
        reference = resource_type.references.get(part)
        if reference is None or not reference.importable:
            yield part
        else:
            for name in _key_columns(types[reference.importable[0]], types):
                yield f"{reference.name}.{name}"


def _add_key_cells(cells: dict[str, str], key: Values, prefix: str) -> None:
    for name, value in key.items():
        if isinstance(value, dict):
            _add_key_cells(cells, value, f"{prefix}{name}.")
        else:
            cells[prefix + name] = value


def _cell(value: Any) -> str:
    """The text of a cell: nothing for null and for empty text, JSON for an object."""
    if value is None:
        return ""
    return value if isinstance(value, str) else _encode(value).decode()
