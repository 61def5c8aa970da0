"""The guarantees of watching all imports of an organization."""

from contextlib import aclosing
from datetime import timedelta

import pytest

from imports_service.domain.errors import OutOfRange, Unavailable
from imports_service.domain.imports import ImportSpec, Status
from imports_service.store.database import Database
from imports_service.watch import listing
from imports_service.watch.events import WatchKind
from imports_service.watch.feeds import Feeds
from tests.watch.story import Story
from tests.watch.watching import (
    following,
    missed_since,
    next_of,
    outline_of_all,
    synced,
    token_of_all,
    watched_all,
)

PRICES = ImportSpec(resource_type="prices")


async def test_it_begins_with_what_has_not_ended_and_says_when_that_is_all(
    database: Database, feeds: Feeds
) -> None:
    ended, running, pending = [await Story.begin(database, feeds.nudges) for _ in range(3)]
    await ended.start()
    await ended.work_off()
    await running.start()

    async with aclosing(watched_all(feeds)) as watching:
        told = await synced(watching)

    assert outline_of_all(told) == [
        (WatchKind.SNAPSHOT, running.uid, Status.IN_PROGRESS),
        (WatchKind.SNAPSHOT, pending.uid, Status.PENDING),
        (WatchKind.SYNCED, None, None),
    ]


async def test_later_imports_are_told_from_their_creation_to_their_deletion(
    database: Database, feeds: Feeds
) -> None:
    async with aclosing(watched_all(feeds)) as watching:
        await synced(watching)
        story = await Story.begin(database, feeds.nudges)
        await story.start()
        await story.update("spring")
        await story.work_off()
        await story.delete()
        told = await next_of(watching, 5)

    assert outline_of_all(told) == [
        (WatchKind.TRANSITION, story.uid, Status.PENDING),
        (WatchKind.TRANSITION, story.uid, Status.IN_PROGRESS),
        (WatchKind.SNAPSHOT, story.uid, Status.IN_PROGRESS),
        (WatchKind.TRANSITION, story.uid, Status.COMPLETED),
        (WatchKind.DELETED, story.uid, Status.COMPLETED),
    ]
    assert [event.previous_status for event in told] == [None, Status.PENDING, None, Status.IN_PROGRESS, None]


async def test_any_token_after_the_beginning_tells_exactly_what_was_missed(
    database: Database, feeds: Feeds
) -> None:
    async with aclosing(watched_all(feeds)) as watching:
        told = (await synced(watching))[-1:]
        stories = [await Story.begin(database, feeds.nudges) for _ in range(3)]
        for story in stories:
            await story.start()
            await story.update("spring")
        await stories[0].work_off()
        await stories[0].delete()
        told += await next_of(watching, 11)

    for place, event in enumerate(told):
        missed = await missed_since(feeds, event.token)
        assert [(e.kind, e.snapshot, e.token) for e in missed] == [
            (e.kind, e.snapshot, e.token) for e in told[place + 1 :]
        ]


async def test_a_token_from_the_first_snapshots_tells_the_rest_of_them(
    database: Database, feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "IMPORTS_AT_ONCE", 2)
    stories = [await Story.begin(database, feeds.nudges) for _ in range(5)]
    async with aclosing(watched_all(feeds)) as watching:
        told = await synced(watching)

    for place, event in enumerate(told):
        assert outline_of_all(await missed_since(feeds, event.token)) == outline_of_all(told[place + 1 : -1])
    assert [event.snapshot.uid for event in told if event.snapshot] == [story.uid for story in stories]


async def test_what_happens_during_the_first_snapshots_is_told_once(
    database: Database, feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "IMPORTS_AT_ONCE", 2)
    stories = [await Story.begin(database, feeds.nudges) for _ in range(5)]
    first, second, *_, last = stories
    async with aclosing(watched_all(feeds)) as watching:
        told = [await following(watching)]
        await first.start()
        await second.start()
        await last.start()
        told += await synced(watching)

    started = Status.IN_PROGRESS
    assert outline_of_all(told) == [
        (WatchKind.SNAPSHOT, first.uid, Status.PENDING),
        (WatchKind.SNAPSHOT, second.uid, Status.PENDING),  # of the same page as the first
        (WatchKind.TRANSITION, first.uid, started),
        (WatchKind.TRANSITION, second.uid, started),
        (WatchKind.SNAPSHOT, stories[2].uid, Status.PENDING),
        (WatchKind.SNAPSHOT, stories[3].uid, Status.PENDING),
        (WatchKind.SNAPSHOT, last.uid, started),
        (WatchKind.SYNCED, None, None),
    ]


async def test_a_token_from_the_first_snapshots_tells_what_happened_to_the_told_ones_since(
    database: Database, feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "IMPORTS_AT_ONCE", 1)
    told_before, not_told = [await Story.begin(database, feeds.nudges) for _ in range(2)]
    async with aclosing(watched_all(feeds)) as watching:
        token = (await following(watching)).token
    await told_before.start()
    await told_before.work_off()
    await not_told.start()

    assert outline_of_all(await missed_since(feeds, token)) == [
        (WatchKind.TRANSITION, told_before.uid, Status.IN_PROGRESS),
        (WatchKind.TRANSITION, told_before.uid, Status.COMPLETED),
        (WatchKind.SNAPSHOT, not_told.uid, Status.IN_PROGRESS),
    ]


async def test_progress_of_every_import_is_told_with_the_newest_counts(
    database: Database, feeds: Feeds
) -> None:
    stories = [await Story.begin(database, feeds.nudges) for _ in range(3)]
    for story in stories:
        await story.start()
    async with aclosing(watched_all(feeds, progress_interval=timedelta(milliseconds=100))) as watching:
        await synced(watching)
        for story in stories:
            await story.count(created=10)
            await story.count(created=10)
        told = {event.snapshot.uid: event for event in await next_of(watching, 3) if event.snapshot}

    assert {event.kind for event in told.values()} == {WatchKind.PROGRESS}
    assert {uid: event.snapshot.counts.created for uid, event in told.items() if event.snapshot} == {
        story.uid: 20 for story in stories
    }


async def test_a_token_older_than_the_events_kept_is_out_of_range(database: Database, feeds: Feeds) -> None:
    token = await token_of_all(feeds)
    await (story := await Story.begin(database, feeds.nudges)).start()
    await story.forget_events_up_to_now()

    with pytest.raises(OutOfRange) as refused:
        await missed_since(feeds, token)

    assert refused.value.reason == "RESUME_TOKEN_EXPIRED"


async def test_the_stop_of_the_server_ends_it_at_once(feeds: Feeds) -> None:
    async with aclosing(watched_all(feeds)) as watching:
        await synced(watching)
        feeds.stop.set()

        with pytest.raises(Unavailable) as refused:
            await following(watching)

    assert refused.value.reason == "STOPPING"


async def test_a_watch_that_is_left_leaves_nothing_behind(database: Database, feeds: Feeds) -> None:
    await Story.begin(database, feeds.nudges)
    async with aclosing(watched_all(feeds)) as watching:
        await synced(watching)

    assert not len(feeds)
