"""Which request id made which import, so that a creation sent twice makes one. Remembered while the import
exists, and at least as long as the caller of `forget_requests` says."""

from datetime import timedelta

import msgspec

from imports_service.store.database import Connection
from imports_service.store.statements import SQL


class CreationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request id that was used. Hashes are of 32 bytes; `content_sha256` is of everything that must be the
    same, `document_sha256` of what the rows came from."""

    organization_id: str
    request_id: str
    content_sha256: bytes
    document_sha256: bytes | None
    import_uid: str
    import_id: str


async def find_request(
    connection: Connection, organization_id: str, request_id: str
) -> CreationRequest | None:
    """What the request id was used for, if it was; the import may have been deleted since."""
    record = await connection.fetchrow(SQL.find_request, organization_id, request_id)
    if record is None:
        return None
    return CreationRequest(
        organization_id=organization_id,
        request_id=request_id,
        content_sha256=record["content_sha256"],
        document_sha256=record["document_sha256"],
        import_uid=record["import_uid"],
        import_id=record["import_id"],
    )


async def insert_request(connection: Connection, request: CreationRequest) -> bool:
    """Remember the request id; False when it has been used, also by a creation that has just committed."""
    used = await connection.fetchval(
        SQL.insert_request,
        request.organization_id,
        request.request_id,
        request.content_sha256,
        request.document_sha256,
        request.import_uid,
        request.import_id,
    )
    return used is not None


async def forget_requests(connection: Connection, *, older_than: timedelta, limit: int = 1_000) -> int:
    """Forget request ids of all organizations that are old and whose import is gone; how many."""
    records = await connection.fetch(SQL.list_old_requests, older_than, limit)
    for record in records:
        await connection.execute(SQL.delete_request, record["organization_id"], record["request_id"])
    return len(records)
