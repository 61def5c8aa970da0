"""Reads references that rows give as objects: `"price_list": {"code": "eur"}`, those within keys of such objects too.

Whether what they name is there is not looked at here; see `domain.targets`.
"""

from collections.abc import Mapping
from typing import Any

from imports_service.domain.attributes import Relationship
from imports_service.domain.nested import Target, joined
from imports_service.domain.reading import Reading
from imports_service.domain.resource_type import ResourceType
from imports_service.domain.rows import Code
from imports_service.domain.values import BLANK, NO_OBJECT, Flaw, read_attribute, read_id


class TargetReader:
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
                name, read = inner.input_key, self._read_inner(inner, value, path)
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

    def _read_inner(self, relationship: Relationship, value: object, path: str) -> Target | Flaw | None:
        if value is None:
            return None
        return self.read(relationship, value, path) if isinstance(value, dict) else NO_OBJECT

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
