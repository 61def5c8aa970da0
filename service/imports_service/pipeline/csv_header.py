"""The header of a CSV document: every column must be known, once, and no two may speak of the same value."""

from collections import Counter
from collections.abc import Sequence

from imports_service.domain.attributes import AttributeType
from imports_service.domain.resource_type import ResourceType
from imports_service.pipeline.json_rows import MARKS
from imports_service.pipeline.places import Place, header_invalid

NAMED_AT_MOST = 20
"""Columns that one refusal names; a document sent under the wrong type may have hundreds."""


def check_header(columns: Sequence[str], resource_type: ResourceType, place: Place) -> None:
    """Raises `InvalidArgument` HEADER_INVALID that names the columns which are wrong."""
    unknown = [column for column in columns if not _is_known(column, resource_type)]
    duplicate = [column for column, count in Counter(columns).items() if count > 1]
    contradictory = [column for column in columns if _is_contradicted(column, set(columns))]
    complaints = [
        f"{what}: {', '.join(map(repr, named[:NAMED_AT_MOST]))}"
        for what, named in (
            (f"columns that {resource_type.name} do not have", unknown),
            ("columns given twice", duplicate),
            ("columns that contradict a column of their parts", contradictory),
        )
        if named
    ]
    if complaints:
        named = list(dict.fromkeys((*unknown, *duplicate, *contradictory)))[:NAMED_AT_MOST]
        hint = (
            "; the first line must be the header, and its delimiter that of csv_options"
            if len(unknown) == len(columns)
            else ""
        )
        raise header_invalid(
            place, f"the CSV header has {'; '.join(complaints)}{hint}", columns=", ".join(named)
        )


def _is_known(column: str, resource_type: ResourceType) -> bool:
    whole, _, part = column.partition(".")
    if part:
        return all(part.split(".")) and _has_parts(whole, resource_type)
    return (
        column == "id"
        or column in MARKS
        or column in resource_type.attribute
        or column in resource_type.triggers
        or column in resource_type.references
        or column in resource_type.lists
        or resource_type.is_read_only(column)
    )


def _has_parts(name: str, resource_type: ResourceType) -> bool:
    """Whether the name stands for something with parts: an object without a schema, or a relationship."""
    attribute = resource_type.attribute.get(name)
    if attribute is not None:
        return attribute.type is AttributeType.OBJECT
    return any(relationship.name == name for relationship in resource_type.relationships)


def _is_contradicted(column: str, columns: set[str]) -> bool:
    """Whether another column gives a part of what this column gives whole."""
    return any(other.startswith(f"{column}.") for other in columns)
