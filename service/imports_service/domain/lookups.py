"""What a segment has to ask the environment before its rows can be judged.

Two questions, in this order: what do the rows refer to (`wanted_references`), and which resources may they change
(`own_names`). The store answers the first without locks and the second by locking what it finds; nothing here reads
anything. The answers to the first are `References`, which this module hands on. Where a key holds a reference that is
given by a key itself, the first question has to be asked again with what was found (`wanted_targets`). Rows are taken
in steps, so that a segment of many names holds nobody up.
"""

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from imports_service.domain.inputs import Input
from imports_service.domain.nested import Given, Target, walk
from imports_service.domain.own_names import GatheredNames, OwnNames, own_names
from imports_service.domain.references import ReferenceRules, References, Shortcut, is_given
from imports_service.domain.shapes import Shape
from imports_service.domain.targets import TargetRules

__all__ = [
    "GatheredNames",
    "OwnNames",
    "ReferenceNames",
    "References",
    "TargetNames",
    "Wanted",
    "own_names",
    "wanted_references",
    "wanted_targets",
]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Names to look up without locks, as parallel lists without repetition.

    `types`/`ids` name resources by id, `key_types`/`keys` by canonical key, `prefix_types`/`prefixes` by the
    beginning of the canonical key; of a prefix two resources are enough, they make it ambiguous.
    """

    types: list[str] = []
    ids: list[str] = []
    key_types: list[str] = []
    keys: list[str] = []
    prefix_types: list[str] = []
    prefixes: list[str] = []

    @property
    def is_empty(self) -> bool:
        return not (self.types or self.key_types or self.prefix_types)


def wanted_references(shape: Shape, inputs: Iterable[Input]) -> Wanted:
    """What the rows refer to: everything that must exist, the targets of all shortcuts, and what is shared."""
    names = ReferenceNames(shape)
    names.add(inputs)
    return names.wanted()


def wanted_targets(shape: Shape, inputs: Iterable[Input], references: References) -> Wanted:
    """What is to be asked again, now that references within keys are known; empty for most documents."""
    names = TargetNames(shape, references)
    names.add(inputs)
    return names.wanted()


class ReferenceNames:
    """What rows refer to, gathered in steps; see `wanted_references`."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._names = _Names()

    def add(self, inputs: Iterable[Input]) -> None:
        """Take the names of the next rows."""
        rows = list(inputs)
        values = list(filter(None, map(attrgetter("values"), rows)))
        for row in _with_more(rows):
            given = given_by(self._shape, row)
            if row.values is None and given is not None:
                values.append(given.values)
            if given is not None and given.nested is not None:
                self._names.of_nested(given)
        self._names.of_references(self._shape, values)

    def wanted(self) -> Wanted:
        return self._names.wanted()


class TargetNames:
    """What is to be asked again, gathered in steps; see `wanted_targets`."""

    def __init__(self, shape: Shape, references: References) -> None:
        self._shape = shape
        self._names = _Names(references)

    def add(self, inputs: Iterable[Input]) -> None:
        """Take the names of the next rows."""
        for row in _with_more(list(inputs)):
            given = given_by(self._shape, row)
            if given is not None:
                self._names.of_targets(given)

    def wanted(self) -> Wanted:
        return self._names.wanted_keys()


def _with_more(rows: Sequence[Input]) -> Iterator[Input]:
    """The rows that nest something, or were refused and could be read; that there are none is seen at once."""
    if any(map(attrgetter("nested"), rows)) or any(map(attrgetter("readable"), rows)):
        yield from (row for row in rows if row.nested is not None or row.readable is not None)


def given_by(shape: Shape, row: Input) -> Given | None:
    """What a row gives, of a row that is refused what could be read; None where nothing could."""
    return Given(shape, row.values, nested=row.nested) if row.values is not None else row.readable


class _Names:
    """Gathers names; `known` is what was found before, where something was asked before."""

    def __init__(self, known: References | None = None) -> None:
        self._known = known or References()
        self._ids: dict[tuple[str, str], None] = {}
        self._keys: dict[tuple[str, str], None] = {}
        self._prefixes: dict[tuple[str, str], None] = {}

    def wanted(self) -> Wanted:
        types, ids = _parallel(self._ids)
        key_types, keys = _parallel(self._keys)
        prefix_types, prefixes = _parallel(self._prefixes)
        return Wanted(
            types=types,
            ids=ids,
            key_types=key_types,
            keys=keys,
            prefix_types=prefix_types,
            prefixes=prefixes,
        )

    def wanted_keys(self) -> Wanted:
        """The keys that nobody has asked for yet, and nothing else."""
        new = [name for name in self._keys if name not in self._known.asked_keys]
        key_types, keys = _parallel(new)
        return Wanted(key_types=key_types, keys=keys)

    def of_references(self, shape: Shape, values: Sequence[Any]) -> None:
        """The references in the values of objects of one type."""
        rules = shape.reference_rules
        if rules.is_empty:
            return
        whole = [shortcut for shortcut in rules.shortcuts if shortcut.is_whole_key]
        partial = [shortcut for shortcut in rules.shortcuts if not shortcut.is_whole_key]
        self._ids |= dict.fromkeys(_named_by_id(rules, values))
        self._keys |= dict.fromkeys(_named_by_shortcut(whole, values))
        self._prefixes |= dict.fromkeys(_named_by_shortcut(partial, values))

    def of_nested(self, row: Given) -> None:
        """What the row nests, and what that refers to."""
        self.of_targets(row)
        for given in walk(row):
            if given is row:
                continue
            self.of_references(given.shape, [given.values])
            if given.values.id:
                self._ids[given.shape.name, given.values.id] = None
            if (key := given.shape.key_of(given.values)) is not None:
                self._keys[given.shape.name, key] = None

    def of_targets(self, row: Given) -> None:
        """What the row gives by the key of a target."""
        for given in walk(row):
            if given.nested is not None:
                for target in given.nested.targets.values():
                    self._of_target(target, given)

    def _of_target(self, target: Target, given: Given) -> None:
        rules = TargetRules(given.shape.family.types)
        type_name = rules.type_of(target, given.values)
        if not type_name:
            return
        if target.resource_id is not None:
            self._ids[type_name, target.resource_id] = None
        for part in target.parts.values():
            if isinstance(part, Target):
                self._of_target(part, given)
        key = rules.key_of(target, type_name, self._known)
        if key is not None:
            self._keys[type_name, key] = None


def _named_by_id(rules: ReferenceRules, rows: Sequence[Any]) -> Iterator[tuple[str, str]]:
    for name, target_type in rules.by_id.items():
        for given in _given(rows, name):
            yield target_type, given
    if (mixed := rules.mixed) is not None:
        for target_type, given in set(map(attrgetter(mixed.type_from, mixed.input_key), rows)):
            if is_given(given) and target_type in mixed.importable:
                yield target_type, given


def _named_by_shortcut(shortcuts: Iterable[Shortcut], rows: Sequence[Any]) -> Iterator[tuple[str, str]]:
    for shortcut in shortcuts:
        for given in _given(rows, shortcut.name):
            yield shortcut.target_type, shortcut.key_of(given)


def _given(rows: Sequence[Any], name: str) -> list[str]:
    return [given for given in dict.fromkeys(map(attrgetter(name), rows)) if is_given(given)]


def _parallel(pairs: Iterable[tuple[str, str]]) -> tuple[list[str], list[str]]:
    unique = dict.fromkeys(pairs)
    return [first for first, _ in unique], [second for _, second in unique]
