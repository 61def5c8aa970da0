"""Claims: which unit is next, and who gets it.

Organizations take turns by rows (see `store.lanes`); within one its imports do. What is given is leased in the same
transaction, so that no unit is given twice.
"""

from datetime import timedelta
from uuid import uuid4

import msgspec
from asyncpg import Record

from imports_service.store.database import Connection
from imports_service.store.lanes import (
    REST,
    ClaimedLane,
    advance_lane,
    claim_lane,
    drop_release,
    plan_release,
    rest_full_lane,
    rest_lane,
)
from imports_service.store.statements import SQL
from imports_service.store.units import CLOSING, Claimed
from imports_service.store.waiting import has_waiting

MAX_LANES_PER_CLAIM = 20
"""Lanes with nothing to claim are put to rest on the way; how many one transaction locks at most."""
UNLIMITED = 2**31 - 1
"""More segments than can run at once."""


class NeedsSolitude(msgspec.Struct, frozen=True):
    """In place of a unit: the next one of the organization has failed before, and is only for a worker that holds no
    other."""

    organization_id: str


class ReleaseDue(msgspec.Struct, frozen=True):
    """In place of a unit: imports of the organization wait for others, and it is time to see whether these have ended.

    Whoever gets it looks; should it die before, another one is told so after `lanes.REST`.
    """

    organization_id: str


async def claim(
    connection: Connection,
    *,
    worker: str,
    lease: timedelta,
    alone: bool = True,
    max_running: int = UNLIMITED,
) -> Claimed | NeedsSolitude | ReleaseDue | None:
    """Lease the next unit to the worker, organizations taking turns; None when nothing is ready.

    `alone`: the worker holds no other. `max_running`: as many segments of one organization are leased at most; closings
    are not counted and not kept waiting. Before it gives units of an organization, it has the imports looked at that
    wait for others, when that is due. Locks lanes and one unit: the transaction is to be committed at once.
    """
    for _ in range(MAX_LANES_PER_CLAIM):
        lane = await claim_lane(connection)
        if lane is None:
            return None
        organization_id = lane.organization_id
        if lane.release_due:
            if await has_waiting(connection, organization_id):
                await plan_release(connection, organization_id, REST)
                return ReleaseDue(organization_id)
            await drop_release(connection, organization_id)
        record = await connection.fetchrow(
            SQL.claim_unit, organization_id, str(uuid4()), lease, worker, alone, max_running
        )
        if record is None:
            await rest_lane(connection, organization_id)
        elif not record["is_given"]:
            return NeedsSolitude(organization_id)
        else:
            return await _charged(connection, lane, record, max_running)
    return None


async def _charged(connection: Connection, lane: ClaimedLane, record: Record, max_running: int) -> Claimed:
    """The unit that was leased, its organization charged for it; a lane that is full with it rests."""
    organization_id = lane.organization_id
    turn = max(record["turn"], lane.unit_turn)
    running = record["running"] + (record["segment"] != CLOSING)
    await advance_lane(connection, lane, rows=record["row_count"], unit_turn=turn)
    if running >= max_running and record["segment"] != CLOSING:
        await rest_full_lane(connection, organization_id)
    course = await connection.fetchrow(SQL.get_import_course, organization_id, record["import_uid"])
    in_order = course is not None and course["in_order"]
    return Claimed(
        organization_id=organization_id,
        import_uid=record["import_uid"],
        segment=record["segment"],
        first_row=record["first_row"],
        row_count=record["row_count"],
        attempts=record["attempts"],
        lease_token=record["lease_token"],
        in_order=in_order,
        has_next=course is not None and in_order and course["segments_left"] > 1,
        turn=turn,
        is_crowded=2 * running >= max_running,
    )
