"""Reads what a row nests, value by value, and says every flaw with its path.

What only the environment can tell (whether a target exists, which item is which) is left to the fold.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from msgspec import UNSET

from imports_service.domain.attributes import Relationship
from imports_service.domain.nested import MAX_ITEMS, Given, Nested, Target, joined
from imports_service.domain.reading import Reading
from imports_service.domain.rows import Code
from imports_service.domain.shapes import Shape
from imports_service.domain.target_reader import TargetReader
from imports_service.domain.values import BLANK, NO_OBJECT, Flaw, read_attribute

_NO_LIST = Flaw(Code.WRONG_TYPE, "must be a list")
_NO_ITEM = Flaw(Code.WRONG_TYPE, "must be an object")
_NO_TEXT_OR_OBJECT = Flaw(Code.WRONG_TYPE, "must be a text or an object")
_NO_NAMES = Flaw(Code.WRONG_TYPE, "must be a text, names with commas between")
_NO_SWITCH = Flaw(Code.WRONG_TYPE, "must be true or false")
_TOO_MANY_IN_ROW = Flaw(Code.TOO_MANY_ITEMS, f"brings the row to more than {MAX_ITEMS} nested items")
_TWO_TARGETS = Flaw(Code.AMBIGUOUS_KEY, "names another resource than the id beside it")


class ReadObject(Protocol):
    """Reads an object of the type named into the class of its shape; see `domain.checks`."""

    def __call__(
        self, type_name: str, given: Mapping[str, object], reading: Reading, *, path: str, level: int
    ) -> Given: ...


class NestedReader:
    """Reads what objects of one type nest."""

    def __init__(self, shape: Shape, read_object: ReadObject) -> None:
        resource_type = shape.resource_type
        self._shape = shape
        self._type = resource_type
        self._types = shape.family.types
        self._read_object = read_object
        self._readers: dict[str, Callable[[str, Any, Nested, Reading, str, int], None]] = {}
        for name, relationship in resource_type.lists.items():
            self._readers[name] = self._read_owned if relationship.nested == "owned" else self._read_shared
        for name in resource_type.shared_lists:
            self._readers[f"_add_{name}"] = self._read_added
            self._readers[f"_remove_{name}"] = self._read_removed
        self._readers |= dict.fromkeys(resource_type.objects, self._read_relationship)
        for ended_by, switch in resource_type.switches.items():
            self._readers |= {ended_by: self._read_switch, switch.name: self._read_switch}

    def read(
        self, given: Mapping[str, object], values: Any, reading: Reading, *, path: str = "", level: int = 1
    ) -> Nested:
        """What is nested under the names given, all of which the shape lists; links are set in `values`."""
        nested = Nested()
        for name, value in given.items():
            self._readers[name](name, value, nested, reading, path, level)
        self._set_links(nested, values, reading, path)
        for name, is_on in nested.switches.items():
            if is_on:
                setattr(values, name, True)
        return nested

    def _set_links(self, nested: Nested, values: Any, reading: Reading, path: str) -> None:
        """Bring ids that stood in objects to where ids stand, unless another id stands there already."""
        for input_key, target in list(nested.targets.items()):
            if target.parts:
                continue
            del nested.targets[input_key]
            beside = getattr(values, input_key)
            if beside is not UNSET and beside != target.resource_id:
                reading.say(target.path, _TWO_TARGETS)
            setattr(values, input_key, target.resource_id)

    def _read_owned(
        self, name: str, value: Any, nested: Nested, reading: Reading, path: str, level: int
    ) -> None:
        items = self._read_items(self._type.lists[name], value, reading, joined(path, name), level)
        if items is not None:
            nested.lists[name] = items

    def _read_shared(
        self, name: str, value: Any, nested: Nested, reading: Reading, path: str, level: int
    ) -> None:
        items = self._read_items(self._type.lists[name], value, reading, joined(path, name), level)
        if items is not None:
            nested.shared[name] = items

    def _read_items(
        self, relationship: Relationship, value: Any, reading: Reading, path: str, level: int
    ) -> list[Given] | None:
        """The items that could be read; None where there is no list of them, or too long a one."""
        items = _by_place(value)
        if items is None:
            reading.say(path, _NO_LIST)
            return None
        reading.items += len(items)
        if reading.items > MAX_ITEMS:
            reading.say(path, _TOO_MANY_IN_ROW)
            return None
        most = relationship.max_items if relationship.nested == "owned" else None
        if most is not None and len(items) > most:
            reading.say(path, too_many(relationship))
            return None
        read = (self._item(relationship, raw, reading, f"{path}[{place}]", level + 2) for place, raw in items)
        return [item for item in read if item is not None]

    def _item(
        self, relationship: Relationship, raw: Any, reading: Reading, path: str, level: int
    ) -> Given | None:
        if isinstance(raw, dict):
            return self._read_object(relationship.nested_type, raw, reading, path=path, level=level)
        if relationship.nested == "shared" and isinstance(raw, str):
            return self._named(relationship, raw, reading, path)
        reading.say(path, _NO_TEXT_OR_OBJECT if relationship.nested == "shared" else _NO_ITEM)
        return None

    def _named(self, relationship: Relationship, text: str, reading: Reading, path: str) -> Given | None:
        """A shared resource that is given by its key alone, as a text."""
        shape = self._shape.family[relationship.nested_type]
        read = read_attribute(shape.resource_type.attribute[relationship.key], text)
        if isinstance(read, Flaw):
            reading.say(path, read)
            return None
        return Given(shape, shape.struct(**{relationship.key: read}), path, is_text=True)

    def _read_added(
        self, name: str, value: Any, nested: Nested, reading: Reading, path: str, _level: int
    ) -> None:
        list_name = name.removeprefix("_add_")
        for text in self._names(name, value, reading, path):
            item = self._named(self._type.lists[list_name], text, reading, joined(path, name))
            if item is not None:
                nested.added.setdefault(list_name, []).append(item)

    def _read_removed(
        self, name: str, value: Any, nested: Nested, reading: Reading, path: str, _level: int
    ) -> None:
        if names := self._names(name, value, reading, path):
            nested.removed[name.removeprefix("_remove_")] = names

    def _names(self, name: str, value: Any, reading: Reading, path: str) -> list[str]:
        if value is None:
            return []
        if not isinstance(value, str):
            reading.say(joined(path, name), _NO_NAMES)
            return []
        names = list(dict.fromkeys(filter(None, map(str.strip, value.split(",", MAX_ITEMS)))))
        reading.items += len(names)
        if reading.items > MAX_ITEMS:
            reading.say(joined(path, name), _TOO_MANY_IN_ROW)
            return []
        return names

    def _read_switch(
        self, name: str, value: Any, nested: Nested, reading: Reading, path: str, _level: int
    ) -> None:
        if value is not None and not isinstance(value, bool):
            reading.say(joined(path, name), _NO_SWITCH)
        if value is not True:
            return
        ends = self._type.switches.get(name)
        switch = ends.name if ends is not None else name
        if nested.switches.setdefault(switch, ends is None) != (ends is None):
            ended_by = self._type.attribute[switch].ended_by
            reading.say(
                joined(path, ended_by), Flaw(Code.EXCLUSIVE, f"can't be given together with {switch}")
            )

    def _read_relationship(
        self, name: str, value: Any, nested: Nested, reading: Reading, path: str, level: int
    ) -> None:
        relationship = self._type.objects[name]
        path = joined(path, name)
        if value is None:
            if not relationship.nullable:
                reading.say(path, BLANK)
            else:
                nested.names[relationship.input_key] = name
                nested.targets[relationship.input_key] = Target(relationship, path, {})
        elif not isinstance(value, dict):
            reading.say(path, NO_OBJECT)
        elif relationship.nested and value.keys() != {"id"}:
            nested.names[relationship.input_key] = name
            nested.objects[name] = self._read_object(
                relationship.nested_type, value, reading, path=path, level=level + 1
            )
        else:
            self._read_target(relationship, value, nested, reading, path)

    def _read_target(
        self, relationship: Relationship, value: dict[str, Any], nested: Nested, reading: Reading, path: str
    ) -> None:
        target = TargetReader(self._types, reading).read(relationship, value, path)
        if target is not None:
            nested.targets[relationship.input_key] = target
            name = relationship.name
            nested.names[relationship.input_key] = name if target.parts else f"{name}.id"


def _by_place(value: Any) -> Collection[tuple[int, Any]] | None:
    """The items of a list with their places; a CSV row gives only some, by number. None for what is no list."""
    if value is None:
        return ()
    if isinstance(value, list):
        return list(enumerate(value))
    if isinstance(value, dict) and value and all(isinstance(place, int) for place in value):
        return sorted(value.items())
    return None


def too_many(relationship: Relationship) -> Flaw:
    """More items than a list may have."""
    return Flaw(Code.TOO_MANY_ITEMS, f"must have at most {relationship.max_items} items")
