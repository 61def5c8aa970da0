"""The release of imports that have waited for others: their units become ready.

A claim says when to look (see `claims.ReleaseDue`): when what is waited for has ended, and every second behind that. So
it does not matter who ended it, whether that was told, or whether whoever looked came to the end of it.
"""

from imports_service.store import lanes, waiting
from imports_service.worker.equipment import Equipment

RELEASED_AT_ONCE = 100
"""The rest is left to the next claim, so that no worker is kept from its units for long."""


async def release_waiting(equipment: Equipment, organization_id: str) -> None:
    """Release the imports of the organization whose wait is over, a transaction each: it locks units and an import,
    and no transaction that holds a lane may wait for these.
    """
    async with equipment.database.connection() as connection:
        releasable = await waiting.list_releasable(connection, organization_id, limit=RELEASED_AT_ONCE)
        turn = await lanes.get_unit_turn(connection, organization_id) if releasable else 0
    for each in releasable:
        async with equipment.database.transaction() as connection:
            is_released = await waiting.release(connection, organization_id, each, turn=turn)
            await equipment.checkpoints.reach("before-release")
        if is_released:
            equipment.nudges.progressed(organization_id, each.uid)
    await equipment.checkpoints.reach("after-release")
    if releasable:
        wake = lanes.wake_waiting if len(releasable) == RELEASED_AT_ONCE else lanes.wake_lane
        async with equipment.database.transaction() as connection:
            await wake(connection, organization_id)
        equipment.nudges.work()
