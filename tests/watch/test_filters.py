"""What a filter lets a watcher of an organization see."""

from contextlib import aclosing
from datetime import timedelta

import pytest

from imports_service.domain.errors import InvalidArgument
from imports_service.domain.imports import ImportSpec, Status
from imports_service.domain.queries import ImportFilter
from imports_service.store.database import Database
from imports_service.watch.events import WatchKind
from imports_service.watch.feeds import Feeds
from imports_service.watch.places import place_in_all_of
from tests.watch.story import ORGANIZATION, Story
from tests.watch.watching import (
    EVERYTHING,
    following,
    missed_since,
    next_of,
    outline_of_all,
    synced,
    token_of_all,
    watched_all,
)

PRICES = ImportSpec(resource_type="prices")


async def test_a_filter_tells_matching_imports_and_those_that_leave(database: Database, feeds: Feeds) -> None:
    pending = ImportFilter(statuses=(Status.PENDING,))
    async with aclosing(watched_all(feeds, filter=pending)) as watching:
        await synced(watching)
        story = await Story.begin(database, feeds.nudges)
        await story.start()
        await story.work_off()
        other = await Story.begin(database, feeds.nudges)
        told = await next_of(watching, 3)

    assert outline_of_all(told) == [
        (WatchKind.TRANSITION, story.uid, Status.PENDING),
        (WatchKind.TRANSITION, story.uid, Status.IN_PROGRESS),
        (WatchKind.TRANSITION, other.uid, Status.PENDING),
    ]


async def test_a_filter_by_reference_tells_imports_that_enter_and_leave(
    database: Database, feeds: Feeds
) -> None:
    spring = ImportFilter(reference_prefix="spring")
    async with aclosing(watched_all(feeds, filter=spring)) as watching:
        await synced(watching)
        story = await Story.begin(database, feeds.nudges)
        await story.update("spring 1")
        await story.update("spring 2")
        await story.update("autumn")
        await story.update("winter")
        await story.update("spring 3")
        told = await next_of(watching, 4)

    assert [event.snapshot.spec.reference for event in told if event.snapshot] == [
        "spring 1",
        "spring 2",
        "autumn",
        "spring 3",
    ]


async def test_a_filter_by_type_holds_for_first_snapshots_events_and_progress(
    database: Database, feeds: Feeds
) -> None:
    await (skus := await Story.begin(database, feeds.nudges)).start()
    await (prices := await Story.begin(database, feeds.nudges, spec=PRICES)).start()
    only_prices = ImportFilter(resource_types=("prices",))
    async with aclosing(
        watched_all(feeds, filter=only_prices, progress_interval=timedelta(milliseconds=100))
    ) as watching:
        told = await synced(watching)
        await skus.count(created=10)
        await prices.count(created=10)
        told += await next_of(watching, 1)

    assert outline_of_all(told) == [
        (WatchKind.SNAPSHOT, prices.uid, Status.IN_PROGRESS),
        (WatchKind.SYNCED, None, None),
        (WatchKind.PROGRESS, prices.uid, Status.IN_PROGRESS),
    ]


async def test_progress_that_makes_an_import_leave_the_filter_is_told(
    database: Database, feeds: Feeds
) -> None:
    await (story := await Story.begin(database, feeds.nudges)).start()
    flawless = ImportFilter(with_errors=False)
    async with aclosing(
        watched_all(feeds, filter=flawless, progress_interval=timedelta(milliseconds=100))
    ) as watching:
        await synced(watching)
        await story.count(created=9, failed=1)
        left = await following(watching)

    assert left.snapshot is not None
    assert (left.kind, left.snapshot.counts.failed) == (WatchKind.PROGRESS, 1)


async def test_heartbeats_move_past_what_was_filtered_out(database: Database, feeds: Feeds) -> None:
    nothing = ImportFilter(reference="nothing has it")
    async with aclosing(watched_all(feeds, filter=nothing, heartbeat=timedelta(milliseconds=50))) as watching:
        await synced(watching)
        story = await Story.begin(database, feeds.nudges)
        await story.start()
        newest = (await story.recorded())[-1].seq
        told = await following(watching)
        while place_in_all_of(told.token, ORGANIZATION, nothing.digest).seq < newest:
            told = await following(watching)
    await story.forget_events_up_to_now()

    assert told.kind is WatchKind.HEARTBEAT
    assert await missed_since(feeds, told.token, nothing) == []


async def test_hundreds_of_missed_events_that_do_not_match_are_passed_over(
    database: Database, feeds: Feeds
) -> None:
    nothing = ImportFilter(reference="nothing has it")
    token = await token_of_all(feeds, nothing)
    await (story := await Story.begin(database, feeds.nudges)).start()
    for reference in range(500):
        await story.update(str(reference))

    assert await missed_since(feeds, token, nothing) == []


async def test_a_token_belongs_to_its_filter_and_its_kind_of_watch(database: Database, feeds: Feeds) -> None:
    token = await token_of_all(feeds)

    for foreign, filter in (
        (token, ImportFilter(with_errors=True)),
        ("garbage", EVERYTHING),
        (token[:-2], EVERYTHING),
    ):
        with pytest.raises(InvalidArgument) as refused:
            await following(watched_all(feeds, filter=filter, token=foreign))
        assert refused.value.reason == "RESUME_TOKEN_INVALID"


async def test_the_order_of_a_filters_values_does_not_matter_to_its_tokens(feeds: Feeds) -> None:
    one = ImportFilter(resource_types=("skus", "prices"), statuses=(Status.PENDING, Status.COMPLETED))
    same = ImportFilter(
        resource_types=("prices", "skus", "skus"), statuses=(Status.COMPLETED, Status.PENDING)
    )
    token = await token_of_all(feeds, one)

    assert await missed_since(feeds, token, same) == []
