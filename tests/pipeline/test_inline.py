"""Inline inputs as a document."""

import json

from hypothesis import given
from hypothesis import strategies as st

from imports_service.pipeline.inline import canonical_line
from tests.pipeline.documents import rows_of, split
from tests.pipeline.test_json_documents import ROWS


@given(st.lists(ROWS, min_size=1, max_size=8))
def test_lines_of_inputs_are_a_document_of_the_same_rows(rows):
    assert rows_of(split(b"\n".join(map(canonical_line, rows)))) == rows


@given(ROWS, st.randoms())
def test_equal_inputs_make_equal_lines(row, random):
    names = list(row)
    random.shuffle(names)

    assert canonical_line({name: row[name] for name in names}) == canonical_line(row)


def test_names_are_sorted_at_every_level():
    assert canonical_line({"b": {"d": 1, "c": [2.5]}, "a": None}) == b'{"a":null,"b":{"c":[2.5],"d":1}}'


def test_nan_is_left_to_the_check_of_rows():
    (segment,) = split(canonical_line({"weight": float("nan"), "x": float("-inf")}))

    assert segment.lines == [b'{"weight":NaN,"x":-Infinity}']
    assert json.loads(segment.lines[0]).keys() == {"weight", "x"}
