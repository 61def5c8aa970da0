"""The files that an import leaves behind: read back, they are what was sent, plus what was to be said."""

import csv
import gzip
import io
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imports_service.domain.imports import CsvOptions, Format
from imports_service.domain.rows import Code, Issue, Outcome
from imports_service.pipeline.files import AttachmentWriter, FailedInputsWriter, Gzip
from imports_service.pipeline.json_rows import MARKS
from tests.pipeline.documents import rows_of, split
from tests.pipeline.test_csv_documents import CELLS
from tests.pipeline.test_json_documents import ROWS

CREATED, UPDATED, UNCHANGED, FAILED, NOT_PROCESSED = Outcome
BLANK = Issue(Code.REQUIRED, "name", "can't be blank")
UNKNOWN = Issue(Code.UNKNOWN_ATTRIBUTE, "colour", "is not an attribute of skus")


def attachment(lines, outcomes, ids, **form) -> bytes:
    """An attachment written row by row."""
    writer = AttachmentWriter(**{"format": Format.JSON, **form})
    rows = [
        writer.rows([line], [code], [name]) for line, code, name in zip(lines, outcomes, ids, strict=True)
    ]
    return writer.begin() + b"".join(rows) + writer.end()


def failed_inputs(lines, outcomes, issues, *, refused=(), **form) -> bytes:
    """Failed inputs written in slices of two rows, numbered from 11."""
    writer = FailedInputsWriter(**{"format": Format.JSON, **form})
    slices = [
        writer.rows(
            lines[place : place + 2],
            range(place + 11, place + 11 + len(lines[place : place + 2])),
            outcomes[place : place + 2],
            issues,
            refused=refused,
            first_place=place,
        )
        for place in range(0, len(lines), 2)
    ]
    return writer.begin() + b"".join(slices) + writer.end()


def records_of(file: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.decode(), newline=""), delimiter=delimiter))


@pytest.mark.parametrize(
    ("line", "row"),
    [
        pytest.param(
            b'{"code":"a", "weight":1.10}', b'{"code":"a", "weight":1.10,"id":"x"}', id="none given"
        ),
        pytest.param(b'{"code":"a","id":"x"}', b'{"code":"a","id":"x"}', id="the same given"),
        pytest.param(b'{"id":"y","weight":1.10}', b'{"id":"x","weight":1.10}', id="another one given"),
        pytest.param(b'{"id":null}', b'{"id":"x"}', id="null given"),
        pytest.param(b'{"\\u0069d":"y"}', b'{"id":"x"}', id="another one given in escapes"),
        pytest.param(b'{"metadata":{"id":"y"}}', b'{"metadata":{"id":"y"},"id":"x"}', id="given further in"),
        pytest.param(b"{}", b'{"id":"x"}', id="nothing given"),
        pytest.param(b"{ \t}", b'{ \t"id":"x"}', id="blanks given"),
    ],
)
def test_an_attachment_of_json_adds_the_id_to_a_row(line, row):
    assert attachment([line], [CREATED], ["x"]) == b"[\n%b\n]\n" % row


def test_an_attachment_has_one_row_per_line_of_those_that_went_through():
    lines = [b'{"code":"%b"}' % code for code in (b"a", b"b", b"c", b"d", b"e")]

    file = attachment(lines, [CREATED, FAILED, UPDATED, NOT_PROCESSED, UNCHANGED], ["1", "", "3", "", "5"])

    assert file == b'[\n{"code":"a","id":"1"},\n{"code":"c","id":"3"},\n{"code":"e","id":"5"}\n]\n'


@given(st.lists(ROWS, min_size=1, max_size=8))
def test_an_attachment_of_json_is_imported_again_as_the_same_rows_with_ids(rows):
    lines = [json.dumps(row).encode() for row in rows]
    ids = [f"r{number}" for number in range(len(rows))]

    file = attachment(lines, [CREATED] * len(rows), ids)

    assert rows_of(split(file)) == [{**row, "id": name} for row, name in zip(rows, ids, strict=True)]


@given(
    st.lists(st.lists(CELLS | st.sampled_from("a,[ "), min_size=2, max_size=2), min_size=1, max_size=8),
    st.sampled_from(",;\t|[ "),
)
def test_an_attachment_of_csv_is_imported_again_as_the_same_records_with_ids(records, delimiter):
    lines = list(map(msgspec.json.encode, records))
    ids = [f"r{number}" for number in range(len(records))]
    form = {"format": Format.CSV, "columns": ["code", "name"], "delimiter": delimiter}

    file = attachment(lines, [CREATED] * len(records), ids, **form)

    expected = [[*record, name] for record, name in zip(records, ids, strict=True)]
    assert records_of(file, delimiter) == [["code", "name", "id"], *expected]
    assert rows_of(split(file, format=Format.CSV, csv_options=CsvOptions(delimiter=delimiter))) == expected


def test_an_attachment_of_csv_fills_the_id_column_that_there_is():
    file = attachment(
        [b'["","a"]', b'["y","b"]'], [CREATED, UPDATED], ["1", "2"], format=Format.CSV, columns=["id", "code"]
    )

    assert file == b"id,code\r\n1,a\r\n2,b\r\n"


def test_failed_inputs_of_json_say_what_to_mend():
    lines = [
        b'{"code":"a"}',
        b'{"code":"b", "weight":1.10}',
        b"{}",
        b'{"issue":"malformed"}',
        b'{"code":"e"}',
    ]
    issues = {1: [BLANK, UNKNOWN], 3: [Issue(Code.MALFORMED, "", "is no valid JSON")]}

    file = failed_inputs(lines, [CREATED, FAILED, NOT_PROCESSED, FAILED, UNCHANGED], issues, refused={3})

    said = (
        b'"_codes":["required","unknown_attribute"],'
        b'"_messages":["name: can\'t be blank","colour: is not an attribute of skus"]'
    )
    assert file.split(b"\n") == [
        b"[",
        b'{"_row_number":12,"_outcome":"failed",%b,"code":"b", "weight":1.10},' % said,
        b'{"_row_number":13,"_outcome":"not_processed","_codes":[],"_messages":[]},',
        b'{"_row_number":14,"_outcome":"failed","_codes":["malformed"],"_messages":["is no valid JSON"]}',
        b"]",
        b"",
    ]


def test_failed_inputs_of_csv_say_what_to_mend():
    lines = [b'["a",""]', b'["b"]', b'{"issue":"too_long"}', b'["d","x,y"]']
    issues = {
        0: [BLANK, UNKNOWN],
        1: [Issue(Code.CELL_COUNT, "", "has 1 cell")],
        2: [Issue(Code.TOO_LONG, "", "is long")],
    }

    file = failed_inputs(
        lines,
        [FAILED, FAILED, FAILED, NOT_PROCESSED],
        issues,
        refused={2},
        format=Format.CSV,
        columns=["code", "name"],
    )

    assert records_of(file) == [
        ["_row_number", "_outcome", "_codes", "_messages", "code", "name"],
        [
            "11",
            "failed",
            "required; unknown_attribute",
            f"name: {BLANK.message}; colour: {UNKNOWN.message}",
            "a",
            "",
        ],
        ["12", "failed", "cell_count", "has 1 cell", "b"],
        ["13", "failed", "too_long", "is long"],
        ["14", "not_processed", "", "", "d", "x,y"],
    ]


def test_failed_inputs_of_failed_inputs_carry_the_latest_marks_only():
    line = b'{"_row_number":3,"_outcome":"failed","_codes":[],"_messages":[],"code":"a","_archive":true}'

    (row,) = json.loads(failed_inputs([line], [FAILED], {0: [BLANK]}))

    assert (row["_row_number"], row["_codes"], row["_archive"]) == (11, ["required"], True)
    assert line.count(b"_row_number") == 1


@given(st.lists(ROWS.filter(lambda row: row and MARKS.isdisjoint(row)), min_size=1, max_size=6))
def test_failed_inputs_of_json_are_imported_again_as_the_same_rows(rows):
    file = failed_inputs([json.dumps(row).encode() for row in rows], [FAILED] * len(rows), {})

    marks = {"_outcome": "failed", "_codes": [], "_messages": []}
    expected = [{"_row_number": number, **marks, **row} for number, row in enumerate(rows, 11)]
    assert json.loads(file) == expected
    assert rows_of(split(file)) == expected


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2).filter(any), min_size=1, max_size=6))
def test_failed_inputs_of_csv_are_imported_again_as_the_same_records(records):
    lines = [json.dumps(record).encode() for record in records]

    file = failed_inputs(lines, [FAILED] * len(lines), {}, format=Format.CSV, columns=["code", "name"])

    assert rows_of(split(file, format=Format.CSV)) == records


def test_rows_that_no_decoder_takes_can_stand_in_failed_inputs():
    line = b'{"_archive":true,"x":' + b"[" * 3000 + b"]" * 3000 + b"}"

    file = failed_inputs([line], [FAILED], {})

    assert line[1:] in file


@pytest.mark.parametrize("format", list(Format))
def test_a_slice_without_such_rows_adds_nothing(format):
    line = b'{"code":"a"}' if format is Format.JSON else b'["a"]'

    assert AttachmentWriter(format).rows([line], [FAILED], [""]) == b""
    assert FailedInputsWriter(format).rows([line], [1], [UPDATED], {}) == b""


def test_gzip_makes_one_member():
    packing = Gzip()
    data = [b"row %d\n" % number * 1000 for number in range(50)]

    packed = b"".join(map(packing.compress, data)) + packing.finish()

    assert gzip.decompress(packed) == b"".join(data)
    assert packed.count(b"\x1f\x8b\x08") == 1
