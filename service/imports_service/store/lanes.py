"""Whose turn it is: one lane per organization, awake while the organization has an import that has not ended.

The turn counts rows given to workers, so that organizations share the workers by rows and not by imports. A lane in
which a claim finds nothing to give rests; it gets no credit for that (docs/architecture.md, "Turns").
Lanes are the first lock of all; nothing that holds one waits for a segment, a resource or an import.
"""

from datetime import timedelta
from typing import NamedTuple

from imports_service.store.database import Connection
from imports_service.store.statements import SQL

REST = timedelta(seconds=1)
"""How long a lane with nothing ready is left alone; also what a lost wake-up costs at most."""


class ClaimedLane(NamedTuple):
    """An organization whose turn it is. `turn`: to which the rows that it is given are added; `unit_turn`: that of the
    unit it was given last; `release_due`: its imports that wait for others are to be looked at."""

    organization_id: str
    turn: int
    unit_turn: int
    release_due: bool


async def enter_lane(connection: Connection, organization_id: str) -> int:
    """Wake the organization's lane for a new import, and lock it; the turn of the import's first segment."""
    begins = not await connection.fetchval(SQL.has_unfinished, organization_id)
    return int(await connection.fetchval(SQL.enter_lane, organization_id, begins))


async def get_unit_turn(connection: Connection, organization_id: str) -> int:
    """The turn of the unit that the organization was last given; read without locks."""
    return int(await connection.fetchval(SQL.get_unit_turn, organization_id) or 0)


async def wake_lane(connection: Connection, organization_id: str) -> None:
    """Say that a unit is ready; after the commit that made it so, in a transaction of its own."""
    await connection.execute(SQL.wake_lane, organization_id)


async def claim_lane(connection: Connection) -> ClaimedLane | None:
    """The organization whose turn it is, its lane locked; None when none is awake, or others hold all that
    are."""
    record = await connection.fetchrow(SQL.claim_lane)
    if record is None:
        return None
    return ClaimedLane(record["organization_id"], record["turn"], record["unit_turn"], record["release_due"])


async def plan_release(connection: Connection, organization_id: str, delay: timedelta) -> None:
    """Say when the organization's imports that wait for others are to be looked at. Its lane is locked."""
    await connection.execute(SQL.plan_release, organization_id, delay)


async def drop_release(connection: Connection, organization_id: str) -> None:
    """Look at an organization no more in which nothing waits, until its next import. Its lane is locked."""
    await connection.execute(SQL.drop_release, organization_id)


async def wake_waiting(connection: Connection, organization_id: str) -> None:
    """Have the imports that wait looked at; after the commit that ended what they wait for, in a transaction of its
    own."""
    await connection.execute(SQL.wake_waiting, organization_id)


async def is_any_awake(connection: Connection) -> bool:
    """Whether a claim that found nothing has passed lanes by: others hold them, or there are too many for one
    claim."""
    return bool(await connection.fetchval(SQL.is_any_lane_awake))


async def advance_lane(connection: Connection, lane: ClaimedLane, *, rows: int, unit_turn: int) -> None:
    """Charge the organization for what its claim was given; every unit costs at least one row."""
    await connection.execute(SQL.advance_lane, lane.organization_id, lane.turn + max(rows, 1), unit_turn)


async def rest_lane(connection: Connection, organization_id: str) -> None:
    """Leave alone a locked lane with nothing to claim: for a moment, or until the organization's next
    import."""
    if await connection.fetchval(SQL.has_unfinished, organization_id):
        await connection.execute(SQL.rest_lane, organization_id, REST)
    else:
        await connection.execute(SQL.sleep_lane, organization_id)


async def rest_full_lane(connection: Connection, organization_id: str) -> None:
    """Leave alone a locked lane of which as many segments run as may, until one of them has ended or for a moment."""
    await connection.execute(SQL.rest_lane, organization_id, REST)
