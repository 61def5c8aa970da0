"""One type of resources, as the registry describes it: data, and what follows from it. It checks nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from imports_service.domain.attributes import Attribute, AttributeType, Relationship

_READ_ONLY_NAMES = frozenset({"created_at", "updated_at", "type"})
_FAILED_INPUTS_NAMES = frozenset({"_row_number", "_outcome", "_codes", "_messages"})


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One type. Attributes and relationships stand in the order of the file, which CSV headers follow.

    `unique_key` is in canonical order and names attributes or input keys; empty when only an id names a
    resource.
    `triggers` maps the update-only commands to the type of their value.
    """

    name: str
    attributes: tuple[Attribute, ...]
    relationships: tuple[Relationship, ...]
    unique_key: tuple[str, ...] = ()
    optional_key: tuple[str, ...] = ()
    parent_type: str = ""
    parent_attribute: str = ""
    one_of: tuple[tuple[str, ...], ...] = ()
    exclusive: tuple[tuple[str, ...], ...] = ()
    alternatives: tuple[tuple[str, ...], ...] = ()
    triggers: Mapping[str, AttributeType]
    sample_input: Mapping[str, Any]
    dry_exportable: bool = True

    @property
    def has_key(self) -> bool:
        return bool(self.unique_key)

    @cached_property
    def attribute(self) -> Mapping[str, Attribute]:
        """The attributes by name, triggers among them."""
        return {attribute.name: attribute for attribute in self.attributes}

    @cached_property
    def stored_attributes(self) -> tuple[Attribute, ...]:
        """The attributes that a resource can have: all but triggers and secrets of their owner."""
        return tuple(a for a in self.attributes if not (a.trigger or a.write_only))

    @cached_property
    def references(self) -> Mapping[str, Relationship]:
        """The to-one relationships by input key."""
        return {r.input_key: r for r in self.relationships if not r.many}

    @cached_property
    def lists(self) -> Mapping[str, Relationship]:
        """The to-many relationships by input key."""
        return {r.input_key: r for r in self.relationships if r.many}

    @cached_property
    def owned_lists(self) -> Mapping[str, Relationship]:
        """The lists whose items are resources that belong to this one, by input key."""
        return {name: r for name, r in self.lists.items() if r.nested == "owned"}

    @cached_property
    def shared_lists(self) -> Mapping[str, Relationship]:
        """The lists of resources that others may have too, by input key: their keys are stored with this one."""
        return {name: r for name, r in self.lists.items() if r.nested == "shared"}

    @cached_property
    def objects(self) -> Mapping[str, Relationship]:
        """The to-one relationships by their own name, under which a row may give an object."""
        return {r.name: r for r in self.relationships if not r.many}

    @cached_property
    def switches(self) -> Mapping[str, Attribute]:
        """The switches by the name of the trigger that turns each off."""
        return {a.ended_by: a for a in self.attributes if a.switch}

    @cached_property
    def owner(self) -> Relationship | None:
        """The relationship to the resource that one of this type is part of."""
        return next((r for r in self.relationships if r.owner), None)

    @cached_property
    def shortcuts(self) -> tuple[Attribute, ...]:
        """The attributes that name another resource by its key."""
        return tuple(a for a in self.attributes if a.refers_to)

    @cached_property
    def write_only(self) -> frozenset[str]:
        return frozenset(a.name for a in self.attributes if a.write_only)

    def is_read_only(self, name: str) -> bool:
        """Whether our files carry the name although it can't be set: in a row, it is dropped in silence."""
        if name in self.attribute:
            return False
        if name in _READ_ONLY_NAMES or name in _FAILED_INPUTS_NAMES:
            return True
        return name.startswith("formatted_") or name.endswith("_float")

    def required_when(self, member: Attribute | Relationship) -> str:
        """The condition in words under which a row that creates must give it; "" when there is none."""
        name = member.name if isinstance(member, Attribute) else member.input_key
        parts = [f"{other} is {_word(value)}" for other, value in member.required_when.items()]
        parts += [f"{other} is not {_word(value)}" for other, value in member.required_unless.items()]
        alternatives = [other for group in self.one_of if name in group for other in group if other != name]
        alternatives += member.required_without
        if self.owner is member:
            alternatives += [f"a nesting {member.name}"]
        if alternatives:
            parts.append(f"without {' or '.join(alternatives)}")
        return " and ".join(parts)


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
