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
    events are wanted. `is_followed`: somebody watches all imports.
    """

    import_ids: Sequence[str]
    places: Sequence[tuple[str, int]]
    asks_clock: bool
    versions: Mapping[str, int]
    events_after: int | None
    queue: bool
    is_followed: bool


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
    if after is None and _show_events(found, moved, known, is_followed=wants.is_followed):
        after = seq
    events = await _all_events(connection, organization_id, after) if after is not None else []
    asks_queue = wants.queue or _show_pending(found, events, is_followed=wants.is_followed)
    queue = await watches.queue(connection, organization_id) if asks_queue else None
    return News(found, missed, moved, events, queue)


def _show_events(
    found: Found | None, moved: Sequence[Reading], known: Mapping[str, WatchedImport], *, is_followed: bool
) -> bool:
    """Whether an import includes an event that has not been read, as far as anyone can tell.

    One that was found and is not known yet is followed from the clock that it was read with. But who watches all
    imports may have come less far, and must not be told progress of it before its events.
    """
    readings = [*(found.readings if found is not None else ()), *moved]
    unsure = readings if is_followed else moved
    if any(reading.snapshot.uid not in known for reading in unsure):
        return True
    return any(
        known[reading.snapshot.uid].has_recorded_more(reading.snapshot)
        for reading in readings
        if reading.snapshot.uid in known
    )


def _show_pending(found: Found | None, events: Sequence[Event], *, is_followed: bool) -> bool:
    """Whether a pending import is about to be told for the first time, with its place in the queue."""
    if found is not None and any(reading.snapshot.status is Status.PENDING for reading in found.readings):
        return True
    return is_followed and any(event.snapshot.status is Status.PENDING for event in events)


async def _all_events(connection: Connection, organization_id: str, after: int) -> list[Event]:
    events: list[Event] = []
    while True:
        page = await events_after(connection, organization_id, None, after, EVENTS_AT_ONCE)
        events += page
        if len(page) < EVENTS_AT_ONCE:
            return events
        after = page[-1].seq
