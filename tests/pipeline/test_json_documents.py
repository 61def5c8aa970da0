"""Both forms of JSON give the rows that the json module reads, whatever the chunks."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imports_service.pipeline import json_array, steps
from tests.pipeline.documents import cuts_of, place_of, refusal, rows_of, split

TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('{}[],:"\\\r\n '), max_size=8)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
# A row of nothing but an earlier import's marks is skipped; hypothesis finds such names in our own source.
ROWS = st.dictionaries(TEXTS.filter(lambda name: name != "_row_number"), VALUES, max_size=4)
BLANKS = st.text(" \t\r\n", max_size=3)


def written(row: object, draw) -> str:
    """The value as JSON in some layout: line breaks may stand anywhere but in texts."""
    return json.dumps(
        row,
        ensure_ascii=draw(st.booleans()),
        indent=draw(st.sampled_from([None, 0, "\t"])),
        separators=draw(st.sampled_from([(",", ":"), (" ,\r", ": ")])),
    )


@st.composite
def arrays(draw, rows):
    parts = [draw(BLANKS) + written(row, draw) + draw(BLANKS) for row in rows]
    beginning = draw(st.sampled_from(["", "\ufeff"])) + draw(BLANKS)
    return f"{beginning}[{','.join(parts)}]{draw(BLANKS)}".encode()


@st.composite
def json_lines(draw, rows):
    ends = st.sampled_from(["\n", "\r\n", "\n\n", " \n \t\r\n"])
    lines = [json.dumps(row, ensure_ascii=draw(st.booleans())) + draw(ends) for row in rows]
    return (draw(BLANKS) + "".join(lines)).removesuffix(draw(st.sampled_from(["", "\n"]))).encode()


@given(st.lists(ROWS | VALUES, min_size=1, max_size=12), st.data())
@example([{"code": "a"}, {"items": [{"b": 1}, {"b": 2}]}, {"code": "},{"}], None)
def test_an_array_gives_its_elements_in_any_chunks(rows, data):
    document = data.draw(arrays(rows)) if data else json.dumps(rows).encode()
    chunks = data.draw(cuts_of(document)) if data else [bytes([byte]) for byte in document]

    kept = rows_of(split(chunks, segment_rows=5))

    assert kept == [row if isinstance(row, dict) else "not_an_object" for row in rows]


@pytest.mark.parametrize("buffer_bytes", [0, 64, 1024])
@given(st.lists(ROWS, min_size=1, max_size=12), st.data())
def test_guessing_and_scanning_give_the_same_elements(buffer_bytes, rows, data):
    document = data.draw(arrays(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_array, "BUFFER_BYTES", buffer_bytes)
        patch.setattr(steps, "STEP_BYTES", 7)

        assert rows_of(split(data.draw(cuts_of(document)))) == rows


@given(st.lists(ROWS, min_size=1, max_size=12), st.data())
def test_json_lines_give_their_rows_in_any_chunks(rows, data):
    document = data.draw(json_lines(rows))

    assert rows_of(split(data.draw(cuts_of(document)), segment_rows=5)) == rows


@given(
    st.lists(
        ROWS.map(json.dumps)
        | st.sampled_from(["{", '{"a":1}}', "5", "[1]", '{"a":', "}{", '"x', "{}{}", "1 2"]),
        max_size=10,
    ),
    st.data(),
)
def test_a_bad_line_is_one_bad_row_in_any_chunks(lines, data):
    document = "\n".join(['{"code":"first"}', *lines]).encode()

    kept = rows_of(split(data.draw(cuts_of(document))))

    assert kept[1:] == [_line_by_the_json_module(line) for line in lines]


def _line_by_the_json_module(line: str) -> object:
    try:
        value = json.loads(line)
    except ValueError:
        return "malformed"
    return value if isinstance(value, dict) else "not_an_object"


@given(st.text('{}[],:"0a \n', max_size=24), st.data())
@example('{"a":0},{"a":0}{"a":0}]', None)
@example('{"a":0},]', None)
@example('{"a":0}]]', None)
@example(" ]", None)
def test_an_array_is_refused_for_one_reason_at_one_place_in_any_chunks(text, data):
    document = f"[{text}".encode()
    chunks = data.draw(cuts_of(document)) if data else [bytes([byte]) for byte in document]

    if rows := _array_by_the_json_module(document):
        assert len(rows_of(split(chunks))) == len(rows)
    else:
        refused = refusal(chunks)
        assert refused.reason == ("DOCUMENT_MALFORMED" if rows is None else "DOCUMENT_EMPTY")
        assert place_of(refused) == place_of(refusal(document))


def _array_by_the_json_module(document: bytes) -> list[object] | None:
    try:
        rows: list[object] = json.loads(document)
    except ValueError:
        return None
    return rows


def test_lone_surrogates_nan_and_depth_are_left_to_the_check_of_rows():
    odd = [rb'{"a":"\ud800"}', b'{"a":NaN,"b":-Infinity}', b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}"]

    (lines,) = split(b'{"code":"first"}\n' + b"\n".join(odd))
    (array,) = split(b'[{"code":"first"},' + b",".join(odd) + b"]")

    assert lines.lines[1:] == odd
    assert array.lines[1:] == odd


@pytest.mark.parametrize("form", ["%s\n%s", "[%s,%s]"])
def test_a_row_of_marks_alone_is_no_row(form):
    marks = '{"_row_number":3,"_outcome":"failed","_codes":["malformed"],"_messages":[]}'

    kept = rows_of(split((form % (marks, '{"_row_number":4,"code":"a"}')).encode()))

    assert kept == [{"_row_number": 4, "code": "a"}]
