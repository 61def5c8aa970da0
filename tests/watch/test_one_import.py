"""The guarantees of watching one import."""

import asyncio
from contextlib import aclosing
from datetime import timedelta

import pytest

from imports_service.domain.errors import Unavailable
from imports_service.domain.imports import Status
from imports_service.watch.events import PendingReason, WatchEvent, WatchKind
from tests.eventually import eventually
from tests.watch.story import ORGANIZATION, WatchedStory
from tests.watch.watching import AT_ONCE, SELDOM, begun, following, outline, rest_of, watched


async def test_the_first_event_is_the_import_as_it_is(story: WatchedStory) -> None:
    async with aclosing(watched(story)) as watching:
        first = await following(watching)

    assert (first.kind, first.snapshot) == (WatchKind.SNAPSHOT, await story.now())
    assert first.progress is not None
    assert first.progress.pending_reason is PendingReason.QUEUED


async def test_every_transition_is_told_in_order_and_the_terminal_one_is_last(story: WatchedStory) -> None:
    async with begun(watched(story)) as watching:
        await story.start()
        started = await following(watching)
        await story.work_off()
        rest = await rest_of(watching)

    assert (started.kind, started.previous_status) == (WatchKind.TRANSITION, Status.PENDING)
    assert outline(rest) == [(WatchKind.TRANSITION, Status.COMPLETED)]
    assert rest[0].previous_status is Status.IN_PROGRESS


async def test_a_transition_carries_the_import_of_its_moment(story: WatchedStory) -> None:
    async with begun(watched(story)) as watching:
        started = await story.start()
        await story.count(created=10)
        told = await following(watching)

    assert told.snapshot == started


async def test_a_slow_reader_skips_progress_and_no_transition(story: WatchedStory) -> None:
    async with begun(watched(story, progress_interval=AT_ONCE)) as watching:
        await story.start()
        await story.work_off()
        newest = (await story.recorded())[-1].seq
        with story.feeds.of(ORGANIZATION) as feed:
            await eventually(lambda: feed.seq >= newest, what="the process has read the end")

        rest = await rest_of(watching)

    assert outline(rest) == [
        (WatchKind.TRANSITION, Status.IN_PROGRESS),
        (WatchKind.TRANSITION, Status.COMPLETED),
    ]


async def test_progress_is_told_with_the_newest_counts(story: WatchedStory) -> None:
    await story.start()
    async with begun(watched(story, progress_interval=timedelta(milliseconds=50))) as watching:
        await story.count(created=10)
        await story.count(created=7, failed=3)

        told = await following(watching)

    assert (told.kind, told.snapshot) == (WatchKind.PROGRESS, await story.now())
    assert told.progress is not None
    assert told.progress.percent == 20.0


async def test_progress_within_the_interval_waits_for_its_end(story: WatchedStory) -> None:
    await story.start()
    clock = asyncio.get_running_loop().time
    async with begun(watched(story, progress_interval=timedelta(milliseconds=300))) as watching:
        await story.count(created=10)
        await following(watching)
        first_at = clock()
        await story.count(created=10)
        await following(watching)

    assert clock() - first_at >= 0.29


async def test_a_transition_does_not_wait_for_the_progress_interval(story: WatchedStory) -> None:
    await story.start()
    async with begun(watched(story, progress_interval=SELDOM)) as watching:
        await story.work_off()

        assert outline(await rest_of(watching)) == [(WatchKind.TRANSITION, Status.COMPLETED)]


async def test_progress_tells_the_rate_and_the_time_left(story: WatchedStory) -> None:
    await story.start()
    async with begun(watched(story, progress_interval=timedelta(milliseconds=50))) as watching:
        await story.count(created=10)
        told = (await following(watching)).progress

    assert told is not None
    assert told.rows_per_second > 0
    assert told.eta is not None
    assert told.eta > timedelta(seconds=90 / told.rows_per_second)  # its closing comes after that


async def test_a_pending_import_tells_that_it_is_queued(story: WatchedStory) -> None:
    async with begun(watched(story, progress_interval=timedelta(milliseconds=50))) as watching:
        told = await following(watching)

    assert told.kind is WatchKind.PROGRESS
    assert told.progress is not None
    assert told.progress.pending_reason is PendingReason.QUEUED


async def test_a_pending_import_tells_how_many_are_before_it(story: WatchedStory) -> None:
    later = await WatchedStory.begin_in(story.database, story.feeds, turn=1)
    async with aclosing(watched(later, progress_interval=timedelta(milliseconds=50))) as watching:
        first = await following(watching)
        await story.start()
        places = [(await following(watching)).progress for _ in range(1)]
        while places[-1] is not None and places[-1].queue_position:
            places.append((await following(watching)).progress)

    assert first.progress is not None
    assert first.progress.queue_position == 1
    assert [place.queue_position for place in places if place is not None] in ([0], [1, 0])


async def test_a_change_that_nobody_nudged_is_told_within_seconds(story: WatchedStory) -> None:
    async with begun(watched(story)) as watching:
        await story.start(nudged=False)

        assert (await following(watching)).kind is WatchKind.TRANSITION


async def test_silence_is_broken_by_a_heartbeat_whose_token_is_usable(story: WatchedStory) -> None:
    async with begun(watched(story, heartbeat=timedelta(milliseconds=50))) as watching:
        told = await following(watching)
    await story.start()

    async with aclosing(watched(story, token=told.token)) as watching:
        resumed = await following(watching)

    assert (told.kind, told.snapshot) == (WatchKind.HEARTBEAT, None)
    assert (resumed.kind, resumed.previous_status) == (WatchKind.TRANSITION, Status.PENDING)


async def test_an_ended_import_is_told_once_and_the_watch_ends(story: WatchedStory) -> None:
    await story.start()
    await story.work_off()

    assert outline(await rest_of(watched(story))) == [(WatchKind.SNAPSHOT, Status.COMPLETED)]


async def test_an_update_is_told_as_a_snapshot(story: WatchedStory) -> None:
    async with begun(watched(story)) as watching:
        await story.update("a new reference")
        told = await following(watching)

    assert told.kind is WatchKind.SNAPSHOT
    assert told.snapshot is not None
    assert told.snapshot.spec.reference == "a new reference"


async def test_an_import_that_is_deleted_while_watched_is_told_as_deleted_and_the_watch_ends(
    story: WatchedStory,
) -> None:
    async with begun(watched(story)) as watching:
        await story.delete()

        assert outline(await rest_of(watching)) == [(WatchKind.DELETED, Status.PENDING)]


async def test_the_stop_of_the_server_ends_a_watch_at_once(story: WatchedStory) -> None:
    async with begun(watched(story)) as watching:
        story.feeds.stop.set()

        with pytest.raises(Unavailable) as refused:
            await following(watching)

    assert refused.value.reason == "STOPPING"


async def test_a_watch_that_is_left_leaves_no_watcher_behind(story: WatchedStory) -> None:
    async with begun(watched(story)):
        pass

    assert not len(story.feeds)


async def test_watchers_that_join_at_any_moment_miss_and_repeat_nothing(story: WatchedStory) -> None:
    watches: list[asyncio.Task[list[WatchEvent]]] = []
    async with asyncio.TaskGroup() as watchers:

        def join() -> None:
            for _ in range(3):
                watches.append(watchers.create_task(rest_of(watched(story, progress_interval=AT_ONCE))))

        join()
        await story.start()
        join()
        for reference in range(5):
            await story.update(str(reference))
            join()
        await story.work_off(each=join)

    recorded = {event.snapshot.version for event in await story.recorded()}
    for watch in watches:
        told = [event.snapshot.version for event in watch.result() if event.snapshot]
        assert told == sorted(set(told))
        assert {version for version in recorded if version > told[0]} <= set(told)
