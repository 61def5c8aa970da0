"""Imports that wait for others to end (`spec.after`): what they wait for, and when that is over.

What an import waits for is kept as uids: an id that is used again names another import. The units of an import that
waits are no business of the claims: they become ready with the release, and never before. What has ended stays so,
and what is gone has ended; so a judgement made without locks holds.
"""

from collections.abc import Sequence
from typing import NamedTuple

from imports_service.store.database import Connection
from imports_service.store.statements import SQL


class Releasable(NamedTuple):
    """An import that waits for what has ended. `in_order`: its segments run one after the other; `turn`: that of its
    first segment."""

    uid: str
    in_order: bool
    turn: int = 0


async def find_uids(
    connection: Connection, organization_id: str, import_ids: Sequence[str]
) -> dict[str, str]:
    """The uids of those of the imports that exist, by import id."""
    records = await connection.fetch(SQL.find_uids, organization_id, import_ids)
    return {record["import_id"]: record["uid"] for record in records}


async def find_unended(connection: Connection, organization_id: str, uids: Sequence[str]) -> list[str]:
    """Those of the imports that have not ended."""
    return [record["uid"] for record in await connection.fetch(SQL.find_unended, organization_id, uids)]


async def has_waiting(connection: Connection, organization_id: str) -> bool:
    """Whether any import of the organization waits; exact while its lane is locked."""
    return bool(await connection.fetchval(SQL.has_waiting, organization_id))


async def is_awaited(connection: Connection, organization_id: str, uid: str) -> bool:
    """Whether imports wait for this one."""
    return bool(await connection.fetchval(SQL.is_awaited, organization_id, uid))


async def list_releasable(connection: Connection, organization_id: str, *, limit: int) -> list[Releasable]:
    """The imports whose wait is over, in the order of their turns, at most `limit`."""
    records = await connection.fetch(SQL.list_releasable, organization_id, limit)
    return [Releasable(record["uid"], record["in_order"], record["turn"]) for record in records]


async def release(
    connection: Connection, organization_id: str, releasable: Releasable, *, turn: int = 0
) -> bool:
    """Make the import's units ready and note that it waits no more; False when that had been done, or it is gone.

    `turn`: which its organization has come to; the import gets no credit for having waited. Locks its units, then its
    row: to be committed before the next one.
    """
    later = max(0, turn - releasable.turn)
    await connection.execute(SQL.release_units, organization_id, releasable.uid, releasable.in_order, later)
    return await connection.fetchval(SQL.release_import, organization_id, releasable.uid, later) is not None
