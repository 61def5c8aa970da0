"""The feeds of a process of its own."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from imports_service.store.database import Database
from imports_service.store.nudges import Nudges, open_nudges
from imports_service.watch import feeds as feeds_module
from imports_service.watch.feeds import Feeds, open_feeds
from tests.watch.story import WatchedStory


@pytest.fixture
async def nudges(database_url: str) -> AsyncIterator[Nudges]:
    """Those of a process that changes imports: they travel to the processes that serve watches."""
    async with open_nudges(database_url, application_name="imports-test") as nudges:
        yield nudges


@pytest.fixture
async def feeds(database: Database) -> AsyncIterator[Feeds]:
    """Feeds that hear of what happens in this process only."""
    opened: asyncio.Future[Feeds] = asyncio.get_running_loop().create_future()
    is_over = asyncio.Event()

    async def keep_open() -> None:
        async with open_feeds(database, Nudges(), stop=asyncio.Event()) as feeds:
            opened.set_result(feeds)
            await is_over.wait()

    # A task of its own: the fixture's set-up and tear-down are not the same task, and a task group needs one.
    task = asyncio.create_task(keep_open(), name="feeds")
    yield await opened
    is_over.set()
    async with asyncio.timeout(10):
        await task


@pytest.fixture
def only_nudges_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks again within the test: what nudges do not tell stays unread. To be used before `feeds`."""
    monkeypatch.setattr(feeds_module, "LOOK_AGAIN_SECONDS", (3_600.0, 3_600.0))


@pytest.fixture
def looks_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nudges do not tell is found within milliseconds. To be used before `feeds`."""
    monkeypatch.setattr(feeds_module, "LOOK_AGAIN_SECONDS", (0.01, 0.02))


@pytest.fixture
async def story(database: Database, feeds: Feeds) -> WatchedStory:
    """A pending import of 100 rows in 10 segments."""
    return await WatchedStory.begin_in(database, feeds)
