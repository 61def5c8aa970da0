"""The lease table: units of work (the segments of an import, and its closing), and who may run which.

A lease is proven by its token, in the database and nowhere else: `fence` is the first statement of a unit's
transaction, and one that comes late finds nothing to finish. The clock is the database's.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from asyncpg import Record

from imports_service.store.database import Connection
from imports_service.store.statements import SQL

CLOSING = -1
"""The segment number of a closing."""


class NewSegment(msgspec.Struct, frozen=True):
    """Rows in a row: the number of the first, how many, and the number of the last where numbers have gaps."""

    first_row: int
    row_count: int
    last_row: int | None = None


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A unit under a lease. `attempts` are those that failed so far; a closing has no rows. `turn`: that of the unit.

    `has_next`: the segments of its import run in order, and there is one after this one. `is_crowded`: so many segments
    of its organization run that its lane may be waiting for this one to end.
    """

    organization_id: str
    import_uid: str
    segment: int
    first_row: int
    row_count: int
    attempts: int
    lease_token: str
    in_order: bool
    has_next: bool
    turn: int = 0
    is_crowded: bool = False

    @property
    def is_closing(self) -> bool:
        return self.segment == CLOSING


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """A unit taken back from its worker. `is_given_up`: it was the last attempt, nobody will run it again."""

    organization_id: str
    import_uid: str
    segment: int
    attempts: int
    is_given_up: bool
    worker: str | None

    @property
    def is_closing(self) -> bool:
        return self.segment == CLOSING


class StoredSegment(msgspec.Struct, frozen=True):
    """A segment as it stands. `state`: waiting, ready, leased, done or void."""

    segment: int
    first_row: int
    row_count: int
    state: str

    @property
    def is_done(self) -> bool:
        return self.state == "done"


async def insert_units(
    connection: Connection,
    organization_id: str,
    import_uid: str,
    segments: Sequence[NewSegment],
    *,
    turn: int,
    in_order: bool,
    waits: bool = False,
) -> None:
    """Store the segments of a new import, all ready, or in order: the first ready and the others waiting.

    `waits`: all of them wait, for the release of the import.
    """
    columns: tuple[list[str | None], ...] = ([], [], [], [], [], [])
    for number, segment in enumerate(segments):
        values = (
            str(number),
            str(segment.first_row),
            None if segment.last_row is None else str(segment.last_row),
            str(segment.row_count),
            str(turn),
            "waiting" if waits or (in_order and number) else "ready",
        )
        for column, value in zip(columns, values, strict=True):
            column.append(value)
        turn += segment.row_count
    await connection.execute(SQL.insert_units, organization_id, import_uid, *columns)


async def insert_closing(connection: Connection, organization_id: str, import_uid: str) -> None:
    """Make the import's closing a unit; in the transaction that set `closing`, and only there."""
    await connection.execute(SQL.insert_closing, organization_id, import_uid)


async def fence(connection: Connection, claimed: Claimed) -> datetime | None:
    """Finish the unit under its lease and lock it; the time of everything that the transaction writes.

    None when the lease is lost: the transaction must roll back.
    """
    done_at: datetime | None = await connection.fetchval(
        SQL.fence_unit, claimed.organization_id, claimed.import_uid, claimed.segment, claimed.lease_token
    )
    return done_at


async def ready_next(connection: Connection, claimed: Claimed) -> None:
    """Make the segment after this one ready, if it waits for it; in the transaction of the fence."""
    await connection.execute(
        SQL.ready_next,
        claimed.organization_id,
        claimed.import_uid,
        claimed.segment + 1,
        claimed.turn + claimed.row_count,
    )


async def extend(
    connection: Connection, organization_id: str, tokens: Sequence[str], lease: timedelta
) -> set[str]:
    """Hold the leases of one organization for another `lease` from now; the tokens of those that are still
    held.

    A unit whose own transaction is open is locked and left out, which then does not mean that its lease is
    lost.
    """
    records = await connection.fetch(SQL.extend_leases, organization_id, list(tokens), lease)
    return {record["lease_token"] for record in records}


async def release(
    connection: Connection,
    claimed: Claimed,
    *,
    delay: timedelta,
    counts: bool,
    max_attempts: int,
    error: str | None = None,
    in_outage: bool = False,
) -> Returned | None:
    """Give the unit back, ready again after `delay`; None when the lease is lost.

    `counts`: this was an attempt; it also is one when the lease has run out meanwhile, unless that was for an outage.
    Whoever gets a unit that is given up says in the same transaction how its import ends.
    """
    record = await connection.fetchrow(
        SQL.release_unit,
        claimed.organization_id,
        claimed.import_uid,
        claimed.segment,
        claimed.lease_token,
        delay,
        counts,
        max_attempts,
        error,
        not in_outage,
    )
    return _returned(claimed.organization_id, record)


async def lapsed_organizations(connection: Connection, *, limit: int = 100) -> list[str]:
    """Organizations in which a lease has run out; read without locks."""
    records = await connection.fetch(SQL.list_lapsed_organizations, limit)
    return [record["organization_id"] for record in records]


async def rescue(
    connection: Connection, organization_id: str, *, delay: timedelta, max_attempts: int
) -> Returned | None:
    """Take back a unit of the organization whose lease has run out, which counts an attempt; None: there is none.

    It is ready again after `delay`. Units locked by their worker's transaction stay leased: see `store.backends`.
    Whoever gets one that is given up says in the same transaction how its import ends, and commits before the next.
    """
    record = await connection.fetchrow(SQL.rescue_unit, organization_id, delay, max_attempts)
    return _returned(organization_id, record)


def _returned(organization_id: str, record: Record | None) -> Returned | None:
    if record is None:
        return None
    return Returned(
        organization_id=organization_id,
        import_uid=record["import_uid"],
        segment=record["segment"],
        attempts=record["attempts"],
        is_given_up=record["given_up"],
        worker=record["worker"],
    )


async def transaction_time(connection: Connection) -> datetime:
    """The time of the transaction on the database's clock, for what no fence gives a time."""
    now: datetime = await connection.fetchval(SQL.read_now)
    return now


async def void_segments(connection: Connection, organization_id: str, import_uid: str) -> None:
    """Strike out what is left of an import's segments, in the transaction that ends it and before its row is
    locked."""
    await connection.execute(SQL.void_segments, organization_id, import_uid)


async def list_segments(
    connection: Connection,
    organization_id: str,
    import_uid: str,
    *,
    from_segment: int = 0,
    limit: int = 1_000_000,
) -> list[StoredSegment]:
    """The import's segments in order, from the one given on; the closing is not among them."""
    records = await connection.fetch(
        SQL.list_segments, organization_id, import_uid, max(from_segment, 0), limit
    )
    return [
        StoredSegment(record["segment"], record["first_row"], record["row_count"], record["state"])
        for record in records
    ]
