"""The files of an import that ends: what was imported, with ids, and what was not, with what to mend.

Segments and their outcomes are read in order, a few ahead of the writing; memory does not know how many there are.
A file is opened when its first row comes, so an import without such rows leaves none.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass

from imports_service.domain.errors import first_of
from imports_service.domain.imports import Format, Import
from imports_service.domain.names import file_object, segment_object
from imports_service.domain.outcomes import NumberedOutcomes, SegmentOutcomes, decode_outcomes, decode_summary
from imports_service.domain.report import Report, ReportBuilder
from imports_service.domain.rows import Outcome
from imports_service.objects.store import Objects
from imports_service.objects.writer import ObjectWriter
from imports_service.pipeline.files import AttachmentWriter, FailedInputsWriter, Gzip
from imports_service.pipeline.segments import SegmentHeader, unpack
from imports_service.store import outcomes, units
from imports_service.worker.equipment import Equipment
from imports_service.worker.leases import LeaseLost
from imports_service.worker.supply import SLICE_ROWS

AHEAD = 1  # segments read while one is written; with the one in hand three are in memory
THREAD_BYTES = 512 * 1024  # more than this is compressed beside the event loop, not on it
CONTENT_TYPES = {Format.JSON: "application/json", Format.CSV: "text/csv; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Files:
    """What a closing wrote: the names of the objects, None where there was nothing to write, and the report."""

    attachment: str | None
    failed_inputs: str | None
    report: Report


@dataclass(frozen=True, slots=True)
class _EndedSegment:
    header: SegmentHeader
    lines: list[bytes]
    outcomes: NumberedOutcomes


async def write_files(equipment: Equipment, imported: Import, lease_token: str) -> Files:
    """Write both files under names that carry the lease token. Raises `LeaseLost`, `Unavailable`."""
    builder = ReportBuilder()
    ready: asyncio.Queue[_EndedSegment | None] = asyncio.Queue(AHEAD)

    async def read() -> None:
        async with aclosing(_ended_segments(equipment, imported, builder)) as segments:
            async for segment in segments:
                await ready.put(segment)
        await ready.put(None)

    try:
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as stages:
            stages.create_task(read(), name=f"read {imported.uid}")
            files = _OpenFiles(equipment, imported, lease_token, stack)
            while (segment := await ready.get()) is not None:
                await files.add(segment)
                await equipment.checkpoints.reach("closing-file")
            await files.end()
            await equipment.checkpoints.reach("closing-written")
    except BaseExceptionGroup as group:
        raise first_of(group) from group
    await equipment.checkpoints.reach("closing-stored")
    return Files(files.attachment.name, files.failed_inputs.name, builder.report())


async def _ended_segments(
    equipment: Equipment, imported: Import, builder: ReportBuilder
) -> AsyncGenerator[_EndedSegment, None]:
    organization_id, uid = imported.organization_id, imported.uid
    async with equipment.database.connection() as connection:
        segments = await units.list_segments(connection, organization_id, uid)
    for segment in segments:
        data = await equipment.objects.get(segment_object(organization_id, uid, segment.segment))
        header, lines = await asyncio.to_thread(unpack, data)
        numbered = None
        if segment.is_done:
            async with equipment.database.connection() as connection:
                [stored] = await outcomes.read_outcomes(
                    connection, organization_id, uid, from_segment=segment.segment, limit=1
                )
            if stored.is_moved:
                raise LeaseLost(f"{imported.name} has been ended by another")
            numbered = decode_outcomes(stored.encoded.outcomes, stored.encoded.issues)
            if builder.wants_issues:
                builder.add(numbered)
            builder.add_summary(decode_summary(stored.encoded.summary))
        yield _EndedSegment(header, lines, numbered or _not_processed(header))


def _not_processed(header: SegmentHeader) -> NumberedOutcomes:
    numbers = header.row_numbers()
    nothing = [""] * len(numbers)
    codes = bytearray([Outcome.NOT_PROCESSED]) * len(numbers)
    return NumberedOutcomes(numbers, SegmentOutcomes(codes, nothing, nothing, {}))


class _OpenFiles:
    """Both files on their way into the store."""

    def __init__(
        self, equipment: Equipment, imported: Import, lease_token: str, stack: AsyncExitStack
    ) -> None:
        def file(name: str, content_type: str, *, packed: bool) -> _File:
            path = file_object(imported.organization_id, imported.uid, lease_token, name)
            return _File(equipment.objects, path, content_type, stack, Gzip() if packed else None)

        extension = imported.spec.format.value
        self.attachment = file(f"attachment.{extension}.gz", "application/gzip", packed=True)
        self.failed_inputs = file(
            f"failed_inputs.{extension}", CONTENT_TYPES[imported.spec.format], packed=False
        )
        self._spec = imported.spec
        self._rehearses = imported.validate_only
        self._imported_rows: AttachmentWriter | None = None
        self._failed_rows: FailedInputsWriter | None = None

    async def add(self, segment: _EndedSegment) -> None:
        """Write the rows of the next segment, each into the file that it belongs to."""
        imported_rows, failed_rows = self._writers(segment.header)
        rows, refused = segment.outcomes.outcomes, segment.header.refused_codes()
        for start in range(0, len(segment.lines), SLICE_ROWS):
            part = slice(start, start + SLICE_ROWS)
            lines, codes = segment.lines[part], rows.codes[part]
            if not self._rehearses:
                await self.attachment.write(imported_rows, imported_rows.rows(lines, codes, rows.ids[part]))
            numbers = segment.outcomes.row_numbers[part]
            failed = failed_rows.rows(lines, numbers, codes, rows.issues, refused=refused, first_place=start)
            await self.failed_inputs.write(failed_rows, failed)
            await asyncio.sleep(0)

    async def end(self) -> None:
        """Complete what was begun; the objects appear when the exit stack is left."""
        if self._imported_rows is not None and self._failed_rows is not None:
            await self.attachment.end(self._imported_rows)
            await self.failed_inputs.end(self._failed_rows)

    def _writers(self, header: SegmentHeader) -> tuple[AttachmentWriter, FailedInputsWriter]:
        """The first segment knows the columns."""
        if self._imported_rows is None or self._failed_rows is None:
            columns, delimiter = header.columns or [], self._spec.csv_options.delimiter
            self._imported_rows = AttachmentWriter(self._spec.format, columns=columns, delimiter=delimiter)
            self._failed_rows = FailedInputsWriter(self._spec.format, columns=columns, delimiter=delimiter)
        return self._imported_rows, self._failed_rows


class _File:
    """One file, opened by its first row. `name` is that of its object, None as long as there is no row."""

    def __init__(
        self, objects: Objects, path: str, content_type: str, stack: AsyncExitStack, gzip: Gzip | None
    ) -> None:
        self.name: str | None = None
        self._objects = objects
        self._path = path
        self._content_type = content_type
        self._stack = stack
        self._gzip = gzip
        self._object: ObjectWriter | None = None

    async def write(self, rows: AttachmentWriter | FailedInputsWriter, data: bytes) -> None:
        if not data:
            return
        if self._object is None:
            opening = self._objects.writer(self._path, self._content_type)
            self._object = await self._stack.enter_async_context(opening)
            self.name = self._path
            data = rows.begin() + data
        await self._put(self._object, data)

    async def end(self, rows: AttachmentWriter | FailedInputsWriter) -> None:
        if self._object is not None:
            await self._put(self._object, rows.end())
            if self._gzip is not None:
                await self._object.write(self._gzip.finish())

    async def _put(self, target: ObjectWriter, data: bytes) -> None:
        if self._gzip is None:
            await target.write(data)
        elif len(data) < THREAD_BYTES:
            await target.write(self._gzip.compress(data))
        else:
            await target.write(await asyncio.to_thread(self._gzip.compress, data))
