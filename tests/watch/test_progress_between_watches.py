"""Progress and places in the queue, for one who comes beside other watchers or back with a token.

A process knows progress that no event records. Whoever comes later is told neither what is older than its place, nor
less than a watcher who was there all the time.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from imports_service.domain.imports import Import, Status
from imports_service.domain.queries import ImportFilter
from imports_service.store import watches
from imports_service.store.database import Database
from imports_service.store.nudges import Nudges
from imports_service.watch import follower
from imports_service.watch.events import WatchEvent, WatchKind
from imports_service.watch.feed import Feed
from imports_service.watch.feeds import Feeds, open_feeds
from tests.eventually import eventually
from tests.watch.story import LOST, ORGANIZATION, Story, WatchedStory
from tests.watch.watching import (
    AT_ONCE,
    SHORTLY,
    caught_up,
    following,
    next_of,
    outline,
    synced,
    token_of_all,
    told_before_silence,
    told_until,
    watched,
    watched_all,
)

FLAWLESS = ImportFilter(with_errors=False)


@pytest.fixture
def queue_is_told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "PENDING_SECONDS", 0.05)


def measured_later(feed: Feed) -> None:
    """What the process knows is judged by a later time, as is done each time before it looks again."""
    feed.measure_again(datetime.now(UTC) + timedelta(minutes=1))


def percents(events: Sequence[WatchEvent]) -> list[float]:
    return [event.progress.percent for event in events if event.progress]


@pytest.mark.usefixtures("looks_again_soon")
async def test_a_resumed_watch_is_told_progress_that_no_nudge_tells(database: Database, feeds: Feeds) -> None:
    await (story := await Story.begin(database, feeds.nudges)).start()
    token = await token_of_all(feeds)
    async with aclosing(watched_all(feeds, token=token, progress_interval=AT_ONCE)) as watching:
        await synced(watching)
        story.nudges = LOST
        await story.count(created=10)
        told = await told_until(
            watching, lambda event: event.snapshot is not None and event.snapshot.counts.created == 10
        )

    assert {event.kind for event in told} == {WatchKind.PROGRESS}


@pytest.mark.usefixtures("queue_is_told_soon", "only_nudges_tell")
@pytest.mark.parametrize("is_resumed", [False, True])
async def test_pending_imports_tell_that_they_move_up(
    database: Database, feeds: Feeds, is_resumed: bool
) -> None:
    first, second, third = [await Story.begin(database, feeds.nudges, turn=turn) for turn in range(3)]
    token = await token_of_all(feeds) if is_resumed else None
    places = {second.uid: 1, third.uid: 2}

    def note(event: WatchEvent) -> bool:
        if event.kind is WatchKind.PROGRESS and event.snapshot and event.progress:
            places[event.snapshot.uid] = event.progress.queue_position
        return (places[second.uid], places[third.uid]) == (0, 1)

    async with aclosing(watched_all(feeds, token=token, progress_interval=AT_ONCE)) as watching:
        await synced(watching)
        await first.start()
        await told_until(watching, note)


async def test_the_first_snapshots_tell_the_place_in_the_queue(database: Database, feeds: Feeds) -> None:
    for turn in range(3):
        await Story.begin(database, feeds.nudges, turn=turn)
    async with aclosing(watched_all(feeds)) as watching:
        told = await synced(watching)

    assert [event.progress.queue_position for event in told if event.progress] == [0, 1, 2]


async def test_a_resumed_watch_is_told_that_progress_makes_an_import_leave(
    database: Database, feeds: Feeds
) -> None:
    await (story := await Story.begin(database, feeds.nudges)).start()
    token = await token_of_all(feeds, FLAWLESS)
    async with aclosing(
        watched_all(feeds, filter=FLAWLESS, token=token, progress_interval=AT_ONCE)
    ) as watching:
        await synced(watching)
        await story.count(created=9, failed=1)
        told = await told_until(
            watching, lambda event: event.snapshot is not None and not FLAWLESS.matches(event.snapshot)
        )

    assert {event.kind for event in told} == {WatchKind.PROGRESS}


@pytest.mark.usefixtures("only_nudges_tell")
async def test_a_resumed_watch_is_told_what_progress_has_made_leave_meanwhile(
    database: Database, feeds: Feeds
) -> None:
    await (story := await Story.begin(database, feeds.nudges)).start()
    async with aclosing(watched_all(feeds, progress_interval=AT_ONCE)) as other:
        await synced(other)
        token = await token_of_all(feeds, FLAWLESS)
        await story.count(created=9, failed=1)
        await following(other)
        async with aclosing(watched_all(feeds, filter=FLAWLESS, token=token)) as watching:
            await synced(watching)
            told = await following(watching)

    assert outline([told]) == [(WatchKind.PROGRESS, Status.IN_PROGRESS)]
    assert told.snapshot is not None
    assert told.snapshot.counts.failed == 1


async def test_an_import_that_ends_with_errors_leaves_those_without(database: Database, feeds: Feeds) -> None:
    """Whoever is slow, or seldom asks for it, skips the progress that has made it leave."""
    async with aclosing(watched_all(feeds, filter=FLAWLESS)) as watching:
        await synced(watching)
        await (story := await Story.begin(database, feeds.nudges)).start()
        await story.count(created=9, failed=1)
        await story.work_off(segments=9)
        told = await next_of(watching, 3)

    assert outline(told) == [
        (WatchKind.TRANSITION, Status.PENDING),
        (WatchKind.TRANSITION, Status.IN_PROGRESS),
        (WatchKind.TRANSITION, Status.COMPLETED),
    ]


@pytest.mark.usefixtures("only_nudges_tell")
async def test_progress_never_goes_back_behind_the_first_snapshot(database: Database, feeds: Feeds) -> None:
    await (story := await Story.begin(database, feeds.nudges)).start()
    async with aclosing(watched_all(feeds, progress_interval=AT_ONCE)) as early:
        await synced(early)
        await story.count(created=10)
        await following(early)
        story.nudges = LOST
        await story.count(created=50)
        async with aclosing(watched_all(feeds, progress_interval=AT_ONCE, heartbeat=SHORTLY)) as late:
            told = await synced(late)
            with feeds.of(ORGANIZATION) as feed:
                measured_later(feed)
            told += await told_before_silence(late)

    assert percents(told) == sorted(percents(told))


@pytest.mark.usefixtures("only_nudges_tell")
async def test_percent_does_not_go_back_when_a_watch_moves_to_a_process_that_is_behind(
    database: Database, feeds: Feeds
) -> None:
    """Tokens of a watch of all imports hold no version, by which older progress would be known."""
    await (story := await Story.begin(database, feeds.nudges)).start()
    async with aclosing(watched_all(feeds, progress_interval=AT_ONCE)) as early:
        await synced(early)
        await story.count(created=10)
        await following(early)
        async with open_feeds(database, Nudges(), stop=asyncio.Event()) as others:
            story.nudges = others.nudges
            async with aclosing(watched_all(others, progress_interval=AT_ONCE)) as elsewhere:
                await synced(elsewhere)
                await story.count(created=50)
                newest = await following(elsewhere)
        async with aclosing(
            watched_all(feeds, token=newest.token, progress_interval=AT_ONCE, heartbeat=SHORTLY)
        ) as resumed:
            await synced(resumed)
            with feeds.of(ORGANIZATION) as feed:
                measured_later(feed)
            told = [newest, *await told_before_silence(resumed)]

    assert percents(told) == sorted(percents(told))


@pytest.mark.usefixtures("only_nudges_tell")
async def test_an_import_that_ended_before_the_first_snapshots_is_not_told_as_in_progress(
    database: Database, feeds: Feeds
) -> None:
    """Its end is before the watcher's place, so nothing would ever correct it."""
    await (story := await Story.begin(database, feeds.nudges)).start()
    async with aclosing(watched_all(feeds, progress_interval=AT_ONCE)) as early:
        await synced(early)
        await story.count(created=10)
        await following(early)
        story.nudges = LOST
        await story.work_off(segments=9)
        end = (await story.recorded())[-1].seq
        async with aclosing(watched_all(feeds, progress_interval=AT_ONCE, heartbeat=SHORTLY)) as late:
            told = await synced(late)
            with feeds.of(ORGANIZATION) as feed:
                measured_later(feed)
                told += await told_before_silence(late)
                feed.look_again(has_events=True)
                await eventually(lambda: feed.seq >= end, what="the reading of the end")
                told += await told_before_silence(late)

    assert outline(told) == [(WatchKind.SYNCED, None)]


@pytest.mark.usefixtures("only_nudges_tell")
async def test_an_import_that_ends_while_it_becomes_known_is_not_told_as_in_progress(
    database: Database, feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end is recorded between the reading of imports and that of events."""
    await (story := await Story.begin(database, feeds.nudges)).start()
    token = await token_of_all(feeds)
    story.nudges = LOST
    list_unfinished = watches.list_unfinished

    async def end_meanwhile(*arguments: Any) -> list[Import]:
        unfinished = await list_unfinished(*arguments)
        await story.work_off()
        return unfinished

    monkeypatch.setattr(watches, "list_unfinished", end_meanwhile)
    async with aclosing(
        watched_all(feeds, token=token, progress_interval=AT_ONCE, heartbeat=SHORTLY)
    ) as watching:
        told = await synced(watching)
        with feeds.of(ORGANIZATION) as feed:
            measured_later(feed)
            told += await told_before_silence(watching)

            assert story.uid not in feed.imports

    assert outline(told) == [(WatchKind.SYNCED, None), (WatchKind.TRANSITION, Status.COMPLETED)]


@pytest.mark.usefixtures("only_nudges_tell")
async def test_progress_is_told_after_the_creation_that_it_includes(database: Database, feeds: Feeds) -> None:
    """A watcher of one import makes it known to the process ahead of the events that others have been told."""
    async with aclosing(watched_all(feeds, progress_interval=AT_ONCE)) as watching:
        await synced(watching)
        await caught_up(feeds)
        await Story.begin(database, LOST, turn=0)
        second = await WatchedStory.begin_in(database, feeds, turn=1, nudges=LOST)
        async with aclosing(watched(second)) as single:
            await following(single)
            with feeds.of(ORGANIZATION) as feed:
                feed.look_again(has_events=True)
            told = await next_of(watching, 2)

    assert outline(told) == [(WatchKind.TRANSITION, Status.PENDING)] * 2


@pytest.mark.usefixtures("only_nudges_tell")
async def test_progress_is_told_after_the_start_that_it_includes(database: Database, feeds: Feeds) -> None:
    """The first snapshots of another watcher make the import known, which has started since."""
    async with aclosing(watched_all(feeds, progress_interval=AT_ONCE)) as watching:
        await synced(watching)
        await caught_up(feeds)
        story = await Story.begin(database, LOST)
        await story.start()
        async with aclosing(watched_all(feeds)) as late:
            await synced(late)
            story.nudges = feeds.nudges
            await story.count(created=10)
            told = await following(watching)

    assert told.kind is WatchKind.TRANSITION
