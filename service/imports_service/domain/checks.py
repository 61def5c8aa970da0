"""A row looked at the careful way: name by name, every flaw of it said.

For rows that the fast way refused, and for those that carry names about which something is to be said.
Whether a row lacks something is not judged here, because only a row that creates needs everything: see
`domain.fold`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from imports_service.domain.attributes import Attribute, AttributeType
from imports_service.domain.keys import FORBIDDEN_CHARACTERS, MAX_KEY_BYTES, is_too_long, printable
from imports_service.domain.rows import Code, Issue
from imports_service.domain.shapes import Shape
from imports_service.domain.values import NESTED, Flaw, read_attribute, read_id, read_reference

_ID = "id"
_TAG_CHANGES = frozenset({"_add_tags", "_remove_tags"})
_NO_SECRETS = Flaw(Code.WRITE_ONLY_IGNORED, "is write-only and not stored by imports")
_NO_TRIGGERS = Flaw(Code.TRIGGER_IGNORED, "is a trigger and not run by imports")


class Checked(NamedTuple):
    """What a row gave, an object of its shape's class without what was refused, and what is to be said."""

    values: Any
    issues: tuple[Issue, ...]


class RowChecks:
    """Checks rows of one type."""

    def __init__(self, shape: Shape) -> None:
        resource_type = shape.resource_type
        self._shape = shape
        self._type = resource_type
        self._stored = {attribute.name: attribute for attribute in resource_type.stored_attributes}
        self._nested = frozenset(relationship.name for relationship in resource_type.relationships)
        self._triggers: dict[str, AttributeType] = {
            **resource_type.triggers,
            **{a.name: a.type for a in resource_type.attributes if a.trigger},
        }

    def check(self, given: Mapping[str, object]) -> Checked:
        """Read a row's names and values, parsed by `values.parse_json`, into the shape's class."""
        values: dict[str, object] = {}
        issues: list[Issue] = []
        for name, value in given.items():
            read = self._read(name, value)
            if isinstance(read, Flaw):
                issues.append(read.of(printable(name)))
            elif read is not _DROPPED:
                values[name] = read
        return Checked(self._shape.struct(**values), tuple(issues))

    def _read(self, name: str, value: object) -> object:
        """What is stored under the name, a flaw (which may be a warning), or `_DROPPED`."""
        if name == _ID:
            return read_id(value)
        if name in self._stored:
            return read_attribute(self._stored[name], value)
        if name in self._type.references:
            return read_reference(self._type.references[name], value)
        return self._judge_name(name, value)

    def _judge_name(self, name: str, value: object) -> object:
        """What is to be said of a name under which nothing is stored."""
        if name in self._type.write_only:
            return _NO_SECRETS
        if name in _TAG_CHANGES and name in self._triggers:
            return NESTED
        if name in self._triggers:
            return self._judge_trigger(name, value)
        if name.partition(".")[0] in self._nested:
            return NESTED
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
            return Issue(Code.INVALID, name, "must not contain NUL, U+001E or U+001F")
    key = shape.key_of(values)
    if key is not None and is_too_long(key):
        longest = max(given, key=lambda part: len(part[1]))[0]
        return Issue(Code.TOO_LONG, longest, f"makes the unique key longer than {MAX_KEY_BYTES} bytes")
    return None
