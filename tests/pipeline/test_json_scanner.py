"""The scanner agrees with the json module on what is JSON, wherever the pieces are cut."""

import json
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imports_service.pipeline.json_scanner import JsonScanner, JsonSyntaxError
from tests.pipeline.documents import cuts_of

PARTS = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    "a",
    '"k"',
    "0",
    "-",
    "1",
    ".",
    "e",
    "+",
    "true",
    "nul",
    "NaN",
]
PARTS += [
    " ",
    "\n",
    "\t",
    '"\\u00e9"',
    "\\u",
    "Infinity",
    "é",
    "\x01",
    '{"k":',
    "[1,2]",
    "-1.5E+3",
    '"\\ud800"',
]


def scanned(pieces: list[bytes]) -> int | None:
    """Where the first error is, None for JSON."""
    scanner = JsonScanner(single=True)
    try:
        for piece in pieces:
            scanner.feed(piece)
        scanner.finish()
    except JsonSyntaxError as error:
        return error.offset
    return None


def is_json(text: str) -> bool:
    with suppress(ValueError):
        json.loads(text)
        return True
    return False


@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join), st.data())
@example('{"a":-Infinity,"b":[1.5e-3,{}]}', None)
def test_takes_what_the_json_module_takes_in_any_pieces(text, data):
    document = text.encode()
    pieces = data.draw(cuts_of(document)) if data else [bytes([byte]) for byte in document]

    found = scanned(pieces)

    assert (found is None) == is_json(text)
    assert found == scanned([document])


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=12,
    ),
    st.booleans(),
    st.data(),
)
def test_finds_the_elements_of_an_array_in_any_pieces(value, ascii_only, data):
    texts = [
        json.dumps(item, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
        for item in (value, [value])
    ]
    body = b" , ".join(texts) + b" ]"
    scanner = JsonScanner()

    found = [element for piece in data.draw(cuts_of(body)) for element in scanner.feed(piece)]
    scanner.finish()

    assert [body[start:end] for start, end in found] == texts


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        pytest.param('{"a":01}', 6, id="a leading zero"),
        pytest.param('{"a":1.}', 7, id="no digit after the point"),
        pytest.param('{"a":1e}', 7, id="no digit in the exponent"),
        pytest.param('{"a":-}', 6, id="a sign alone"),
        pytest.param('{"a":tru}', 5, id="half a word"),
        pytest.param('{"a":1,}', 7, id="a comma too many"),
        pytest.param('{"a" 1}', 5, id="no colon"),
        pytest.param("{a:1}", 1, id="a name without quotes"),
        pytest.param('{"a":"\t"}', 6, id="a control character"),
        pytest.param('{"a":"\\x"}', 6, id="an escape that there is not"),
        pytest.param('{"a":"\\u12g4"}', 6, id="an escape with a letter too far"),
        pytest.param('{"a":"b', 7, id="a text that does not end"),
        pytest.param('{"a":[1}', 7, id="the wrong bracket"),
        pytest.param("{} {}", 3, id="two values"),
    ],
)
def test_says_where_the_syntax_breaks(text, offset):
    assert scanned([text.encode()]) == offset
    assert scanned([bytes([byte]) for byte in text.encode()]) == offset


def test_takes_nesting_that_recursion_could_not():
    document = b"[" * 200_000 + b"]" * 200_000

    assert scanned([document]) is None


def test_bounds_the_nesting_that_it_holds():
    assert scanned([b"[" * 1_000_001]) == 1_000_000
