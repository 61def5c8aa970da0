"""The page of one resource type, out of the registry and its sample: what its rows may give, and how."""

from collections.abc import Iterable, Iterator, Sequence
from textwrap import fill

from docs.samples import Sample, csv_document, json_document
from docs.words import (
    Types,
    attribute_rules,
    code,
    codes,
    csv_forms,
    default_of,
    json_forms,
    link,
    relationship_rules,
    requirement,
)
from imports_service.domain.attributes import AttributeType, Relationship
from imports_service.domain.resource_type import ResourceType

MADE_BY = "<!-- Written by `make docs` from the registry and samples.toml; not to be changed by hand. -->"

_LINE_CHARACTERS = 120


def page_of(resource_type: ResourceType, types: Types, sample: Sample) -> str:
    """The whole page."""
    blocks = [
        f"# {resource_type.name}",
        MADE_BY,
        prose(sample.purpose),
        "\n".join(prose(f"- {fact}", indent="  ") for fact in _facts(resource_type, types)),
        "## Attributes",
        _attributes(resource_type),
        *_relationships(resource_type, types),
        *_nested(resource_type, types, (), {}),
        *_triggers(resource_type),
        *_samples(sample),
    ]
    return "\n\n".join(blocks) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with the columns named in `head`."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in line)}|" for line in lines)


def prose(text: str, *, indent: str = "") -> str:
    """A paragraph in lines of at most 120 characters, the second and later ones indented."""
    return fill(
        text, _LINE_CHARACTERS, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def key_of(resource_type: ResourceType) -> str:
    """The attributes of the unique key; "" where there is none."""
    return " + ".join(map(code, resource_type.unique_key))


def _facts(resource_type: ResourceType, types: Types) -> Iterator[str]:
    if resource_type.has_key:
        missing = "".join(
            f"; {code(name)} may be missing and then counts as none" for name in resource_type.optional_key
        )
        yield f"Unique key: {key_of(resource_type)}{missing}."
    else:
        yield "Unique key: none; only an `id` names a resource, and a row without one always creates."
    if resource_type.parent_type:
        yield (
            f"Parent: `parent_resource_id` names one of {link(resource_type.parent_type, types)} by its id and fills "
            f"{code(resource_type.parent_attribute)} in rows that do not give it."
        )
    for group in resource_type.one_of:
        yield f"A row that creates gives at least one of {codes(group)}."
    for group in resource_type.exclusive:
        yield f"A row gives at most one of {codes(group)}."
    if resource_type.dry_exportable:
        yield "Dry export for another organization: yes."
    else:
        yield "Dry export for another organization: no; it travels nested in its owner."


def _attributes(resource_type: ResourceType) -> str:
    rows = [
        (
            code(attribute.name),
            str(attribute.type),
            requirement(attribute, resource_type),
            attribute_rules(attribute, resource_type),
            default_of(attribute),
        )
        for attribute in resource_type.attributes
        if not attribute.trigger
    ]
    return table(("attribute", "type", "required", "rules", "default"), rows)


def _relationships(resource_type: ResourceType, types: Types, *, level: int = 2) -> Iterator[str]:
    """A table of all relationships, but for the owner where its items are shown nested in it."""
    shown = [r for r in resource_type.relationships if level == 2 or not r.owner]
    if not shown:
        return
    yield f"{'#' * level} Relationships"
    rows = [
        (
            code(relationship.name),
            ", ".join(link(name, types) for name in _targets(relationship)),
            requirement(relationship, resource_type),
            json_forms(relationship, types),
            csv_forms(relationship, types),
            relationship_rules(relationship, resource_type),
        )
        for relationship in shown
    ]
    yield table(("relationship", "points to", "required", "in JSON", "in CSV", "rules"), rows)


def _targets(relationship: Relationship) -> Sequence[str]:
    return [relationship.items] if relationship.items else relationship.types


def _nested(
    resource_type: ResourceType, types: Types, path: tuple[str, ...], shown: dict[str, str]
) -> Iterator[str]:
    """A section for each list and object that a row brings along, and for the lists in their items.

    `shown` says where on the page the attributes of a type stand already.
    """
    for relationship in resource_type.relationships:
        if not relationship.nested or (relationship.many and relationship.nested == "shared"):
            continue
        inner = types[relationship.nested_type]
        steps = (*path, relationship.name)
        name = code("[].".join(steps))
        yield f"## Nested: {name}"
        yield prose(_treatment(relationship, inner))
        if relationship.nested == "shared":
            continue
        if (place := shown.setdefault(inner.name, name)) != name:
            yield f"Its attributes and relationships are those of {place} above."
            continue
        yield _attributes(inner)
        yield from _relationships(inner, types, level=3)
        yield from _nested(inner, types, steps, shown)


def _treatment(relationship: Relationship, inner: ResourceType) -> str:
    """What becomes of what is nested."""
    page = f"[{inner.name}]({inner.name}.md)"
    by_id = code(relationship.name + ": {id}")
    if relationship.many:
        by = f"`id`, then by {code(relationship.local_key)}" if relationship.local_key else "`id`"
        return (
            f"Items are {page} that belong to the row's resource. A list that is given is the whole list: items are "
            f"matched by {by}, then in order; what is left over is removed. Null and `[]` empty it, an absent list "
            "stays as it is."
        )
    if relationship.nested == "shared":
        return (
            f"One of {page}, found by {code(relationship.key)}: changed by the attributes given, made when it is not "
            f"there, never removed. {by_id} alone is a reference, which must exist."
        )
    return (
        f"One of {page}. An object changes the one that the resource has, or makes one; "
        f"{by_id} alone is a reference, which must exist."
    )


def _triggers(resource_type: ResourceType) -> Iterator[str]:
    by_type: dict[AttributeType, list[str]] = {}
    for attribute in resource_type.attributes:
        if attribute.trigger:
            by_type.setdefault(attribute.type, []).append(attribute.name)
    obeyed = {f"_{verb}_{name}" for name in resource_type.shared_lists for verb in ("add", "remove")}
    obeyed |= resource_type.switches.keys()
    for name, kind in resource_type.triggers.items():
        if name not in obeyed:
            by_type.setdefault(kind, []).append(name)
    done = [name for name in resource_type.triggers if name in obeyed]
    if not by_type and not done:
        return
    yield "## Triggers"
    if done:
        yield prose(f"Obeyed: {codes(done)}.")
    if by_type:
        listed = "; ".join(f"{codes(names)} ({kind})" for kind, names in by_type.items())
        yield prose(f"Checked for their type and not run, which is the warning `trigger_ignored`: {listed}.")


def _samples(sample: Sample) -> Iterator[str]:
    yield "## Sample"
    yield f"```json\n{json_document(sample.rows)}```"
    yield "The same as CSV:"
    yield f"```csv\n{csv_document(sample.rows)}```"
