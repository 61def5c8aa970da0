"""Watching one import, from a snapshot or a resume token to its end.

Nothing waits for a slow reader: what is told is taken from what the process knows at that moment, so it skips
progress and never an event. A watch changes nothing and owns none of the work.
"""

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta

from imports_service.domain.errors import ImportNotFound
from imports_service.domain.imports import Event, EventKind, Status
from imports_service.domain.names import ImportName
from imports_service.store.watches import Reading
from imports_service.watch.alarm import Alarm, heartbeat_due, now
from imports_service.watch.events import Recorded, WatchEvent, WatchKind
from imports_service.watch.feed import Feed
from imports_service.watch.feeds import Feeds
from imports_service.watch.places import Place, invalid_token, place_of
from imports_service.watch.questions import Answer, Questions
from imports_service.watch.watched_import import WatchedImport

AUDIENCE = "one import"


async def watch_import(
    name: ImportName,
    *,
    resume_token: str | None = None,
    progress_interval: timedelta = timedelta(milliseconds=500),
    heartbeat: timedelta = timedelta(seconds=15),
    feeds: Feeds,
) -> AsyncGenerator[WatchEvent, None]:
    """Tell the import as it is, or what was missed since the token; then every change, until it has ended.

    Every recorded event is told once and in order, progress at most every `progress_interval`, and within the
    silence of `heartbeat` a heartbeat. Ends after the event that ended or deleted the import; at once where
    the token is that event's.

    Raises `ImportNotFound`, `InvalidArgument` (RESUME_TOKEN_INVALID), `OutOfRange` (RESUME_TOKEN_EXPIRED),
    and `Unavailable` (STOPPING, DATABASE_UNAVAILABLE).
    """
    place = place_of(resume_token, name) if resume_token is not None else None
    with feeds.of(name.organization_id) as feed:
        alarm = Alarm()
        watch = _Watch(feed, alarm, progress_interval=progress_interval, heartbeat=heartbeat)
        with feed.watching(alarm) as questions:
            told = await (watch.begin(name, questions) if place is None else watch.resume(place, questions))
            while True:
                for event in told:
                    yield event
                if watch.is_over:
                    return
                feeds.refuse_when_stopping()
                feed.check()
                told = await watch.look()
                if not told and not watch.is_over:
                    await alarm.rest(watch.due)


class _Watch:
    """What one watcher has been told, and what is due to be told next. Times are the loop's, in seconds."""

    _place: Place
    _watched: WatchedImport | None

    def __init__(
        self, feed: Feed, alarm: Alarm, *, progress_interval: timedelta, heartbeat: timedelta
    ) -> None:
        self.is_over = False
        self._feed = feed
        self._alarm = alarm
        self._progress_seconds = progress_interval.total_seconds()
        self._heartbeat_seconds = heartbeat.total_seconds()
        self._edition: int | None = None
        """Of the progress that was told last; None when there is some to tell."""
        self._progress_at = 0.0
        """From when on progress may be told."""
        self._heartbeat_at = 0.0

    async def begin(self, name: ImportName, questions: Questions) -> list[WatchEvent]:
        """The snapshot that a fresh watch begins with."""
        answer = await questions.import_named(name.import_id, self._alarm)
        if answer.reading is None or answer.watched is None:
            raise ImportNotFound(str(name))
        snapshot = answer.reading.snapshot
        self._watched = answer.watched
        self._place = Place(name, snapshot.uid, answer.seq, snapshot.version)
        self.is_over = snapshot.status.has_ended
        self._told_progress()
        if snapshot.status is not Status.PENDING:  # which tells its place in the queue as progress, too
            self._note_edition()
        return [self._tell_now(answer.watched, WatchKind.SNAPSHOT, answer.reading)]

    async def resume(self, place: Place, questions: Questions) -> list[WatchEvent]:
        """Take up the place of a token; what was missed since, or the beginning of that."""
        answer: Answer = await questions.import_since(place.uid, place.seq, self._alarm)
        if place.seq > answer.seq:
            raise invalid_token()
        self._watched = answer.watched
        self._place = place
        self._told_progress()
        self._note_edition()
        told = self._tell_recorded(answer.missed)
        if answer.is_all and not self.is_over:
            self._place = self._place._replace(seq=max(self._place.seq, answer.seq))
        return told

    async def look(self) -> list[WatchEvent]:
        """What is to be told now: events, or else progress, or else a heartbeat, or nothing."""
        if recorded := await self._recorded():
            return self._tell_recorded(recorded)
        if self._watched is None or not self._watched.is_live:
            self.is_over = True  # its last event was told by the watch that gave the token
            return []
        time = now()
        if self._has_progress(self._watched) and time >= self._progress_at:
            return [self._tell_progress(self._watched)]
        if time >= self._heartbeat_at:
            return [self._tell_heartbeat()]
        return []

    @property
    def due(self) -> float:
        """When something is to be told even if nothing happens until then."""
        if self._watched is not None and self._has_progress(self._watched):
            return min(self._progress_at, self._heartbeat_at)
        return self._heartbeat_at

    async def _recorded(self) -> Sequence[Recorded]:
        """The next events, from the table where the process has not kept them."""
        while True:
            kept = self._watched.window.after(self._place.seq) if self._watched is not None else None
            if kept is not None:
                return kept
            past, seq = await self._feed.read_past(self._place.uid, self._place.seq)
            if past or self._watched is None:
                return past
            self._place = self._place._replace(seq=seq)

    def _has_progress(self, watched: WatchedImport) -> bool:
        return watched.version >= self._place.version and watched.edition != self._edition

    def _tell_recorded(self, recorded: Sequence[Recorded]) -> list[WatchEvent]:
        """The watch is over with the event that ended the import; with its deletion where that is known too."""
        told = []
        is_gone = self._watched is None or self._watched.snapshot is None
        for each in recorded:
            event, before = each.event, self._place
            if event.kind is EventKind.SNAPSHOT and event.snapshot.status.has_ended and not is_gone:
                self.is_over = True  # a change after the end, which is what the token stands for
                break
            version = max(event.snapshot.version, before.version)
            self._place = before._replace(seq=event.seq, version=version)
            # tokens of older versions may stand for a state that is newer than the next event
            if event.snapshot.version > before.version or event.kind is EventKind.DELETED:
                told.append(each.told((AUDIENCE, version), self._token))
            if event.kind is EventKind.DELETED or (_is_terminal(event) and not is_gone):
                self.is_over = True
                break
        self._note_edition()
        self._was_told()
        return told

    def _tell_progress(self, watched: WatchedImport) -> WatchEvent:
        self._told_progress()
        self._catch_up()
        told = self._tell_now(watched, WatchKind.PROGRESS, watched.reading)
        self._note_edition()
        return told

    def _tell_now(self, watched: WatchedImport, kind: WatchKind, reading: Reading) -> WatchEvent:
        self._place = self._place._replace(version=reading.snapshot.version)
        self._was_told()
        return watched.told(kind, reading, (AUDIENCE, self._place.seq), self._token)

    def _tell_heartbeat(self) -> WatchEvent:
        self._catch_up()
        self._was_told()
        return WatchEvent(kind=WatchKind.HEARTBEAT, token=self._token(), occurred_at=datetime.now(UTC))

    def _catch_up(self) -> None:
        """Come as far as the process has read, where all of this import has been told.

        So watchers who have been told the same have the same tokens, and a quiet import's never becomes too old.
        """
        self._place = self._place._replace(seq=max(self._place.seq, self._feed.seq))

    def _token(self) -> str:
        return self._place.token

    def _note_edition(self) -> None:
        """Where what was told is the newest state, its progress has been told as well."""
        watched = self._watched
        if watched is not None and watched.version <= self._place.version:
            self._edition = watched.edition

    def _told_progress(self) -> None:
        self._progress_at = now() + self._progress_seconds
        if self._watched is not None:
            self._watched.watchers[self._alarm] = self._progress_at

    def _was_told(self) -> None:
        self._heartbeat_at = heartbeat_due(self._heartbeat_seconds)


def _is_terminal(event: Event) -> bool:
    return event.kind is EventKind.TRANSITION and event.snapshot.status.has_ended
