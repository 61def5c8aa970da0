"""Watching one import, from a snapshot or a resume token to its end.

Event rows are the truth and nudges only say when to look. Whatever is told is read afresh, so nothing waits
for a slow reader: it skips progress and never an event. A watch changes nothing and owns none of the work.
"""

import asyncio
import random
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from imports_service.domain.errors import ImportNotFound, OutOfRange, Unavailable
from imports_service.domain.imports import Event, EventKind, Import, Status
from imports_service.domain.names import ImportName
from imports_service.store.database import Connection, Database
from imports_service.store.events import clock, events_after
from imports_service.store.imports import get_import, get_import_by_uid
from imports_service.store.nudges import Nudges, is_set_within
from imports_service.store.queue import count_ahead
from imports_service.watch.events import WatchEvent, WatchKind
from imports_service.watch.places import Place, invalid_token, place_of
from imports_service.watch.progress import ProgressMeter

EVENTS_AT_ONCE = 100
LOOK_AGAIN_SECONDS = (1.0, 2.0)
"""A lost nudge costs at most this; drawn anew each time, so that watchers do not read in step."""


async def watch_import(
    name: ImportName,
    *,
    resume_token: str | None = None,
    progress_interval: timedelta = timedelta(milliseconds=500),
    heartbeat: timedelta = timedelta(seconds=15),
    database: Database,
    nudges: Nudges,
    stop: asyncio.Event,
) -> AsyncGenerator[WatchEvent, None]:
    """Tell the import as it is, or what was missed since the token; then every change, until it has ended.

    Every recorded event is told once and in order, progress at most every `progress_interval`, and after the
    silence of `heartbeat` a heartbeat. Ends after the event that ended or deleted the import; at once where
    the token is that event's.

    Raises `ImportNotFound`, `InvalidArgument` (RESUME_TOKEN_INVALID), `OutOfRange` (RESUME_TOKEN_EXPIRED),
    and `Unavailable` (STOPPING) when woken after `stop` is set.
    """
    place = place_of(resume_token, name) if resume_token is not None else None
    uid = place.uid if place is not None else await _uid_of(database, name)
    with nudges.subscribe(name.organization_id, uid) as changed:
        watch = _Watch(database, progress_interval=progress_interval, heartbeat=heartbeat)
        if place is None:
            yield await watch.begin(name, uid)
        else:
            for event in await watch.resume(place):
                yield event
        while not watch.is_over:
            changed.clear()  # before the read, so that a change during the read is not missed
            if stop.is_set():
                raise Unavailable("the service is stopping; resume the watch", reason="STOPPING")
            for event in await watch.look():
                yield event
            if not (watch.has_more or watch.is_over):
                await is_set_within(changed, watch.rest_seconds())


class _News(NamedTuple):
    """What one look found: the import now, None when it is gone, and the events after the place.

    `ahead`: how many imports come before it while it is pending.
    """

    snapshot: Import | None
    events: list[Event]
    ahead: int = 0


class _Watch:
    """What one watcher has been told, and what is due to be told next. Times are the loop's, in seconds."""

    _place: Place

    def __init__(self, database: Database, *, progress_interval: timedelta, heartbeat: timedelta) -> None:
        self.is_over = False
        self.has_more = False
        """Whether to look again at once: what was found may not have been all."""
        self._database = database
        self._progress_seconds = progress_interval.total_seconds()
        self._heartbeat_seconds = heartbeat.total_seconds()
        self._meter = ProgressMeter()
        self._ahead = 0
        self._progress_at: float | None = None
        """When progress that is there may be told; None when there is none."""
        now = _now()
        self._last_progress = now - self._progress_seconds
        self._last_told = now

    async def begin(self, name: ImportName, uid: str) -> WatchEvent:
        """The snapshot that a fresh watch begins with."""
        async with self._database.connection() as connection:
            # the clock first: an event between the two reads comes up again and is dropped by its version
            seq, _ = await clock(connection, name.organization_id)
            snapshot = await get_import_by_uid(connection, name.organization_id, uid)
            self._ahead = await _ahead(connection, snapshot)
        if snapshot is None:
            raise ImportNotFound(str(name))
        self._place = Place(name, uid, seq, snapshot.version)
        self._last_progress = _now()
        self.is_over = snapshot.status.has_ended
        if snapshot.status is Status.PENDING:
            self._progress_at = self._last_progress + self._progress_seconds
        return self._tell(WatchKind.SNAPSHOT, snapshot)

    async def resume(self, place: Place) -> list[WatchEvent]:
        """Take up the place of a token; what was missed since, up to the events of one look."""
        self._place = place
        told = await self.look()
        async with self._database.connection() as connection:
            # after the events: a floor that is not above the place now was not when they were read
            seq, floor = await clock(connection, place.name.organization_id)
        if place.seq > seq:
            raise invalid_token()
        if place.seq < floor:
            raise OutOfRange("the events after this token are gone; watch without a token", floor=floor)
        return told

    async def look(self) -> list[WatchEvent]:
        """What is to be told now: events, or else progress, or else a heartbeat, or nothing."""
        news = await self._read()
        self.has_more = bool(news.events)
        if news.events:
            return self._tell_events(news.events, is_gone=news.snapshot is None)
        if news.snapshot is None or news.snapshot.status.has_ended:
            self.is_over = True  # its last event was told by the watch that gave the token
            return []
        has_moved_up = news.snapshot.status is Status.PENDING and news.ahead != self._ahead
        is_newer = news.snapshot.version > self._place.version
        if (is_newer or has_moved_up) and self._progress_at is None:
            self._progress_at = self._last_progress + self._progress_seconds
        now = _now()
        if self._progress_at is not None and now >= self._progress_at:
            self._progress_at, self._last_progress, self._ahead = None, now, news.ahead
            self._place = self._place._replace(version=news.snapshot.version)
            return [self._tell(WatchKind.PROGRESS, news.snapshot)]
        if now >= self._last_told + self._heartbeat_seconds:
            return await self._tell_heartbeat()
        return []

    def rest_seconds(self) -> float:
        """How long nothing is due, at most until the next look without a nudge."""
        due = self._last_told + self._heartbeat_seconds
        if self._progress_at is not None:
            due = min(due, self._progress_at)
        return max(0.0, min(due - _now(), random.uniform(*LOOK_AGAIN_SECONDS)))

    async def _read(self) -> _News:
        place = self._place
        async with self._database.connection() as connection:
            snapshot = await get_import_by_uid(connection, place.name.organization_id, place.uid)
            if snapshot is not None and snapshot.version <= place.version:
                return _News(snapshot, [], await _ahead(connection, snapshot))
            # after the import, so that they include every event that the import includes
            events = await events_after(
                connection, place.name.organization_id, place.uid, place.seq, EVENTS_AT_ONCE
            )
        return _News(snapshot, events)

    def _tell_events(self, events: list[Event], *, is_gone: bool = False) -> list[WatchEvent]:
        """The watch is over with the event that ended the import; with its deletion where that is known too."""
        told = []
        for event in events:
            is_new = event.snapshot.version > self._place.version or event.kind is EventKind.DELETED
            self._place = self._place._replace(
                seq=event.seq, version=max(event.snapshot.version, self._place.version)
            )
            if not is_new:
                continue
            told.append(
                self._tell(
                    WatchKind(event.kind.value), event.snapshot, event.previous_status, at=event.occurred_at
                )
            )
            if event.kind is EventKind.DELETED or (_is_terminal(event) and not is_gone):
                self.is_over = True
                break
        return told

    async def _tell_heartbeat(self) -> list[WatchEvent]:
        """A heartbeat; its token is as new as the clock, so that a quiet import's never becomes too old."""
        place = self._place
        async with self._database.connection() as connection:
            seq, _ = await clock(connection, place.name.organization_id)
            events = await events_after(
                connection, place.name.organization_id, place.uid, place.seq, EVENTS_AT_ONCE
            )
        if events:
            self.has_more = True
            return self._tell_events(events)
        self._place = place._replace(seq=max(seq, place.seq))
        return [self._tell(WatchKind.HEARTBEAT, None)]

    def _tell(
        self,
        kind: WatchKind,
        snapshot: Import | None,
        previous_status: Status | None = None,
        *,
        at: datetime | None = None,
    ) -> WatchEvent:
        self._last_told = _now()
        at = at or datetime.now(UTC)
        progress = self._meter.read(snapshot, at, ahead=self._ahead) if snapshot is not None else None
        return WatchEvent(
            kind=kind,
            token=self._place.token,
            occurred_at=at,
            snapshot=snapshot,
            previous_status=previous_status,
            progress=progress,
        )


def _is_terminal(event: Event) -> bool:
    return event.kind is EventKind.TRANSITION and event.snapshot.status.has_ended


async def _ahead(connection: Connection, snapshot: Import | None) -> int:
    if snapshot is None or snapshot.status is not Status.PENDING:
        return 0
    return await count_ahead(connection, snapshot.organization_id, snapshot.uid)


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _uid_of(database: Database, name: ImportName) -> str:
    async with database.connection() as connection:
        found = await get_import(connection, name.organization_id, name.import_id)
    if found is None:
        raise ImportNotFound(str(name))
    return found.uid
