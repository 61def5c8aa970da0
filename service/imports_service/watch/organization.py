"""Watching all imports of an organization that match a filter, until the watcher leaves.

The recorded events of an organization have one order, in which they are told; progress comes between them. A slow
reader skips progress and never an event.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta

from imports_service.domain.imports import Event, EventKind
from imports_service.domain.queries import ImportFilter
from imports_service.store.watches import Reading
from imports_service.watch.events import Recorded, WatchEvent, WatchKind
from imports_service.watch.feed import Feed
from imports_service.watch.feeds import Feeds
from imports_service.watch.follower import Follower
from imports_service.watch.past import forgotten, looked_up
from imports_service.watch.places import Listed, PlaceInAll, invalid_token, place_in_all_of
from imports_service.watch.progress import ProgressMeter
from imports_service.watch.watched_import import WatchedImport


async def watch_imports(
    organization_id: str,
    filter: ImportFilter,
    *,
    resume_token: str | None = None,
    progress_interval: timedelta = timedelta(milliseconds=500),
    heartbeat: timedelta = timedelta(seconds=15),
    feeds: Feeds,
) -> AsyncGenerator[WatchEvent, None]:
    """Tell every matching import that has not ended, or what was missed since the token; then SYNCED; then all news.

    A recorded event is told when its import matches before or after the change, in the order of the commits;
    progress at most every `progress_interval` for each import, and within the silence of `heartbeat` a heartbeat.
    Never ends by itself.

    Raises `InvalidArgument` (RESUME_TOKEN_INVALID), `OutOfRange` (RESUME_TOKEN_EXPIRED), and `Unavailable`
    (STOPPING, DATABASE_UNAVAILABLE).
    """
    place = PlaceInAll(organization_id, filter.digest, 0, None)
    if resume_token is not None:
        place = place_in_all_of(resume_token, organization_id, filter.digest)
    with feeds.of(organization_id) as feed:
        follower = Follower(progress_interval.total_seconds())
        watch = _Watch(feed, follower, filter, place, heartbeat=heartbeat)
        with feed.following(follower) as questions:
            is_fresh = resume_token is None
            # the clock first, also for a list: from here on the feed keeps the events
            now = (await questions.clock()).seq
            if place.seq > now:
                raise invalid_token()
            lists = is_fresh or place.listed is not None
            beginning = watch.list_all(is_fresh=is_fresh) if lists else watch.resume(now)
            async for event in beginning:
                yield event
                feeds.refuse_when_stopping()
            while True:
                feeds.refuse_when_stopping()
                feed.check()
                for event in await watch.look():
                    yield event
                if watch.is_idle:
                    await follower.alarm.rest(watch.due)


class _Watch:
    """What one watcher has been told, and what is due to be told next. Times are the loop's, in seconds."""

    def __init__(
        self, feed: Feed, follower: Follower, filter: ImportFilter, place: PlaceInAll, *, heartbeat: timedelta
    ) -> None:
        self.is_idle = False
        """Whether there was nothing to tell."""
        self._feed = feed
        self._follower = follower
        self._filter = filter
        self._place = place
        self._heartbeat_seconds = heartbeat.total_seconds()
        self._was_told()

    async def list_all(self, *, is_fresh: bool) -> AsyncGenerator[WatchEvent, None]:
        """The first snapshots, or the rest of them, and what happens to the told ones meanwhile; then SYNCED."""
        seq = None if is_fresh else self._place.seq
        while True:
            listed = self._place.listed
            stretch = await self._feed.read_stretch(self._filter, seq, listed)
            if seq is not None and seq < stretch.floor:
                raise forgotten(stretch.floor)
            for event in stretch.events:
                self._place = self._place._replace(seq=event.seq)
                if (
                    listed is not None
                    and Listed.of(event.snapshot) <= listed
                    and self._filter.concerns(event)
                ):
                    yield self._tell(looked_up(event))
            seq = stretch.seq
            places = {uid: ahead for ahead, uid in enumerate(stretch.queue)}
            for import_ in stretch.imports:
                self._place = self._place._replace(seq=seq, listed=Listed.of(import_))
                yield self._tell_first(Reading(import_, stretch.at), seq, ahead=places.get(import_.uid, 0))
            if stretch.is_last:
                break
        self._place = self._place._replace(seq=seq, listed=None)
        yield self._tell_mark(WatchKind.SYNCED)

    async def resume(self, now: int) -> AsyncGenerator[WatchEvent, None]:
        """What was missed up to the event of that number; then SYNCED."""
        while self._place.seq < now:
            for event in self._tell_recorded(await self._recorded()):
                yield event
        yield self._tell_mark(WatchKind.SYNCED)

    async def look(self) -> Sequence[WatchEvent]:
        """What is to be told now: events, or else progress, or else a heartbeat, or nothing."""
        recorded = await self._recorded()
        told = self._tell_recorded(recorded)
        now = _now()
        if not recorded:
            told = [
                event
                for watched in self._follower.take_due(now)
                for event in self._tell_progress(watched, now)
            ]
        if not told and now >= self._heartbeat_at:
            told = [self._tell_mark(WatchKind.HEARTBEAT)]
        self.is_idle = not recorded and not told
        return told

    @property
    def due(self) -> float:
        """When something is to be told even if nothing happens until then."""
        progress_at = self._follower.next_due()
        return self._heartbeat_at if progress_at is None else min(progress_at, self._heartbeat_at)

    async def _recorded(self) -> Sequence[Recorded]:
        """The next events, from the table where the process has not kept them. Without any, the place is as new as
        what the process has read."""
        kept = self._feed.window.after(self._place.seq)
        if kept:
            return kept
        if kept is not None:
            self._place = self._place._replace(seq=max(self._place.seq, self._feed.seq))
            return ()
        past = await self._feed.read_past(None, self._place.seq)
        if not past.events:
            self._place = self._place._replace(seq=past.seq)
        return past.events

    def _tell_recorded(self, recorded: Sequence[Recorded]) -> list[WatchEvent]:
        told = []
        for each in recorded:
            self._place = self._place._replace(seq=each.event.seq)
            if self._filter.concerns(each.event):
                told.append(self._tell(each))
        return told

    def _tell(self, recorded: Recorded) -> WatchEvent:
        event = recorded.event
        if _may_go_on(event) and self._filter.matches(event.snapshot):
            self._follower.remember(event.snapshot, _now())
        else:
            self._follower.forget(event.snapshot.uid)
        self._was_told()
        return recorded.told((self._place.filter_digest, self._place.listed), self._token)

    def _tell_first(self, reading: Reading, seq: int, *, ahead: int) -> WatchEvent:
        self._feed.adopt(reading, seq, ahead=ahead)
        self._follower.told_first(reading.snapshot, _now())
        self._was_told()
        return WatchEvent(
            kind=WatchKind.SNAPSHOT,
            token=self._token(),
            occurred_at=reading.at,
            snapshot=reading.snapshot,
            progress=ProgressMeter().read(reading.snapshot, reading.at, ahead=ahead),
        )

    def _tell_progress(self, watched: WatchedImport, now: float) -> list[WatchEvent]:
        reading = watched.reading
        matches = self._filter.matches(reading.snapshot)
        if not matches and not self._follower.has_been_told(watched.uid):
            return []
        self._follower.told_progress(watched, now, matches=matches)
        self._was_told()
        return [watched.told(WatchKind.PROGRESS, reading, self._place, self._token)]

    def _tell_mark(self, kind: WatchKind) -> WatchEvent:
        self._was_told()
        return WatchEvent(kind=kind, token=self._token(), occurred_at=datetime.now(UTC))

    def _token(self) -> str:
        return self._place.token

    def _was_told(self) -> None:
        # jittered, so that those who came at once are not all told at once for ever
        self._heartbeat_at = _now() + self._heartbeat_seconds * random.uniform(0.9, 1.0)


def _may_go_on(event: Event) -> bool:
    return event.kind is not EventKind.DELETED and not event.snapshot.status.has_ended


def _now() -> float:
    return asyncio.get_running_loop().time()
