"""Watches when events go by time: a token from before is refused, one from after resumes, nothing is lost silently."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager

import pytest

from imports_service.domain.errors import OutOfRange
from imports_service.domain.imports import Status
from imports_service.objects.store import Objects
from imports_service.store.database import Connection, Database
from imports_service.store.nudges import Nudges
from imports_service.watch import listing
from imports_service.watch.events import WatchEvent, WatchKind
from imports_service.watch.feeds import Feeds, open_feeds
from tests.store.event_days import age, make_days
from tests.watch.story import Story, WatchedStory
from tests.watch.watching import (
    following,
    missed_since,
    outline,
    outline_of_all,
    rest_of,
    synced,
    token_of_all,
    watched,
    watched_all,
)
from tests.worker.turning import turned
from tests.worker.working import equipped


async def let_pass(database: Database, objects: Objects, *, up_to: int) -> None:
    """The events up to that number are eight days old; they go."""
    async with database.transaction() as connection:
        await make_days_around(connection)
        await age(connection, 9, up_to=up_to)
    await turned(equipped(database, objects))


async def make_days_around(connection: Connection) -> None:
    """Partitions of their days, for events that are there already."""
    await connection.execute("CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT * FROM event")
    await make_days(connection, *range(-9, 2))
    await connection.execute("INSERT INTO event SELECT * FROM kept")


async def test_a_token_from_before_is_out_of_range_and_one_from_after_resumes(
    story: WatchedStory, database: Database, objects: Objects
) -> None:
    async with aclosing(watched(story)) as watching:
        before = (await following(watching)).token
        await story.start()
        after = (await following(watching)).token
    await let_pass(database, objects, up_to=2)
    await story.work_off()

    with pytest.raises(OutOfRange):
        await following(watched(story, token=before))
    told = await rest_of(watched(story, token=after))
    assert [event.kind for event in told] == [WatchKind.TRANSITION], outline(told)


async def test_the_same_holds_for_all_imports(database: Database, objects: Objects, feeds: Feeds) -> None:
    before = await token_of_all(feeds)
    first = await Story.begin(database, feeds.nudges)
    after = await token_of_all(feeds)
    await let_pass(database, objects, up_to=1)
    await first.start()

    with pytest.raises(OutOfRange):
        await missed_since(feeds, before)
    [told] = await missed_since(feeds, after)
    assert told.snapshot is not None
    assert (told.kind, told.snapshot.uid) == (WatchKind.TRANSITION, first.uid)


class Interrupted(Database):
    """Drops what is old when a snapshot has been taken, and before it is used."""

    objects: Objects

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[Connection, None]:
        async with super().snapshot() as connection:
            await connection.fetchval("SELECT 1")
            await turned(equipped(self, self.objects))
            yield connection


async def test_events_that_go_while_a_list_is_told_are_not_missed_silently(
    database: Database, objects: Objects, feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "IMPORTS_AT_ONCE", 1)
    first, _ = [await Story.begin(database, feeds.nudges) for _ in range(2)]
    async with aclosing(watched_all(feeds)) as watching:
        token = (await following(watching)).token
    await first.start()
    async with database.transaction() as connection:
        await make_days_around(connection)
        await age(connection, 9)
    interrupted = Interrupted(database._pool, lease=equipped(database, objects).settings.lease)
    interrupted.objects = objects

    async with open_feeds(interrupted, Nudges(), stop=asyncio.Event()) as others:
        with pytest.raises(OutOfRange):
            await missed_since(others, token)


async def test_watchers_miss_nothing_while_partitions_come_and_go(
    database: Database, objects: Objects, feeds: Feeds
) -> None:
    async with database.transaction() as connection:
        await make_days(connection, *range(-30, 1))
    stories = [await Story.begin(database, feeds.nudges) for _ in range(10)]
    told: list[WatchEvent] = []

    async with aclosing(watched_all(feeds)) as watching:
        await synced(watching)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(turned(equipped(database, objects)))
            for story in stories:
                await story.start()
                await story.work_off()
        while len(told) < 2 * len(stories):
            event = await following(watching)
            told += [event] if event.kind is WatchKind.TRANSITION else []

    assert outline_of_all(told) == [
        (WatchKind.TRANSITION, story.uid, status)
        for story in stories
        for status in (Status.IN_PROGRESS, Status.COMPLETED)
    ]
