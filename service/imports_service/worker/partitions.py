"""Events go by time: partitions of their table are made ahead, and dropped whole when all that they hold is too old.

Before a partition is dropped the floor of every organization with events in it is raised, a clock a transaction, so
that whoever records an event waits for nothing but that. A floor that is raised early does no harm: what is below it
is too old already. What has not come to its end is taken up again in the next round, by whichever process.
"""

import structlog

from imports_service.store import partitions
from imports_service.worker.equipment import Equipment

FLOORS_AT_ONCE = 1_000
"""How many are looked up before it looks again."""

log = structlog.get_logger()


async def make_partitions(equipment: Equipment) -> None:
    """See to it that the events of the next days have partitions. Raises `Unavailable`."""
    retention = equipment.settings.event_retention
    async with equipment.database.connection() as connection:
        is_due = await partitions.is_partition_due(connection, retention=retention)
    while is_due:
        async with equipment.database.transaction() as connection:
            made = await partitions.make_partition(connection, retention=retention)
        is_due = made is not None
        if made is not None:
            log.info("made a partition", since=str(made.since), until=str(made.until))
            if made.leaves_out:
                log.warning("events from before have no partition and go one by one", since=str(made.since))


async def drop_partitions(equipment: Equipment) -> None:
    """Drop the partitions whose events no watcher may ask for any more, one a transaction. Raises `Unavailable`."""
    async with equipment.database.connection() as connection:
        old = await partitions.old_partitions(connection, older_than=equipment.settings.event_retention)
    for partition in old:
        await _raise_floors(equipment, partition)
        async with equipment.database.transaction() as connection:
            is_dropped = await partitions.drop_partition(connection, partition)
        log.info("dropped a partition" if is_dropped else "left a partition", name=partition.name)


async def _raise_floors(equipment: Equipment, partition: partitions.Partition) -> None:
    found = FLOORS_AT_ONCE
    while found == FLOORS_AT_ONCE:
        async with equipment.database.connection() as connection:
            low = await partitions.low_floors(connection, partition, limit=FLOORS_AT_ONCE)
            for organization_id in low:
                await partitions.raise_floor(connection, organization_id, partition)
        found = len(low)
