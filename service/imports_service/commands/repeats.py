"""Answers a call whose request id is known: with the import that the first call made, or with a refusal.

It stores nothing. What the call brings is read to its end: only its bytes say whether it is a repeat.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator

from imports_service.commands.content import content_hash
from imports_service.commands.creation import CreateImport, Creation
from imports_service.commands.intake import CHUNK_BYTES, check_document_hash
from imports_service.domain.errors import FieldViolation, InvalidArgument, RequestIdReused
from imports_service.domain.imports import Import
from imports_service.domain.names import ImportName
from imports_service.store.imports import get_import_by_uid
from imports_service.store.requests import CreationRequest


async def answer_repeat(
    wanted: CreateImport, earlier: CreationRequest, chunks: AsyncIterator[bytes], creation: Creation
) -> Import:
    """The import of the earlier call, as it is now.

    A hash in the header that makes the content equal is answered without reading on. Raises `RequestIdReused`
    for other content or a deleted import, and `InvalidArgument` (DOCUMENT_CHECKSUM, DOCUMENT_TOO_LARGE).
    """
    announced = wanted.document_sha256
    if announced is not None and content_hash(wanted, announced) == earlier.content_sha256:
        return await compare(wanted, earlier, announced, creation)
    received = await _hash_of(chunks, creation.limits.max_document_bytes)
    check_document_hash(announced, received)
    return await compare(wanted, earlier, received, creation)


async def compare(
    wanted: CreateImport, earlier: CreationRequest, document_sha256: bytes, creation: Creation
) -> Import:
    """The earlier call's import, when that call meant the same. Raises `RequestIdReused`."""
    content = content_hash(wanted, document_sha256)
    return await import_of_same(wanted.organization_id, earlier, content, creation)


async def import_of_same(
    organization_id: str, earlier: CreationRequest, content_sha256: bytes, creation: Creation
) -> Import:
    """The earlier call's import, as it is now, when its content was this one. Raises `RequestIdReused`."""
    name = ImportName(organization_id, earlier.import_id)
    hashes = {"first_content_sha256": earlier.content_sha256.hex(), "content_sha256": content_sha256.hex()}
    if content_sha256 != earlier.content_sha256:
        raise RequestIdReused(f"this request id made {name} of other content", name=name, **hashes)
    async with creation.database.connection() as connection:
        found = await get_import_by_uid(connection, organization_id, earlier.import_uid)
    if found is None:
        raise RequestIdReused(f"this request id made {name}, which has been deleted", name=name, **hashes)
    return found


async def _hash_of(chunks: AsyncIterator[bytes], max_document_bytes: int) -> bytes:
    digest, size = hashlib.sha256(), 0
    async for chunk in chunks:
        size += len(chunk)
        if size > max_document_bytes:
            raise InvalidArgument(
                FieldViolation("document", f"is longer than {max_document_bytes} bytes"),
                reason="DOCUMENT_TOO_LARGE",
            )
        for start in range(0, len(chunk), CHUNK_BYTES):
            digest.update(chunk[start : start + CHUNK_BYTES])
            await asyncio.sleep(0)
    return digest.digest()
