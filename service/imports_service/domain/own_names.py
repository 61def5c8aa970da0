"""Everything that a segment may change, as the store is asked to lock it."""

from collections.abc import Iterable, Iterator
from copy import copy

import msgspec
from msgspec import UNSET

from imports_service.domain.inputs import Input
from imports_service.domain.nested import Given, walk
from imports_service.domain.references import References, is_given
from imports_service.domain.resource_type import ResourceType
from imports_service.domain.shapes import Shape
from imports_service.domain.targets import TargetRules


class OwnNames(msgspec.Struct, frozen=True, kw_only=True):
    """What a segment may change, by canonical key and by id: parallel lists without repetition.

    `owned`: as types of owner and item, whose items may change too, and theirs below.
    `holders`: as type, input key and target type, references by which these hold resources that may change.
    """

    key_types: list[str] = []
    keys: list[str] = []
    id_types: list[str] = []
    ids: list[str] = []
    owned: list[tuple[str, str]] = []
    holders: list[tuple[str, str, str]] = []

    @property
    def is_empty(self) -> bool:
        return not (self.key_types or self.id_types)

    @property
    def has_nested(self) -> bool:
        """Whether more than the named themselves may change."""
        return bool(self.owned or self.holders)


def own_names(shape: Shape, inputs: Iterable[Input], references: References) -> OwnNames:
    """What the rows may change: what they name themselves, by keys that references complete among others, and what
    they nest.
    """
    rows = [row for row in inputs if row.values is not None]
    own_ids = [given for given in dict.fromkeys(row.values.id for row in rows) if is_given(given)]
    own_keys = [key for key in dict.fromkeys(_keys(shape, rows, references)) if key is not None]
    nesting = [Given(shape, row.values, nested=row.nested) for row in rows if row.nested is not None]
    holders = list(dict.fromkeys(holder for given in nesting for holder in _holders(given)))
    ids = dict.fromkeys(name for given in nesting for name in _nested_ids(given))
    keys = dict.fromkeys(name for given in nesting for name in _nested_keys(given))
    for _, input_key, target_type in holders:
        # a row may give what it holds by its id, and a later one change it in place
        held = (getattr(row.values, input_key) for row in rows)
        ids |= dict.fromkeys((target_type, resource_id) for resource_id in held if is_given(resource_id))
    return OwnNames(
        key_types=[shape.name] * len(own_keys) + [type_name for type_name, _ in keys],
        keys=own_keys + [key for _, key in keys],
        id_types=[shape.name] * len(own_ids) + [type_name for type_name, _ in ids],
        ids=own_ids + [resource_id for _, resource_id in ids],
        owned=_owned(nesting),
        holders=holders,
    )


def _keys(shape: Shape, rows: Iterable[Input], references: References) -> Iterator[str | None]:
    """The key of each row, completed by its references where the row itself does not give all of it."""
    rules = shape.reference_rules
    is_told = any(pair.name in shape.resource_type.unique_key for pair in rules.pairs)
    targets = TargetRules(shape.family.types)
    for row in rows:
        has_targets = row.nested is not None and row.nested.targets
        if row.key is not None or not (is_told or has_targets):
            yield row.key
            continue
        values = copy(row.values)
        if row.nested is not None:
            for input_key, target in row.nested.targets.items():
                if getattr(values, input_key) is UNSET:
                    setattr(values, input_key, targets.resolve(target, values, references).resource_id)
        rules.complete(values, references)
        yield shape.key_of(values)


def _nested_ids(given: Given) -> Iterator[tuple[str, str]]:
    for inner in _changing(given):
        if inner.values.id:
            yield inner.shape.name, inner.values.id


def _nested_keys(given: Given) -> Iterator[tuple[str, str]]:
    for inner in _changing(given):
        key = inner.shape.key_of(inner.values)
        if key is not None:
            yield inner.shape.name, key


def _changing(given: Given) -> Iterator[Given]:
    """What is nested under a name of its own and may change; items of owned lists are found by their owner."""
    for holder in walk(given):
        if holder.nested is None:
            continue
        nested = holder.nested
        items = [item for of_list in (*nested.shared.values(), *nested.added.values()) for item in of_list]
        yield from (inner for inner in (*nested.objects.values(), *items) if not inner.only_names)


def _owned(nesting: Iterable[Given]) -> list[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    for given in nesting:
        if given.nested is not None and given.nested.lists:
            found |= dict.fromkeys(_owned_by(given.shape.resource_type, given.shape))
    return list(found)


def _owned_by(resource_type: ResourceType, shape: Shape) -> Iterator[tuple[str, str]]:
    for relationship in resource_type.owned_lists.values():
        nested = shape.family.types[relationship.nested_type]
        yield resource_type.name, nested.name
        yield from _owned_by(nested, shape)


def _holders(given: Given) -> Iterator[tuple[str, str, str]]:
    """The references behind which an owned object stands that the row changes in place."""
    if given.nested is None:
        return
    for name in given.nested.objects:
        relationship = given.shape.resource_type.objects[name]
        if relationship.nested == "owned":
            yield given.shape.name, relationship.input_key, relationship.nested_type
