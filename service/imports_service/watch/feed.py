"""What one process knows of one organization's imports while they are watched: read once, shared by all watchers.

Events are the truth and nudges only say when to look. A feed reads at once when an event has been recorded, and
progress at most every 100 ms; so thousands of watchers of an import cost what one costs. Nothing is kept for a
watcher: each knows how far it has come, and one that is behind the last few events reads the table.
"""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import structlog

from imports_service.domain.errors import Unavailable
from imports_service.domain.imports import Event
from imports_service.domain.queries import ImportFilter
from imports_service.store.database import Database
from imports_service.store.events import clock
from imports_service.store.nudges import Nudge
from imports_service.store.watches import Found, Reading
from imports_service.watch.agenda import Agenda
from imports_service.watch.alarm import Alarm
from imports_service.watch.answers import answer_questions
from imports_service.watch.closings import Closings
from imports_service.watch.failure import Failure
from imports_service.watch.follower import Follower
from imports_service.watch.limit import Limit
from imports_service.watch.listing import Stretch, read_stretch
from imports_service.watch.news import News, read_news
from imports_service.watch.past import Past, looked_up, read_past
from imports_service.watch.places import Listed
from imports_service.watch.questions import Question, Questions, refuse
from imports_service.watch.watched_import import WatchedImport
from imports_service.watch.window import Window

EVENTS_KEPT = 256
LONGEST_PAUSE_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Feed:
    """`window`: the last events, while somebody follows all imports; `imports`: those that are watched, by uid."""

    def __init__(
        self,
        organization_id: str,
        database: Database,
        turnstile: asyncio.Semaphore,
        closings: Closings,
        limit: Limit,
        *,
        in_outage: bool = False,
    ) -> None:
        self.organization_id = organization_id
        self.window = Window(0, size=EVENTS_KEPT)
        self.imports: dict[str, WatchedImport] = {}
        self.followers: set[Follower] = set()
        self._watching: dict[Alarm, WatchedImport] = {}
        self._database = database
        self._turnstile = turnstile
        self._closings = closings
        self.limit = limit
        self._agenda = Agenda()
        self._answering: Sequence[Question] = ()
        """Questions that are being read for: of imports whose nudges must not be missed, though they are not known."""
        self._queue: dict[str, int] = {}
        """How many imports come before each pending one, as last read."""
        self._failure: Failure | None = None
        self._in_outage = in_outage

    @property
    def seq(self) -> int:
        """All events up to this number have been read; 0 before the first reading."""
        return self._agenda.seq or 0

    # what watchers call

    @contextmanager
    def watching(self, alarm: Alarm) -> Iterator[Questions]:
        """For one who watches a single import: what to ask, and the end of it."""
        try:
            yield self._agenda.questions
        finally:
            self._forget(alarm)

    @contextmanager
    def following(self, follower: Follower) -> Iterator[Questions]:
        """For one who watches all imports of the organization."""
        if not self.followers:
            self.window = Window(self.seq, size=EVENTS_KEPT)
        self.followers.add(follower)
        try:
            yield self._agenda.questions
        finally:
            self.followers.remove(follower)
            self._drop_unwatched()

    async def read_past(self, uid: str | None, seq: int) -> Past:
        """What comes after the number, for a watcher that the windows do not reach.

        Raises `OutOfRange` and `Unavailable`.
        """
        async with self._turnstile, self._database.connection() as connection:
            return await read_past(connection, self.organization_id, uid, seq)

    async def read_stretch(self, filter: ImportFilter, seq: int | None, listed: Listed | None) -> Stretch:
        """The next stretch of the beginning of a watch of the organization. Raises `Unavailable`."""
        async with self._turnstile:
            async with self._database.snapshot() as connection:
                stretch = await read_stretch(connection, self.organization_id, filter, seq, listed)
            if seq is None or seq == stretch.seq:
                return stretch
            # read after the events: a dropped partition is gone in an old snapshot, too, unlike its floor
            async with self._database.connection() as connection:
                _, floor = await clock(connection, self.organization_id)
            return stretch._replace(floor=floor)

    def check(self) -> None:
        """Raises what keeps this feed from telling anything for some time now."""
        if self._failure is not None and self._failure.is_final:
            raise self._failure.error()

    # what nudges and the poll call

    def nudged(self, nudge: Nudge) -> None:
        """Something may have changed: see to it that it is read."""
        if nudge.uid is None:
            self.look_again(has_events=True)
        elif nudge.uid not in self.imports and not self.followers and not self._answering:
            self._see_to_queue()
        elif nudge.is_progress:
            self._agenda.read_progress([nudge.uid])
        else:
            self._agenda.read_events()

    def look_again(self, *, has_events: bool) -> None:
        """Read the progress of all imports, and the events if there are any: a nudge may have been lost."""
        if has_events:
            self._agenda.read_events()
        self._agenda.read_progress(uid for uid, watched in self.imports.items() if watched.is_live)
        self._see_to_queue()

    def measure_again(self, at: datetime) -> None:
        """Tell those whose import takes longer than they have been told."""
        for watched in self.imports.values():
            if watched.measure_again(at):
                self._tell_progress(watched)

    def hold_up(self, *, in_outage: bool) -> None:
        """Tell those whose import is pending whether a part is away without which nothing starts."""
        if in_outage == self._in_outage:
            return
        self._in_outage = in_outage
        for watched in self.imports.values():
            if watched.hold_up(in_outage=in_outage):
                self._tell_progress(watched)

    def trim(self) -> None:
        """Drop the events that nobody can be about to tell any more."""
        self.window.trim()
        for watched in self.imports.values():
            watched.window.trim()

    def stop(self, refusal: Callable[[], Exception]) -> None:
        """Nothing more is to be told: wake every watcher, so that it sees why."""
        self._agenda.questions.refuse_all(refusal)
        refuse(self._answering, refusal)
        self._wake_all()

    def catch_up(self) -> None:
        """Read the events; a watcher has come further by itself."""
        self._agenda.read_events()

    def _wake_all(self) -> None:
        for watched in self.imports.values():
            for alarm in watched.watchers:
                alarm.ring()
        for follower in self.followers:
            follower.alarm.ring()

    # the reading

    async def keep_reading(self) -> None:
        """Read whenever there is something to read, until cancelled."""
        while True:
            questions = await self._agenda.next()
            self._answering = questions
            try:
                async with self._turnstile, self._database.connection() as connection:
                    wants = self._agenda.take(questions, self._version_of)
                    news = await read_news(
                        connection, self.organization_id, self._agenda.seq, wants, self.imports
                    )
                self._publish(news, questions)
                self._failure = None
            except Exception as error:
                await self._fail(error, questions)
            finally:
                self._answering = ()

    def _version_of(self, uid: str) -> int:
        watched = self.imports.get(uid)
        return watched.version if watched is not None else 0

    async def _fail(self, error: Exception, questions: Sequence[Question]) -> None:
        """Whoever has just come is told at once; the others after a while. Then read again, all of it."""
        self._failure = self._failure or Failure(error)
        refuse(questions, Failure(error).error)
        if not isinstance(error, Unavailable):
            log.error("unforeseen error in a watch", organization_id=self.organization_id, exc_info=error)
        if self._failure.is_final:
            self._wake_all()
        self.look_again(has_events=True)
        await asyncio.sleep(random.uniform(0.1, LONGEST_PAUSE_SECONDS))

    # the telling

    def _publish(self, news: News, questions: Sequence[Question]) -> None:
        """Take over what was read, and wake whom it concerns: they tell events before the progress beside them."""
        if news.queue is not None:
            self._queue = {uid: ahead for ahead, uid in enumerate(news.queue.uids)}
            self.limit.read(news.queue.running)
        if news.found is not None:
            self._begin(news.found)
        for reading in news.moved:
            self._move(reading)
        for event in news.events:
            self._record(event)
        self._agenda.seq = news.seq
        if news.queue is not None:
            self._move_queue()
        elif news.events:
            self._see_to_queue()
        if news.found is not None:
            answer_questions(news.found, news.missed, questions, self._watch)
        self._drop_unwatched()

    def _begin(self, found: Found) -> None:
        """Follow the imports that were asked for from the moment of the answer on."""
        if self._agenda.seq is None:
            self._agenda.seq = found.seq
            self.window = Window(found.seq, size=EVENTS_KEPT)
        for reading in found.readings:
            if reading.snapshot.uid not in self.imports:
                self.imports[reading.snapshot.uid] = self._watched(reading, found.seq)

    def _record(self, event: Event) -> None:
        uid = event.snapshot.uid
        watched = self.imports.get(uid)
        if watched is None and self.followers and not event.is_last:
            watched = self._watched(Reading(event.snapshot, event.occurred_at), event.seq)
            self.imports[uid] = watched
        recorded = watched.record(event) if watched is not None else looked_up(event)
        if self.followers:
            self.window.add(recorded)
            for follower in self.followers:
                follower.alarm.ring()

    def _move(self, reading: Reading) -> None:
        watched = self.imports.get(reading.snapshot.uid)
        if watched is None:
            if not self.followers or reading.snapshot.status.has_ended:
                return
            watched = self._watched(reading, self.seq)
            self.imports[watched.uid] = watched
        elif not watched.update(reading):
            return
        self._tell_progress(watched)

    def _move_queue(self) -> None:
        for uid, ahead in self._queue.items():
            watched = self.imports.get(uid)
            if watched is not None and watched.move_to(ahead, is_limited=self.limit.is_reached):
                self._tell_progress(watched)

    def _tell_progress(self, watched: WatchedImport) -> None:
        watched.ring_for_progress()
        for follower in self.followers:
            follower.mark(watched)

    def _see_to_queue(self) -> None:
        if any(watched.is_pending for watched in self.imports.values()):
            self._agenda.read_queue()

    def _watch(self, alarm: Alarm, uid: str) -> WatchedImport:
        watched = self._watching[alarm] = self.imports[uid]
        watched.watchers[alarm] = 0.0
        return watched

    def _forget(self, alarm: Alarm) -> None:
        watched = self._watching.pop(alarm, None)
        if watched is not None:
            del watched.watchers[alarm]
            if not self._is_needed(watched):
                del self.imports[watched.uid]

    def _watched(self, reading: Reading, seq: int) -> WatchedImport:
        ahead = self._queue.get(reading.snapshot.uid, 0)
        return WatchedImport(
            reading,
            seq,
            ahead,
            self._closings,
            is_limited=self.limit.is_reached,
            in_outage=self._in_outage,
        )

    def _drop_unwatched(self) -> None:
        for watched in [watched for watched in self.imports.values() if not self._is_needed(watched)]:
            del self.imports[watched.uid]

    def _is_needed(self, watched: WatchedImport) -> bool:
        return bool(watched.watchers) or (bool(self.followers) and watched.is_live)
