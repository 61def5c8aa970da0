"""Reads what became of the rows of an import, page by page, while it runs and after.

Outcomes of a segment are there as soon as it is done, and final. Of an import that has ended, a segment
without outcomes was not processed.
"""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.domain.errors import ImportNotFound
from imports_service.domain.imports import Counts, Import
from imports_service.domain.keys import row_text
from imports_service.domain.outcomes import RowResult, decode_outcomes
from imports_service.domain.rows import Outcome
from imports_service.domain.tokens import TokenField
from imports_service.rpc.convert import message_of_result
from imports_service.rpc.pages import PageSize, invalid_page_token
from imports_service.store.database import Connection
from imports_service.store.outcomes import read_outcomes
from imports_service.store.units import StoredSegment, list_segments

SEGMENTS_A_PAGE = 64
"""How many segments a page looks through; where a filter leaves nothing of them, the page is empty."""
RESULTS_AT_ONCE = 250


class ResultPlace(NamedTuple):
    """Where a page begins: at this row, which lies in this segment or a later one."""

    segment: int
    row: int


class ResultPage(NamedTuple):
    """A page and where the next one begins; None at the end of an ended import."""

    results: list[pb.ImportResult]
    following: ResultPlace | None


def place_given(fields: tuple[TokenField, ...], found: Import) -> ResultPlace:
    """The place of a token's fields. Raises `InvalidArgument` when another import had the name then."""
    uid, segment, row = fields
    if uid != found.uid:
        raise invalid_page_token()
    return ResultPlace(int(segment), int(row))


async def place_of_row(connection: Connection, found: Import, row: int) -> ResultPlace:
    """The place of a row; that of the first one costs no reading."""
    if row <= 1:
        return ResultPlace(0, 1)
    segments = await list_segments(connection, found.organization_id, found.uid)
    within = (segment.segment for segment in segments if row < segment.first_row + segment.row_count)
    return ResultPlace(next(within, len(segments)), row)


async def read_results(
    connection: Connection, found: Import, place: ResultPlace, *, only: frozenset[Outcome], size: PageSize
) -> ResultPage:
    """The results from the place on with one of the outcomes in `only` (empty: all), as many as the page
    takes.

    `found` has to be read before, in the same call: that it has ended says that no more outcomes will come.
    Raises `ImportNotFound` when it is deleted meanwhile.
    """
    results: list[pb.ImportResult] = []
    segments = await list_segments(
        connection, found.organization_id, found.uid, from_segment=place.segment, limit=SEGMENTS_A_PAGE + 1
    )
    for segment in segments[:SEGMENTS_A_PAGE]:
        if segment.state != "done" and not found.status.has_ended:
            return ResultPage(results, ResultPlace(segment.segment, max(place.row, segment.first_row)))
        for number, result in enumerate(await _rows_of(connection, found, segment, place.row, only)):
            message = message_of_result(result)
            if not size.takes(message):
                return ResultPage(results, ResultPlace(segment.segment, result.row_number))
            results.append(message)
            if number % RESULTS_AT_ONCE == 0:
                await asyncio.sleep(0)
    if len(segments) > SEGMENTS_A_PAGE:
        return ResultPage(results, ResultPlace(segments[-1].segment, max(place.row, segments[-1].first_row)))
    return ResultPage(results, None)


async def _rows_of(
    connection: Connection, found: Import, segment: StoredSegment, from_row: int, only: frozenset[Outcome]
) -> Iterable[RowResult]:
    """The segment's results that were asked for, made as they are taken: a page may take few of them."""
    if segment.state != "done":
        return _not_processed(segment, from_row, only)
    stored = await read_outcomes(
        connection, found.organization_id, found.uid, from_segment=segment.segment, limit=1
    )
    if not stored or stored[0].segment != segment.segment:
        raise ImportNotFound(found.name)  # only a deletion takes the outcomes of a segment that is done
    encoded = stored[0].encoded
    if not _has_any(encoded.counts, only):
        return ()
    numbered = await asyncio.to_thread(decode_outcomes, encoded.outcomes, encoded.issues)
    return numbered.results(from_row=from_row, only=only)


def _not_processed(segment: StoredSegment, from_row: int, only: frozenset[Outcome]) -> Iterable[RowResult]:
    if only and Outcome.NOT_PROCESSED not in only:
        return ()
    numbers = range(max(segment.first_row, from_row), segment.first_row + segment.row_count)
    # nobody has looked at the row, so that its number is all there is to call it by
    return (RowResult(number, row_text(number), Outcome.NOT_PROCESSED, "", ()) for number in numbers)


def _has_any(counts: Counts, only: frozenset[Outcome]) -> bool:
    rows = {
        Outcome.CREATED: counts.created,
        Outcome.UPDATED: counts.updated,
        Outcome.UNCHANGED: counts.unchanged,
        Outcome.FAILED: counts.failed,
    }
    return not only or any(rows.get(outcome, 0) for outcome in only)
