"""Deleting an import: its row, its outcomes and its objects; never what it imported."""

from datetime import timedelta

from imports_service.checkpoints import NOWHERE, Checkpoints
from imports_service.commands.awaited import wake_those_after
from imports_service.commands.etags import check_etag
from imports_service.domain.errors import FailedPrecondition, ImportNotFound
from imports_service.domain.imports import EventKind, Import, Status
from imports_service.domain.names import ImportName, import_prefix
from imports_service.store import imports
from imports_service.store.conflicts import settle
from imports_service.store.database import Connection, Database
from imports_service.store.events import record
from imports_service.store.imports import ExpiredImport
from imports_service.store.nudges import Nudges
from imports_service.store.uploads import trash


async def delete_import(
    name: ImportName,
    *,
    etag: str | None = None,
    allow_missing: bool = False,
    lease: timedelta,
    database: Database,
    nudges: Nudges,
    checkpoints: Checkpoints = NOWHERE,
) -> None:
    """Remove the import and leave its objects to the sweep, two leases from now: a worker may still write.

    Raises `ImportNotFound` unless `allow_missing`, `EtagMismatch`, and `FailedPrecondition`
    (IMPORT_IN_PROGRESS).
    """

    async def remove() -> str | None:
        async with database.transaction() as connection:
            found = await imports.lock_import(connection, name.organization_id, name.import_id)
            if found is None:
                if allow_missing:
                    return None
                raise ImportNotFound(str(name))
            check_etag(found, etag)
            if found.status is Status.IN_PROGRESS:
                raise FailedPrecondition(
                    f"{name} is in progress; interrupt it first", reason="IMPORT_IN_PROGRESS", name=name
                )
            await _remove(connection, found, lease)
            await checkpoints.reach("before-deletion")
            return found.uid

    deleted_uid = await settle(remove)
    if deleted_uid is not None:
        nudges.changed(name.organization_id, deleted_uid)
        await wake_those_after(name.organization_id, deleted_uid, database=database, nudges=nudges)


async def expire_import(
    expired: ExpiredImport, *, lease: timedelta, database: Database, nudges: Nudges
) -> None:
    """Remove an import whose time is over, as if it were deleted; one that took over its id stays."""
    async with database.transaction() as connection:
        found = await imports.lock_import(connection, expired.organization_id, expired.import_id)
        if found is None or found.uid != expired.uid:
            return
        await _remove(connection, found, lease)
    nudges.changed(expired.organization_id, expired.uid)
    await wake_those_after(expired.organization_id, expired.uid, database=database, nudges=nudges)


async def _remove(connection: Connection, found: Import, lease: timedelta) -> None:
    """Delete a locked import and record it; the clock is locked then, and nothing may come after."""
    await imports.delete_import(connection, found.organization_id, found.uid)
    prefix = import_prefix(found.organization_id, found.uid)
    await trash(connection, found.organization_id, found.uid, prefix, delay=2 * lease)
    await record(connection, EventKind.DELETED, None, found)
