"""Waits for an import to end: a watch of which only the end is told."""

import asyncio
from contextlib import aclosing
from datetime import timedelta

from imports_service.domain.errors import ImportNotFound
from imports_service.domain.imports import Import
from imports_service.domain.names import ImportName
from imports_service.store.database import Database
from imports_service.store.imports import get_import
from imports_service.watch.events import WatchKind
from imports_service.watch.feeds import Feeds
from imports_service.watch.one_import import watch_import

LONGEST_WAIT_SECONDS = 600.0
NEVER = timedelta(seconds=2 * LONGEST_WAIT_SECONDS)


def wait_seconds(time_remaining: float | None) -> float:
    """How long a call may wait with its deadline so far away, for its answer to arrive in time."""
    if time_remaining is None:
        return LONGEST_WAIT_SECONDS
    margin = min(1.0, max(0.1, time_remaining / 10))
    return max(0.0, min(LONGEST_WAIT_SECONDS, time_remaining - margin))


async def wait_for_end(name: ImportName, seconds: float, *, database: Database, feeds: Feeds) -> Import:
    """The import when it has ended, or as it is when the seconds are over.

    Raises `ImportNotFound`, also when it is deleted meanwhile, and `Unavailable` (STOPPING).
    """
    try:
        async with asyncio.timeout(seconds):
            return await _ended(name, feeds)
    except TimeoutError:
        async with database.connection() as connection:
            found = await get_import(connection, name.organization_id, name.import_id)
        if found is None:
            raise ImportNotFound(str(name)) from None
        return found


async def _ended(name: ImportName, feeds: Feeds) -> Import:
    async with aclosing(watch_import(name, progress_interval=NEVER, heartbeat=NEVER, feeds=feeds)) as events:
        async for event in events:
            if event.kind is not WatchKind.DELETED and event.snapshot and event.snapshot.status.has_ended:
                return event.snapshot
    raise ImportNotFound(str(name))
