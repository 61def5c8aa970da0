from collections.abc import AsyncIterator

import pytest

from commerce.imports.v1.imports_pb2 import FORMAT_CSV, FORMAT_JSON, Format
from imports_client.documents import CHUNK_BYTES, chunks_of, guessed_format


@pytest.mark.parametrize(
    ("file_name", "beginning", "expected"),
    [
        pytest.param("skus.csv", b"[", FORMAT_CSV, id="the name says CSV"),
        pytest.param("SKUS.JSONL", b"", FORMAT_JSON, id="the name says JSON in capitals"),
        pytest.param("skus", b'\n  {"code"', FORMAT_JSON, id="an object after white space"),
        pytest.param("", b"\xef\xbb\xbf[{", FORMAT_JSON, id="an array after a BOM"),
        pytest.param("skus.txt", b"code,name", FORMAT_CSV, id="anything else is CSV"),
    ],
)
def test_the_format_is_guessed_from_the_name_or_else_the_first_byte(
    file_name: str, beginning: bytes, expected: Format.ValueType
) -> None:
    assert guessed_format(file_name, beginning) == expected


async def test_large_pieces_are_cut_and_empty_ones_left_out() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b""
        yield b"x" * (CHUNK_BYTES + 1)

    assert [len(chunk) async for chunk in chunks_of(pieces())] == [CHUNK_BYTES, 1]
