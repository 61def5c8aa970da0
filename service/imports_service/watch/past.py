"""Events that the process does not keep: for watchers who come back, and for those who are slow."""

from collections.abc import Sequence
from typing import NamedTuple

from imports_service.domain.errors import OutOfRange
from imports_service.domain.imports import Event
from imports_service.store.database import Connection
from imports_service.store.events import EVENTS_AT_ONCE, clock, events_after
from imports_service.watch.events import Recorded
from imports_service.watch.progress import ProgressMeter


class Past(NamedTuple):
    """The next events after a number; without any, `seq` is how far there are none."""

    events: Sequence[Recorded]
    seq: int


async def read_past(connection: Connection, organization_id: str, uid: str | None, seq: int) -> Past:
    """The next events after the number, of one import or with None of all. Raises `OutOfRange`."""
    last, _ = await clock(connection, organization_id)
    events = await events_after(connection, organization_id, uid, seq, EVENTS_AT_ONCE)
    # read after the events: a floor that is not above the number now was not when they were read
    _, floor = await clock(connection, organization_id)
    if seq < floor:
        raise forgotten(floor)
    return Past([looked_up(event) for event in events], max(last, seq))


def looked_up(event: Event) -> Recorded:
    """An event of an import that the process does not follow: its progress is judged by itself."""
    return Recorded(event, ProgressMeter().read(event.snapshot, event.occurred_at, ahead=0))


def forgotten(floor: int) -> OutOfRange:
    """The refusal of a place from which events up to the floor may be gone."""
    return OutOfRange("the events after this token are gone; watch without a token", floor=floor)
