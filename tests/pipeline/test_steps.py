"""No step of splitting is long, however the tokens of a document crowd: others get their turn in between."""

from contextlib import suppress
from itertools import chain

import pytest

from imports_service.domain.errors import InvalidArgument
from imports_service.domain.imports import Format
from imports_service.pipeline.steps import DENSE_STEP_BYTES, STEP_BYTES, steps_of
from tests.pipeline.documents import splitter

MARKS = (b",", b'"')


@pytest.mark.parametrize(
    ("data", "longest"),
    [
        pytest.param(b"x" * 10_000, STEP_BYTES, id="text"),
        pytest.param(b"," * 10_000, DENSE_STEP_BYTES, id="commas"),
        pytest.param(b"", 0, id="nothing"),
    ],
)
def test_pieces_are_all_of_the_data_and_shorter_where_marks_crowd(data: bytes, longest: int) -> None:
    pieces = list(steps_of(data, MARKS))

    assert b"".join(pieces) == data
    assert max(map(len, pieces), default=0) == longest


@pytest.mark.parametrize(
    ("document", "format"),
    [
        pytest.param(b"[" + b"1," * 100_000 + b"1]", Format.JSON, id="numbers"),
        pytest.param(b"[" * 200_000 + b"]" * 200_000, Format.JSON, id="nested arrays"),
        pytest.param(b"{}\n" + b"[" * 200_000 + b"\n", Format.JSON, id="a bad line"),
        pytest.param(b'{"a":' + b"[" * 200_000 + b"\n", Format.JSON, id="a bad first line"),
        pytest.param(b"code\n" + b"," * 400_000 + b"\n", Format.CSV, id="empty cells"),
        pytest.param(b"code\n" + b'"' * 400_000 + b"\n", Format.CSV, id="quotes"),
    ],
)
def test_a_crowded_document_is_split_in_many_steps(document: bytes, format: Format) -> None:
    splitting = splitter(format=format)

    steps = 0
    with suppress(InvalidArgument):
        for _ in chain(splitting.feed(document), splitting.finish()):
            steps += 1

    assert steps >= len(document) // 1_024
