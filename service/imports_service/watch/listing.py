"""The beginning of a watch of an organization: every import that has not ended, as exactly as events are.

A page of imports is read together with the clock. Before the next page is told, whatever has happened meanwhile to
the imports told so far is; to those that come later it has happened before their own snapshot. So at every message
all imports up to it are as the clock says, nothing is told twice, nothing is kept, and any token resumes.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from imports_service.domain.imports import Event, Import, Status
from imports_service.domain.queries import ImportFilter, ImportPosition
from imports_service.store.database import Connection
from imports_service.store.events import EVENTS_AT_ONCE, clock, events_after
from imports_service.store.units import transaction_time
from imports_service.store.watches import Queue, list_unfinished, queue
from imports_service.watch.places import Listed

IMPORTS_AT_ONCE = 50


class Stretch(NamedTuple):
    """What comes next: events, and then imports as of `seq`. `is_last`: there are no more imports.

    `floor`: events up to it may be gone. `at`: when this was. `queue`: the pending imports; only where some of the
    imports are pending.
    """

    floor: int
    at: datetime
    events: Sequence[Event]
    imports: Sequence[Import]
    queue: Queue
    seq: int
    is_last: bool


async def read_stretch(
    connection: Connection, organization_id: str, filter: ImportFilter, seq: int | None, listed: Listed | None
) -> Stretch:
    """The events after the number (None: at the beginning) and the imports after the place.

    The connection has to see one moment all the time. Where there are many events they come without imports.
    """
    now, floor = await clock(connection, organization_id)
    at = await transaction_time(connection)
    events: Sequence[Event] = ()
    if seq is not None and listed is not None and seq < now:
        events = await events_after(connection, organization_id, None, seq, EVENTS_AT_ONCE)
        if len(events) == EVENTS_AT_ONCE:
            return Stretch(floor, at, events, (), Queue(), events[-1].seq, is_last=False)
    after = ImportPosition(created_at=listed.created_at, inputs_size=0, uid=listed.uid) if listed else None
    imports = await list_unfinished(connection, organization_id, filter, after, IMPORTS_AT_ONCE)
    is_any_pending = any(import_.status is Status.PENDING for import_ in imports)
    pending = await queue(connection, organization_id) if is_any_pending else Queue()
    return Stretch(floor, at, events, imports, pending, now, is_last=len(imports) < IMPORTS_AT_ONCE)
