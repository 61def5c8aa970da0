"""Stores the segments of an import to be, while they are being made: a few at a time, in flat memory.

Its objects belong to an upload row that is committed before the first of them is put, and that is kept alive
until an import takes them over. What becomes of them otherwise: `discard` removes them where all their names
are known; after a cancelled or failed PUT they are not, and the lapsed row leads the sweep to them.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import structlog

from imports_service.commands.creation import Creation
from imports_service.domain.errors import ImportsError, Unavailable, first_of
from imports_service.domain.names import import_prefix, segment_object
from imports_service.ids import new_uid
from imports_service.pipeline.collector import Segment
from imports_service.pipeline.segments import pack
from imports_service.store.imports import get_import_by_uid
from imports_service.store.units import NewSegment
from imports_service.store.uploads import delete_upload, extend_upload, has_upload, insert_upload, trash

log = structlog.get_logger()

PUTTERS = 2
"""PUTs in flight: one hides the other's wait. With the segment that is being made and the one before it, which may be
the last, no upload holds more than four."""


class UploadLapsed(Unavailable):
    """The service was held up for longer than an upload's lease, and the sweep owns the objects by now."""

    def __init__(self) -> None:
        super().__init__("the upload was held up for too long; send it again", reason="OBJECTS_UNAVAILABLE")


class AnotherWasFirst(Exception):
    """A call with the same request id has committed since this one began."""


class Stowage:
    """The objects of the import `uid`, which is not there yet. `segments` are those handed over so far."""

    def __init__(self, organization_id: str, creation: Creation) -> None:
        self.uid = new_uid()
        self.segments: list[NewSegment] = []
        self._organization_id = organization_id
        self._lease = creation.limits.lease
        self._database = creation.database
        self._objects = creation.objects
        self._checkpoints = creation.checkpoints
        self._waiting: asyncio.Queue[Segment | None] = asyncio.Queue()
        self._free_putters = asyncio.Semaphore(PUTTERS)
        self._upload = asyncio.Lock()
        self._has_upload = False
        self._held_until = 0.0
        self._is_refused = False
        self._put: list[str] = []

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """What fails in the block leaves no objects behind, or leaves them to the sweep."""
        try:
            yield
        except BaseException as end:
            if isinstance(end, UploadLapsed) or self._has_lapsed:
                await self._throw_away()
            elif isinstance(end, AnotherWasFirst | ImportsError) and not isinstance(end, Unavailable):
                await self._discard()
            # else a PUT may be under way, or the commit have succeeded: the upload row will tell the sweep
            raise

    @property
    def _has_lapsed(self) -> bool:
        """Whether the sweep may have been here: this process stood still, or could not extend the lease."""
        return self._has_upload and _now() >= self._held_until

    async def fill(self, make: Callable[[], Awaitable[None]]) -> None:
        """Run `make`, which hands segments over, and store them meanwhile.

        Raises the refusal that `make` raises, after the last PUT, and `Unavailable`.
        """
        try:
            async with asyncio.TaskGroup() as upkeep:
                lease = upkeep.create_task(self._keep_upload(), name="upload lease")
                async with asyncio.TaskGroup() as stages:
                    for number in range(PUTTERS):
                        stages.create_task(self._put_segments(), name=f"put {number}")
                    refusal = await self._make(make)
                lease.cancel()
        except BaseExceptionGroup as group:
            raise first_of(group) from group
        if refusal is not None:
            raise refusal

    async def hand_over(self, segment: Segment) -> None:
        """Have the segment stored; waits until somebody is free to do it. The caller must let go of it."""
        last_row = segment.header.rows[-1][1]
        self.segments.append(NewSegment(segment.first_row, segment.row_count, last_row))
        await self._free_putters.acquire()
        self._waiting.put_nowait(segment)

    async def _make(self, make: Callable[[], Awaitable[None]]) -> ImportsError | None:
        """A refusal is returned, so that PUTs in flight end before it is raised."""
        refusal = None
        try:
            await make()
        except ImportsError as error:
            self._is_refused = True
            refusal = error
        for _ in range(PUTTERS):
            self._waiting.put_nowait(None)
        return refusal

    async def _discard(self) -> None:
        """Remove the objects and the upload row; only when no PUT can be in flight."""
        if not self._has_upload:
            return
        with suppress(Unavailable):  # then the row stays, and the sweep does it
            await self._objects.delete(self._put)
            async with self._database.transaction() as connection:
                await delete_upload(connection, self._organization_id, self.uid)

    async def _throw_away(self) -> None:
        """Have the objects swept although the upload row is gone: what was put after the sweep had looked has no
        owner else."""
        prefix = import_prefix(self._organization_id, self.uid)
        with suppress(Unavailable):
            async with self._database.transaction() as connection:
                # in this order: the row of an upload goes in the transaction that creates its import
                if await has_upload(connection, self._organization_id, self.uid):
                    return
                if await get_import_by_uid(connection, self._organization_id, self.uid) is None:
                    await trash(connection, self._organization_id, self.uid, prefix, delay=2 * self._lease)

    async def _put_segments(self) -> None:
        while (segment := await self._waiting.get()) is not None:
            if self._is_refused:
                continue
            packed = await asyncio.to_thread(pack, segment.header, segment.lines)
            name = segment_object(self._organization_id, self.uid, segment.number)
            del segment  # the lines are free while the bytes travel
            await self._put_object(name, packed)
            self._free_putters.release()

    async def _put_object(self, name: str, packed: bytes) -> None:
        await self._own_objects()
        if self._has_lapsed:
            raise UploadLapsed
        await self._objects.put(name, packed)
        self._put.append(name)
        await self._checkpoints.reach("object-stored")

    async def _own_objects(self) -> None:
        """Commit the upload row before the first PUT."""
        async with self._upload:
            if not self._has_upload:
                began = _now()
                async with self._database.transaction() as connection:
                    await insert_upload(connection, self._organization_id, self.uid, self._lease)
                self._has_upload, self._held_until = True, began + self._lease.total_seconds()

    async def _keep_upload(self) -> None:
        """Extend the upload's lease as long as the document takes. Raises `Unavailable` once lapsed.

        An extension that does not come through is tried again as long as the lease lasts; not longer, because what
        is put after that may be put after the sweep.
        """
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            if not self._has_upload:
                continue
            began = _now()
            try:
                async with self._database.transaction() as connection:
                    held = await extend_upload(connection, self._organization_id, self.uid, self._lease)
            except Unavailable as away:
                if _now() >= self._held_until:
                    raise
                log.warning("upload not extended", error=str(away), import_uid=self.uid)
                continue
            if not held:
                raise UploadLapsed
            self._held_until = began + self._lease.total_seconds()


def _now() -> float:
    return asyncio.get_running_loop().time()
