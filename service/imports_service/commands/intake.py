"""Takes a document in: receives, splits, compresses and stores it at the same time, in flat memory."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

from imports_service.checkpoints import Checkpoints
from imports_service.commands.stowage import Stowage
from imports_service.domain.errors import FieldViolation, InvalidArgument
from imports_service.pipeline.splitter import Segment, SplitOptions, Splitter
from imports_service.store.units import NewSegment

CHUNK_BYTES = 256 * 1024
"""The most that is hashed in one step of the loop."""


class TakenIn(NamedTuple):
    """A document that is stored whole: its rows by segment, and the SHA-256 of its bytes."""

    document_sha256: bytes
    segments: list[NewSegment]
    in_order: bool


class Intake:
    """One document on its way into the segments of an import to be."""

    def __init__(
        self,
        options: SplitOptions,
        stowage: Stowage,
        *,
        document_sha256: bytes | None,
        checkpoints: Checkpoints,
    ) -> None:
        self._splitter = Splitter(options)
        self._stowage = stowage
        self._expected_sha256 = document_sha256
        self._checkpoints = checkpoints
        self._digest = hashlib.sha256()
        self._held_back: Segment | None = None

    async def take(self, chunks: AsyncIterator[bytes]) -> TakenIn:
        """Read the chunks to their end and store their segments.

        Raises `InvalidArgument` when the document is refused, after the last PUT, and `Unavailable`.
        """
        await self._stowage.fill(lambda: self._split(chunks))
        return TakenIn(self._digest.digest(), self._stowage.segments, self._splitter.in_order)

    async def _split(self, chunks: AsyncIterator[bytes]) -> None:
        try:
            async for chunk in chunks:
                for start in range(0, len(chunk), CHUNK_BYTES):
                    self._digest.update(chunk[start : start + CHUNK_BYTES])
                    await asyncio.sleep(0)
                await self._hand_over(self._splitter.feed(chunk))
            await self._hand_over(self._splitter.finish())
            check_document_hash(self._expected_sha256, self._digest.digest())
            if self._held_back is not None:
                await self._stowage.hand_over(self._held_back)
        finally:
            self._held_back = None

    async def _hand_over(self, segments: Iterator[Segment | None]) -> None:
        """The last one so far is held back: a document of one segment is put when all of it is known good."""
        for segment in segments:
            if segment is None:
                await asyncio.sleep(0)
                continue
            if self._held_back is not None:
                await self._checkpoints.reach("splitting")
                await self._stowage.hand_over(self._held_back)
            self._held_back = segment  # and no other name for the one handed over, so that its lines can go


def check_document_hash(announced: bytes | None, received: bytes) -> None:
    """Raises `InvalidArgument` (DOCUMENT_CHECKSUM) when a hash was announced and another document came."""
    if announced is not None and announced != received:
        raise InvalidArgument(
            FieldViolation("document_sha256", "is not the SHA-256 of the document received"),
            reason="DOCUMENT_CHECKSUM",
            document_sha256=announced.hex(),
            received_sha256=received.hex(),
        )
