"""Everything that a segment may change, as the store is asked to lock it."""

from collections.abc import Iterable, Iterator
from copy import copy
from operator import attrgetter

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
    names = GatheredNames(shape, references)
    names.add(inputs)
    return names.names()


class GatheredNames:
    """What rows may change, gathered in steps; see `own_names`."""

    def __init__(self, shape: Shape, references: References) -> None:
        self._shape = shape
        self._references = references
        self._ids: dict[str, None] = {}
        self._keys: dict[str | None, None] = {}
        self._nested_ids: dict[tuple[str, str], None] = {}
        self._nested_keys: dict[tuple[str, str], None] = {}
        self._owned: dict[tuple[str, str], None] = {}
        self._holders: dict[tuple[str, str, str], None] = {}
        self._held: dict[tuple[str, str], None] = {}
        objects = shape.resource_type.objects.values()
        unique_key = shape.resource_type.unique_key
        self._is_told = any(pair.name in unique_key for pair in shape.reference_rules.pairs)
        self._holding = [(r.input_key, r.nested_type) for r in objects if r.nested == "owned"]

    def add(self, inputs: Iterable[Input]) -> None:
        """Take the names of the next rows."""
        inputs = list(inputs)
        for given in filter(None, map(attrgetter("readable"), inputs)):
            self._add_refused(given)
        rows = list(filter(attrgetter("values"), inputs))
        keys = dict.fromkeys(map(attrgetter("key"), rows))
        self._ids |= dict.fromkeys(map(attrgetter("values.id"), rows))
        self._keys |= keys
        if None in keys:
            self._keys |= dict.fromkeys(self._completed_keys(rows))
        for input_key, target_type in self._holding:
            held = (getattr(row.values, input_key) for row in rows)
            self._held |= dict.fromkeys((target_type, one) for one in held if is_given(one))
        for row in filter(attrgetter("nested"), rows):
            self._add_nested(Given(self._shape, row.values, nested=row.nested))

    def _add_refused(self, given: Given) -> None:
        """Which resource a refused row means, and what it has, decides what else is wrong with the row."""
        self._ids[given.values.id] = None
        if given.nested is not None:
            self._add_nested(given)
        self._keys[_completed_key(given, self._references)] = None

    def _completed_keys(self, rows: Iterable[Input]) -> Iterator[str | None]:
        """Of the rows that do not give all of their key themselves, the keys that their references complete."""
        for row in rows:
            if row.key is None and (self._is_told or (row.nested is not None and row.nested.targets)):
                yield _completed_key(Given(self._shape, row.values, nested=row.nested), self._references)

    def names(self) -> OwnNames:
        """Everything that the rows so far may change."""
        ids = [given for given in self._ids if is_given(given)]
        keys = [key for key in self._keys if key is not None]
        # a row may give what it holds by its id, and a later one change it in place
        nested_ids = [*self._nested_ids, *(self._held if self._holders else ())]
        return OwnNames(
            key_types=[self._shape.name] * len(keys) + [type_name for type_name, _ in self._nested_keys],
            keys=keys + [key for _, key in self._nested_keys],
            id_types=[self._shape.name] * len(ids) + [type_name for type_name, _ in nested_ids],
            ids=ids + [resource_id for _, resource_id in nested_ids],
            owned=list(self._owned),
            holders=list(self._holders),
        )

    def _add_nested(self, given: Given) -> None:
        self._nested_ids |= dict.fromkeys(_nested_ids(given))
        self._nested_keys |= dict.fromkeys(_nested_keys(given))
        self._holders |= dict.fromkeys(_holders(given))
        if given.nested is not None and given.nested.lists:
            self._owned |= dict.fromkeys(_owned_by(given.shape.resource_type, given.shape))


def _completed_key(given: Given, references: References) -> str | None:
    """The key of what a row means, with what its references tell of it."""
    shape, values = given.shape, copy(given.values)
    if given.nested is not None:
        targets = TargetRules(shape.family.types)
        for input_key, target in given.nested.targets.items():
            if getattr(values, input_key) is UNSET:
                setattr(values, input_key, targets.resolve(target, values, references).resource_id)
    shape.reference_rules.complete(values, references)
    return shape.key_of(values)


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
        nested, objects = holder.nested, holder.shape.resource_type.objects
        shared = [item for of_list in (*nested.shared.values(), *nested.added.values()) for item in of_list]
        for name, inner in nested.objects.items():
            if objects[name].nested == "owned":
                yield inner
            else:
                shared.append(inner)
        yield from (inner for inner in shared if not inner.only_names)


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
