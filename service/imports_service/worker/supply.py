"""Segments fetched and decoded, one ahead of the transaction.

While a segment of an in-order import is being written, the next one is fetched and decoded: that needs no lease,
because a segment's object never changes. What is fetched ahead and never asked for is dropped.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from imports_service.domain.imports import Import
from imports_service.domain.inputs import Input, InputDecoder
from imports_service.domain.names import segment_object
from imports_service.pipeline.segments import SegmentHeader, unpack
from imports_service.pipeline.weights import steps_of, weights_of
from imports_service.worker.equipment import Equipment

log = structlog.get_logger()

SLICE_ROWS = 250  # what one step may hold the event loop for: 1 to 2 ms
AHEAD = 2  # with two segments in flight, four are in memory


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment ready to be folded: its rows in row order, in slices that are one step of work each."""

    header: SegmentHeader
    slices: list[list[Input]]


class SegmentSupply:
    """Gives segments, and fetches ahead those that are expected to come next.

    The tasks that fetch ahead live in the worker's task group; they never fail it. What goes wrong there shows when
    the segment is asked for and fetched again.
    """

    def __init__(self, equipment: Equipment, tasks: asyncio.TaskGroup) -> None:
        self._equipment = equipment
        self._tasks = tasks
        self._ahead: dict[tuple[str, int], asyncio.Task[Segment | None]] = {}

    async def take(self, imported: Import, segment: int) -> Segment:
        """The segment, from what was fetched ahead if it is there. Raises `Unavailable`."""
        ahead = self._ahead.pop((imported.uid, segment), None)
        fetched = await ahead if ahead is not None else None
        return fetched or await self._fetch(imported, segment)

    def fetch_ahead(self, imported: Import, segment: int) -> None:
        """Start to fetch a segment that is expected to be taken soon; the oldest of too many is dropped."""
        name = (imported.uid, segment)
        if name in self._ahead:
            return
        while len(self._ahead) >= AHEAD:
            self._ahead.pop(next(iter(self._ahead))).cancel()
        self._ahead[name] = self._tasks.create_task(self._try_fetch(imported, segment), name=f"fetch {name}")

    @property
    def is_settled(self) -> bool:
        """Whether nothing is being fetched ahead."""
        return all(task.done() for task in self._ahead.values())

    async def settle(self) -> None:
        """Wait until what is being fetched ahead is there."""
        if self._ahead:
            await asyncio.wait(self._ahead.values())

    def discard(self) -> None:
        """Drop all that was fetched ahead."""
        for task in self._ahead.values():
            task.cancel()
        self._ahead.clear()

    async def _try_fetch(self, imported: Import, segment: int) -> Segment | None:
        try:
            return await self._fetch(imported, segment)
        except Exception as fault:
            log.info("not fetched ahead", import_uid=imported.uid, segment=segment, error=str(fault))
            return None

    async def _fetch(self, imported: Import, segment: int) -> Segment:
        data = await self._equipment.objects.get(
            segment_object(imported.organization_id, imported.uid, segment)
        )
        header, lines = await asyncio.to_thread(unpack, data)
        return Segment(header, await self._decode(imported, header, lines))

    async def _decode(
        self, imported: Import, header: SegmentHeader, lines: Sequence[bytes]
    ) -> list[list[Input]]:
        decoder = InputDecoder(
            self._equipment.shapes[imported.spec.resource_type],
            format=imported.spec.format,
            columns=tuple(header.columns or ()),
            parent_resource_id=imported.spec.parent_resource_id,
            null_marker=imported.spec.csv_options.null_marker,
            refused=header.refused_codes(),
            emptied=header.emptied_columns(),
        )
        numbers = header.row_numbers()
        slices = []
        weights = weights_of(imported.spec.format, header.columns or ())(lines)
        for rows in steps_of(weights):
            slices.append(decoder.decode(lines[rows], numbers[rows], first_place=rows.start))
            await asyncio.sleep(0)
        return slices
