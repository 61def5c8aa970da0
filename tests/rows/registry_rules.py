"""The rules that the registry states, each with what a row that breaks it must be told.

A rule is called `<member>.<rule>`, after the data file: `weight.above`, `shipping_category.required_unless`,
`one_of.sku_code`. What a compiled class or the fold makes of them is not looked at here.
"""

from collections.abc import Iterator
from typing import NamedTuple

from imports_service.domain.attributes import Attribute, AttributeType, Relationship
from imports_service.domain.resource_type import ResourceType

_BOUNDS = {
    "enum": "not_in_enum",
    "minimum": "out_of_range",
    "above": "out_of_range",
    "min_length": "too_short",
    "max_length": "too_long",
    "pattern": "invalid",
}
_CONDITIONS = ("required_when", "required_unless", "required_without")


class Rule(NamedTuple):
    """`code` and `attribute` are of the issue that a row gets when it breaks the rule called `name`."""

    name: str
    code: str
    attribute: str


def rules_of(resource_type: ResourceType) -> Iterator[Rule]:
    """All rules of a type that a row can break, or that something is to be said of (a write-only attribute)."""
    for attribute in resource_type.attributes:
        yield from _of_attribute(attribute, resource_type)
    for relationship in resource_type.relationships:
        yield from _of_list(relationship) if relationship.many else _of_reference(relationship, resource_type)
    for group in resource_type.one_of:
        yield Rule(f"one_of.{group[0]}", "required", group[0])
    for group in resource_type.exclusive:
        yield Rule(f"exclusive.{group[0]}", "exclusive", group[1])


def _of_attribute(attribute: Attribute, resource_type: ResourceType) -> Iterator[Rule]:
    name = attribute.name
    if attribute.write_only:
        yield Rule(f"{name}.write_only", "write_only_ignored", name)
    yield from _of_member(attribute, name)
    if attribute.required and attribute.type is AttributeType.STRING:
        yield Rule(f"{name}.blank", "required", name)
    for rule, code in _BOUNDS.items():
        if getattr(attribute, rule) not in (None, (), ""):
            yield Rule(f"{name}.{rule}", code, name)
    for other in attribute.only_with:
        yield Rule(f"{name}.only_with", "required", other)
    if attribute.refers_to:
        yield Rule(f"{name}.refers_to", "must_exist", name)
    if attribute.fills:
        yield Rule(f"{name}.fills", "ambiguous_key", name)
    if name in resource_type.unique_key:
        yield Rule(f"{name}.key", "immutable_key", name)
    elif attribute.immutable and not attribute.trigger:  # a trigger is never stored, so nothing can change
        yield Rule(f"{name}.immutable", "immutable", name)


def _of_reference(reference: Relationship, resource_type: ResourceType) -> Iterator[Rule]:
    name, key = reference.name, reference.input_key
    yield from _of_member(reference, key)
    if reference.checked:
        yield Rule(f"{name}.exists", "must_exist", key)
    if reference.owner:
        yield Rule(f"{name}.owner", "required", key)
    if key in resource_type.unique_key:
        yield Rule(f"{name}.key", "immutable_key", key)
    elif reference.immutable:
        fills_key = any(
            a.fills == key and a.name in resource_type.unique_key for a in resource_type.shortcuts
        )
        yield Rule(f"{name}.immutable", "immutable_key" if fills_key else "immutable", key)


def _of_list(many: Relationship) -> Iterator[Rule]:
    if many.max_items is not None:
        yield Rule(f"{many.name}.max_items", "too_many_items", many.name)
    if many.nested == "shared":
        yield Rule(f"{many.name}.exists", "must_exist", f"{many.name}[0].id")


def _of_member(member: Attribute | Relationship, attribute: str) -> Iterator[Rule]:
    """Requiredness, which attributes and references have alike."""
    if member.required:
        yield Rule(f"{member.name}.required", "required", attribute)
        yield Rule(f"{member.name}.null", "required", attribute)
    for rule in _CONDITIONS:
        if getattr(member, rule):
            yield Rule(f"{member.name}.{rule}", "required", attribute)
