"""A row looked at the careful way: name by name, every flaw of it said.

For rows that the fast way refused, and for those that carry names about which something is to be said.
Whether a row lacks something is not judged here, because only a row that creates needs everything: see
`domain.fold`.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from imports_service.domain.attributes import Attribute, AttributeType
from imports_service.domain.keys import FORBIDDEN_CHARACTERS, MAX_KEY_BYTES, is_too_long
from imports_service.domain.nested import Given, Nested, joined
from imports_service.domain.nested_reader import NestedReader
from imports_service.domain.reading import Reading
from imports_service.domain.rows import Code, Issue
from imports_service.domain.shapes import Shape
from imports_service.domain.values import Flaw, read_attribute, read_id, read_reference

_ID = "id"
_NO_SECRETS = Flaw(Code.WRITE_ONLY_IGNORED, "is write-only and not stored by imports")
_NO_TRIGGERS = Flaw(Code.TRIGGER_IGNORED, "is a trigger and not run by imports")


class RowChecks:
    """Checks objects of one type: rows, and what is nested in rows of other types."""

    def __init__(self, shape: Shape, family: "dict[str, RowChecks] | None" = None) -> None:
        resource_type = shape.resource_type
        self._shape = shape
        self._type = resource_type
        self._family = family if family is not None else {}
        self._family[shape.name] = self
        self._nested_fields = frozenset(shape.nested_fields)
        self._nested = NestedReader(shape, self._read_object)
        self._stored = {attribute.name: attribute for attribute in resource_type.stored_attributes}
        self._triggers: dict[str, AttributeType] = {
            **resource_type.triggers,
            **{a.name: a.type for a in resource_type.attributes if a.trigger},
        }

    def check(
        self, given: Mapping[str, object], reading: Reading, *, path: str = "", level: int = 1
    ) -> Given:
        """Read an object's names and values, parsed by `values.parse_json`, into the shape's class.

        What was refused is not in there; what is to be said is in `reading`.
        """
        values: dict[str, object] = {}
        nested: dict[str, object] = {}
        triggers: dict[str, object] = {}
        for name, value in given.items():
            if name in self._nested_fields:
                nested[name] = value
                continue
            read = self._read(name, value, level)
            if isinstance(read, Flaw):
                reading.say(joined(path, name), read)
            elif read is not _DROPPED:
                values[name] = read
            if name in self._shape.asked_triggers:
                triggers[name] = value
        checked = Given(self._shape, self._shape.struct(**values), path)
        if nested or triggers:
            checked.nested = self._nested.read(nested, checked.values, reading, path=path, level=level)
            checked.nested.triggers = triggers
        return checked

    def take_nested(self, values: Any, reading: Reading) -> Nested:
        """Take what a row nests out of its values, where the decoder left it as it came."""
        given = {}
        for name in self._shape.nested_fields:
            if (value := getattr(values, name)) is not UNSET:
                given[name] = value
                setattr(values, name, UNSET)
        return self._nested.read(given, values, reading)

    def _read_object(
        self, type_name: str, given: Mapping[str, object], reading: Reading, *, path: str, level: int
    ) -> Given:
        checks = self._family.get(type_name) or RowChecks(self._shape.family[type_name], self._family)
        return checks.check(given, reading, path=path, level=level)

    def _read(self, name: str, value: object, level: int) -> object:
        """What is stored under the name, a flaw (which may be a warning), or `_DROPPED`."""
        if name == _ID:
            return read_id(value)
        if name in self._stored:
            return read_attribute(self._stored[name], value, level=level)
        if name in self._type.references:
            return read_reference(self._type.references[name], value)
        return self._judge_name(name, value)

    def _judge_name(self, name: str, value: object) -> object:
        """What is to be said of a name under which nothing is stored."""
        if name in self._type.write_only:
            return _NO_SECRETS
        if name in self._triggers:
            return self._judge_trigger(name, value)
        if self._type.is_read_only(name):
            return _DROPPED
        return Flaw(Code.UNKNOWN_ATTRIBUTE, f"is no attribute of {self._type.name}")

    def _judge_trigger(self, name: str, value: object) -> Flaw:
        read = read_attribute(Attribute(name=name, type=self._triggers[name]), value)
        return read if isinstance(read, Flaw) else _NO_TRIGGERS


_DROPPED = object()


def issue_of_key(shape: Shape, values: Any) -> Issue | None:
    """What keeps the row's own key from being stored: a character that separates, or its length."""
    parts = [(name, getattr(values, name)) for name in shape.resource_type.unique_key]
    given = [(name, value) for name, value in parts if isinstance(value, str)]
    for name, value in given:
        if not FORBIDDEN_CHARACTERS.isdisjoint(value):
            return Issue(Code.INVALID, name, "must not contain control characters but tab and line breaks")
    key = shape.key_of(values)
    if key is not None and is_too_long(key):
        longest = max(given, key=lambda part: len(part[1]))[0]
        return Issue(Code.TOO_LONG, longest, f"makes the unique key longer than {MAX_KEY_BYTES} bytes")
    return None
