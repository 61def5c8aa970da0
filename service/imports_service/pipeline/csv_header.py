"""The header of a CSV document: every column must be known, once, and no two may speak of the same value."""

from collections import Counter
from collections.abc import Mapping, Sequence

from imports_service.domain.columns import column_of, contradictions, known
from imports_service.domain.resource_type import ResourceType
from imports_service.pipeline.places import Place, header_invalid

SHOWN_CHARACTERS = 100
NAMED_AT_MOST = 20
"""Columns that one refusal names; a document sent under the wrong type may have hundreds."""


def check_header(
    columns: Sequence[str], resource_type: ResourceType, types: Mapping[str, ResourceType], place: Place
) -> None:
    """Raises `InvalidArgument` HEADER_INVALID that names the columns which are wrong."""
    found = {column: column_of(column, resource_type, types) for column in columns}
    unknown = [column for column in columns if found[column] is None]
    duplicate = [column for column, count in Counter(columns).items() if count > 1]
    contradictory = contradictions(known(found.items()))
    complaints = [
        f"{what}: {', '.join(map(_shown, named[:NAMED_AT_MOST]))}"
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
            place,
            f"the CSV header has {'; '.join(complaints)}{hint}",
            columns=", ".join(name[:SHOWN_CHARACTERS] for name in named),
        )


def _shown(name: str) -> str:
    return repr(name if len(name) <= SHOWN_CHARACTERS else f"{name[:SHOWN_CHARACTERS]}…")
