"""What watches read: for many watchers at once, and without locks.

An answer that holds the clock and imports is of one moment: the imports are what the events up to the clock's
number have made of them.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from asyncpg import Record

from imports_service.domain.imports import Event, Import
from imports_service.domain.queries import ImportFilter, ImportPosition
from imports_service.store.database import Connection
from imports_service.store.events import event_of
from imports_service.store.imports import conditions_of, import_of
from imports_service.store.statements import SQL

START = ImportPosition(
    created_at=datetime(1, 1, 2, tzinfo=UTC), inputs_size=-1, uid="00000000-0000-0000-0000-000000000000"
)
"""Before the first import of a list in the order of creation."""


class Reading(NamedTuple):
    """An import as it was at a moment of the database's clock."""

    snapshot: Import
    at: datetime


class Found(NamedTuple):
    """The number of the organization's last event, the floor (events up to it may be gone), and the imports.

    `at`: when that was, by the database's clock.
    """

    seq: int
    floor: int
    at: datetime
    readings: Sequence[Reading]


class Missed(NamedTuple):
    """The next events of one import after a number, and the floor at the moment of the reading."""

    floor: int
    events: list[Event]


async def find_watched(
    connection: Connection, organization_id: str, *, import_ids: Sequence[str], uids: Sequence[str]
) -> Found:
    """The clock, and those of the imports that exist."""
    records = await connection.fetch(SQL.find_watched_imports, organization_id, import_ids, uids)
    first = records[0]
    return Found(
        seq=first["seq"] or 0,
        floor=first["floor"] or 0,
        at=first["read_at"],
        readings=[_reading_of(record) for record in records if record["uid"] is not None],
    )


async def find_moved(
    connection: Connection, organization_id: str, versions: Mapping[str, int]
) -> list[Reading]:
    """Those of the imports, by uid, that have a newer version than the one given."""
    records = await connection.fetch(
        SQL.find_moved_imports, organization_id, list(versions), list(versions.values())
    )
    return [_reading_of(record) for record in records]


async def list_missed(
    connection: Connection, organization_id: str, places: Sequence[tuple[str, int]], limit: int
) -> list[Missed]:
    """What watchers of single imports have missed, at most `limit` events each; `places`: (uid, seq) of each."""
    uids, seqs = [uid for uid, _ in places], [seq for _, seq in places]
    missed = [Missed(0, []) for _ in places]
    for record in await connection.fetch(SQL.list_missed_events, organization_id, uids, seqs, limit):
        watcher = record["watcher"] - 1
        missed[watcher] = Missed(record["floor"] or 0, missed[watcher].events)
        if record["seq"] is not None:
            missed[watcher].events.append(event_of(record))
    return missed


async def list_unfinished(
    connection: Connection,
    organization_id: str,
    filter: ImportFilter,
    after: ImportPosition | None,
    limit: int,
) -> list[Import]:
    """The next imports that match and have not ended, in the order of their creation."""
    position = after or START
    records = await connection.fetch(
        SQL.list_unfinished_imports,
        organization_id,
        *conditions_of(filter),
        position.created_at,
        position.uid,
        limit,
    )
    return [import_of(record) for record in records]


class Clocks(NamedTuple):
    """The number of each organization's last event, without those that have none; and when, if there is any."""

    seqs: Mapping[str, int]
    at: datetime | None


async def clocks(connection: Connection, organization_ids: Sequence[str]) -> Clocks:
    """The clocks of these organizations."""
    records = await connection.fetch(SQL.read_clocks, organization_ids)
    seqs = {record["organization_id"]: record["seq"] for record in records}
    return Clocks(seqs, records[0]["read_at"] if records else None)


class Queue(NamedTuple):
    """The uids of an organization's pending imports, the next one first, and how many of its segments run."""

    uids: Sequence[str] = ()
    running: int = 0


async def queue(connection: Connection, organization_id: str) -> Queue:
    """The organization's pending imports; without any it is not read what runs."""
    records = await connection.fetch(SQL.list_queue, organization_id)
    return Queue([record["uid"] for record in records], records[0]["running"]) if records else Queue()


def _reading_of(record: Record) -> Reading:
    return Reading(import_of(record), record["read_at"])
