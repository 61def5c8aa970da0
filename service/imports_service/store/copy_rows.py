"""Rows of resources in PostgreSQL's binary COPY format, in pieces and without an object per row.

The format: a header, then each row as the number of its fields and each field as its length and bytes (a
length of -1 is NULL), then a trailer. What is the same in all rows is packed once.
"""

import asyncio
import struct
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from imports_service.domain.resources import WrittenResource

SLICE_ROWS = 250
"""Rows packed in one step of the loop: about a quarter of a millisecond."""
PIECE_BYTES = 64 * 1024
"""The least that is handed to the driver at once, but for the last piece."""

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
JSONB_VERSION = b"\x01"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

NEW_COLUMNS = (
    "organization_id",
    "resource_type",
    "id",
    "key",
    "owner_id",
    "attributes",
    "created_at",
    "updated_at",
    "last_import",
)
REHEARSED_COLUMNS = (
    "organization_id",
    "import_uid",
    "resource_type",
    "id",
    "key",
    "owner_id",
    "attributes",
    "created_at",
    "is_removed",
)
CHANGED_COLUMNS = ("resource_type", "id", "key", "owner_id", "attributes")

_pack_length = struct.Struct(">i").pack
_lengths = [_pack_length(size) for size in range(4096)]


def new_rows(
    resources: Sequence[WrittenResource], *, organization_id: str, at: datetime, last_import: str
) -> AsyncGenerator[bytes, None]:
    """The resources as rows of `NEW_COLUMNS`; one without a `created_at` is created `at` that time."""
    before = struct.pack(">h", len(NEW_COLUMNS)) + text_field(organization_id)
    created_at = timestamp_field(at)
    after = timestamp_field(at) + text_field(last_import)
    return _pieces(resources, before=before, created_at=created_at, after=after)


def changed_rows(resources: Sequence[WrittenResource]) -> AsyncGenerator[bytes, None]:
    """The resources as rows of `CHANGED_COLUMNS`."""
    return _pieces(resources, before=struct.pack(">h", len(CHANGED_COLUMNS)), created_at=b"", after=b"")


def rehearsed_rows(
    resources: Sequence[WrittenResource],
    *,
    organization_id: str,
    import_uid: str,
    at: datetime,
    is_removed: bool,
) -> AsyncGenerator[bytes, None]:
    """The resources as rows of `REHEARSED_COLUMNS`; one without a `created_at` is created `at` that time."""
    uid = UUID(import_uid).bytes
    before = struct.pack(">h", len(REHEARSED_COLUMNS)) + text_field(organization_id) + _length(len(uid)) + uid
    after = _length(1) + struct.pack(">?", is_removed)
    return _pieces(resources, before=before, created_at=timestamp_field(at), after=after)


async def _pieces(
    resources: Sequence[WrittenResource], *, before: bytes, created_at: bytes, after: bytes
) -> AsyncGenerator[bytes, None]:
    piece = [HEADER]
    size = len(HEADER)
    end = created_at + after
    for start in range(0, len(resources), SLICE_ROWS):
        rows = pack_rows(resources[start : start + SLICE_ROWS], before, end, after)
        piece.append(rows)
        size += len(rows)
        if size >= PIECE_BYTES:
            yield b"".join(piece)
            piece.clear()
            size = 0
        await asyncio.sleep(0)  # the driver does not pause while the socket takes everything
    piece.append(TRAILER)
    yield b"".join(piece)


def pack_rows(resources: Sequence[WrittenResource], before: bytes, end: bytes, after: bytes) -> bytes:
    """The resources as rows between what is the same in all; `after` follows a row's own time of creation."""
    types: dict[str, bytes] = {}
    out: list[bytes] = []
    for resource in resources:
        resource_type = types.get(resource.resource_type)
        if resource_type is None:
            resource_type = types[resource.resource_type] = before + text_field(resource.resource_type)
        resource_id = resource.id.encode()
        attributes = resource.attributes
        size = len(attributes) + 1
        out += (
            resource_type,
            _lengths[len(resource_id)],
            resource_id,
            NULL if resource.key is None else text_field(resource.key),
            NULL if resource.owner_id is None else text_field(resource.owner_id),
            _length(size),
            JSONB_VERSION,
            attributes,
            end
            if resource.created_at is None or not end
            else _lengths[len(resource.created_at)] + resource.created_at + after,
        )
    return b"".join(out)


def _length(size: int) -> bytes:
    return _lengths[size] if size < len(_lengths) else _pack_length(size)


def text_field(text: str) -> bytes:
    """A text with its length before it."""
    encoded = text.encode()
    return _length(len(encoded)) + encoded


def timestamp_field(at: datetime) -> bytes:
    """A timestamptz with its length before it."""
    sent = sent_timestamp(at)
    return _length(len(sent)) + sent


def sent_timestamp(at: datetime) -> bytes:
    """A timestamptz as PostgreSQL sends it: microseconds since 2000 in UTC."""
    return struct.pack(">q", (at - _EPOCH) // _MICROSECOND)
