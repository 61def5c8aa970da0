"""What a segment has to ask the environment before its rows can be judged.

Two questions, in this order: what do the rows refer to (`wanted_references`), and which resources of their
own type may they change (`own_names`). The store answers the first without locks and the second by locking
what it finds; nothing here reads anything. The answers to the first are `References`, which this module
hands on.
"""

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from operator import attrgetter
from typing import Any

import msgspec

from imports_service.domain.inputs import Input
from imports_service.domain.references import ReferenceRules, References, Shortcut, is_given
from imports_service.domain.shapes import Shape

__all__ = ["OwnNames", "References", "Wanted", "own_names", "wanted_references"]


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


class OwnNames(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a segment may change, by canonical key and by id: parallel lists without repetition."""

    key_types: list[str] = []
    keys: list[str] = []
    id_types: list[str] = []
    ids: list[str] = []

    @property
    def is_empty(self) -> bool:
        return not (self.key_types or self.id_types)


def wanted_references(shape: Shape, inputs: Iterable[Input]) -> Wanted:
    """What the rows refer to: everything that must exist, and the targets of all shortcuts."""
    rules = shape.reference_rules
    if rules.is_empty:
        return Wanted()
    rows = [row.values for row in inputs if row.values is not None]
    whole = [shortcut for shortcut in rules.shortcuts if shortcut.is_whole_key]
    partial = [shortcut for shortcut in rules.shortcuts if not shortcut.is_whole_key]
    types, ids = _parallel(_named_by_id(rules, rows))
    key_types, keys = _parallel(_named_by_shortcut(whole, rows))
    prefix_types, prefixes = _parallel(_named_by_shortcut(partial, rows))
    return Wanted(
        types=types,
        ids=ids,
        key_types=key_types,
        keys=keys,
        prefix_types=prefix_types,
        prefixes=prefixes,
    )


def own_names(shape: Shape, inputs: Iterable[Input], references: References) -> OwnNames:
    """What the rows may change: their ids and their keys, those that references complete among them."""
    rows = [row for row in inputs if row.values is not None]
    ids = _given([row.values for row in rows], "id")
    keys = list(dict.fromkeys(key for key in _keys(shape, rows, references) if key is not None))
    return OwnNames(key_types=[shape.name] * len(keys), keys=keys, id_types=[shape.name] * len(ids), ids=ids)


def _keys(shape: Shape, rows: Iterable[Input], references: References) -> Iterator[str | None]:
    """The key of each row, completed by its references where the row itself does not give all of it."""
    rules = shape.reference_rules
    is_told = any(pair.name in shape.resource_type.unique_key for pair in rules.pairs)
    for row in rows:
        if row.key is not None or not is_told:
            yield row.key
        else:
            values = copy(row.values)
            rules.complete(values, references)
            yield shape.key_of(values)


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
