"""Reads what became of the rows of an import, page by page, while it runs and after.

Outcomes of a segment are there as soon as it is done, and final. Of an import that has ended, a segment
without outcomes was not processed. A page is one statement, however many segments have no row for it, and once the
outcomes have moved into the object store one read of a range (more where its segments lie far apart). The
numbers of rows that were not processed stand in the segment itself where a retry left gaps between them.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.commands.results import next_result_segments
from imports_service.domain.errors import ImportNotFound
from imports_service.domain.imports import Import
from imports_service.domain.keys import row_text
from imports_service.domain.names import segment_object
from imports_service.domain.outcomes import RowResult
from imports_service.domain.rows import Outcome
from imports_service.domain.tokens import TokenField
from imports_service.objects.failures import ObjectMissing
from imports_service.objects.store import Objects
from imports_service.pipeline.segments import unpack
from imports_service.rpc.convert import message_of_result
from imports_service.rpc.pages import PageSize, invalid_page_token
from imports_service.store.database import Database
from imports_service.store.results import ResultSegment, segment_of_row

RESULTS_AT_ONCE = 250
BEHIND_ALL = 2**31 - 1
"""The place of a row that no segment has: an import has fewer."""

_ALL = frozenset(Outcome)


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
    return ResultPlace(min(int(segment), BEHIND_ALL), int(row))


class ResultReader:
    """The results of one import.

    `found` has to be read before, in the same call: that it has ended says that no more outcomes will come.
    """

    def __init__(self, found: Import, database: Database, objects: Objects) -> None:
        self._found = found
        self._database = database
        self._objects = objects

    async def place_of_row(self, row: int) -> ResultPlace:
        """The place of a row; that of the first one costs no reading."""
        if row <= 1:
            return ResultPlace(0, 1)
        async with self._database.connection() as connection:
            segment = await segment_of_row(connection, self._found.organization_id, self._found.uid, row)
        return ResultPlace(BEHIND_ALL if segment is None else segment, row)

    async def read(self, place: ResultPlace, *, only: frozenset[Outcome], size: PageSize) -> ResultPage:
        """The results from the place on with one of the outcomes in `only` (empty: all), as many as the page
        takes; none only at the end, or at a segment that is not finished.

        Raises `ImportNotFound` when the import is deleted meanwhile.
        """
        results: list[pb.ImportResult] = []
        has_more = True
        while has_more and not results:
            segments, has_more = await self._next_segments(place, only or _ALL, size.items_left)
            for segment in segments:
                if not segment.is_done and not self._found.status.has_ended:
                    return ResultPage(
                        results, ResultPlace(segment.segment, max(place.row, segment.first_row))
                    )
                for number, result in enumerate(await self._rows_of(segment, place.row, only)):
                    message = message_of_result(result)
                    if not size.takes(message):
                        return ResultPage(results, ResultPlace(segment.segment, result.row_number))
                    results.append(message)
                    if number % RESULTS_AT_ONCE == 0:
                        await asyncio.sleep(0)
                place = ResultPlace(segment.segment + 1, place.row)
        return ResultPage(results, place if has_more else None)

    async def _next_segments(
        self, place: ResultPlace, outcomes: frozenset[Outcome], rows: int
    ) -> tuple[list[ResultSegment], bool]:
        """While the import runs, also the first segment that is not finished: the list ends there."""
        found = self._found
        unfinished = not found.status.has_ended or (
            Outcome.NOT_PROCESSED in outcomes and found.not_processed_count > 0
        )
        return await next_result_segments(
            found,
            database=self._database,
            objects=self._objects,
            from_segment=place.segment,
            outcomes=outcomes,
            unfinished=unfinished,
            rows=rows,
        )

    async def _rows_of(
        self, segment: ResultSegment, from_row: int, only: frozenset[Outcome]
    ) -> Iterable[RowResult]:
        """The segment's results that were asked for, made as they are taken: a page may take few of them."""
        if segment.is_done:
            numbered = await asyncio.to_thread(segment.decoded)
            return numbered.results(from_row=from_row, only=only)
        numbers = await self._numbers_of(segment)
        # nobody has looked at the row, so that its number is all there is to call it by
        return (
            RowResult(number, row_text(number), Outcome.NOT_PROCESSED, "", ())
            for number in numbers
            if number >= from_row
        )

    async def _numbers_of(self, segment: ResultSegment) -> Sequence[int]:
        if not segment.has_gaps:
            return range(segment.first_row, segment.last_row + 1)
        try:
            data = await self._objects.get(
                segment_object(self._found.organization_id, self._found.uid, segment.segment)
            )
        except ObjectMissing:
            raise ImportNotFound(self._found.name) from None
        header, _ = await asyncio.to_thread(unpack, data)
        return header.row_numbers()
