"""What the columns of a CSV document stand for: attributes, and by dotted names what is nested in a row.

`address.city` is an attribute of an object, `price_tiers.0.up_to` one of an item of a list, whose first item may go
without its number; `metadata.season` is a member of an object without a schema. `tags.name` holds names with commas
between. A column that is named like a list or an object holds its JSON.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, auto

import msgspec

from imports_service.domain.attributes import AttributeType, Relationship
from imports_service.domain.nested import MAX_ITEMS
from imports_service.domain.resource_type import ResourceType
from imports_service.domain.values import MAX_DEPTH

Step = str | int


class Cell(Enum):
    """What a cell holds, where it is not simply the text of an attribute."""

    DROPPED = auto()
    JSON = auto()
    NAMES = auto()
    PARTS = auto()
    """One part of each item of a list of names."""


class Column(msgspec.Struct, frozen=True):
    """One column. `path`: the names and places that lead to the value. `kind`: what the text of a cell becomes."""

    path: tuple[Step, ...]
    kind: AttributeType | Cell


def column_of(name: str, resource_type: ResourceType, types: Mapping[str, ResourceType]) -> Column | None:
    """What the column of a document of the type stands for; None when it is unknown, or deeper than a row may be."""
    if name.count(".") >= MAX_DEPTH:
        return None
    return _Walk(types).column(resource_type, name.split("."), ())


def contradictions(columns: Sequence[tuple[str, Column]]) -> list[str]:
    """The names of columns that speak of the same value as others: a whole and its part, or an item in two forms."""
    times = Counter(column.path for _, column in columns)
    prefixes = {column.path[:length] for _, column in columns for length in range(1, len(column.path))}
    numbered = {prefix[:-1] for prefix in prefixes if isinstance(prefix[-1], int)}
    return [
        name
        for name, column in columns
        if column.path in prefixes
        or times[column.path] > 1
        or (column.kind is Cell.PARTS and column.path[:-1] in numbered)
    ]


class _Walk:
    def __init__(self, types: Mapping[str, ResourceType]) -> None:
        self._types = types

    def column(
        self, resource_type: ResourceType, steps: Sequence[str], path: tuple[Step, ...]
    ) -> Column | None:
        """The column that the steps lead to from an object of the type at the path."""
        name, *rest = steps
        attribute = resource_type.attribute.get(name)
        if attribute is not None and attribute.type is AttributeType.OBJECT and rest:
            return Column((*path, name, *rest), AttributeType.STRING) if all(rest) else None
        if not rest and (kind := _kind_of(resource_type, name)) is not None:
            return Column((*path, name), kind)
        if (relationship := resource_type.lists.get(name)) is not None:
            return self._in_list(relationship, rest, (*path, name))
        if (relationship := resource_type.objects.get(name)) is not None:
            return self._in_object(relationship, rest, (*path, name))
        return None

    def _in_list(
        self, relationship: Relationship, rest: Sequence[str], path: tuple[Step, ...]
    ) -> Column | None:
        is_shared = relationship.nested == "shared"
        if not rest:
            return Column(path, Cell.NAMES if is_shared else Cell.JSON)
        if is_shared and len(rest) == 1 and rest[0] in {"id", relationship.key}:
            return Column((*path, rest[0]), Cell.PARTS)
        number = _number(rest[0])
        if number is None:
            return self._item(relationship, rest, (*path, 0))
        if len(rest) == 1:
            return Column((*path, number), Cell.JSON)
        return self._item(relationship, rest[1:], (*path, number))

    def _item(self, relationship: Relationship, rest: Sequence[str], path: tuple[Step, ...]) -> Column | None:
        return self.column(self._types[relationship.nested_type], rest, path)

    def _in_object(
        self, relationship: Relationship, rest: Sequence[str], path: tuple[Step, ...]
    ) -> Column | None:
        if not rest:
            return Column(path, Cell.JSON)
        if relationship.nested:
            return self.column(self._types[relationship.nested_type], rest, path)
        return self._in_target(relationship, rest, path)

    def _in_target(
        self, relationship: Relationship, rest: Sequence[str], path: tuple[Step, ...]
    ) -> Column | None:
        """A part of the key of what a reference points to."""
        name, *more = rest
        if not more and name == "id":
            return Column((*path, name), AttributeType.STRING)
        for target in (self._types[type_name] for type_name in relationship.importable):
            inner = target.objects.get(name)
            if not more and name in target.unique_key:
                return Column((*path, name), AttributeType.STRING)
            if more and inner is not None and inner.input_key in target.unique_key:
                return self._in_target(inner, more, (*path, name))
        return None


def _kind_of(resource_type: ResourceType, name: str) -> AttributeType | Cell | None:
    attribute = resource_type.attribute.get(name)
    if attribute is not None:
        return attribute.type
    if name == "id" or name in resource_type.references:
        return AttributeType.STRING
    if name in resource_type.triggers:
        return resource_type.triggers[name]
    return Cell.DROPPED if resource_type.is_read_only(name) else None


def _number(step: str) -> int | None:
    """The place in a list that a step means, from 0; None for any other name."""
    if not (step.isascii() and step.isdecimal()) or (len(step) > 1 and step.startswith("0")):
        return None
    return int(step) if len(step) <= len(str(MAX_ITEMS)) and int(step) < MAX_ITEMS else None


def known(columns: Iterable[tuple[str, Column | None]]) -> list[tuple[str, Column]]:
    """The columns that stand for something."""
    return [(name, column) for name, column in columns if column is not None]
