"""Splitting holds one segment, a buffer and a row, whatever comes: measured as what Python allocates at its peak."""

import tracemalloc
from collections.abc import Iterable, Iterator

import pytest

from imports_service.domain.imports import Format
from tests.pipeline.documents import split_with, splitter

MIB = 1024 * 1024
CHUNK = 256 * 1024


def one_long_row(
    before: bytes, after: bytes, *, filling: bytes = b"x", size: int = 100 * MIB
) -> Iterator[bytes]:
    """A document with one row of that many bytes, chunk by chunk."""
    yield before
    chunk = filling * (CHUNK // len(filling))
    for _ in range(size // CHUNK):
        yield chunk
    yield after


def rows_of_50_kb(before: bytes, row: bytes, between: bytes, after: bytes) -> Iterator[bytes]:
    """64 MiB of rows of 50 KB."""
    yield before + row
    for _ in range(64 * MIB // 50_000):
        yield between + row
    yield after


def peak_mib(document: Iterable[bytes], *, format: Format = Format.JSON) -> tuple[float, list[str]]:
    """The peak while the document is split and each segment thrown away, and the codes of refused rows."""
    splitting = splitter(format=format)
    codes: list[str] = []
    tracemalloc.start()
    try:
        for segment in split_with(splitting, document):
            codes += [code.value for _, code in segment.header.refused]
        return tracemalloc.get_traced_memory()[1] / MIB, codes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("document", "format"),
    [
        pytest.param(one_long_row(b'{}\n{"a":"', b'"}\n{}'), Format.JSON, id="JSON Lines"),
        pytest.param(one_long_row(b'[{},{"a":"', b'"},{}]'), Format.JSON, id="a JSON array"),
        pytest.param(
            one_long_row(b'[{},{"a":', b"},{}]", filling=b"1"), Format.JSON, id="a number in an array"
        ),
        pytest.param(one_long_row(b"code\na\n", b"\nb\n"), Format.CSV, id="CSV"),
        pytest.param(one_long_row(b'code\na\n"', b'"\nb\n'), Format.CSV, id="CSV in quotes"),
        pytest.param(
            one_long_row(b'code\na\n"', b'"\nb\n', filling=b'""\r\n', size=2 * MIB),
            Format.CSV,
            id="CSV of quotes",
        ),
        pytest.param(
            one_long_row(b'[{},{"a":[0', b"]},{}]", filling=b',{"b":[]}', size=MIB + MIB // 4),
            Format.JSON,
            id="many small values",
        ),
    ],
)
def test_a_row_that_is_too_long_is_never_held(document, format):
    peak, codes = peak_mib(document, format=format)

    assert codes == ["too_long"]
    assert peak < 5


@pytest.mark.parametrize(
    ("document", "format"),
    [
        pytest.param(
            rows_of_50_kb(b"", b'{"a":"%b"}' % (b"x" * 50_000), b"\n", b""), Format.JSON, id="JSON Lines"
        ),
        pytest.param(
            rows_of_50_kb(b"[", b'{"a":"%b"}' % (b"x" * 50_000), b",", b"]"),
            Format.JSON,
            id="an array in one line",
        ),
        pytest.param(rows_of_50_kb(b"code\n", b"x" * 50_000, b"\n", b""), Format.CSV, id="CSV"),
        pytest.param(
            rows_of_50_kb(b"code\n", b'"%b"' % (b"%099d\n" % 7 * 500), b"\n", b""),
            Format.CSV,
            id="CSV in quotes",
        ),
    ],
)
def test_rows_of_50_kb_are_held_by_the_segment(document, format):
    peak, codes = peak_mib(document, format=format)

    assert codes == []
    assert peak < 12
