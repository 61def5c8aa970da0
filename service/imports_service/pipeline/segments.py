"""The segment file: a header line and one line per row, compressed.

A JSON row is kept as it was sent, with its line breaks as blanks; a CSV record as a JSON array of its cells.
Of some rows nothing is kept: their line says why, and the header names their places, because a row that a
caller sent may look just like such a line. Knows nothing of what the rows mean, and reads no version but
those it names.
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import cast

import msgspec
from isal import igzip_lib, isal_zlib

from imports_service.domain.imports import Format
from imports_service.domain.outcomes import numbers_of
from imports_service.domain.rows import Code

VERSION = 1

# The fast level: a better one costs ten times as much time in order to save a fifth of the bytes.
_COMPRESSION_LEVEL = 1
_GZIP = 16 + zlib.MAX_WBITS
_DAMAGED = cast(type[Exception], isal_zlib.error)  # the stub calls the class an instance


class SegmentHeader(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a segment says of itself.

    `rows`: runs of row numbers, first and last of each, as the document first sent counted them. `registry`:
    the hash of the registry that split it. `columns`: the columns of a CSV document. `refused`: the places in
    the segment, counted from 0, of rows that were not kept, each with its code. `write_only`: the places of
    CSV rows that had a secret, with the columns that were emptied.
    """

    v: int
    kind: Format
    rows: list[tuple[int, int]]
    registry: str
    columns: list[str] | None = None
    refused: list[tuple[int, Code]] = []
    write_only: list[tuple[int, list[str]]] = []

    def row_numbers(self) -> Sequence[int]:
        """The number of each row, in the order of the lines."""
        return numbers_of(self.rows)

    def refused_codes(self) -> Mapping[int, Code]:
        """By place, why nothing of the row was kept; rows that were kept are not in there."""
        return dict(self.refused)

    def emptied_columns(self) -> Mapping[int, Sequence[str]]:
        """By place, the columns of the CSV row that held a secret."""
        return dict(self.write_only)


_header_decoder = msgspec.json.Decoder(SegmentHeader)


def refused_line(code: Code) -> bytes:
    """The line of a row of which nothing is kept."""
    return b'{"issue":"%b"}' % code.value.encode()


def pack(header: SegmentHeader, lines: Sequence[bytes]) -> bytes:
    """The bytes of the segment file. Takes milliseconds of CPU and lets other threads run: call it in one."""
    body = b"\n".join((msgspec.json.encode(header), *lines))
    packed: bytes = igzip_lib.compress(body, _COMPRESSION_LEVEL, igzip_lib.COMP_GZIP)
    return packed


def unpack(data: bytes) -> tuple[SegmentHeader, list[bytes]]:
    """The header and the rows' lines. Raises `ValueError` for anything else, or of another version."""
    try:
        first, *lines = isal_zlib.decompress(data, _GZIP).split(b"\n")
        header = _header_decoder.decode(first)
    except (_DAMAGED, msgspec.DecodeError) as damaged:
        raise ValueError("this is no segment file") from damaged
    if header.v != VERSION:
        raise ValueError(f"segment files of version {header.v} are unknown to this release")
    if len(lines) != len(header.row_numbers()):
        raise ValueError(f"the segment file has {len(lines)} lines for {len(header.row_numbers())} rows")
    return header, lines
