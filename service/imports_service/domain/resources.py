"""A resource as it is stored, as others refer to it, and as a segment leaves it behind.

Shapes only: who may change what is decided by `domain.fold`, how it is kept by the store. `attributes` is one
JSON object with the settable attributes under their names and the to-one references under their input keys
(`shipping_category_id`). Times are aware datetimes in UTC.
"""

from datetime import datetime

import msgspec


class ReferenceRow(msgspec.Struct, frozen=True, gc=False):
    """What a reference needs to know of a resource. `key` is the canonical key, None when it has none."""

    resource_type: str
    id: str
    key: str | None


class StoredResource(msgspec.Struct, frozen=True, gc=False):
    """A resource as rows may change it. `owner_id` names what it belongs to, such as the order of a line item.

    `created_at` is as the store sends it, and goes back to it as it is: of two times since 2000 the later is greater.
    """

    resource_type: str
    id: str
    key: str | None
    owner_id: str | None
    attributes: str
    created_at: bytes


class ShownResource(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A resource as callers see it."""

    resource_type: str
    id: str
    key: str | None
    owner_id: str | None
    attributes: str
    created_at: datetime
    updated_at: datetime
    last_import: str


class WrittenResource(msgspec.Struct, gc=False):
    """A resource as a segment leaves it. `created_at` is None for a new one: it is the time of the fence."""

    resource_type: str
    id: str
    key: str | None
    owner_id: str | None
    attributes: bytes
    created_at: bytes | None = None
