"""Reads what a row nests, value by value, and says every flaw with its path.

What only the environment can tell (whether a target exists, which item is which) is left to the fold.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec import UNSET

from imports_service.domain.attributes import Relationship
from imports_service.domain.keys import printable
from imports_service.domain.nested import MAX_ITEMS, Given, Nested, Target, joined
from imports_service.domain.resource_type import ResourceType
from imports_service.domain.rows import Code, Issue
from imports_service.domain.shapes import Shape
from imports_service.domain.values import BLANK, GAP, NO_OBJECT, Flaw, read_attribute, read_id

_NO_LIST = Flaw(Code.WRONG_TYPE, "must be a list")
_NO_ITEM = Flaw(Code.WRONG_TYPE, "must be an object")
_NO_TEXT_OR_OBJECT = Flaw(Code.WRONG_TYPE, "must be a text or an object")
_NO_NAMES = Flaw(Code.WRONG_TYPE, "must be a text, names with commas between")
_NO_SWITCH = Flaw(Code.WRONG_TYPE, "must be true or false")
_TOO_MANY_IN_ROW = Flaw(Code.TOO_MANY_ITEMS, f"brings the row to more than {MAX_ITEMS} nested items")
_TWO_TARGETS = Flaw(Code.AMBIGUOUS_KEY, "names another resource than the id beside it")


class Reading:
    """One row while it is read: what is to be said of it, and how many items it nests."""

    def __init__(self) -> None:
        self.issues: list[Issue] = []
        self.items = 0

    def say(self, path: str, flaw: Flaw) -> None:
        self.issues.append(flaw.of(printable(path)))


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
        relationship = self._type.lists[name]
        items = self._items(relationship, value, reading, joined(path, name))
        if items is not None:
            nested.lists[name] = [
                item
                for place, raw in enumerate(items)
                if (
                    item := self._item(
                        relationship, raw, reading, f"{joined(path, name)}[{place}]", level + 2
                    )
                )
            ]

    def _items(self, relationship: Relationship, value: Any, reading: Reading, path: str) -> list[Any] | None:
        if value is None:
            return []
        if not isinstance(value, list):
            reading.say(path, _NO_LIST)
            return None
        reading.items += sum(item is not GAP for item in value)
        if reading.items > MAX_ITEMS:
            reading.say(path, _TOO_MANY_IN_ROW)
            return None
        if (
            relationship.nested == "owned"
            and relationship.max_items is not None
            and (sum(item is not GAP for item in value) > relationship.max_items)
        ):
            reading.say(path, too_many(relationship))
            return None
        return value

    def _item(
        self, relationship: Relationship, raw: Any, reading: Reading, path: str, level: int
    ) -> Given | None:
        if raw is GAP:
            return None
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

    def _read_shared(
        self, name: str, value: Any, nested: Nested, reading: Reading, path: str, level: int
    ) -> None:
        relationship = self._type.lists[name]
        items = self._items(relationship, value, reading, joined(path, name))
        if items is None:
            return
        nested.shared[name] = [
            item
            for place, raw in enumerate(items)
            if (item := self._item(relationship, raw, reading, f"{joined(path, name)}[{place}]", level + 2))
        ]

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
        names = list(dict.fromkeys(filter(None, map(str.strip, value.split(",")))))
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
            if relationship.required:
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
        target = _Targets(self._types, reading).read(relationship, value, path)
        if target is not None:
            nested.targets[relationship.input_key] = target
            name = relationship.name
            nested.names[relationship.input_key] = name if target.parts else f"{name}.id"


class _Targets:
    """Reads references that are given as objects, those within their keys too."""

    def __init__(self, types: Mapping[str, ResourceType], reading: Reading) -> None:
        self._types = types
        self._reading = reading

    def read(self, relationship: Relationship, value: dict[str, Any], path: str) -> Target | None:
        """The target; one without parts is named by its id alone. None where it can't be told."""
        if not relationship.checked:
            return self._opaque(relationship, value, path)
        issues_before = len(self._reading.issues)
        target = Target(relationship, path, {})
        for name, member in value.items():
            self._read_member(target, name, member)
        if any(issue.is_error for issue in self._reading.issues[issues_before:]):
            return None
        return self._complete(target)

    def _opaque(self, relationship: Relationship, value: dict[str, Any], path: str) -> Target | None:
        if value.keys() != {"id"}:
            says = f"can be named by its id only: {relationship.name} is not held here"
            self._reading.say(path, Flaw(Code.UNSUPPORTED, says))
            return None
        return self._with_id(Target(relationship, path, {}), value["id"])

    def _with_id(self, target: Target, value: object) -> Target | None:
        read = BLANK if value is None else read_id(value)
        if isinstance(read, Flaw):
            self._reading.say(joined(target.path, "id"), read)
            return None
        target.resource_id = str(read)
        return target

    def _read_member(self, target: Target, name: str, value: Any) -> None:
        if name == "id":
            self._with_id(target, value)
            return
        path = joined(target.path, name)
        for type_name in target.relationship.importable:
            resource_type = self._types[type_name]
            key = resource_type.unique_key
            inner = resource_type.objects.get(name)
            if name in key:
                read = read_key_part(resource_type, name, value)
            elif inner is not None and inner.input_key in key:
                is_object = isinstance(value, dict)
                name, read = inner.input_key, self.read(inner, value, path) if is_object else NO_OBJECT
            else:
                continue
            if isinstance(read, Flaw):
                self._reading.say(path, read)
            elif read is not None:
                is_opaque = isinstance(read, Target) and not read.relationship.checked
                target.parts[name] = read.resource_id if is_opaque else read
            return
        types = " or ".join(target.relationship.importable)
        flaw = Flaw(Code.UNKNOWN_ATTRIBUTE, f"is no part of what names one of {types}")
        if not self._types[target.relationship.importable[0]].is_read_only(name):
            self._reading.say(path, flaw)

    def _complete(self, target: Target) -> Target | None:
        if len(target.relationship.importable) > 1:  # which type it is, and so which key, is not known here
            if target.parts or target.resource_id is not None:
                return target
            self._reading.say(joined(target.path, "id"), BLANK)
            return None
        resource_type = self._types[target.relationship.importable[0]]
        needed = [name for name in resource_type.unique_key if name not in resource_type.optional_key]
        missing = next((name for name in needed or ["id"] if name not in target.parts), None)
        if missing is None:
            return target
        target.parts.clear()
        if target.resource_id is not None:
            return target
        self._reading.say(joined(target.path, missing), BLANK)
        return None


def read_key_part(resource_type: ResourceType, name: str, value: object) -> Any:
    """What a part of a key is, a `Flaw`, or None for one that is not there."""
    if value is None or value == "":
        return None
    attribute = resource_type.attribute.get(name)
    if attribute is None:
        return read_id(value)
    read = read_attribute(attribute, value)
    return read.lower() if attribute.email and isinstance(read, str) else read


def too_many(relationship: Relationship) -> Flaw:
    """More items than a list may have."""
    return Flaw(Code.TOO_MANY_ITEMS, f"must have at most {relationship.max_items} items")
