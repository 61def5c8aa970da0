"""What watches say of pending imports whose organization runs as much as it may."""

import asyncio
from contextlib import aclosing
from datetime import timedelta

from imports_service.store import units
from imports_service.store.database import Database
from imports_service.store.nudges import Nudges
from imports_service.store.units import Claimed
from imports_service.watch.events import PendingReason, WatchEvent
from imports_service.watch.feeds import open_feeds
from imports_service.watch.limit import Limit
from tests.store.builders import ORGANIZATION, claimed_unit, created_import
from tests.watch.story import WatchedStory
from tests.watch.watching import Watching, following, watched, watched_all

SOON = timedelta(milliseconds=100)


def reason(told: WatchEvent) -> PendingReason | None:
    assert told.progress is not None
    return told.progress.pending_reason


async def finish(database: Database, claimed: Claimed) -> None:
    async with database.transaction() as connection:
        assert await units.fence(connection, claimed) is not None


async def told_reason(watching: Watching, wanted: PendingReason) -> None:
    async with asyncio.timeout(10):
        async for told in watching:
            if told.progress is not None and reason(told) is wanted:
                return


async def test_a_pending_import_says_that_its_organization_runs_as_much_as_it_may(database: Database) -> None:
    await created_import(database, segments=4)
    claimed = [await claimed_unit(database) for _ in range(2)]
    async with open_feeds(database, Nudges(), stop=asyncio.Event(), max_running=2) as feeds:
        story = await WatchedStory.begin_in(database, feeds, turn=1)
        async with (
            aclosing(watched(story, progress_interval=SOON)) as watching,
            aclosing(watched_all(feeds)) as of_all,
        ):
            first, first_of_all = await following(watching), [await following(of_all) for _ in range(2)]
            for each in claimed:
                await finish(database, each)
            feeds.nudges.progressed(ORGANIZATION, claimed[0].import_uid)
            await told_reason(watching, PendingReason.QUEUED)

    assert reason(first) is PendingReason.ORGANIZATION_LIMIT
    assert {reason(told) for told in first_of_all} == {PendingReason.ORGANIZATION_LIMIT}


def test_a_segment_that_ends_is_no_other_reason_at_once() -> None:
    limit = Limit(16)

    assert [limit.read(running) for running in (15, 16, 15, 8, 7, 8, 15, 16)] == [
        False, True, True, True, False, False, False, True,
    ]  # fmt: skip
