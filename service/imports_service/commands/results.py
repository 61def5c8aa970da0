"""The outcomes of an import's segments, wherever they are: in PostgreSQL, or after its end in its object."""

from collections.abc import Collection, Sequence

import msgspec

from imports_service.domain.errors import ImportNotFound, Unavailable
from imports_service.domain.imports import Import
from imports_service.domain.names import outcomes_object
from imports_service.domain.outcome_object import cut_out, runs_of
from imports_service.domain.rows import Outcome
from imports_service.objects.failures import ObjectMissing
from imports_service.objects.store import Objects
from imports_service.store.database import Database
from imports_service.store.results import ALL_ROWS, ResultSegment, find_result_segments

LOOKS = 2
"""An object that is missing belongs to an import that is gone, which the second look finds out."""


async def next_result_segments(
    found: Import,
    *,
    database: Database,
    objects: Objects,
    from_segment: int,
    outcomes: Collection[Outcome],
    unfinished: bool,
    rows: int = ALL_ROWS,
) -> tuple[list[ResultSegment], bool]:
    """The next segments with a row of one of the outcomes, as `find_result_segments` gives them, with what became of
    their rows; and whether there are more.

    Segments that follow each other cost one read of the object. Raises `ImportNotFound` when the import is deleted
    meanwhile, and `Unavailable`.
    """
    for _ in range(LOOKS):
        async with database.connection() as connection:
            page = await find_result_segments(
                connection,
                found.organization_id,
                found.uid,
                from_segment=from_segment,
                outcomes=outcomes,
                unfinished=unfinished,
                rows=rows,
            )
        if page is None:
            raise ImportNotFound(found.name)
        segments, has_more = page
        try:
            return await _fetched(segments, found, objects), has_more
        except ObjectMissing:
            continue
    raise Unavailable(
        f"the object store has lost the outcomes of {found.name}",
        reason="OBJECTS_UNAVAILABLE",
        object=outcomes_object(found.organization_id, found.uid),
    )


async def _fetched(segments: Sequence[ResultSegment], found: Import, objects: Objects) -> list[ResultSegment]:
    """The segments, those that have moved with what the object says of them. Raises `ObjectMissing`, `Unavailable`."""
    parts = [segment.part for segment in segments if segment.part is not None]
    read: dict[int, tuple[bytes, bytes | None]] = {}
    name = outcomes_object(found.organization_id, found.uid)
    for run in runs_of(parts):
        start = run[0].place
        data = await objects.get_range(name, start, run[-1].end - start)
        read |= {part.segment: cut_out(part, data, start) for part in run}
    return [
        msgspec.structs.replace(segment, outcomes=read[segment.segment][0], issues=read[segment.segment][1])
        if segment.segment in read
        else segment
        for segment in segments
    ]
