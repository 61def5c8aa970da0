"""Segments: how a document is cut into them, and the file that they become."""

import gzip

import pytest

from imports_service.domain.imports import Format
from imports_service.domain.rows import Code
from imports_service.pipeline.segments import SegmentHeader, pack, unpack
from imports_service.pipeline.weights import MOST_IN_SEGMENT, steps_of, weights_of
from tests.pipeline.documents import REGISTRY, rows_of, split

HEADER = SegmentHeader(v=1, kind=Format.JSON, rows=[(1, 2), (7, 7)], registry="0123")


def test_a_file_gives_back_what_was_packed():
    header = SegmentHeader(
        v=1,
        kind=Format.CSV,
        rows=[(3, 5)],
        registry="0123",
        columns=["email", "password"],
        refused=[(1, Code.TOO_LONG)],
        write_only=[(2, ["password"])],
    )
    lines = [b'["a",""]', b'{"issue":"too_long"}', '["é",""]'.encode()]

    assert unpack(pack(header, lines)) == (header, lines)


def test_a_file_is_one_gzip_member_that_begins_with_its_header():
    first, *lines = gzip.decompress(pack(HEADER, [b"{}", b'{"a":1}', b"{}"])).split(b"\n")

    assert first == b'{"v":1,"kind":"json","rows":[[1,2],[7,7]],"registry":"0123"}'
    assert lines == [b"{}", b'{"a":1}', b"{}"]


def test_row_numbers_are_those_of_the_document_first_sent():
    assert list(HEADER.row_numbers()) == [1, 2, 7]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{}", id="not compressed"),
        pytest.param(gzip.compress(b"[]"), id="no header"),
        pytest.param(pack(HEADER, [b"{}"] * 3)[:-12], id="cut off"),
        pytest.param(pack(HEADER, [b"{}"] * 2), id="a line too few"),
        pytest.param(gzip.compress(b'{"v":9,"kind":"json","rows":[],"registry":""}'), id="a later version"),
    ],
)
def test_anything_else_is_no_segment_file(data):
    with pytest.raises(ValueError, match="segment file"):
        unpack(data)


def test_segments_count_from_0_and_rows_from_1():
    segments = split(b"{}\n" * 12, segment_rows=5)

    assert [(s.number, s.first_row, s.row_count) for s in segments] == [(0, 1, 5), (1, 6, 5), (2, 11, 2)]
    assert [s.header.rows for s in segments] == [[(1, 5)], [(6, 10)], [(11, 12)]]
    assert {s.header.registry for s in segments} == {REGISTRY.hash}


@pytest.mark.parametrize("form", [b"%b", b"[%b]"])
def test_a_segment_ends_before_it_has_too_many_bytes(form):
    rows = [b'{"a":"%b"}' % (b"x" * length) for length in (90, 400, 30, 900, 900, 10, 10)]
    separator = b"," if form[:1] == b"[" else b"\n"

    segments = split(form % separator.join(rows), segment_bytes=1024, max_input_bytes=2048)

    assert [s.row_count for s in segments] == [3, 1, 3]
    assert all(sum(map(len, s.lines)) <= 1024 for s in segments)


def test_a_row_that_is_longer_than_a_segment_stands_alone():
    segments = split(b'{}\n{"a":"%b"}\n{}' % (b"x" * 2000), segment_bytes=1024)

    assert [s.row_count for s in segments] == [1, 1, 1]


def test_refused_rows_are_named_by_their_place_in_the_segment():
    segments = split(b"{}\n5\n{}\n{}\n{", segment_rows=3)

    assert [s.header.refused for s in segments] == [[(1, Code.NOT_AN_OBJECT)], [(1, Code.MALFORMED)]]


def test_json_rows_are_kept_as_they_were_sent_with_line_breaks_as_blanks():
    (segment,) = split(b'[ {"a" : 1.10,\r\n "a":2, "b":\n1e2 } ]')

    assert segment.lines == [b'{"a" : 1.10,   "a":2, "b": 1e2 }']


def test_segments_are_handed_out_as_they_become_full():
    numbers = [s.row_count for s in split([b"{}\n" * 3] * 5, segment_rows=4)]

    assert numbers == [4, 4, 4, 3]
    assert len(rows_of(split(b"{}\n" * 20_000))) == 20_000


def test_a_segment_holds_fewer_rows_that_nest_much():
    orders = [b'{"number":"%d","line_items":[%b]}' % (n, b",".join([b"{}"] * 1000)) for n in range(60)]

    sizes = [segment.row_count for segment in split(b"\n".join(orders), resource_type="orders")]

    assert sum(sizes) == 60
    assert all(1 <= size * 1001 <= MOST_IN_SEGMENT for size in sizes)


def test_a_heavy_row_is_a_step_of_its_own():
    light, heavy = b'{"number":"1"}', b'{"line_items":[%b]}' % b",".join([b"{}"] * 1000)
    lines = [*[light] * 300, heavy, heavy, light]

    steps = list(steps_of(weights_of(Format.JSON)(lines)))

    assert [step.stop - step.start for step in steps] == [250, 50, 1, 1, 1]
    assert [line for step in steps for line in lines[step]] == lines


def test_columns_of_numbered_items_make_csv_rows_heavy():
    columns = [f"line_items.{place}.{name}" for place in range(100) for name in ("name", "quantity")]

    assert weights_of(Format.CSV, ["number", "line_items.name"])([b'["1","a"]']) == [1]
    assert weights_of(Format.CSV, columns)([b'["a","1"]']) == [101]
