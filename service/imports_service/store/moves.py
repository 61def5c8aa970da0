"""Moving the outcomes of an ended import into the object store: who does it, and what has moved.

The import's row holds the lease. Every statement that lets go of outcomes runs in a transaction that has extended it
first: that locks the import, so that neither its deletion nor anybody who took over is in the way. What is written into
the object is decided elsewhere.
"""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from imports_service.domain.outcome_object import Part
from imports_service.store.database import Connection
from imports_service.store.statements import SQL


class Unmoved(msgspec.Struct, frozen=True):
    """An ended import whose outcomes are in PostgreSQL."""

    organization_id: str
    uid: str


class SegmentSizes(msgspec.Struct, frozen=True):
    """How many bytes the outcomes of a segment have, and its issues if there are any."""

    segment: int
    outcomes_size: int
    issues_size: int | None
    is_moved: bool


async def unmoved_imports(connection: Connection, *, ended_before: timedelta, limit: int) -> list[Unmoved]:
    """Imports of all organizations that ended so long ago, longest first, and that nobody is moving; read without
    locks."""
    records = await connection.fetch(SQL.list_unmoved_imports, ended_before, limit)
    return [Unmoved(record["organization_id"], record["uid"]) for record in records]


async def claim_move(
    connection: Connection, unmoved: Unmoved, token: str, *, lease: timedelta
) -> bool | None:
    """Take it on: whether somebody had begun before and left off. None: it is not to be had."""
    was_begun: bool | None = await connection.fetchval(
        SQL.claim_move, unmoved.organization_id, unmoved.uid, token, lease
    )
    return was_begun


async def extend_move(connection: Connection, unmoved: Unmoved, token: str, *, lease: timedelta) -> bool:
    """Hold it for another `lease` from now, and lock the import; False: somebody else has it, or it is gone."""
    extended = await connection.fetchval(SQL.extend_move, unmoved.organization_id, unmoved.uid, token, lease)
    return extended is not None


async def segment_sizes(connection: Connection, unmoved: Unmoved) -> list[SegmentSizes]:
    """Of every finished segment, in order."""
    records = await connection.fetch(SQL.list_outcome_sizes, unmoved.organization_id, unmoved.uid)
    return [
        SegmentSizes(record["segment"], record["outcomes_size"], record["issues_size"], record["is_moved"])
        for record in records
    ]


async def place_outcomes(connection: Connection, unmoved: Unmoved, parts: Sequence[Part]) -> None:
    """Have the rows of these segments, which follow each other, say where their outcomes are, and let go of them."""
    await connection.execute(
        SQL.place_outcomes,
        unmoved.organization_id,
        unmoved.uid,
        parts[0].segment,
        parts[-1].segment,
        [str(part.segment) for part in parts],
        [str(part.place) for part in parts],
        [str(part.outcomes_size) for part in parts],
        [None if part.issues_size is None else str(part.issues_size) for part in parts],
    )


async def finish_move(connection: Connection, unmoved: Unmoved, token: str) -> None:
    """Note that all have moved."""
    await connection.execute(SQL.finish_move, unmoved.organization_id, unmoved.uid, token)
