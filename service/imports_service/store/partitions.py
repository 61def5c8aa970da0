"""The partitions of the events, by the time at which they occurred: made ahead, and dropped when they are old.

What reads or records events knows nothing of them. An event whose time has no partition goes to the default one, so
that none is ever refused. Making and dropping lock the whole table for a moment: both give up soon when others are at
work on it, and one process at a time does either.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import asyncpg
import msgspec

from imports_service.store.database import Connection, TransactionConflict
from imports_service.store.statements import SQL
from imports_service.store.units import transaction_time

AHEAD = timedelta(days=2)
"""How much time has to have partitions already: as long may all workers be away without a consequence."""
PARTITIONS_IN_RETENTION = 7
"""About so many hold what may be read: each is one more index that a reading looks into."""
DAY = timedelta(days=1)


class Partition(msgspec.Struct, frozen=True):
    """Holds the events from where the one before it ends until `until`."""

    name: str
    until: datetime


class Period(NamedTuple):
    """The time of a partition, from midnight to midnight, UTC. `leaves_out`: some time before it has none."""

    since: datetime
    until: datetime
    leaves_out: bool


def next_period(
    now: datetime, *, last: datetime | None, stray: datetime | None, retention: timedelta
) -> Period | None:
    """The time of the next partition to be made; None: there are enough.

    `last`: where the newest partition ends. `stray`: the time of the newest event in the default partition: what has
    such events can't have a partition any more.
    """
    if last is not None and last >= now + AHEAD:
        return None
    wanted = max(_midnight(now), last) if last is not None else _midnight(now)
    since = max(wanted, _midnight(stray) + DAY) if stray is not None else wanted
    width = max(1, retention.days // PARTITIONS_IN_RETENTION)
    return Period(since, since + width * DAY, leaves_out=since > (last or wanted))


def _midnight(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


async def is_partition_due(connection: Connection, *, retention: timedelta) -> bool:
    """Whether `make_partition` would make one, were nobody else at it; takes no lock."""
    return await _next_period(connection, retention) is not None


async def make_partition(connection: Connection, *, retention: timedelta) -> Period | None:
    """Make the next partition and say of which time; None: there are enough, or somebody else is making one.

    Raises `TransactionConflict` when others are in the way, or an event has just come into the default partition.
    """
    if not await _take_partitions(connection):
        return None
    period = await _next_period(connection, retention)
    if period is None:
        return None
    name = f"event_{period.since:%Y%m%d}"
    command = await connection.fetchval(SQL.spell_new_partition, name, period.since, period.until)
    try:
        await connection.execute(command)
    except asyncpg.CheckViolationError as error:
        raise TransactionConflict(
            "an event came into the default partition", reason="DATABASE_UNAVAILABLE", cause="default"
        ) from error
    return period


async def old_partitions(connection: Connection, *, older_than: timedelta) -> list[Partition]:
    """Those with nothing in them that is younger, oldest first; read without locks."""
    oldest = await transaction_time(connection) - older_than
    return [partition for partition in await _partitions(connection) if partition.until <= oldest]


async def low_floors(connection: Connection, partition: Partition, *, limit: int) -> list[str]:
    """Organizations by whose floors events of the partition, or from before it, may be read; read without locks."""
    records = await connection.fetch(SQL.list_low_floors, partition.until, limit)
    return [record["organization_id"] for record in records]


async def raise_floor(connection: Connection, organization_id: str, partition: Partition) -> None:
    """Say that the organization's events of the partition, and from before it, may be gone: nobody reads them from now
    on.

    Locks the clock: nothing else may be locked after it.
    """
    await connection.execute(SQL.raise_floor_to_time, organization_id, partition.until)


async def drop_partition(connection: Connection, partition: Partition) -> bool:
    """Drop it with its events; False: somebody else is at it or was, or not all floors have been raised.

    The floors are looked at while no event can come in, and the whole table is locked after that only. Raises
    `TransactionConflict` when others are in the way.
    """
    if not await _take_partitions(connection) or partition not in await _partitions(connection):
        return False
    await connection.execute(await connection.fetchval(SQL.spell_partition_lock, partition.name))
    if await low_floors(connection, partition, limit=1):
        return False
    await connection.execute(await connection.fetchval(SQL.spell_partition_drop, partition.name))
    return True


async def _take_partitions(connection: Connection) -> bool:
    await connection.execute(SQL.limit_waiting)
    return await connection.fetchval(SQL.take_partitions) is not None


async def _partitions(connection: Connection) -> list[Partition]:
    return [
        Partition(record["name"], record["until"]) for record in await connection.fetch(SQL.list_partitions)
    ]


async def _next_period(connection: Connection, retention: timedelta) -> Period | None:
    partitions = await _partitions(connection)
    return next_period(
        await transaction_time(connection),
        last=partitions[-1].until if partitions else None,
        stray=await connection.fetchval(SQL.find_newest_stray_event),
        retention=retention,
    )
