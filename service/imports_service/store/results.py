"""Which segments of an import have rows of certain outcomes, with what became of those rows: what pages of results
and retries are made of. It is found by the counts that are stored with the outcomes, not by reading those.
"""

from collections.abc import Collection

import msgspec
from asyncpg import Record

from imports_service.domain.outcome_object import Part
from imports_service.domain.outcomes import NumberedOutcomes, decode_outcomes
from imports_service.domain.rows import Outcome
from imports_service.store.database import Connection
from imports_service.store.statements import SQL

SEGMENTS_AT_ONCE = 64
ENOUGH_BYTES = 4 * 1024 * 1024
"""Of encoded outcomes: some 25 segments of 10,000 rows, or one with an issue for every row."""
ALL_ROWS = 2**62

_COUNTED = (Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED, Outcome.FAILED)


class ResultSegment(msgspec.Struct, frozen=True, kw_only=True):
    """A segment with what became of its rows.

    Where it is not finished `first_row`, `last_row` and `row_count` say which rows it has; a retry's rows have gaps
    between their numbers. `part` says where in the import's object the outcomes are once they have moved; `outcomes`
    is empty then.
    """

    segment: int
    first_row: int
    last_row: int
    row_count: int
    is_done: bool
    outcomes: bytes
    issues: bytes | None
    part: Part | None

    @property
    def has_gaps(self) -> bool:
        return self.last_row - self.first_row + 1 != self.row_count

    def decoded(self) -> NumberedOutcomes:
        """The outcomes of a finished segment. Takes milliseconds for thousands of rows."""
        return decode_outcomes(self.outcomes, self.issues)


async def find_result_segments(
    connection: Connection,
    organization_id: str,
    import_uid: str,
    *,
    from_segment: int,
    outcomes: Collection[Outcome],
    unfinished: bool,
    rows: int = ALL_ROWS,
) -> tuple[list[ResultSegment], bool] | None:
    """The next segments with a row of one of the outcomes, as many as have that many rows, and whether there are more.

    `unfinished`: those that are not finished as well, whatever the outcomes. All of it is of one moment; None when the
    import was gone by then.
    """
    records = await connection.fetch(
        SQL.list_result_segments,
        organization_id,
        import_uid,
        max(from_segment, 0),
        *(outcome in outcomes for outcome in _COUNTED),
        unfinished,
        rows,
        ENOUGH_BYTES,
        SEGMENTS_AT_ONCE,
    )
    if not records:
        return None
    segments = [
        ResultSegment(
            segment=record["segment"],
            first_row=record["first_row"] or 0,
            last_row=record["last_row"] or 0,
            row_count=record["row_count"] or 0,
            is_done=record["row_count"] is None,
            outcomes=record["outcomes"] or b"",
            issues=record["issues"],
            part=_part_of(record),
        )
        for record in records
        if record["segment"] is not None
    ]
    return segments, any(record["has_more"] for record in records)


def _part_of(record: Record) -> Part | None:
    if record["place"] is None:
        return None
    return Part(record["segment"], record["place"], record["outcomes_size"], record["issues_size"])


async def segment_of_row(
    connection: Connection, organization_id: str, import_uid: str, row: int
) -> int | None:
    """The first segment in which that row or a later one stands; None behind the last row."""
    segment: int | None = await connection.fetchval(SQL.find_segment_of_row, organization_id, import_uid, row)
    return segment
