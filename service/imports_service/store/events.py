"""Events and the clock that numbers them. Event rows are the truth of every watch, and outlive their import.

`record` is the last thing that a transaction does: it holds the organization's clock until the commit, and
that makes the order of numbers the order of commits.
"""

from datetime import timedelta

import msgspec
from asyncpg import Record

from imports_service.domain.imports import Event, EventKind, Import, Status
from imports_service.store.database import Connection
from imports_service.store.statements import SQL

EVENTS_AT_ONCE = 200
"""The most events that a watch reads in one go."""
FORGOTTEN_AT_ONCE = 500
"""The most events that one transaction deletes: the organization's clock is locked meanwhile."""

_encode = msgspec.json.Encoder().encode
_decode_snapshot = msgspec.json.Decoder(Import).decode


async def record(
    connection: Connection,
    kind: EventKind,
    previous_status: Status | None,
    import_: Import,
    *,
    before: Import | None = None,
) -> int:
    """Record the change that led to the import as given; the event's number.

    `before` is the import before the change, for changes that may have given it another reference.
    """
    seq = await tick(connection, import_.organization_id)
    await insert_event(connection, seq, kind, previous_status, import_, before=before)
    return seq


async def tick(connection: Connection, organization_id: str) -> int:
    """Take the organization's next number; its clock is locked until the commit."""
    return int(await connection.fetchval(SQL.tick_clock, organization_id))


async def insert_event(
    connection: Connection,
    seq: int,
    kind: EventKind,
    previous_status: Status | None,
    import_: Import,
    *,
    before: Import | None = None,
) -> None:
    """Store the event under the number that the clock gave."""
    await connection.execute(
        SQL.insert_event,
        import_.organization_id,
        seq,
        import_.uid,
        import_.import_id,
        kind.value,
        previous_status.value if previous_status is not None else None,
        import_.version,
        _encode(import_).decode(),
        (before or import_).spec.reference,
    )


async def clock(connection: Connection, organization_id: str) -> tuple[int, int]:
    """The number of the organization's last event, and the floor: events up to it may be gone. (0, 0) without
    any."""
    record = await connection.fetchrow(SQL.read_clock, organization_id)
    return (record["seq"], record["floor"]) if record is not None else (0, 0)


async def events_after(
    connection: Connection, organization_id: str, import_uid: str | None, seq: int, limit: int
) -> list[Event]:
    """The next events after the number, in order: of one import, or with None of the whole organization."""
    if import_uid is None:
        records = await connection.fetch(SQL.list_events, organization_id, seq, limit)
    else:
        records = await connection.fetch(SQL.list_events_of_import, organization_id, import_uid, seq, limit)
    return [event_of(record) for record in records]


async def organizations_with_old_events(
    connection: Connection, *, older_than: timedelta, limit: int = 1_000
) -> list[str]:
    """Organizations that have events of that age; read without locks."""
    records = await connection.fetch(SQL.list_organizations_with_old_events, older_than, limit)
    return [record["organization_id"] for record in records]


async def forget_events(
    connection: Connection, organization_id: str, *, older_than: timedelta, limit: int = FORGOTTEN_AT_ONCE
) -> bool:
    """Delete the organization's oldest events, at most `limit`, and raise the floor that says so; whether there may be
    more.

    Locks the clock: nothing else may be locked after it.
    """
    floor = await connection.fetchval(SQL.raise_floor, organization_id, older_than, limit)
    if floor is None:
        return False
    tag = await connection.execute(SQL.delete_events, organization_id, floor)
    return int(tag.removeprefix("DELETE ")) >= limit


def event_of(record: Record) -> Event:
    previous_status = record["previous_status"]
    return Event(
        seq=record["seq"],
        kind=EventKind(record["kind"]),
        previous_status=Status(previous_status) if previous_status is not None else None,
        previous_reference=record["previous_reference"],
        occurred_at=record["occurred_at"],
        snapshot=_decode_snapshot(record["snapshot"]),
    )
