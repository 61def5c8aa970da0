"""Resuming the watch of one import: what its tokens are good for, and when it is refused."""

from contextlib import aclosing
from datetime import timedelta

import pytest

from imports_service.domain.errors import ImportNotFound, InvalidArgument, OutOfRange
from imports_service.domain.imports import Status
from imports_service.domain.names import ImportName
from imports_service.domain.tokens import encode_token
from imports_service.store.database import Database
from imports_service.watch.events import WatchKind
from imports_service.watch.one_import import watch_import
from imports_service.watch.places import place_of
from tests.watch.story import ORGANIZATION, WatchedStory
from tests.watch.watching import AT_ONCE, begun, following, outline, rest_of, watched


async def test_the_token_of_a_quiet_import_keeps_up_with_its_organization(
    story: WatchedStory, database: Database
) -> None:
    async with begun(watched(story, heartbeat=timedelta(milliseconds=50))) as watching:
        busy = await WatchedStory.begin_in(database, story.feeds)
        await busy.start()
        newest = (await busy.recorded())[-1].seq
        told = await following(watching)
        while place_of(told.token, story.name).seq < newest:
            told = await following(watching)
    await story.forget_events_up_to_now()

    async with aclosing(watched(story, token=told.token, heartbeat=timedelta(milliseconds=50))) as watching:
        assert (await following(watching)).kind is WatchKind.HEARTBEAT


async def test_resuming_from_any_token_tells_exactly_what_was_missed(story: WatchedStory) -> None:
    watching = watched(story)
    told = [await following(watching)]
    await story.start()
    told.append(await following(watching))
    await story.update("a new reference")
    told.append(await following(watching))
    await story.work_off()
    told += await rest_of(watching)

    for place, event in enumerate(told):
        missed = await rest_of(watched(story, token=event.token))
        assert [(e.kind, e.snapshot, e.token) for e in missed] == [
            (e.kind, e.snapshot, e.token) for e in told[place + 1 :]
        ]


async def test_resuming_from_progress_tells_only_what_came_after(story: WatchedStory) -> None:
    await story.start()
    async with begun(watched(story, progress_interval=AT_ONCE)) as watching:
        await story.count(created=10)
        told = await following(watching)
    await story.work_off(segments=9)

    missed = await rest_of(watched(story, token=told.token))

    assert told.kind is WatchKind.PROGRESS
    assert outline(missed) == [(WatchKind.TRANSITION, Status.COMPLETED)]


async def test_resuming_a_deleted_import_tells_what_was_missed_and_its_deletion(story: WatchedStory) -> None:
    async with aclosing(watched(story)) as watching:
        token = (await following(watching)).token
    await story.update("a new reference")
    await story.delete()

    missed = await rest_of(watched(story, token=token))

    assert [event.kind for event in missed] == [WatchKind.SNAPSHOT, WatchKind.DELETED]
    assert await rest_of(watched(story, token=missed[-1].token)) == []


async def test_resuming_an_import_that_ended_and_was_deleted_tells_both(story: WatchedStory) -> None:
    async with aclosing(watched(story)) as watching:
        token = (await following(watching)).token
    await story.start()
    await story.work_off()
    await story.update("a note after the end")
    await story.delete()

    missed = await rest_of(watched(story, token=token))

    assert outline(missed) == [
        (WatchKind.TRANSITION, Status.IN_PROGRESS),
        (WatchKind.TRANSITION, Status.COMPLETED),
        (WatchKind.SNAPSHOT, Status.COMPLETED),
        (WatchKind.DELETED, Status.COMPLETED),
    ]


async def test_a_deleted_import_is_not_found_without_a_token(story: WatchedStory) -> None:
    await story.delete()

    with pytest.raises(ImportNotFound):
        await following(watched(story))


async def test_an_unknown_import_is_not_found_at_once(story: WatchedStory) -> None:
    unknown = watch_import(ImportName(ORGANIZATION, "unknown"), feeds=story.feeds)

    with pytest.raises(ImportNotFound):
        await following(unknown)


async def test_a_token_of_another_import_is_refused(story: WatchedStory) -> None:
    other = await WatchedStory.begin_in(story.database, story.feeds)
    async with aclosing(watched(other)) as watching:
        token = (await following(watching)).token

    with pytest.raises(InvalidArgument) as refused:
        await following(watched(story, token=token))

    assert refused.value.reason == "RESUME_TOKEN_INVALID"


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="empty"),
        pytest.param("garbage", id="garbage"),
        pytest.param(encode_token("page", 1, 2), id="of another call"),
        pytest.param(encode_token("watch-import", 1, 2), id="of another shape"),
    ],
)
async def test_a_foreign_token_is_refused(story: WatchedStory, token: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await following(watched(story, token=token))

    assert refused.value.reason == "RESUME_TOKEN_INVALID"
    assert [violation.field for violation in refused.value.violations] == ["resume_token"]


async def test_a_token_older_than_the_events_kept_is_out_of_range(story: WatchedStory) -> None:
    async with aclosing(watched(story)) as watching:
        token = (await following(watching)).token
    await story.start()
    await story.forget_events_up_to_now()

    with pytest.raises(OutOfRange) as refused:
        await following(watched(story, token=token))

    assert refused.value.reason == "RESUME_TOKEN_EXPIRED"
