"""Watches in this process, and what is looked at of what they tell."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta

from imports_service.domain.imports import Status
from imports_service.domain.queries import ImportFilter
from imports_service.watch.alarm import Alarm
from imports_service.watch.events import WatchEvent, WatchKind
from imports_service.watch.feeds import Feeds
from imports_service.watch.one_import import watch_import
from imports_service.watch.organization import watch_imports
from tests.watch.story import ORGANIZATION, WatchedStory

AT_ONCE = timedelta(0)
SELDOM = timedelta(hours=1)
SHORTLY = timedelta(milliseconds=50)
EVERYTHING = ImportFilter()

Watching = AsyncGenerator[WatchEvent, None]


def watched(
    story: WatchedStory,
    *,
    token: str | None = None,
    progress_interval: timedelta = SELDOM,
    heartbeat: timedelta = SELDOM,
) -> Watching:
    return watch_import(
        story.name,
        resume_token=token,
        progress_interval=progress_interval,
        heartbeat=heartbeat,
        feeds=story.feeds,
    )


def watched_all(
    feeds: Feeds,
    *,
    filter: ImportFilter = EVERYTHING,
    token: str | None = None,
    progress_interval: timedelta = SELDOM,
    heartbeat: timedelta = SELDOM,
) -> Watching:
    return watch_imports(
        ORGANIZATION,
        filter,
        resume_token=token,
        progress_interval=progress_interval,
        heartbeat=heartbeat,
        feeds=feeds,
    )


async def following(watching: Watching) -> WatchEvent:
    async with asyncio.timeout(10):
        return await anext(watching)


async def next_of(watching: Watching, count: int) -> list[WatchEvent]:
    return [await following(watching) for _ in range(count)]


async def rest_of(watching: Watching) -> list[WatchEvent]:
    async with asyncio.timeout(10), aclosing(watching):
        return [event async for event in watching]


async def told_until(watching: Watching, is_it: Callable[[WatchEvent], bool]) -> list[WatchEvent]:
    """What is told up to the first of which that holds, and that; without heartbeats."""
    told: list[WatchEvent] = []
    async with asyncio.timeout(10):
        while not told or not is_it(told[-1]):
            event = await anext(watching)
            if event.kind is not WatchKind.HEARTBEAT or is_it(event):
                told.append(event)
    return told


async def synced(watching: Watching) -> list[WatchEvent]:
    """What is told up to SYNCED, and that."""
    return await told_until(watching, lambda event: event.kind is WatchKind.SYNCED)


async def told_before_silence(watching: Watching) -> list[WatchEvent]:
    """What is told up to a heartbeat, which comes when there is nothing else to tell."""
    return (await told_until(watching, lambda event: event.kind is WatchKind.HEARTBEAT))[:-1]


async def caught_up(feeds: Feeds) -> None:
    """Whatever the process had yet to read of the organization has been read: a question is answered with it."""
    with feeds.of(ORGANIZATION) as feed, feed.watching(Alarm()) as questions:
        await questions.all_imports()


async def token_of_all(feeds: Feeds, filter: ImportFilter = EVERYTHING) -> str:
    """That of a watch which has been told all there is."""
    async with aclosing(watched_all(feeds, filter=filter)) as watching:
        return (await synced(watching))[-1].token


async def missed_since(feeds: Feeds, token: str, filter: ImportFilter = EVERYTHING) -> list[WatchEvent]:
    """What a resumed watch tells before SYNCED."""
    async with aclosing(watched_all(feeds, filter=filter, token=token)) as watching:
        return (await synced(watching))[:-1]


def outline(events: Sequence[WatchEvent]) -> list[tuple[WatchKind, Status | None]]:
    return [(event.kind, event.snapshot.status if event.snapshot else None) for event in events]


def outline_of_all(events: Sequence[WatchEvent]) -> list[tuple[WatchKind, str | None, Status | None]]:
    return [
        (event.kind, event.snapshot.uid, event.snapshot.status)
        if event.snapshot
        else (event.kind, None, None)
        for event in events
    ]


@asynccontextmanager
async def begun(watching: Watching) -> AsyncIterator[Watching]:
    """A watch whose snapshot has been told."""
    async with aclosing(watching):
        await following(watching)
        yield watching
