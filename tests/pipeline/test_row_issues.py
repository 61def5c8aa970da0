"""Rows of which nothing is kept, in every form, and the lengths at which that begins."""

import pytest

from imports_service.domain.imports import Format
from imports_service.domain.rows import Code
from imports_service.pipeline.segments import refused_line
from tests.pipeline.documents import rows_of, split

LIMIT = 1024


def bytewise(document: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in document]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        pytest.param(b'{"a":1}\n{"a":\n{"a":2}', "malformed", id="a line that is no JSON"),
        pytest.param(b'{"a":1}\n{"a":1} x\n{"a":2}', "malformed", id="a line with text after the object"),
        pytest.param(b'{"a":1}\n5\n{"a":2}', "not_an_object", id="a line that is a number"),
        pytest.param(b'{"a":1}\n[{}]\n{"a":2}', "not_an_object", id="a line that is an array"),
        pytest.param(b'[{"a":1},5,{"a":2}]', "not_an_object", id="an element that is a number"),
        pytest.param(b'[{"a":1},[{}],{"a":2}]', "not_an_object", id="an element that is an array"),
        pytest.param(b'[{"a":1},"x",{"a":2}]', "not_an_object", id="an element that is a text"),
        pytest.param(b'{"a":1}\n{"a":"%b"}\n{"a":2}' % (b"x" * LIMIT), "too_long", id="a long line"),
        pytest.param(b'[{"a":1},{"a":"%b"},{"a":2}]' % (b"x" * LIMIT), "too_long", id="a long element"),
        pytest.param(b'[{"a":1},"%b",{"a":2}]' % (b"x" * LIMIT), "too_long", id="a long text"),
        pytest.param(b'[{"a":1},%b,{"a":2}]' % (b"1" * 2 * LIMIT), "too_long", id="a long number"),
    ],
)
def test_of_json(document, code):
    for chunks in (document, bytewise(document)):
        assert rows_of(split(chunks, max_input_bytes=LIMIT)) == [{"a": 1}, code, {"a": 2}]


@pytest.mark.parametrize("long", [b"x" * LIMIT, b'"' + b"\n,\r" * LIMIT + b'"', b"x," * LIMIT])
def test_of_csv(long):
    document = b"code,name\n1,2\n%b,3\n4,5\n" % long

    for chunks in (document, bytewise(document)):
        assert rows_of(split(chunks, format=Format.CSV, max_input_bytes=LIMIT)) == [
            ["1", "2"],
            "too_long",
            ["4", "5"],
        ]


@pytest.mark.parametrize(("length", "kept"), [(LIMIT, True), (LIMIT + 1, False)])
@pytest.mark.parametrize("form", [b"%b", b"  %b\n", b"\n\n%b\r\n{}", b"[%b]", b"[{} , %b , {}]"])
def test_a_row_may_be_as_long_as_allowed(form, length, kept):
    document = form % (b'{"a":"%b"}' % (b"x" * (length - 8)))
    if form.endswith(b"\r\n{}"):
        document = document.replace(b"\r\n", b"\n")  # a carriage return would count as a part of its line

    for chunks in (document, bytewise(document)):
        rows = rows_of(split(chunks, max_input_bytes=LIMIT))
        assert ("too_long" in rows) is not kept


def test_a_row_that_looks_like_a_refused_one_is_a_row():
    (segment,) = split(b'{"code":"a"}\n{"issue":"malformed"}\n{', max_input_bytes=LIMIT)

    assert segment.lines[1:] == [refused_line(Code.MALFORMED)] * 2
    assert segment.header.refused_codes() == {2: Code.MALFORMED}
