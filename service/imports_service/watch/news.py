"""What a feed reads in one go, for all who watch an organization in this process."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from imports_service.domain.imports import Event, Status
from imports_service.store import watches
from imports_service.store.database import Connection
from imports_service.store.events import EVENTS_AT_ONCE, events_after
from imports_service.store.watches import Found, Missed, Reading
from imports_service.watch.watched_import import WatchedImport

MISSED_AT_ONCE = 20
"""How many events a watcher who comes back is given with the answer; of more it reads the rest by itself."""


class Wants(NamedTuple):
    """What there is to read.

    `import_ids`, `places` (uid and number of the last event told): what new watchers ask for; `asks_clock`: somebody
    asks for anything. `versions`: the versions known of imports that may have moved. `events_after`: None when no
    events are wanted.
    """

    import_ids: Sequence[str]
    places: Sequence[tuple[str, int]]
    asks_clock: bool
    versions: Mapping[str, int]
    events_after: int | None
    queue: bool


class News(NamedTuple):
    """What was read. `found`: None when nobody asked; `missed`: for each of the places; the rest as wanted."""

    found: Found | None
    missed: Sequence[Missed]
    moved: Sequence[Reading]
    events: Sequence[Event]
    queue: Sequence[str] | None


async def read_news(
    connection: Connection, organization_id: str, seq: int, wants: Wants, known: Mapping[str, WatchedImport]
) -> News:
    """Read what is wanted. `seq` is the number that the feed has come to.

    Events are read after the imports, and also when an import shows that there are some, so that they include all
    that the imports include.
    """
    found: Found | None = None
    missed: Sequence[Missed] = ()
    moved: Sequence[Reading] = ()
    if wants.asks_clock:
        found = await watches.find_watched(
            connection, organization_id, import_ids=wants.import_ids, uids=[uid for uid, _ in wants.places]
        )
        behind = [place for place in wants.places if place[1] < found.seq]
        if behind:
            missed = await watches.list_missed(connection, organization_id, wants.places, MISSED_AT_ONCE)
    if wants.versions:
        moved = await watches.find_moved(connection, organization_id, wants.versions)
    after = wants.events_after
    if after is None and _show_events(found.readings if found else (), moved, known):
        after = seq
    events = await _all_events(connection, organization_id, after) if after is not None else []
    is_queue_asked = found is not None and any(_is_pending(reading) for reading in found.readings)
    queue = await watches.queue(connection, organization_id) if wants.queue or is_queue_asked else None
    return News(found, missed, moved, events, queue)


def _show_events(
    found: Sequence[Reading], moved: Sequence[Reading], known: Mapping[str, WatchedImport]
) -> bool:
    """Whether an import includes an event that has not been read, as far as anyone can tell.

    One that was found and is not known yet was read together with the clock, and is followed from there.
    """
    if any(reading.snapshot.uid not in known for reading in moved):
        return True
    return any(
        known[reading.snapshot.uid].has_recorded_more(reading.snapshot)
        for reading in (*found, *moved)
        if reading.snapshot.uid in known
    )


async def _all_events(connection: Connection, organization_id: str, after: int) -> list[Event]:
    events: list[Event] = []
    while True:
        page = await events_after(connection, organization_id, None, after, EVENTS_AT_ONCE)
        events += page
        if len(page) < EVENTS_AT_ONCE:
            return events
        after = page[-1].seq


def _is_pending(reading: Reading) -> bool:
    return reading.snapshot.status is Status.PENDING
