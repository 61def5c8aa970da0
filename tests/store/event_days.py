"""Events of some days, with a partition for each day, as a service that has run for a while has them."""

from datetime import UTC, datetime, timedelta

from asyncpg import Record

from imports_service.store.database import Connection
from imports_service.store.statements import SQL

DAY = timedelta(days=1)
PARTITION_NAMES = """
SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'event'::regclass
"""


def today() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def name_of(day: datetime) -> str:
    return f"event_{day:%Y%m%d}"


async def partition_names(connection: Connection) -> list[str]:
    records: list[Record] = await connection.fetch(PARTITION_NAMES)
    return [record["name"] for record in records]


async def make_days(connection: Connection, *days: int) -> None:
    """A partition for each of the days, counted from today, and no other but the default one; events are lost."""
    for name in await partition_names(connection):
        if name != "event_default":
            await connection.execute(f"DROP TABLE {name}")
    for number in days:
        day = today() + number * DAY
        command = await connection.fetchval(SQL.spell_new_partition, name_of(day), day, day + DAY)
        await connection.execute(command)


async def age(connection: Connection, days: int, *, up_to: int = 2**62) -> None:
    """Let the events up to that number have occurred so many days earlier; each moves to the partition of its time."""
    await connection.execute(
        "UPDATE event SET occurred_at = occurred_at - $1::interval WHERE seq <= $2", days * DAY, up_to
    )


async def places(connection: Connection, organization_id: str) -> dict[int, str]:
    """In which partition each event of the organization is."""
    records = await connection.fetch(
        "SELECT seq, tableoid::regclass::text AS name FROM event WHERE organization_id = $1", organization_id
    )
    return {record["seq"]: record["name"] for record in records}
