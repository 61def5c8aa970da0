"""Where the bytes of a document come from, and how it is written. A document is never read whole."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterable
from pathlib import Path
from typing import BinaryIO

from commerce.imports.v1.imports_pb2 import FORMAT_CSV, FORMAT_JSON, Format

CHUNK_BYTES = 256 * 1024  # small enough to interleave with other calls, large enough to keep their cost away

Document = Path | bytes | AsyncIterable[bytes]
"""A file, the bytes themselves, or pieces of any size as they come."""


class Pieces:
    """Pieces that come only once, and whether any has been asked for. What was, cannot be sent again."""

    def __init__(self, pieces: AsyncIterable[bytes]) -> None:
        self._pieces = pieces
        self.is_begun = False

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        self.is_begun = True
        async for piece in self._pieces:
            yield piece


_FORMATS: dict[str, Format.ValueType] = {
    ".csv": FORMAT_CSV,
    ".json": FORMAT_JSON,
    ".jsonl": FORMAT_JSON,
    ".ndjson": FORMAT_JSON,
}


async def chunks_of(document: Document) -> AsyncGenerator[bytes, None]:
    """The document in pieces of 1 to `CHUNK_BYTES` bytes. Raises OSError when a file cannot be read."""
    match document:
        case Path():
            with await asyncio.to_thread(document.open, "rb") as file:
                async for chunk in chunks_of_file(file):
                    yield chunk
        case bytes():
            for chunk in _cut(document):
                yield chunk
        case _:
            async for piece in document:
                for chunk in _cut(piece):
                    yield chunk


async def chunks_of_file(file: BinaryIO) -> AsyncGenerator[bytes, None]:
    """What is left of an open file or pipe, as it comes. The caller closes it."""
    while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
        yield chunk


async def sha256_of(document: Document) -> bytes:
    """32 bytes, or none of a document that comes only once. Raises OSError when a file cannot be read."""
    match document:
        case Path():
            return await asyncio.to_thread(_sha256_of_file, document)
        case bytes():
            return hashlib.sha256(document).digest()
        case _:
            return b""


def guessed_format(file_name: str, beginning: bytes) -> Format.ValueType:
    """By the file name's ending, else by the first byte that is no white space: only JSON begins with `[` or
    `{`."""
    named = _FORMATS.get(Path(file_name).suffix.lower())
    if named is not None:
        return named
    first = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return FORMAT_JSON if first in {b"[", b"{"} else FORMAT_CSV


def _sha256_of_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _cut(piece: bytes) -> list[bytes]:
    return [piece[start : start + CHUNK_BYTES] for start in range(0, len(piece), CHUNK_BYTES)]
