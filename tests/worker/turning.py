"""Rounds of housekeeping for the partitions of the events."""

import contextlib

from imports_service.domain.errors import Unavailable
from imports_service.store import partitions
from imports_service.worker.equipment import Equipment
from imports_service.worker.partitions import drop_partitions, make_partitions


async def turned(equipment: Equipment) -> None:
    """Rounds until nothing is to be made or dropped: others who are at work, or at the same, put it off."""
    while await _is_any_due(equipment):
        for chore in (make_partitions, drop_partitions):
            with contextlib.suppress(Unavailable):
                await chore(equipment)


async def _is_any_due(equipment: Equipment) -> bool:
    retention = equipment.settings.event_retention
    async with equipment.database.connection() as connection:
        return await partitions.is_partition_due(connection, retention=retention) or bool(
            await partitions.old_partitions(connection, older_than=retention)
        )
