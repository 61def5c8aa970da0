"""What rows of a type refer to, and whether it is there.

A reference names a resource of the environment by its id (`shipping_category_id`) or, as a shortcut, by its
key (`sku_code`). References to types that can be imported must exist; all others are opaque. A shortcut that
stands for a reference is kept together with it: whichever of the two a row gives, the other one is filled
in, so that stored pairs never disagree. Nothing here asks the store: `domain.lookups` says what to ask.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import UNSET

from imports_service.domain.attributes import Attribute, Relationship
from imports_service.domain.keys import KEY_SEPARATOR, printable
from imports_service.domain.resource_type import ResourceType
from imports_service.domain.resources import ReferenceRow
from imports_service.domain.rows import Code, Issue

_SHOWN_CHARACTERS = 80
_NO_REFERENCE = frozenset({None, UNSET})
_NOTHING: Mapping[str, ReferenceRow] = {}


class References:
    """What was found of the names that rows gave: by id, by canonical key, and by the first value of a key.

    Made of the rows that a look-up returned, in any order and with repetitions. `asked_keys` are those that
    were looked up, found or not, as type and key.
    """

    def __init__(self, found: Iterable[ReferenceRow] = ()) -> None:
        self.asked_keys: set[tuple[str, str]] = set()
        self._by_id: dict[str, dict[str, ReferenceRow]] = {}
        self._by_key: dict[tuple[str, str], ReferenceRow] = {}
        self._by_prefix: dict[tuple[str, str], dict[str, ReferenceRow]] = {}
        self.add(found)

    def add(self, found: Iterable[ReferenceRow], *, asked_keys: Iterable[tuple[str, str]] = ()) -> None:
        """Take what one more look-up returned, and the keys that it asked for."""
        self.asked_keys.update(asked_keys)
        for row in found:
            self._by_id.setdefault(row.resource_type, {})[row.id] = row
            if row.key is None:
                continue
            self._by_key[row.resource_type, row.key] = row
            first, separator, _ = row.key.partition(KEY_SEPARATOR)
            if separator:
                self._by_prefix.setdefault((row.resource_type, first + separator), {})[row.id] = row

    def _share(self, other: "References") -> None:
        """Look at what another one has found, without a copy of it."""
        self.asked_keys = other.asked_keys
        self._by_id, self._by_key, self._by_prefix = other._by_id, other._by_key, other._by_prefix

    def merge(self, other: "References") -> None:
        """Take all that another look-up found and asked for."""
        for found in other._by_id.values():
            self.add(found.values())
        self.asked_keys |= other.asked_keys

    def by_id(self, resource_type: str, resource_id: str) -> ReferenceRow | None:
        return self.ids(resource_type).get(resource_id)

    def ids(self, resource_type: str) -> Mapping[str, ReferenceRow]:
        """All that was found of one type, by id."""
        return self._by_id.get(resource_type, _NOTHING)

    def by_key(self, resource_type: str, key: str) -> ReferenceRow | None:
        return self._by_key.get((resource_type, key))

    def by_prefix(self, resource_type: str, prefix: str) -> list[ReferenceRow]:
        """All found resources whose key begins with the prefix, at most as many as the look-up returned."""
        return list(self._by_prefix.get((resource_type, prefix), {}).values())


def is_given(value: object) -> bool:
    """Whether a row says something of an attribute that is not null."""
    return value is not UNSET and value is not None


class Shortcut(msgspec.Struct, frozen=True):
    """An attribute that names another resource by its key; `fills` is the input key it stands for, or "".

    `is_whole_key` says whether the attribute alone is the target's key; if not, it is the key's first value,
    and several resources may have it. `item_key` and `type_key` name the reference of several types that may
    point to the same target, "" where there is none.
    """

    name: str
    target_type: str
    is_email: bool
    is_whole_key: bool
    fills: str = ""
    item_key: str = ""
    type_key: str = ""

    def key_of(self, value: str) -> str:
        """The canonical key, or the beginning of one, that the value stands for."""
        text = value.lower() if self.is_email else value
        return text if self.is_whole_key else text + KEY_SEPARATOR

    def targets(self, value: str, references: References) -> list[ReferenceRow]:
        """The resources that the value may mean."""
        key = self.key_of(value)
        if not self.is_whole_key:
            return references.by_prefix(self.target_type, key)
        found = references.by_key(self.target_type, key)
        return [found] if found is not None else []


class ReferenceRules:
    """The references of one type that must exist; `by_id` maps input keys to types, those of pairs too.

    `is_simple`: they are given by ids alone, and which type is meant is plain.
    """

    def __init__(self, resource_type: ResourceType, types: Mapping[str, ResourceType]) -> None:
        checked = [r for r in resource_type.references.values() if r.checked]
        mixed = next((r for r in checked if r.type_from), None)
        self.by_id = {r.input_key: r.importable[0] for r in checked if not r.type_from}
        self.mixed = mixed
        self.shortcuts = tuple(
            _shortcut(a, mixed, types[a.target_type].unique_key) for a in resource_type.shortcuts
        )
        self.pairs = tuple(shortcut for shortcut in self.shortcuts if shortcut.fills)
        paired = {pair.fills for pair in self.pairs}
        self._plain = tuple(item for item in self.by_id.items() if item[0] not in paired)
        self.is_empty = not (checked or self.shortcuts)
        self.is_simple = not self.shortcuts and mixed is None

    def given_by(self, name: str, values: Any) -> str:
        """The name under which a row gave the attribute: its own, or that of the reference that told it."""
        if getattr(values, name, UNSET) is UNSET:
            for pair in self.pairs:
                if pair.name == name:
                    return pair.fills
        return name

    def are_there(self, rows: Sequence[Any], references: References) -> bool:
        """Whether `check` has nothing to say of any of the rows; False where it is asked to look. For simple ones."""
        return all(
            {*map(attrgetter(name), rows)} - _NO_REFERENCE <= references.ids(target_type).keys()
            for name, target_type in self._plain
        )

    def check(self, values: Any, references: References) -> list[Issue]:
        """The issues of the row's references. Fills in pairs, so `values` must be a copy of the row's."""
        issues: list[Issue] = []
        for name, target_type in self._plain:
            given = getattr(values, name)
            if given is UNSET or given is None or given in references.ids(target_type):
                continue
            if references.by_id(target_type, given) is None:
                issues.append(must_exist(name, target_type, given))
        if not self.shortcuts and self.mixed is None:
            return issues
        for pair in self.pairs:
            issues += self._complete(pair, values, references)
        if self.mixed is not None:
            issues += self._check_mixed(self.mixed, values, references)
        for shortcut in self.shortcuts:
            if not shortcut.fills:
                issues += _check_shortcut(shortcut, values, references)
        return issues

    def complete(self, values: Any, references: References) -> None:
        """Fill in the other half of each pair and say nothing of what is missing."""
        for pair in self.pairs:
            self._complete(pair, values, references)

    def _complete(self, pair: Shortcut, values: Any, references: References) -> list[Issue]:
        shortcut, reference = getattr(values, pair.name), getattr(values, pair.fills)
        has_shortcut, has_reference = is_given(shortcut), is_given(reference)
        if not has_shortcut and not has_reference:
            if shortcut is None or reference is None:
                setattr(values, pair.name, None)
                setattr(values, pair.fills, None)
            return []
        named = next(iter(pair.targets(shortcut, references)), None) if has_shortcut else None
        pointed = references.by_id(pair.target_type, reference) if has_reference else None
        issues = []
        if has_shortcut and named is None:
            issues.append(must_exist(pair.name, pair.target_type, shortcut))
        if has_reference and pointed is None:
            issues.append(must_exist(pair.fills, pair.target_type, reference))
        if named is not None and pointed is not None and named.id != pointed.id:
            issues.append(_two_targets(pair, pair.fills))
        if named is not None and not has_reference:
            setattr(values, pair.fills, named.id)
        elif pointed is not None and not has_shortcut:
            setattr(values, pair.name, pointed.key)
        return issues

    def _check_mixed(self, mixed: Relationship, values: Any, references: References) -> Iterator[Issue]:
        """A reference of several types is checked when the row says which type it is, and it is ours."""
        given, target_type = getattr(values, mixed.input_key), getattr(values, mixed.type_from)
        if not is_given(given):
            return
        if target_type in mixed.importable and references.by_id(target_type, given) is None:
            yield must_exist(mixed.input_key, target_type, given)


def _shortcut(attribute: Attribute, mixed: Relationship | None, target_key: tuple[str, ...]) -> Shortcut:
    shares_target = mixed is not None and attribute.target_type in mixed.importable
    return Shortcut(
        attribute.name,
        attribute.target_type,
        attribute.email,
        target_key == (attribute.target_attribute,),
        attribute.fills,
        mixed.input_key if mixed is not None and shares_target else "",
        mixed.type_from if mixed is not None and shares_target else "",
    )


def _check_shortcut(shortcut: Shortcut, values: Any, references: References) -> Iterator[Issue]:
    given = getattr(values, shortcut.name)
    if not is_given(given):
        return
    targets = shortcut.targets(given, references)
    if not targets:
        yield must_exist(shortcut.name, shortcut.target_type, given)
    elif len(targets) > 1:
        message = f"names several {shortcut.target_type}, {_shown(given)}; give the id instead"
        yield Issue(Code.AMBIGUOUS_KEY, shortcut.name, message)
    elif shortcut.item_key and getattr(values, shortcut.type_key) == shortcut.target_type:
        item_id = getattr(values, shortcut.item_key)
        if is_given(item_id) and item_id != targets[0].id:
            yield _two_targets(shortcut, shortcut.item_key)


def _two_targets(shortcut: Shortcut, reference: str) -> Issue:
    message = f"names another one of {shortcut.target_type} than {reference}"
    return Issue(Code.AMBIGUOUS_KEY, shortcut.name, message)


def must_exist(name: str, target_type: str, value: str) -> Issue:
    """What is said of a reference to something that is not there; `value` is what the row called it by."""
    return Issue(Code.MUST_EXIST, name, f"must exist: there is no {target_type} {_shown(value)}")


def _shown(value: str) -> str:
    return f"'{printable(value, longest=_SHOWN_CHARACTERS)}'"
