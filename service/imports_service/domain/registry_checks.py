"""What can be wrong with the registry's data, said in words that name the type and the attribute.

Looks at types that could be read; that a file is no such data at all is found out while reading it.
"""

from collections.abc import Callable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from msgspec import UNSET

from imports_service.domain.attributes import Attribute, AttributeType, Relationship
from imports_service.domain.resource_type import ResourceType

_NAMES_OF_OTHERS = ("id", "parent_resource_id")


def complaints_about(types: Mapping[str, ResourceType]) -> Iterator[str]:
    """Every contradiction in the types and between them."""
    for name, resource_type in types.items():
        for check in _CHECKS:
            for complaint in check(resource_type, types):
                yield f"{name}: {complaint}"
    try:
        in_dependency_order(types)
    except CycleError as error:
        yield f"{' -> '.join(reversed(error.args[1]))}: types refer to each other in a circle"


def in_dependency_order(types: Mapping[str, ResourceType]) -> list[str]:
    """The names, each after those that its references and shortcuts name, else by name. Raises `CycleError`.

    Lists that belong to their row count on the other side: the item refers to its owner. But a row may nest its
    items, so that it comes after all else that they refer to.
    """
    sorter = TopologicalSorter({name: _referred_to(types[name], types) for name in sorted(types)})
    sorter.prepare()
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += ready
        sorter.done(*ready)
    return order


def _referred_to(resource_type: ResourceType, types: Mapping[str, ResourceType]) -> set[str]:
    by_shortcut = {attribute.target_type for attribute in resource_type.shortcuts}
    referred_to = by_shortcut & types.keys()
    for relationship in resource_type.relationships:
        if relationship.many and relationship.nested == "owned":
            item_type = types.get(relationship.items or relationship.types[0])
            if item_type is not None:
                referred_to |= _referred_to(item_type, types) - {resource_type.name}
        else:
            referred_to |= set(relationship.types) & types.keys()
    return referred_to


def _check_names(resource_type: ResourceType, _types: object) -> Iterator[str]:
    names = [a.name for a in resource_type.attributes] + [r.input_key for r in resource_type.relationships]
    names += resource_type.triggers
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name}: the name stands for two things"
    for name in names:
        if not name.isidentifier() or name in _NAMES_OF_OTHERS:
            yield f"{name}: cannot be the name of an attribute"
    if len([r for r in resource_type.relationships if r.owner]) > 1:
        yield "has two owners"


def _check_key(resource_type: ResourceType, _types: object) -> Iterator[str]:
    for name in resource_type.unique_key:
        attribute = resource_type.attribute.get(name)
        if attribute is None and name not in resource_type.references:
            yield f"{name}: is in the unique key, but no attribute or reference"
        if attribute is not None and (attribute.type is not AttributeType.STRING or attribute.write_only):
            yield f"{name}: a part of the unique key must be a string that is stored"
    if len(set(resource_type.unique_key)) < len(resource_type.unique_key):
        yield "the unique key names a part twice"
    for name in resource_type.optional_key:
        if name not in resource_type.unique_key:
            yield f"{name}: is an optional part of the unique key, but no part of it"


def _check_parent(resource_type: ResourceType, _types: object) -> Iterator[str]:
    parent, name = resource_type.parent_type, resource_type.parent_attribute
    if bool(parent) != bool(name):
        yield "the parent needs both a type and an attribute"
    elif name and name not in resource_type.references:
        yield f"{name}: is the parent's attribute, but no reference"


def _check_attributes(resource_type: ResourceType, _types: object) -> Iterator[str]:
    for attribute in resource_type.attributes:
        for complaint in _attribute_complaints(attribute):
            yield f"{attribute.name}: {complaint}"


def _attribute_complaints(attribute: Attribute) -> Iterator[str]:
    is_text = attribute.type is AttributeType.STRING
    if attribute.enum and not is_text:
        yield "only a string can have an enum"
    if len(set(attribute.enum)) < len(attribute.enum) or "" in attribute.enum:
        yield "the enum lists a value twice, or an empty one"
    shortest, longest = attribute.min_length, attribute.max_length
    if (shortest is not None or longest is not None) and not is_text:
        yield "only a string can have a length"
    if shortest is not None and longest is not None and shortest > longest:
        yield "the shortest is longer than the longest"
    if attribute.default is not UNSET and not _can_be_default(attribute):
        yield f"the default {attribute.default!r} is no value that a row could give"


def _can_be_default(attribute: Attribute) -> bool:
    value = attribute.default
    match attribute.type:
        case AttributeType.STRING:
            return isinstance(value, str) and (not attribute.enum or value in attribute.enum)
        case AttributeType.BOOLEAN:
            return isinstance(value, bool)
        case AttributeType.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case AttributeType.FLOAT:
            return isinstance(value, float)
        case _:
            return False


def _check_rules(resource_type: ResourceType, _types: object) -> Iterator[str]:
    known = {
        *resource_type.attribute,
        *resource_type.references,
        *resource_type.lists,
        *resource_type.triggers,
    }
    members: list[Attribute | Relationship] = [*resource_type.attributes, *resource_type.relationships]
    for member in members:
        named = {*member.required_when, *member.required_unless, *member.required_without}
        named |= set(member.only_with) if isinstance(member, Attribute) else {member.type_from} - {""}
        if isinstance(member, Relationship) and member.input_key == resource_type.parent_attribute:
            named -= {"parent_resource_id"}
        for name in sorted(named - known):
            yield f"{member.name}: its rule names {name!r}, which is no attribute"
    for group in (*resource_type.one_of, *resource_type.exclusive, *resource_type.alternatives):
        for name in group:
            if name not in known:
                yield f"{name}: is one of several to choose from, but no attribute"


def _check_switches(resource_type: ResourceType, _types: object) -> Iterator[str]:
    for attribute in resource_type.attributes:
        if attribute.switch != bool(attribute.ended_by):
            yield f"{attribute.name}: what is a switch says what ends it, and nothing else does"
        elif attribute.switch and (
            attribute.type is not AttributeType.BOOLEAN
            or resource_type.triggers.get(attribute.ended_by) is not AttributeType.BOOLEAN
        ):
            yield f"{attribute.name}: a switch and the trigger that ends it are boolean"


def _check_nested(resource_type: ResourceType, types: Mapping[str, ResourceType]) -> Iterator[str]:
    for relationship in resource_type.relationships:
        if not relationship.nested:
            if relationship.many:
                yield f"{relationship.name}: a list says whether its items are owned or shared"
            continue
        nested = types.get(relationship.items or next(iter(relationship.importable), ""))
        if nested is None:
            yield f"{relationship.name}: what is nested has no type that can be imported"
        elif relationship.nested == "shared" and len(nested.unique_key) != 1:
            yield f"{relationship.name}: what is shared needs a key of one attribute"
        elif (
            relationship.nested == "owned"
            and relationship.many
            and not (nested.owner is not None and resource_type.name in nested.owner.types)
        ):
            yield f"{relationship.name}: items of {nested.name} do not say that {resource_type.name} own them"
        elif relationship.local_key and relationship.local_key not in nested.attribute:
            yield f"{relationship.name}: {nested.name} have no attribute {relationship.local_key!r}"


def _check_shortcuts(resource_type: ResourceType, types: Mapping[str, ResourceType]) -> Iterator[str]:
    for attribute in resource_type.shortcuts:
        target = types.get(attribute.target_type)
        if target is None or attribute.target_attribute not in target.unique_key[:1]:
            yield f"{attribute.name}: refers to {attribute.refers_to}, which does not begin a unique key"
        filled = resource_type.references.get(attribute.fills)
        if attribute.fills and (filled is None or attribute.target_type not in filled.types):
            yield f"{attribute.name}: fills {attribute.fills}, no reference to {attribute.target_type}"


def _check_sample(resource_type: ResourceType, _types: object) -> Iterator[str]:
    for name in resource_type.sample_input:
        if name not in resource_type.attribute and name not in resource_type.references:
            yield f"{name}: is in the sample, but no attribute"
    for name in resource_type.write_only & resource_type.sample_input.keys():
        yield f"{name}: a secret has no place in the sample"


_CHECKS: tuple[Callable[[ResourceType, Mapping[str, ResourceType]], Iterator[str]], ...] = (
    _check_names,
    _check_key,
    _check_parent,
    _check_attributes,
    _check_rules,
    _check_switches,
    _check_nested,
    _check_shortcuts,
    _check_sample,
)
