"""What the watchers of one process share: the reading, what goes wrong with it, and the stop."""

import asyncio
from contextlib import AsyncExitStack, aclosing
from typing import Any

import pytest

from imports_service.domain.errors import InvalidArgument, Unavailable
from imports_service.domain.imports import Event, Status
from imports_service.domain.names import ImportName
from imports_service.domain.queries import ImportFilter
from imports_service.store import watches
from imports_service.store.database import Database
from imports_service.store.events import events_after
from imports_service.store.nudges import Nudges
from imports_service.watch import feed as feed_module
from imports_service.watch import feeds as feeds_module
from imports_service.watch import news as news_module
from imports_service.watch.events import WatchKind
from imports_service.watch.feed import Feed
from imports_service.watch.feeds import Feeds, open_feeds
from imports_service.watch.news import News, read_news
from imports_service.watch.past import Past, read_past
from imports_service.watch.places import Place
from imports_service.watch.watched_import import AUDIENCES_KEPT
from imports_service.watch.window import Window
from tests.eventually import eventually
from tests.watch.story import LOST, ORGANIZATION, Story, WatchedStory
from tests.watch.watching import (
    AT_ONCE,
    SHORTLY,
    Watching,
    caught_up,
    following,
    synced,
    token_of_all,
    told_before_silence,
    watched,
    watched_all,
)

WATCHERS = 300
NOTHING = ImportFilter(reference="nothing has it")


async def has_read(feed: Feed, event: Event) -> None:
    feed.catch_up()
    await eventually(lambda: feed.seq >= event.seq, what="the reading of the event", every=0.001)


async def refusal_of(watching: Watching) -> Unavailable:
    """Why the watch tells nothing."""
    with pytest.raises(Unavailable) as refused:
        await following(watching)
    return refused.value


@pytest.mark.usefixtures("only_nudges_tell")
async def test_a_resumed_watch_beside_one_of_a_single_import_waits_for_what_there_is(
    database: Database, feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    after = Window.after

    def counted(window: Window, seq: int) -> Any:
        nonlocal looks
        looks += 1
        if looks > 10_000:
            pytest.fail("looks again and again")  # never giving way, so that no timeout would be noticed
        return after(window, seq)

    story = await WatchedStory.begin_in(database, feeds)
    monkeypatch.setattr(Window, "after", counted)
    async with aclosing(watched(story)) as single:
        await following(single)
        token = await token_of_all(feeds)
        await caught_up(feeds)
        other = await Story.begin(database, LOST)
        async with aclosing(watched_all(feeds, token=token)) as watching:
            told = await synced(watching)

    assert [event.snapshot.uid for event in told if event.snapshot] == [other.uid]


@pytest.mark.usefixtures("only_nudges_tell")
async def test_an_event_that_is_recorded_while_a_question_is_answered_is_told_at_once(
    database: Database, feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its nudge comes before the feed knows that anyone watches the import."""
    story = await WatchedStory.begin_in(database, feeds)
    queue = watches.queue

    async def start_meanwhile(connection: Any, organization_id: str) -> watches.Queue:
        found = await queue(connection, organization_id)
        if (await story.now()).status is Status.PENDING:
            await story.start()
        return found

    monkeypatch.setattr(watches, "queue", start_meanwhile)
    async with aclosing(watched(story)) as watching:
        first = await following(watching)
        async with asyncio.timeout(10):
            second = await anext(watching)

    assert (first.kind, second.kind) == (WatchKind.SNAPSHOT, WatchKind.TRANSITION)


async def test_many_who_open_a_watch_of_one_import_at_once_cost_one_row_and_one_message(
    database: Database, feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (story := await WatchedStory.begin_in(database, feeds)).start()
    rows = 0
    find_watched = watches.find_watched

    async def counted(*arguments: Any, **options: Any) -> watches.Found:
        nonlocal rows
        found = await find_watched(*arguments, **options)
        rows += len(found.readings)
        return found

    monkeypatch.setattr(watches, "find_watched", counted)
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(aclosing(watched(story))) for _ in range(WATCHERS)]
        async with asyncio.TaskGroup() as tasks:
            told = [tasks.create_task(following(watching)) for watching in opened]

    assert (rows, len({id(first.result()) for first in told})) == (1, 1)


@pytest.mark.usefixtures("only_nudges_tell")
async def test_messages_kept_for_watchers_do_not_grow_with_those_who_come_and_go(
    database: Database, feeds: Feeds
) -> None:
    """Each visitor comes at another place, and so has messages of its own."""
    story = await WatchedStory.begin_in(database, feeds)
    await (busy := await Story.begin(database, feeds.nudges, turn=1)).start()
    with feeds.of(ORGANIZATION) as feed:
        async with aclosing(watched(story)) as stays:
            await following(stays)
            for visit in range(2 * AUDIENCES_KEPT):
                await busy.update(str(visit))
                await has_read(feed, (await busy.recorded())[-1])
                async with aclosing(watched(story, progress_interval=AT_ONCE)) as comes:
                    assert (await following(comes)).kind is WatchKind.SNAPSHOT
                    assert (await following(comes)).kind is WatchKind.PROGRESS

            assert len(feed.imports[story.uid]._told) <= AUDIENCES_KEPT


@pytest.mark.usefixtures("only_nudges_tell")
async def test_a_first_reading_that_failed_is_not_made_up_for_with_all_of_history(
    database: Database, feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (story := await Story.begin(database, feeds.nudges)).start()
    for reference in range(30):
        await story.update(str(reference))
    is_reading, has_come = asyncio.Event(), asyncio.Event()
    read: list[Event] = []

    async def away_at_first(*arguments: Any) -> News:
        if is_reading.is_set():
            return await read_news(*arguments)
        is_reading.set()
        await has_come.wait()
        raise Unavailable("away", reason="DATABASE_UNAVAILABLE")

    async def noted(*arguments: Any) -> list[Event]:
        events = await events_after(*arguments)
        read.extend(events)
        return events

    monkeypatch.setattr(feed_module, "LONGEST_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(feed_module, "read_news", away_at_first)
    monkeypatch.setattr(news_module, "events_after", noted)
    async with (
        aclosing(watched_all(feeds)) as early,
        aclosing(watched_all(feeds)) as late,
        asyncio.TaskGroup() as tasks,
    ):
        refusal = tasks.create_task(refusal_of(early))
        await is_reading.wait()
        tasks.create_task(synced(late))
        with feeds.of(ORGANIZATION) as feed:
            await eventually(lambda: len(feed.followers) == 2, what="another watcher")
        has_come.set()
        await refusal
        await story.count(created=10)  # a segment, before the feed reads again

    assert read == []


@pytest.mark.usefixtures("only_nudges_tell")
async def test_a_forged_token_does_not_end_the_watches_of_others(database: Database, feeds: Feeds) -> None:
    """Its checksum is good, which is keyed by nothing secret. One reading answers it and one who comes back."""
    await (story := await WatchedStory.begin_in(database, feeds)).start()
    async with aclosing(watched(story, heartbeat=SHORTLY)) as bystander:
        token = (await following(bystander)).token
        await story.update("spring")
        forged = Place(ImportName(ORGANIZATION, story.uid), story.uid, 2**63, 1).token
        async with (
            aclosing(watched(story, token=forged)) as bad,
            aclosing(watched(story, token=token)) as behind,
            asyncio.TaskGroup() as tasks,
        ):
            refusal = tasks.create_task(invalid(bad))
            missed = tasks.create_task(following(behind))
        told = await told_before_silence(bystander)

    assert refusal.result().reason == "RESUME_TOKEN_INVALID"
    assert missed.result().kind is WatchKind.SNAPSHOT
    assert [event.kind for event in told] == [WatchKind.SNAPSHOT]


async def invalid(watching: Watching) -> InvalidArgument:
    with pytest.raises(InvalidArgument) as refused:
        await following(watching)
    return refused.value


@pytest.mark.usefixtures("looks_again_soon")
async def test_an_unforeseen_error_of_looking_again_ends_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = 0

    async def broken(*arguments: Any) -> None:
        nonlocal times
        times += 1
        raise ValueError("a fault of ours")

    monkeypatch.setattr(feeds_module, "clocks", broken)
    async with open_feeds(database, Nudges(), stop=asyncio.Event()) as feeds:
        story = await WatchedStory.begin_in(database, feeds)
        async with aclosing(watched(story)) as watching:
            await following(watching)
            await eventually(lambda: times > 1, what="another look")
            await story.start()

            assert (await following(watching)).kind is WatchKind.TRANSITION


async def test_the_stop_ends_a_resume_that_has_nothing_to_tell_yet(
    database: Database, feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await token_of_all(feeds, NOTHING)
    await (story := await Story.begin(database, feeds.nudges)).start()
    for reference in range(6):
        await story.update(str(reference))
    reads = 0

    async def stopping(*arguments: Any) -> Past:
        nonlocal reads
        reads += 1
        feeds.stop.set()
        return await read_past(*arguments)

    monkeypatch.setattr("imports_service.watch.past.EVENTS_AT_ONCE", 2)
    monkeypatch.setattr(feed_module, "read_past", stopping)
    async with aclosing(watched_all(feeds, filter=NOTHING, token=token)) as watching:
        refusal = await refusal_of(watching)

    assert (refusal.reason, reads) == ("STOPPING", 1)


async def test_the_stop_ends_a_watch_whose_question_the_database_does_not_answer(
    database: Database, feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the end of the grace cancels it, and the caller is told neither UNAVAILABLE nor when to retry."""
    story = await WatchedStory.begin_in(database, feeds)
    is_asked, never = asyncio.Event(), asyncio.Event()

    async def hanging(*arguments: Any) -> None:
        is_asked.set()
        await never.wait()

    monkeypatch.setattr(feed_module, "read_news", hanging)
    async with aclosing(watched(story)) as watching, asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        refusal = tasks.create_task(refusal_of(watching))
        await is_asked.wait()
        feeds.stop.set()

    assert refusal.result().reason == "STOPPING"
