"""Waits for an import to end, on nudges; a slow look stands behind them, since a nudge may be lost."""

import asyncio
import random

from imports_service.domain.errors import ImportNotFound, Unavailable
from imports_service.domain.imports import Import
from imports_service.domain.names import ImportName
from imports_service.store.database import Database
from imports_service.store.imports import get_import, get_import_by_uid
from imports_service.store.nudges import Nudges, is_set_within

LONGEST_WAIT_SECONDS = 600.0
LOOK_AGAIN_SECONDS = (1.0, 2.0)


def wait_seconds(time_remaining: float | None) -> float:
    """How long a call may wait with its deadline so far away, for its answer to arrive in time."""
    if time_remaining is None:
        return LONGEST_WAIT_SECONDS
    margin = min(1.0, max(0.1, time_remaining / 10))
    return max(0.0, min(LONGEST_WAIT_SECONDS, time_remaining - margin))


async def wait_for_end(
    name: ImportName, seconds: float, *, database: Database, nudges: Nudges, stop: asyncio.Event
) -> Import:
    """The import when it has ended, or as it is when the seconds are over.

    Raises `ImportNotFound`, also when it is deleted meanwhile, and `Unavailable` (STOPPING).
    """
    until = asyncio.get_running_loop().time() + seconds
    async with database.connection() as connection:
        found = await get_import(connection, name.organization_id, name.import_id)
    if found is None:
        raise ImportNotFound(str(name))
    with nudges.subscribe(name.organization_id, found.uid) as changed:
        while True:
            changed.clear()  # before the read, so that a change during the read is not missed
            if stop.is_set():
                raise Unavailable("the service is stopping; wait again", reason="STOPPING")
            async with database.connection() as connection:
                found = await get_import_by_uid(connection, name.organization_id, found.uid)
            if found is None:
                raise ImportNotFound(str(name))
            rest = until - asyncio.get_running_loop().time()
            if found.status.has_ended or rest <= 0:
                return found
            await is_set_within(changed, min(rest, random.uniform(*LOOK_AGAIN_SECONDS)))
