"""The feeds of one process: one for each organization that somebody watches, for as long as somebody does."""

import asyncio
import random
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import structlog

from imports_service.domain.errors import Unavailable
from imports_service.pulse import Pulse
from imports_service.store.claims import UNLIMITED
from imports_service.store.database import Database
from imports_service.store.nudges import Nudges
from imports_service.store.watches import clocks
from imports_service.watch.closings import Closings
from imports_service.watch.feed import Feed
from imports_service.watch.limit import Limit

LOOK_AGAIN_SECONDS = (1.0, 2.0)
"""A lost nudge costs at most this; drawn anew each time, so that processes do not read in step."""
PROGRESS_AT_ONCE = 50
"""Of how many organizations the progress is looked at again each time; of all of them whether there are events."""
READS_AT_ONCE = 4
"""Of all feeds and watchers together; so thousands who come at once leave connections to everybody else."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Open:
    feed: Feed
    reading: "asyncio.Task[None]"
    users: int = 0


class Feeds:
    """Made by `open_feeds`. `stop` ends every watch."""

    def __init__(
        self,
        database: Database,
        nudges: Nudges,
        stop: asyncio.Event,
        tasks: asyncio.TaskGroup,
        max_running: int,
        store: Pulse,
    ) -> None:
        self.stop = stop
        self.nudges = nudges
        self._database = database
        self._tasks = tasks
        self._store = store
        self._turnstile = asyncio.Semaphore(READS_AT_ONCE)
        self._closings = Closings()
        self._max_running = max_running
        self._open: dict[str, _Open] = {}

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def of(self, organization_id: str) -> Iterator[Feed]:
        """The organization's feed, which reads for as long as anybody is inside such a block.

        Raises `Unavailable` (STOPPING) when the process stops.
        """
        self.refuse_when_stopping()
        opened = self._open.get(organization_id)
        if opened is None:
            feed = Feed(
                organization_id,
                self._database,
                self._turnstile,
                self._closings,
                Limit(self._max_running),
                in_outage=self._store.is_away,
            )
            reading = self._tasks.create_task(self._keep_reading(feed), name=f"watch {organization_id}")
            opened = self._open[organization_id] = _Open(feed, reading)
        opened.users += 1
        try:
            yield opened.feed
        finally:
            opened.users -= 1
            if not opened.users:
                del self._open[organization_id]
                opened.reading.cancel()

    def refuse_when_stopping(self) -> None:
        """Raises `Unavailable` (STOPPING)."""
        if self.stop.is_set():
            raise _stopping()

    async def end_at_stop(self) -> None:
        """Every watch ends as soon as the process is told to stop."""
        await self.stop.wait()
        for opened in self._open.values():
            opened.feed.stop(_stopping)

    async def look_again(self) -> None:
        """Find what nudges have not told, until cancelled."""
        while True:
            await asyncio.sleep(random.uniform(*LOOK_AGAIN_SECONDS))
            try:
                await self._look_again([opened.feed for opened in self._open.values()])
            except Unavailable as away:
                log.warning("watches do not know what they miss", error=str(away))
            except Exception:
                log.exception("watches do not know what they miss")

    async def _look_again(self, feeds: list[Feed]) -> None:
        if not feeds:
            return
        async with self._turnstile, self._database.connection() as connection:
            seqs, at = await clocks(connection, [feed.organization_id for feed in feeds])
        random.shuffle(feeds)
        for number, feed in enumerate(feeds):
            feed.trim()
            feed.hold_up(in_outage=self._store.is_away)
            if at is not None:
                feed.measure_again(at)
            has_events = seqs.get(feed.organization_id, 0) > feed.seq
            if has_events or number < PROGRESS_AT_ONCE:
                feed.look_again(has_events=has_events)

    async def _keep_reading(self, feed: Feed) -> None:
        with self.nudges.subscribe(feed.organization_id, feed.nudged):
            await feed.keep_reading()


def _stopping() -> Unavailable:
    return Unavailable("the service is stopping; resume the watch", reason="STOPPING")


@asynccontextmanager
async def open_feeds(
    database: Database,
    nudges: Nudges,
    *,
    stop: asyncio.Event,
    max_running: int = UNLIMITED,
    store: Pulse | None = None,
) -> AsyncGenerator[Feeds, None]:
    """The feeds of this process. No watch may be open any more when the block is left.

    `max_running`: so many segments of one organization run at most. `store` is the object store's pulse: while that is
    away nothing starts, and watchers of pending imports are told so.
    """
    async with asyncio.TaskGroup() as tasks:
        feeds = Feeds(database, nudges, stop, tasks, max_running, store or Pulse("objects"))
        kept = [
            tasks.create_task(feeds.look_again(), name="look again for watches"),
            tasks.create_task(feeds.end_at_stop(), name="end watches at the stop"),
        ]
        try:
            yield feeds
        finally:
            for task in kept:
                task.cancel()
