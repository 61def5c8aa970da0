"""What watching costs the database: one read serves all who watch the same, as PostgreSQL itself counts."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack, aclosing
from datetime import timedelta

import pytest

from imports_service.store.database import Connection, Database
from imports_service.watch.events import WatchEvent, WatchKind
from imports_service.watch.feeds import Feeds
from imports_service.watch.one_import import watch_import
from tests.eventually import eventually
from tests.watch.story import Story

WATCHERS = 1_000
CHANGES = 20
READS = {
    "find_watched_imports": "LEFT JOIN organization_clock AS clock ON clock.organization_id = $1\nLEFT JOIN (",
    "find_moved_imports": "AS known (uid, version)",
    "list_events": "FROM event\nWHERE organization_id = $1 AND seq > $2",
    "list_events_of_import": "FROM event\nWHERE organization_id = $1 AND import_uid = $2",
    "list_missed_events": "AS wanted (uid, seq, watcher)",
    "list_queue": ", turn, uid",
    "read_clock": "FROM organization_clock\nWHERE organization_id = $1",
    "read_clocks": "FROM organization_clock\nWHERE organization_id = ANY",
}
"""What each statement of a watch is known by: PostgreSQL keeps no comment, and numbers as parameters."""
NO_PROGRESS = timedelta(minutes=1)
"""However long the machine takes to work an import off."""
POLLS_PER_SECOND = 3
"""Every one to two seconds the clocks are read, and the imports that may have moved."""


@pytest.fixture
async def counting(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")


async def reads(connection: Connection) -> Counter[str]:
    """How often each statement of a watch has been run in this database."""
    counted: Counter[str] = Counter()
    for record in await connection.fetch(
        "SELECT query, calls FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid"
        " WHERE datname = current_database()"
    ):
        counted.update({name: record["calls"] for name, part in READS.items() if part in record["query"]})
    return counted


class Crowd:
    """Many who watch one import."""

    def __init__(self) -> None:
        self.told: list[list[WatchEvent]] = []

    async def watch(
        self,
        story: Story,
        feeds: Feeds,
        *,
        token: str | None = None,
        interval: timedelta = timedelta(milliseconds=100),
    ) -> None:
        told: list[WatchEvent] = []
        self.told.append(told)
        watching = watch_import(story.name, resume_token=token, progress_interval=interval, feeds=feeds)
        async with aclosing(watching) as events:
            async for event in events:
                told.append(event)

    async def all_know(self, version: int) -> None:
        await eventually(
            lambda: all(told and _version(told[-1]) >= version for told in self.told),
            what=f"everybody knowing version {version}",
        )


def _version(event: WatchEvent) -> int:
    return event.snapshot.version if event.snapshot else 0


@pytest.mark.usefixtures("counting")
async def test_a_thousand_watchers_of_one_import_cost_one_read_a_change(
    database: Database, feeds: Feeds
) -> None:
    story, crowd = await Story.begin(database, feeds.nudges), Crowd()
    await story.start()
    clock = asyncio.get_running_loop().time
    async with AsyncExitStack() as stack, database.connection() as connection:
        watchers = await stack.enter_async_context(asyncio.TaskGroup())
        tasks = [watchers.create_task(crowd.watch(story, feeds)) for _ in range(WATCHERS)]
        await crowd.all_know((await story.now()).version)
        opened = await reads(connection)

        began = clock()
        for number in range(CHANGES):
            await story.update(str(number))
            await crowd.all_know((await story.now()).version)
        for _ in range(CHANGES // 4):
            await story.count(created=1)
            await crowd.all_know((await story.now()).version)
        polls = POLLS_PER_SECOND * (clock() - began + 1)
        changed = await reads(connection) - opened
        for task in tasks:
            task.cancel()

    assert 0 < opened.total() < 20
    assert changed["list_events"] >= CHANGES
    assert changed.total() <= CHANGES + CHANGES // 4 + polls
    assert all(len(told) >= 1 + CHANGES for told in crowd.told)


@pytest.mark.usefixtures("counting")
async def test_a_thousand_who_come_back_at_once_are_told_what_they_missed_by_few_reads(
    database: Database, feeds: Feeds
) -> None:
    story, crowd = await Story.begin(database, feeds.nudges), Crowd()
    async with aclosing(watch_import(story.name, feeds=feeds)) as watching:
        token = (await anext(watching)).token
    await story.start()
    await story.update("spring")
    async with database.connection() as connection:
        before = await reads(connection)
        async with asyncio.TaskGroup() as watchers:
            for _ in range(WATCHERS):
                watchers.create_task(crowd.watch(story, feeds, token=token, interval=NO_PROGRESS))
            await crowd.all_know((await story.now()).version)
            resumed = await reads(connection) - before
            await story.work_off()

    assert 0 < resumed.total() < 20
    # how many of the counts are told before the end is a matter of time
    changes = [[event for event in told if event.kind is not WatchKind.PROGRESS] for told in crowd.told]
    assert {len(told) for told in changes} == {3}
