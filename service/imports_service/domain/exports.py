"""What an export is asked for, and what it reads: shapes only."""

from datetime import datetime

import msgspec


class ExportFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which resources of a type are exported. All conditions must hold; None holds for every resource.

    `ids` are in order, each once; an empty list is none. `updated_since` is inclusive, an aware datetime.
    `parent_attribute` is the name under which resources hold the id that `parent_id` asks for.
    """

    ids: tuple[str, ...] | None = None
    updated_since: datetime | None = None
    parent_attribute: str = ""
    parent_id: str | None = None


class ExportedResource(msgspec.Struct, frozen=True, gc=False):
    """A resource as an export reads it; `attributes` is its JSON."""

    id: str
    attributes: str


class ExportPage(msgspec.Struct, frozen=True):
    """Consecutive resources, and the place after which to go on; None when there are no more."""

    resources: list[ExportedResource]
    following: str | None
