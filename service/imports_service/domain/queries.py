"""What a list of imports may be narrowed to, and its orders. Data only: the store knows how to ask."""

from datetime import datetime
from enum import StrEnum

import msgspec

from imports_service.domain.imports import Import, Status


class ImportFilter(msgspec.Struct, frozen=True, kw_only=True):
    """All conditions must hold; of several values one is enough; what is unset (None, ()) holds for every
    import.

    `reference_prefix` is the beginning of the reference. `created_since` is inclusive, `created_before` is
    not.
    """

    statuses: tuple[Status, ...] = ()
    resource_types: tuple[str, ...] = ()
    reference: str | None = None
    reference_prefix: str | None = None
    retry_of: str | None = None
    validate_only: bool | None = None
    with_errors: bool | None = None
    created_since: datetime | None = None
    created_before: datetime | None = None


class ImportOrder(StrEnum):
    """The orders of a list, in the words of `order_by`; imports that are equal in it follow each other by
    uid."""

    NEWEST_FIRST = "created_at desc"
    OLDEST_FIRST = "created_at"
    LARGEST_FIRST = "inputs_size desc"
    SMALLEST_FIRST = "inputs_size"


class ImportPosition(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a list in any order: right after the import that had these values. None of them ever
    changes."""

    created_at: datetime
    inputs_size: int
    uid: str

    @classmethod
    def after(cls, import_: Import) -> "ImportPosition":
        return cls(created_at=import_.created_at, inputs_size=import_.inputs_size, uid=import_.uid)
