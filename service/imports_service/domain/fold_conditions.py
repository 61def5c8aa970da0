"""Rules on what must be given, or must not be given, together. Judged on what a row gives, and by its defaults.

What must be given is judged where a resource is made; what excludes each other, always.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from msgspec import UNSET

from imports_service.domain.attributes import Attribute, Relationship, Scalar
from imports_service.domain.resource_type import ResourceType
from imports_service.domain.rows import Code, Issue

Values = Any
Condition = Callable[[Values, Mapping[str, Any]], Issue | None]
_PARENT = "parent_resource_id"
_NO_TRIGGERS: Mapping[str, Any] = {}


class Conditions:
    """The rules of one type that look at more than one attribute."""

    def __init__(self, resource_type: ResourceType) -> None:
        defaults = {a.name: a.default for a in resource_type.attributes if a.default is not UNSET}
        self._needs = tuple(_needs(resource_type, defaults))
        self._exclusive = resource_type.exclusive
        self._companions = tuple(
            (attribute.name, attribute.only_with)
            for attribute in resource_type.attributes
            if attribute.only_with
        )
        self.can_exclude = bool(self._exclusive or self._companions)

    def missing(self, values: Values, triggers: Mapping[str, Any] = _NO_TRIGGERS) -> list[Issue]:
        """What a new resource lacks, given what the row says of other attributes."""
        return [issue for _, needs in self._needs if (issue := needs(values, triggers)) is not None]

    def are_met(self, rows: Sequence[Values]) -> bool:
        """Whether none of the rows lacks anything that `missing` would say, without triggers."""
        return all(
            all(map(is_there, map(attrgetter(name), rows)))
            or not any(needs(values, _NO_TRIGGERS) for values in rows)
            for name, needs in self._needs
        )

    def excluded(self, values: Values) -> Iterator[Issue]:
        """What can't be given as it is, beside what else is given."""
        for group in self._exclusive:
            given = [name for name in group if is_there(getattr(values, name))]
            for name in given[1:]:
                yield Issue(Code.EXCLUSIVE, name, f"can't be given together with {given[0]}")
        for name, companions in self._companions:
            if is_there(getattr(values, name)):
                for other, wanted in companions.items():
                    if getattr(values, other) != wanted:
                        message = f"can't be blank: {name} is taken only when {other} is {_word(wanted)}"
                        yield Issue(Code.REQUIRED, other, message)


def is_there(value: object) -> bool:
    """Whether a value says something: null does not, and neither does a text of white space."""
    if isinstance(value, str):
        return not value.isspace() and value != ""
    return value is not UNSET and value is not None


def _needs(resource_type: ResourceType, defaults: Mapping[str, Scalar]) -> Iterator[tuple[str, Condition]]:
    """The rules, each under the name of an attribute that meets it when it is given."""
    for attribute in resource_type.stored_attributes:
        yield from _needs_of(attribute, attribute.name, defaults)
    for name, reference in resource_type.references.items():
        yield from _needs_of(reference, name, defaults)
        if (
            reference.owner and not reference.required_without
        ):  # where it is nested, its owner has been filled in
            yield name, _required_without(name, ())
    for group in resource_type.one_of:
        yield group[0], _one_of(group)


def _needs_of(
    member: Attribute | Relationship, name: str, defaults: Mapping[str, Scalar]
) -> Iterator[tuple[str, Condition]]:
    for other, wanted in member.required_when.items():
        yield name, _required_when(name, other, wanted, defaults.get(other))
    for other, wanted in member.required_unless.items():
        yield name, _required_unless(name, other, wanted, defaults.get(other))
    if member.required_without:
        yield name, _required_without(name, tuple(n for n in member.required_without if n != _PARENT))


def _required_when(name: str, other: str, wanted: Scalar, default: Scalar | None) -> Condition:
    def needs(values: Values, triggers: Mapping[str, Any]) -> Issue | None:
        said = getattr(values, other, UNSET)
        if said is UNSET:
            said = triggers.get(other, default)
        if said != wanted or is_there(getattr(values, name)):
            return None
        return Issue(Code.REQUIRED, name, f"can't be blank when {other} is {_word(wanted)}")

    return needs


def _required_unless(name: str, other: str, wanted: Scalar, default: Scalar | None) -> Condition:
    def needs(values: Values, triggers: Mapping[str, Any]) -> Issue | None:
        said = getattr(values, other, UNSET)
        if said is UNSET:
            said = triggers.get(other, default)
        if said == wanted or is_there(getattr(values, name)):
            return None
        return Issue(Code.REQUIRED, name, f"can't be blank unless {other} is {_word(wanted)}")

    return needs


def _required_without(name: str, others: Sequence[str]) -> Condition:
    without = f" without {' or '.join(others)}" if others else ""

    def needs(values: Values, _triggers: Mapping[str, Any]) -> Issue | None:
        if is_there(getattr(values, name)) or any(is_there(getattr(values, other)) for other in others):
            return None
        return Issue(Code.REQUIRED, name, f"can't be blank{without}")

    return needs


def _one_of(group: Sequence[str]) -> Condition:
    message = f"can't be blank: give one of {', '.join(group)}"

    def needs(values: Values, _triggers: Mapping[str, Any]) -> Issue | None:
        if any(is_there(getattr(values, name)) for name in group):
            return None
        return Issue(Code.REQUIRED, group[0], message)

    return needs


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
