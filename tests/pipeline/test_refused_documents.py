"""What refuses a whole document: the reason, and the line, column and byte offset of what is wrong."""

import gzip

import pytest

from imports_service.domain.imports import Format
from tests.pipeline.documents import place_of, refusal, split

MALFORMED, EMPTY = "DOCUMENT_MALFORMED", "DOCUMENT_EMPTY"


def bytewise(document: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in document]


@pytest.mark.parametrize(
    ("document", "place"),
    [
        pytest.param(b"", (EMPTY, 1, 1, 0), id="nothing"),
        pytest.param(b" \n\t\n", (EMPTY, 3, 1, 4), id="blank lines"),
        pytest.param(b"[]", (EMPTY, 1, 3, 2), id="an empty array"),
        pytest.param(b"\xef\xbb\xbf", (EMPTY, 1, 1, 3), id="a byte order mark alone"),
        pytest.param(b'\n "text"', (MALFORMED, 2, 2, 2), id="a scalar"),
        pytest.param(b"code,name\n", (MALFORMED, 1, 1, 0), id="CSV sent as JSON"),
        pytest.param(b'[{"a":1}', (MALFORMED, 1, 9, 8), id="an early end"),
        pytest.param(b'[{"a":"x', (MALFORMED, 1, 9, 8), id="an early end in a text"),
        pytest.param(b'[{"a":1},\n{"a":2}]\n x', (MALFORMED, 3, 2, 20), id="text after the array"),
        pytest.param(b'[{"a":1}][]', (MALFORMED, 1, 10, 9), id="a second array"),
        pytest.param(b'[{"a":1},]', (MALFORMED, 1, 10, 9), id="a comma too many"),
        pytest.param(b"[,]", (MALFORMED, 1, 2, 1), id="a comma alone"),
        pytest.param(b'[{"a":1}\n{"a":2}]', (MALFORMED, 2, 1, 9), id="no comma"),
        pytest.param('[{"é":1},\n{"é":"\t"}]'.encode(), (MALFORMED, 2, 7, 18), id="a control character"),
        pytest.param(
            b'\xef\xbb\xbf[{"a":01}]', (MALFORMED, 1, 8, 10), id="no number, after a byte order mark"
        ),
        pytest.param(b"[{'a':1}]", (MALFORMED, 1, 3, 2), id="single quotes"),
        pytest.param(b'{"a":1', (MALFORMED, 1, 7, 6), id="an early end in the first line"),
        pytest.param(b'\n{\n"a":1\n}', (MALFORMED, 2, 2, 2), id="an object over several lines"),
        pytest.param(b'{"a":1}{"a":2}\n{}', (MALFORMED, 1, 8, 7), id="two objects in the first line"),
        pytest.param('{"é":1}\n{"a":"é'.encode() + b'\xff"}', (MALFORMED, 2, 8, 17), id="no UTF-8"),
        pytest.param(b'[{"a":"\xc3\x28"}]', (MALFORMED, 1, 8, 7), id="no UTF-8 in an array"),
        pytest.param(b'{"a":1}\n\xe2\x82', (MALFORMED, 2, 1, 8), id="half a character at the end"),
    ],
)
def test_of_json(document, place):
    assert place_of(refusal(document)) == place
    assert place_of(refusal(bytewise(document))) == place


def test_every_early_end_of_an_array_is_refused_where_it_is():
    document = rb'[{"a":"x\u00e9\"","b":[true,null],"c":-1.5e3,"d":{}},{"a":false}]'

    for end in range(1, len(document)):
        place = (MALFORMED, 1, end + 1, end)
        assert place_of(refusal(document[:end])) == place
        assert place_of(refusal(bytewise(document[:end]))) == place


@pytest.mark.parametrize(
    ("document", "place"),
    [
        pytest.param(b"", (EMPTY, 1, 1, 0), id="nothing"),
        pytest.param(b"\n\n", (EMPTY, 3, 1, 2), id="blank lines"),
        pytest.param(b"code,name\n\n", (EMPTY, 3, 1, 11), id="a header alone"),
        pytest.param('code,name\né,"x\n'.encode(), (MALFORMED, 2, 3, 13), id="quotes that never close"),
        pytest.param(b'code,name\n1,2\n3,"x""\n', (MALFORMED, 3, 3, 16), id="quotes that only double"),
        pytest.param(b'"code', (MALFORMED, 1, 1, 0), id="quotes of the header"),
        pytest.param(b"code,name\n\xe9,x\n", (MALFORMED, 2, 1, 10), id="Latin-1"),
        pytest.param(b"code,name,colour\n1,2,3\n", ("HEADER_INVALID", 1, 1, 0), id="an unknown column"),
        pytest.param(
            b"\n\ncode,colour\n1,2\n", ("HEADER_INVALID", 3, 1, 2), id="blank lines before the header"
        ),
    ],
)
def test_of_csv(document, place):
    assert place_of(refusal(document, format=Format.CSV)) == place
    assert place_of(refusal(bytewise(document), format=Format.CSV)) == place


@pytest.mark.parametrize("format", list(Format))
@pytest.mark.parametrize(
    ("document", "word"),
    [
        pytest.param(gzip.compress(b"{}"), "gzip", id="gzip"),
        pytest.param(
            "code\nx".encode("utf-16-le").join([b"\xff\xfe", b""]), "UTF-16", id="UTF-16, little end first"
        ),
        pytest.param(
            "code\nx".encode("utf-16-be").join([b"\xfe\xff", b""]), "UTF-16", id="UTF-16, big end first"
        ),
    ],
)
def test_says_what_a_foreign_encoding_is(format, document, word):
    for chunks in (document, bytewise(document)):
        refused = refusal(chunks, format=format)

        assert refused.reason == MALFORMED
        assert word in str(refused)


def test_every_refusal_names_the_document_and_says_where():
    refused = refusal(b"[1,]")

    assert [violation.field for violation in refused.violations] == ["document"]
    assert "line 1, column 4, byte offset 3" in str(refused)


@pytest.mark.parametrize("document", [b"{}\n{}\n{}", b"{}\n5\n{", b"[{},5,{}]"])
def test_too_many_inputs(document):
    refused = refusal(document, max_inputs=2)

    assert (refused.reason, refused.facts) == ("INPUTS_TOO_MANY", {"max_inputs": "2"})


def test_a_document_may_have_as_many_inputs_as_allowed():
    assert split(b"{}\n{}", max_inputs=2)[0].row_count == 2


def test_too_many_bytes():
    refused = refusal([b'{"a":1}\n'] * 3, max_document_bytes=23)

    assert (refused.reason, refused.facts) == ("DOCUMENT_TOO_LARGE", {"max_document_bytes": "23"})


def test_a_document_may_have_as_many_bytes_as_allowed():
    assert split([b'{"a":1}\n'] * 3, max_document_bytes=24)[0].row_count == 3
