"""Watching one import, from a snapshot or a resume token to its end."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

from imports_service.domain.names import ImportName
from imports_service.store.database import Database
from imports_service.store.nudges import Nudges
from imports_service.watch.events import WatchEvent


async def watch_import(
    name: ImportName,
    *,
    resume_token: str | None = None,
    progress_interval: timedelta = timedelta(milliseconds=500),
    heartbeat: timedelta = timedelta(seconds=15),
    database: Database,
    nudges: Nudges,
    stop: asyncio.Event,
) -> AsyncGenerator[WatchEvent, None]:
    raise NotImplementedError
    yield
