"""Wakes the imports that wait for one that has ended or is gone."""

from contextlib import suppress

from imports_service.domain.errors import Unavailable
from imports_service.store.database import Database
from imports_service.store.lanes import wake_waiting
from imports_service.store.nudges import Nudges
from imports_service.store.waiting import is_awaited


async def wake_those_after(organization_id: str, uid: str, *, database: Database, nudges: Nudges) -> None:
    """Have the imports that wait for this one looked at; after the commit that ended or deleted it.

    On its own, because no transaction that holds an import may wait for a lane. Lost, it costs them a second.
    """
    with suppress(Unavailable):
        async with database.connection() as connection:
            if not await is_awaited(connection, organization_id, uid):
                return
        async with database.transaction() as connection:
            await wake_waiting(connection, organization_id)
        nudges.work()
