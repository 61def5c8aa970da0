"""Who owns objects: an upload before its import exists, the trash after it is gone, and what a closing left
behind.

An object that no row here and no import owns must not exist, so a row is committed before the first object is
stored, and goes only after the last one was deleted. What deletes objects stands elsewhere.
"""

from datetime import timedelta

import msgspec

from imports_service.store.database import Connection
from imports_service.store.imports import delete_parts
from imports_service.store.statements import SQL


class LapsedUpload(msgspec.Struct, frozen=True):
    """An upload that nobody extends any more."""

    organization_id: str
    uid: str


class Trash(msgspec.Struct, frozen=True):
    """A prefix to be emptied. `swept` is how often it has been."""

    organization_id: str
    import_uid: str
    prefix: str
    swept: int


class UnsweptImport(msgspec.Struct, frozen=True):
    """An ended import, and the names of the files that it has."""

    organization_id: str
    uid: str
    attachment: str | None
    failed_inputs: str | None


async def insert_upload(connection: Connection, organization_id: str, uid: str, lease: timedelta) -> None:
    """Own the objects of an import to be; to be committed before the first is stored."""
    await connection.execute(SQL.insert_upload, organization_id, uid, lease)


async def extend_upload(connection: Connection, organization_id: str, uid: str, lease: timedelta) -> bool:
    """Hold the upload for another `lease` from now; False when the sweep has taken it."""
    return await connection.fetchval(SQL.extend_upload, organization_id, uid, lease) is not None


async def has_upload(connection: Connection, organization_id: str, uid: str) -> bool:
    """Whether the upload owns its objects yet; read without locks."""
    return await connection.fetchval(SQL.has_upload, organization_id, uid) is not None


async def delete_upload(connection: Connection, organization_id: str, uid: str) -> bool:
    """Hand the objects over to the import that this transaction creates; False: the sweep has them, roll
    back."""
    return await connection.fetchval(SQL.delete_upload, organization_id, uid) is not None


async def lapsed_uploads(connection: Connection, *, limit: int) -> list[LapsedUpload]:
    """Uploads of all organizations whose lease has run out; read without locks."""
    records = await connection.fetch(SQL.list_lapsed_uploads, limit)
    return [LapsedUpload(record["organization_id"], record["uid"]) for record in records]


async def take_lapsed_upload(connection: Connection, organization_id: str, uid: str) -> bool:
    """Delete the upload if it is still lapsed; whoever gets True trashes its prefix in the same
    transaction."""
    return await connection.fetchval(SQL.delete_lapsed_upload, organization_id, uid) is not None


async def trash(
    connection: Connection, organization_id: str, import_uid: str, prefix: str, *, delay: timedelta
) -> None:
    """Have everything under the prefix deleted, not before `delay` has passed."""
    await connection.execute(SQL.insert_trash, organization_id, import_uid, prefix, delay)


async def next_trash(connection: Connection, *, limit: int) -> list[Trash]:
    """Prefixes of all organizations whose time has come, longest due first; read without locks."""
    records = await connection.fetch(SQL.list_trash, limit)
    return [
        Trash(record["organization_id"], record["import_uid"], record["prefix"], record["swept"])
        for record in records
    ]


async def finish_sweep(
    connection: Connection, trash: Trash, *, again_after: timedelta, last_after: timedelta
) -> bool:
    """Note that the prefix was emptied, to be emptied again after the first time and once more after the second.

    After the second time nothing may be left of the import in the tables; after the third the row goes. False: there is
    more, to be done in a transaction of its own.
    """
    whose = trash.organization_id, trash.import_uid
    if trash.swept == 0:
        await connection.execute(SQL.mark_swept, *whose, trash.swept, again_after)
    elif await delete_parts(connection, *whose):
        return False
    elif trash.swept == 1:
        await connection.execute(SQL.mark_swept, *whose, trash.swept, last_after)
    else:
        await connection.execute(SQL.delete_trash, *whose)
    return True


async def unswept_imports(
    connection: Connection, *, ended_before: timedelta, limit: int
) -> list[UnsweptImport]:
    """Imports of all organizations that ended so long ago and whose files were never looked through."""
    records = await connection.fetch(SQL.list_unswept_imports, ended_before, limit)
    return [
        UnsweptImport(record["organization_id"], record["uid"], record["attachment"], record["failed_inputs"])
        for record in records
    ]


async def mark_files_swept(connection: Connection, organization_id: str, uid: str) -> None:
    """Note that only what the import names is left of its files."""
    await connection.execute(SQL.mark_files_swept, organization_id, uid)
