"""What the registry says of attributes and relationships, in words for the cells of a table."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import UNSET

from imports_service.domain.attributes import Attribute, Relationship, Scalar
from imports_service.domain.resource_type import ResourceType

Types = Mapping[str, ResourceType]


def code(text: object) -> str:
    """The text as it is written in a document; in a table a bar has to be escaped."""
    written = str(text).lower() if isinstance(text, bool) else str(text)
    return f"`{written}`".replace("|", r"\|")


def codes(names: Iterable[str]) -> str:
    """Several of them, with commas between."""
    return ", ".join(map(code, names))


def link(type_name: str, types: Types) -> str:
    """The name of a type: a link to its page where it has one."""
    return f"[{type_name}]({type_name}.md)" if type_name in types else type_name


def requirement(member: Attribute | Relationship, resource_type: ResourceType) -> str:
    """When a row that creates must give it; "" for never."""
    if member.required:
        return "yes"
    condition = resource_type.required_when(member)
    return condition if not condition or condition.startswith("without ") else f"if {condition}"


def default_of(attribute: Attribute) -> str:
    """What a new resource gets without it; "" for nothing."""
    return code(attribute.default) if attribute.default is not UNSET else ""


def attribute_rules(attribute: Attribute, resource_type: ResourceType) -> str:
    """What its values must be and how they are treated."""
    return "; ".join(
        [*_key_rules(attribute.name, resource_type), *_bounds(attribute), *_treatment(attribute)]
    )


def _key_rules(name: str, resource_type: ResourceType) -> Iterator[str]:
    if resource_type.unique_key == (name,):
        yield "the unique key"
    elif name in resource_type.unique_key:
        yield "part of the unique key"


def _bounds(attribute: Attribute) -> Iterator[str]:
    if attribute.enum:
        yield f"one of {codes(attribute.enum)}"
    if attribute.min_length is not None and attribute.max_length is not None:
        yield f"{attribute.min_length} to {attribute.max_length} characters"
    elif attribute.max_length is not None:
        yield f"at most {attribute.max_length} characters"
    if attribute.minimum is not None:
        yield f"{attribute.minimum} or more"
    if attribute.above is not None:
        yield f"more than {attribute.above:g}"
    if attribute.pattern:
        yield f"matches {code(attribute.pattern)}"
    if attribute.email:
        yield "an email address, compared in lower case"
    if attribute.refers_to:
        yield f"{code(attribute.target_attribute)} of one of {attribute.target_type}, which must exist"
    if attribute.fills:
        yield f"stands for {code(attribute.fills)}"


def _treatment(attribute: Attribute) -> Iterator[str]:
    if attribute.only_with:
        yield f"only together with {_pairs(attribute.only_with)}"
    if attribute.switch:
        yield f"turned on by {code(True)}, off by {code(attribute.ended_by)}"
    if attribute.generated:
        yield "made by the service when a new resource has none"
    if attribute.immutable:
        yield "never changes once it is set"
    if attribute.write_only:
        yield "write-only: imports do not store it"
    if attribute.secret:
        yield "never repeated in a message or a log"
    if attribute.deprecated:
        yield "deprecated"


def _pairs(values: Mapping[str, Scalar]) -> str:
    return " and ".join(f"{code(name)} {code(value)}" for name, value in values.items())


def relationship_rules(relationship: Relationship, resource_type: ResourceType) -> str:
    """What it may point to and how it is treated."""
    rules = [*_key_rules(relationship.input_key, resource_type)]
    if not relationship.many and not relationship.nested:
        rules.append("must exist" if relationship.checked else "any id, not checked")
    if relationship.type_from:
        names = " or ".join(relationship.importable)
        rules[-1] = f"{code(relationship.type_from)} says of which type; checked for {names}"
    if relationship.max_items is not None:
        rules.append(f"at most {relationship.max_items}")
    if relationship.owner:
        rules.append("its owner")
    if relationship.immutable:
        rules.append("never changes once it is set")
    if relationship.deprecated:
        rules.append("deprecated")
    return "; ".join(rules)


def json_forms(relationship: Relationship, types: Types) -> str:
    """The ways in which a JSON row gives it."""
    name = relationship.name
    if relationship.many:
        if relationship.nested == "shared":
            names = code(name + ': ["a", "b"]')
            return f"{names}, or objects with {code(relationship.key)} or {code('id')}"
        return f"{code(name + ': [{..}, ..]')}, the whole list"
    forms = [code(relationship.input_key)]
    if relationship.nested:
        forms.append(code(name + ": {..}"))
    elif not relationship.checked:
        forms.append(code(name + ": {id}"))
    else:
        targets = [types[target] for target in relationship.importable]
        forms += dict.fromkeys(code(f"{name}: {_key_of(target, types)}") for target in targets)
    return ", ".join(forms)


def _key_of(target: ResourceType, types: Types) -> str:
    return f"{{{', '.join(_key_parts(target, types))}}}"


def _key_parts(target: ResourceType, types: Types) -> Iterator[str]:
    for part in target.unique_key or ("id",):
        reference = target.references.get(part)
        if reference is None or not reference.checked:
            yield f"{part}?" if part in target.optional_key else part
        else:
            yield f"{reference.name}: {_key_of(types[reference.importable[0]], types)}"


def csv_forms(relationship: Relationship, types: Types) -> str:
    """The columns in which a CSV document gives it."""
    name = relationship.name
    if relationship.many:
        if relationship.nested == "shared":
            return f"{codes((f'{name}.{relationship.key}', f'{name}.id'))}: a comma list in a cell"
        return codes((f"{name}.0.…", f"{name}.1.…"))
    if relationship.nested:
        return codes((relationship.input_key, f"{name}.…"))
    targets = [types[target] for target in relationship.importable]
    columns = dict.fromkeys(column for target in targets for column in _key_columns(target, types))
    return codes([relationship.input_key, *(f"{name}.{column}" for column in columns or ["id"])])


def _key_columns(target: ResourceType, types: Types) -> Iterator[str]:
    for part in target.unique_key or ("id",):
        reference = target.references.get(part)
        if reference is None or not reference.checked:
            yield part
        else:
            inner = types[reference.importable[0]]
            yield from (f"{reference.name}.{column}" for column in _key_columns(inner, types))
