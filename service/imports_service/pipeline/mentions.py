"""Which resources an object mentions besides the one that it is itself: by reference, by shortcut, or nested in it.

Only types that rows of the same import can create are of interest; compiled from the registry for one of them. What
is mentioned becomes a hash of type, kind and name, the same wherever and however it is mentioned.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal, Protocol

import msgspec
from msgspec import UNSET, Raw

from imports_service.domain.attributes import Relationship
from imports_service.domain.registry import Registry
from imports_service.domain.resource_type import ResourceType

MOST_NAMES = 50
MOST_ITEMS = 1_000
"""In one list, which holds fewer where its row is good; more would take too long to read in one step."""
MOST_BYTES = 64 * 1024
"""Of one object or list with all that is in it, for the same reason."""

Row = Mapping[str, Any]


class Unclear(Exception):
    """What the object names, or what it may change, can't be told from the object alone."""


class _Reader(Protocol):
    """Adds what a value names to `found`."""

    def __call__(self, value: Any, found: list[int], *, is_new: bool) -> None: ...


def salt(resource_type: str, kind: Literal["id", "key"]) -> int:
    """What is hashed together with each name of the kind; ids and keys of a type do not share their names."""
    return hash((resource_type, kind))


def is_given(value: object) -> bool:
    """Whether a value says anything: null, absent and empty ones name nothing."""
    return value is not None and value is not UNSET and value != ""


def text_of(value: object) -> str:
    """The name that a value gives, "" for none. Raises `Unclear` for what is no text."""
    if not is_given(value):
        return ""
    if not isinstance(value, str):
        raise Unclear
    return value


def object_of(value: object) -> dict[str, Any]:
    """The value, which must be an object. Raises `Unclear`."""
    if not isinstance(value, dict):
        raise Unclear
    return value


def read_json(written: bytes | str | Raw) -> Any:
    """The value. Raises `Unclear` where only Python reads it, or where it is long."""
    if len(written if isinstance(written, str) else memoryview(written)) > MOST_BYTES:
        raise Unclear
    try:
        return msgspec.json.decode(written)
    except (msgspec.DecodeError, RecursionError):
        raise Unclear from None


def plain(value: Any) -> Any:
    """The value, read if it is still JSON. Raises `Unclear`."""
    return read_json(value) if isinstance(value, Raw) else value


def items_of(relationship: Relationship) -> tuple[str, ...]:
    """The types of the objects in its place that can be imported."""
    return (relationship.items,) if relationship.items else relationship.importable


def creatable_by(resource_type: ResourceType, registry: Registry) -> frozenset[str]:
    """The types that rows of the type can create: their own, and those of nested objects on all levels."""
    found: set[str] = set()
    left = [resource_type.name]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            nested = [r for r in registry.types[name].relationships if r.nested]
            left += [item for relationship in nested for item in items_of(relationship)]
    return frozenset(found)


def single_key(resource_type: ResourceType) -> str:
    """The attribute that alone is the type's key, "" where there is none."""
    return resource_type.unique_key[0] if len(resource_type.unique_key) == 1 else ""


def is_email(resource_type: ResourceType, name: str) -> bool:
    """Whether the member is compared in lower case."""
    return name in resource_type.attribute and resource_type.attribute[name].email


class Mentions:
    """What objects of one type mention of the types `creatable`.

    `texts` are the members that name one resource, each with its salts and whether it is an email; `name_lists` those
    that hold names with commas between them; `objects` those that hold objects or lists; `unclear` those that name no
    single one.
    """

    def __init__(self, resource_type: ResourceType, registry: Registry, creatable: frozenset[str]) -> None:
        self._types = registry.types
        self._creatable = creatable
        self._nested: dict[str, Mentions] = {}
        self.texts: dict[str, tuple[list[int], bool]] = {}
        self.name_lists: dict[str, _Reader] = {}
        self.objects: dict[str, _Reader] = {}
        self.unclear: list[str] = []
        for relationship in resource_type.relationships:
            targets = [target for target in items_of(relationship) if target in creatable]
            if targets:
                self._add_relationship(resource_type, relationship, targets, registry)
        for shortcut in resource_type.shortcuts:
            if shortcut.target_type not in creatable:
                continue
            if single_key(registry.types[shortcut.target_type]) == shortcut.target_attribute:
                self.texts[shortcut.name] = ([salt(shortcut.target_type, "key")], shortcut.email)
            else:
                self.unclear.append(shortcut.name)
        self._readers = [*self.name_lists.items(), *self.objects.items()]

    @property
    def members(self) -> frozenset[str]:
        """All members that mention something."""
        return frozenset((*self.texts, *self.name_lists, *self.objects, *self.unclear))

    def read(self, row: Row, found: list[int], *, is_new: bool) -> None:
        """Add what the object mentions to `found`. `is_new`: it certainly creates its resource. Raises `Unclear`."""
        for name in self.unclear:
            if is_given(row.get(name)):
                raise Unclear
        for name, (salts, email) in self.texts.items():
            if text := text_of(row.get(name)):
                found += [hash((salt, text.lower() if email else text)) for salt in salts]
        for name, read in self._readers:
            if is_given(value := row.get(name)):
                read(value, found, is_new=is_new)

    def read_columns(
        self, columns: Mapping[str, Sequence[Any]], found: Sequence[list[int]], *, is_new: bool
    ) -> None:
        """Add to `found`, one list for each row, what rows mention but by `texts`. Raises `Unclear`."""
        for name, read in self._readers:
            if name in columns:
                for value, names in zip(columns[name], found, strict=True):
                    if is_given(value) and is_given(value := plain(value)):
                        read(value, names, is_new=is_new)

    def _add_relationship(
        self, holder: ResourceType, relationship: Relationship, targets: list[str], registry: Registry
    ) -> None:
        name = relationship.name
        if not relationship.many:
            self.texts[relationship.input_key] = ([salt(target, "id") for target in targets], False)
        if not relationship.nested:
            self.objects[name] = partial(self._reference, targets)
            return
        target = targets[0]  # what is nested is of one type
        self._nested[target] = Mentions(registry.types[target], registry, self._creatable)
        if relationship.nested == "shared":
            self.objects[name] = partial(self._shared_list if relationship.many else self._shared, target)
            for change in (f"_add_{name}", f"_remove_{name}"):
                if change in holder.triggers:
                    self.name_lists[change] = partial(_name_list, salt(target, "key"))
        else:
            self.objects[name] = partial(self._owned_list if relationship.many else self._owned, target)

    def _reference(self, targets: list[str], value: Any, found: list[int], *, is_new: bool) -> None:
        """An object that names what must exist, by its id or its key."""
        for target in targets:
            before = len(found)
            self._name(target, object_of(value), found)
            if len(found) == before:
                raise Unclear

    def _name(self, target: str, given: Row, found: list[int]) -> None:
        """What an object is called itself, by id and by key."""
        if text := text_of(given.get("id")):
            found.append(hash((salt(target, "id"), text)))
        resource_type = self._types[target]
        if (key := single_key(resource_type)) and (text := text_of(given.get(key))):
            found.append(hash((salt(target, "key"), text.lower() if is_email(resource_type, key) else text)))

    def _shared(self, target: str, value: Any, found: list[int], *, is_new: bool) -> None:
        """An object that is upserted. By an id alone it may be the same as another one is by key, so there it must
        not change anything.
        """
        given = object_of(value)
        key = single_key(self._types[target])
        if not text_of(given.get(key)) and [name for name in given if is_given(given[name])] != ["id"]:
            raise Unclear
        self._name(target, given, found)
        self._nested[target].read(given, found, is_new=False)

    def _shared_list(self, target: str, value: Any, found: list[int], *, is_new: bool) -> None:
        key_salt = salt(target, "key")
        for item in _few(value, MOST_NAMES):
            if isinstance(item, str):
                found.append(hash((key_salt, item.strip())))
            else:
                self._shared(target, item, found, is_new=is_new)

    def _owned(self, target: str, value: Any, found: list[int], *, is_new: bool) -> None:
        """An object that is updated in place: without an id, it is one that only the environment knows, and other
        rows may come to the same. Nothing is there yet where the holder is new.
        """
        given = object_of(value)
        if not is_new and not text_of(given.get("id")):
            raise Unclear
        self._name(target, given, found)
        self._nested[target].read(given, found, is_new=False)

    def _owned_list(self, target: str, value: Any, found: list[int], *, is_new: bool) -> None:
        """Objects that belong to their holder. One with an id may be in another list of the environment, from which
        another row removes it, unless no row can remove anything.
        """
        nested = self._nested[target]
        for item in map(object_of, _few(value, MOST_ITEMS)):
            if text := text_of(item.get("id")):
                if not is_new:
                    raise Unclear
                found.append(hash((salt(target, "id"), text)))
            nested.read(item, found, is_new=is_new and not text)


def _name_list(key_salt: int, value: Any, found: list[int], *, is_new: bool) -> None:
    """Names with commas between them."""
    for part in _few(text_of(value).split(","), MOST_NAMES):
        if part.strip():
            found.append(hash((key_salt, part.strip())))


def _few(items: Any, most: int) -> list[Any]:
    """The items, which must be a list or stand under their numbers, and not too many. Raises `Unclear`."""
    if isinstance(items, dict) and all(isinstance(place, int) for place in items):
        items = list(items.values())
    if not isinstance(items, list) or len(items) > most:
        raise Unclear
    return items
