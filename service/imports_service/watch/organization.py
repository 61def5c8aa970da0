"""Watching all imports of an organization that match a filter, until the watcher leaves.

The recorded events of an organization have one order, in which they are told; progress comes between them. A slow
reader skips progress and never an event.
"""

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from imports_service.domain.queries import ImportFilter
from imports_service.store.watches import Reading
from imports_service.watch.alarm import heartbeat_due, now
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
    place = None
    if resume_token is not None:
        place = place_in_all_of(resume_token, organization_id, filter.digest)
    with feeds.of(organization_id) as feed:
        follower = Follower(progress_interval.total_seconds())
        with feed.following(follower) as questions:
            # also before a list: from here on the feed keeps the events, and knows all imports that have not ended
            seq = (await questions.all_imports()).seq
            if place is not None and place.seq > seq:
                raise invalid_token()
            watch = _Watch(feed, follower, filter, place, synced_at=seq, heartbeat=heartbeat)
            while True:
                for event in await watch.look():
                    yield event
                    feeds.refuse_when_stopping()
                feed.check()
                feeds.refuse_when_stopping()
                if watch.is_idle:
                    await follower.alarm.rest(watch.due)


class _Watch:
    """What one watcher has been told, and what is due to be told next. Times are the loop's, in seconds."""

    def __init__(
        self,
        feed: Feed,
        follower: Follower,
        filter: ImportFilter,
        place: PlaceInAll | None,
        *,
        synced_at: int,
        heartbeat: timedelta,
    ) -> None:
        """`place`: of a token; `synced_at`: the number of the last event that such a watcher has missed."""
        self.is_idle = False
        """Whether there was nothing to tell."""
        self._feed = feed
        self._follower = follower
        self._filter = filter
        self._place = place or PlaceInAll(feed.organization_id, filter.digest, 0, None)
        self._is_fresh = place is None
        self._is_listing = place is None or place.listed is not None
        self._synced_at: int | None = synced_at
        """From which number on SYNCED is due; None when it has been told."""
        self._heartbeat_seconds = heartbeat.total_seconds()
        self._was_told()
        self._may_have_been_told = place is not None
        """Whether the watch that gave the token has told of imports that this one does not know of yet."""

    async def look(self) -> Sequence[WatchEvent]:
        """What is to be told now: the first imports or events, or else progress, or else a heartbeat, or nothing."""
        if self._is_listing:
            told, is_news = await self._list(), True
        elif self._is_sync_due:
            self._synced_at = None
            told, is_news = [self._tell_mark(WatchKind.SYNCED)], True
        else:
            recorded = await self._recorded()
            told, is_news = self._tell_recorded(recorded), bool(recorded)
            if not recorded and self._may_tell_progress:
                told = self._tell_progress()
        if not told and now() >= self._heartbeat_at:
            told = [self._tell_mark(WatchKind.HEARTBEAT)]
        self.is_idle = not is_news and not told and not self._is_sync_due
        return told

    @property
    def due(self) -> float:
        """When something is to be told even if nothing happens until then."""
        progress_at = self._follower.next_due() if self._may_tell_progress else None
        return self._heartbeat_at if progress_at is None else min(progress_at, self._heartbeat_at)

    @property
    def _is_sync_due(self) -> bool:
        return self._synced_at is not None and self._place.seq >= self._synced_at

    @property
    def _may_tell_progress(self) -> bool:
        """Not while the process knows less than has been told: a list is read past it."""
        return self._synced_at is None and self._feed.seq >= self._place.seq

    async def _list(self) -> list[WatchEvent]:
        """The next of the first snapshots, and before them what has happened to those that were told."""
        seq, listed = None if self._is_fresh else self._place.seq, self._place.listed
        stretch = await self._feed.read_stretch(self._filter, seq, listed)
        if seq is not None and seq < stretch.floor:
            raise forgotten(stretch.floor)
        self._is_fresh = False
        told = []
        for event in stretch.events:
            self._place = self._place._replace(seq=event.seq)
            if listed is not None and Listed.of(event.snapshot) <= listed and self._filter.concerns(event):
                told.append(self._tell(looked_up(event)))
        places = {uid: ahead for ahead, uid in enumerate(stretch.queue.uids)}
        is_limited = bool(stretch.queue.uids) and self._feed.limit.read(stretch.queue.running)
        for import_ in stretch.imports:
            self._place = self._place._replace(seq=stretch.seq, listed=Listed.of(import_))
            ahead = places.get(import_.uid, 0)
            told.append(self._tell_first(Reading(import_, stretch.at), ahead=ahead, is_limited=is_limited))
        self._place = self._place._replace(seq=stretch.seq)
        if stretch.is_last:
            self._is_listing = False
            self._place = self._place._replace(listed=None)
            self._synced_at = stretch.seq
            self._feed.catch_up()
        return told

    async def _recorded(self) -> Sequence[Recorded]:
        """The next events, from the table where the process has not kept them. Without any, the place is as new as
        what the process has read."""
        if (kept := self._feed.window.after(self._place.seq)) is not None:
            if not kept:
                self._place = self._place._replace(seq=max(self._place.seq, self._feed.seq))
            return kept
        past = await self._feed.read_past(None, self._place.seq)
        if not past.events:
            self._place = self._place._replace(seq=past.seq)
        return past.events

    def _tell_recorded(self, recorded: Sequence[Recorded]) -> list[WatchEvent]:
        told = []
        for each in recorded:
            self._place = self._place._replace(seq=each.event.seq)
            # one that the watcher believes to match has to leave, whatever has made it so
            if self._filter.concerns(each.event) or self._follower.knows(each.event.snapshot.uid):
                told.append(self._tell(each))
        return told

    def _tell(self, recorded: Recorded) -> WatchEvent:
        event = recorded.event
        if not event.is_last and self._filter.matches(event.snapshot):
            self._follower.remember(event.snapshot, self._feed.imports.get(event.snapshot.uid))
        else:
            self._follower.forget(event.snapshot.uid)
        self._was_told()
        return recorded.told((self._place.filter_digest, self._place.listed), self._token)

    def _tell_first(self, reading: Reading, *, ahead: int, is_limited: bool) -> WatchEvent:
        self._follower.remember(reading.snapshot, self._feed.imports.get(reading.snapshot.uid))
        self._was_told()
        return WatchEvent(
            kind=WatchKind.SNAPSHOT,
            token=self._token(),
            occurred_at=reading.at,
            snapshot=reading.snapshot,
            progress=ProgressMeter().read(reading.snapshot, reading.at, ahead=ahead, is_limited=is_limited),
        )

    def _tell_progress(self) -> list[WatchEvent]:
        if self._may_have_been_told:
            self._may_have_been_told = False
            self._suppose_told()
        return [
            self._tell_moved(watched) for watched in self._follower.take_due() if self._is_to_be_told(watched)
        ]

    def _is_to_be_told(self, watched: WatchedImport) -> bool:
        """Also of one that does not match any more, when the watcher believes that it does."""
        return self._filter.matches(watched.reading.snapshot) or self._follower.knows(watched.uid)

    def _tell_moved(self, watched: WatchedImport) -> WatchEvent:
        reading = watched.reading
        if self._filter.matches(reading.snapshot):
            self._follower.told_progress(watched)
        else:
            self._follower.forget(watched.uid)
        self._was_told()
        return watched.told(WatchKind.PROGRESS, reading, self._place, self._token)

    def _suppose_told(self) -> None:
        """A watcher who comes back is told once how far everything is, and what has left by the errors in it."""
        whatever_errors = msgspec.structs.replace(self._filter, with_errors=None)
        for watched in self._feed.imports.values():
            if watched.is_live and whatever_errors.matches(watched.reading.snapshot):
                self._follower.suppose(watched.uid)
                self._follower.mark(watched)

    def _tell_mark(self, kind: WatchKind) -> WatchEvent:
        self._was_told()
        return WatchEvent(kind=kind, token=self._token(), occurred_at=datetime.now(UTC))

    def _token(self) -> str:
        return self._place.token

    def _was_told(self) -> None:
        self._heartbeat_at = heartbeat_due(self._heartbeat_seconds)
