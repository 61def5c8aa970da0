"""What a feed reads in one go, for all who watch an organization in this process."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from imports_service.domain.imports import Event, Status
from imports_service.domain.queries import ImportFilter, ImportPosition
from imports_service.store import watches
from imports_service.store.database import Connection
from imports_service.store.events import EVENTS_AT_ONCE, events_after
from imports_service.store.watches import Found, Missed, Queue, Reading
from imports_service.watch.watched_import import WatchedImport

MISSED_AT_ONCE = 20
"""How many events a watcher who comes back is given with the answer; of more it reads the rest by itself."""
IMPORTS_AT_ONCE = 200


class Wants(NamedTuple):
    """What there is to read.

    `import_ids`, `places` (uid and number of the last event told): what new watchers ask for; `asks_clock`: somebody
    asks for anything; `asks_all`: for all imports that have not ended. `versions`: the versions known of imports that
    may have moved.
    """

    import_ids: Sequence[str]
    places: Sequence[tuple[str, int]]
    asks_clock: bool
    asks_all: bool
    versions: Mapping[str, int]
    events: bool
    queue: bool


class News(NamedTuple):
    """What was read. `found`: None when nobody asked; `missed`: for each of the places; `moved`: imports that may be
    newer than what is known of them; `seq`: there are no other events up to it."""

    found: Found | None
    missed: Sequence[Missed]
    moved: Sequence[Reading]
    events: Sequence[Event]
    seq: int | None
    queue: Queue | None


async def read_news(
    connection: Connection,
    organization_id: str,
    seq: int | None,
    wants: Wants,
    known: Mapping[str, WatchedImport],
) -> News:
    """Read what is wanted. `seq` is the number that the feed has come to, None before its first reading.

    Events are read after the imports, whenever these may include some, so that they are all there.
    """
    found: Found | None = None
    missed: Sequence[Missed] = ()
    moved: list[Reading] = []
    if wants.asks_clock:
        found = await watches.find_watched(
            connection,
            organization_id,
            import_ids=wants.import_ids,
            uids=list({uid for uid, _ in wants.places}),
        )
        if any(place_seq < found.seq for _, place_seq in wants.places):
            missed = await watches.list_missed(connection, organization_id, wants.places, MISSED_AT_ONCE)
    if wants.asks_all and found is not None:
        moved += await _all_unfinished(connection, organization_id, found.at)
    elif wants.versions:
        moved += await watches.find_moved(connection, organization_id, wants.versions)
    if seq is None and found is not None:
        seq = found.seq
    events: list[Event] = []
    if seq is not None and (wants.events or found is not None or _show_events(moved, known)):
        events = await _all_events(connection, organization_id, seq)
        seq = events[-1].seq if events else seq
    if seq is not None and found is not None:
        seq = max(seq, found.seq)
    queue: Queue | None = None
    if wants.queue or _show_pending(found, moved, events):
        queue = await watches.queue(connection, organization_id)
    return News(found, missed, moved, events, seq, queue)


def _show_events(moved: Sequence[Reading], known: Mapping[str, WatchedImport]) -> bool:
    """Whether an import includes an event that has not been read, as far as anyone can tell."""
    for reading in moved:
        watched = known.get(reading.snapshot.uid)
        if watched is None or watched.has_recorded_more(reading.snapshot):
            return True
    return False


def _show_pending(found: Found | None, moved: Sequence[Reading], events: Sequence[Event]) -> bool:
    """Whether a pending import may be about to be told for the first time, with its place in the queue."""
    readings = [*(found.readings if found is not None else ()), *moved]
    snapshots = [reading.snapshot for reading in readings] + [event.snapshot for event in events]
    return any(snapshot.status is Status.PENDING for snapshot in snapshots)


async def _all_events(connection: Connection, organization_id: str, after: int) -> list[Event]:
    events: list[Event] = []
    while True:
        page = await events_after(connection, organization_id, None, after, EVENTS_AT_ONCE)
        events += page
        if len(page) < EVENTS_AT_ONCE:
            return events
        after = page[-1].seq


async def _all_unfinished(connection: Connection, organization_id: str, at: datetime) -> list[Reading]:
    """As many as the quota lets be pending, and those at work."""
    readings: list[Reading] = []
    last: ImportPosition | None = None
    while True:
        page = await watches.list_unfinished(
            connection, organization_id, ImportFilter(), last, IMPORTS_AT_ONCE
        )
        readings += [Reading(snapshot, at) for snapshot in page]
        if len(page) < IMPORTS_AT_ONCE:
            return readings
        last = ImportPosition.after(page[-1])
