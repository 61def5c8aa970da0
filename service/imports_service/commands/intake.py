"""Takes a document in: receives, splits, compresses and stores it at the same time, in flat memory.

Its objects belong to an upload row that is committed before the first of them is put, and that is kept alive
until an import takes them over. What becomes of them otherwise: `discard` removes them where all their names
are known; after a cancelled or failed PUT they are not, and the lapsed row leads the sweep to them.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple

import structlog

from imports_service.checkpoints import Checkpoints
from imports_service.domain.errors import FieldViolation, ImportsError, InvalidArgument, Unavailable, first_of
from imports_service.domain.names import import_prefix, segment_object
from imports_service.ids import new_uid
from imports_service.objects.store import Objects
from imports_service.pipeline.segments import pack
from imports_service.pipeline.splitter import Segment, SplitOptions, Splitter
from imports_service.store.database import Database
from imports_service.store.units import NewSegment
from imports_service.store.uploads import delete_upload, extend_upload, insert_upload, trash

log = structlog.get_logger()

PUTTERS = 2
"""PUTs in flight: one hides the other's wait. With one segment held back, one waiting and one being made, no
upload holds more than five."""
CHUNK_BYTES = 256 * 1024
"""The most that is hashed in one step of the loop."""


class TakenIn(NamedTuple):
    """A document that is stored whole: its rows by segment, and the SHA-256 of its bytes."""

    document_sha256: bytes
    segments: list[NewSegment]
    in_order: bool

    @property
    def inputs_size(self) -> int:
        return sum(segment.row_count for segment in self.segments)


class UploadLapsed(Unavailable):
    """The service was held up for longer than an upload's lease, and the sweep owns the objects by now."""

    def __init__(self) -> None:
        super().__init__("the upload was held up for too long; send it again", reason="OBJECTS_UNAVAILABLE")


class Intake:
    """One document on its way into the segments of the import `uid`."""

    def __init__(
        self,
        organization_id: str,
        options: SplitOptions,
        *,
        document_sha256: bytes | None,
        lease: timedelta,
        database: Database,
        objects: Objects,
        checkpoints: Checkpoints,
    ) -> None:
        self.uid = new_uid()
        self._organization_id = organization_id
        self._splitter = Splitter(options)
        self._expected_sha256 = document_sha256
        self._lease = lease
        self._database = database
        self._objects = objects
        self._checkpoints = checkpoints
        self._digest = hashlib.sha256()
        self._segments: list[NewSegment] = []
        self._held_back: Segment | None = None
        self._waiting: asyncio.Queue[Segment | None] = asyncio.Queue(1)
        self._upload = asyncio.Lock()
        self._has_upload = False
        self._held_until = 0.0
        self._is_refused = False
        self._put: list[str] = []

    async def take(self, chunks: AsyncIterator[bytes]) -> TakenIn:
        """Read the chunks to their end and store their segments.

        Raises `InvalidArgument` when the document is refused, after the last PUT, and `Unavailable`.
        """
        try:
            async with asyncio.TaskGroup() as upkeep:
                lease = upkeep.create_task(self._keep_upload(), name="upload lease")
                async with asyncio.TaskGroup() as stages:
                    for number in range(PUTTERS):
                        stages.create_task(self._put_segments(), name=f"put {number}")
                    refusal = await self._split(chunks)
                lease.cancel()
        except BaseExceptionGroup as group:
            raise first_of(group) from group
        if refusal is not None:
            raise refusal
        return TakenIn(self._digest.digest(), self._segments, self._splitter.in_order)

    async def discard(self) -> None:
        """Remove the objects and the upload row; call it only when no PUT can be in flight."""
        if not self._has_upload:
            return
        with suppress(Unavailable):  # then the row stays, and the sweep does it
            await self._objects.delete(self._put)
            async with self._database.transaction() as connection:
                await delete_upload(connection, self._organization_id, self.uid)

    async def throw_away(self) -> None:
        """Have the objects swept although the upload row is gone: what was put after the sweep had looked has no
        owner else."""
        prefix = import_prefix(self._organization_id, self.uid)
        with suppress(Unavailable):
            async with self._database.transaction() as connection:
                await trash(connection, self._organization_id, self.uid, prefix, delay=2 * self._lease)

    async def _split(self, chunks: AsyncIterator[bytes]) -> ImportsError | None:
        """Hand over the segments; a refusal is returned, so that PUTs in flight end before it is raised."""
        refusal = None
        try:
            async for chunk in chunks:
                for start in range(0, len(chunk), CHUNK_BYTES):
                    self._digest.update(chunk[start : start + CHUNK_BYTES])
                    await asyncio.sleep(0)
                await self._hand_over(self._splitter.feed(chunk))
            await self._hand_over(self._splitter.finish())
            check_document_hash(self._expected_sha256, self._digest.digest())
            await self._waiting.put(self._held_back)
        except ImportsError as error:
            self._is_refused = True
            refusal = error
        self._held_back = None
        for _ in range(PUTTERS):
            await self._waiting.put(None)
        return refusal

    async def _hand_over(self, segments: Iterator[Segment | None]) -> None:
        """The last one so far is held back: a document of one segment is put when all of it is known good."""
        for segment in segments:
            if segment is None:
                await asyncio.sleep(0)
                continue
            self._segments.append(NewSegment(segment.first_row, segment.row_count))
            if self._held_back is not None:
                await self._checkpoints.reach("splitting")
                await self._waiting.put(self._held_back)
            self._held_back = segment  # and no other name for the one handed over, so that its lines can go

    async def _put_segments(self) -> None:
        while (segment := await self._waiting.get()) is not None:
            if self._is_refused:
                continue
            packed = await asyncio.to_thread(pack, segment.header, segment.lines)
            await self._own_objects()
            name = segment_object(self._organization_id, self.uid, segment.number)
            del segment  # the lines are free while the bytes travel
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


def check_document_hash(announced: bytes | None, received: bytes) -> None:
    """Raises `InvalidArgument` (DOCUMENT_CHECKSUM) when a hash was announced and another document came."""
    if announced is not None and announced != received:
        raise InvalidArgument(
            FieldViolation("document_sha256", "is not the SHA-256 of the document received"),
            reason="DOCUMENT_CHECKSUM",
            document_sha256=announced.hex(),
            received_sha256=received.hex(),
        )
