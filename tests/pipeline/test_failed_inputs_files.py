"""Files of failed inputs go through spreadsheets and come back: no cell runs, and none is changed by the way."""

import csv
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imports_service.domain.imports import CsvOptions, Format
from imports_service.domain.rows import Code, Issue, Outcome
from imports_service.pipeline.files import AttachmentWriter, FailedInputsWriter
from tests.pipeline.documents import rows_of, split
from tests.pipeline.test_csv_documents import CELLS

COLUMNS = ["code", "name"]
FAILED = Outcome.FAILED
MARKS = "_row_number,_outcome,_codes,_messages"

RISKY = st.one_of(
    CELLS,
    st.builds("".join, st.tuples(st.sampled_from(["=", "+", "-", "@", "\t", "\r", "'", "''", "'="]), CELLS)),
    st.floats(allow_nan=False, allow_infinity=False).map(str),
    st.integers().map(lambda number: f"{number:+}"),
    st.sampled_from(
        ["-5", "+3.5e7", "=1+1", "-1-1", "-5\n", "- 5", "-.5", "-5.", "+", "-٣", "-1,5", "'", '="a"']
    ),
)


def written(records, *, columns=COLUMNS, delimiter=",", issues=None) -> bytes:
    writer = FailedInputsWriter(Format.CSV, columns=columns, delimiter=delimiter)
    lines = [json.dumps(record).encode() for record in records]
    rows = writer.rows(lines, range(1, len(lines) + 1), [FAILED] * len(lines), issues or {})
    return writer.begin() + rows + writer.end()


def records_of(file: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.decode(), newline=""), delimiter=delimiter))


@given(
    st.lists(st.lists(RISKY, min_size=2, max_size=2).filter(any), min_size=1, max_size=6),
    st.sampled_from(",;\t|'=-+@5"),
)
def test_every_cell_that_was_written_is_read_back_and_none_runs(records, delimiter):
    file = written(records, delimiter=delimiter)

    options = CsvOptions(delimiter=delimiter)
    kept = split(file, format=Format.CSV, csv_options=options)
    assert rows_of(kept) == records
    assert kept[0].header.columns == COLUMNS
    for cell in [cell for record in records_of(file, delimiter) for cell in record]:
        assert cell[:1] not in {*"=+-@\t\r"} - {""} or re.fullmatch(r"[+-][0-9.]+(e[+-]?[0-9]+)?", cell, re.I)


@given(st.lists(st.lists(RISKY, min_size=2, max_size=2).filter(any), min_size=1, max_size=4))
def test_a_file_of_a_file_of_a_file_holds_the_same_rows(records):
    rows = records
    for _ in range(3):
        (segment,) = split(written(rows), format=Format.CSV)
        rows = rows_of([segment])

    assert rows == records


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+39 0574", "'+39 0574"),
        ("-5", "-5"),
        ("+3.5e7", "+3.5e7"),
        ("-1-1", "'-1-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("'quoted", "''quoted"),
        ("-5\n", "'-5\n"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_a_cell_that_may_run_gets_one_quote_mark(cell, shown):
    [_, [*_, name]] = records_of(written([["a", cell]]))

    assert name == shown


def test_messages_do_not_run_either():
    issue = Issue(Code.INVALID, "", "=cmd is no code")

    [_, record] = records_of(written([["a", "b"]], issues={0: [issue]}))

    assert record[3] == "'=cmd is no code"


def test_quote_marks_are_taken_off_of_a_recognised_document_only():
    record = "''=1,'a"

    recognised = rows_of(split(f"_row_number,code,name\n7,{record}\n".encode(), format=Format.CSV))
    ordinary = rows_of(split(f"code,name\n{record}\n".encode(), format=Format.CSV))

    assert (recognised, ordinary) == ([["'=1", "a"]], [["''=1", "'a"]])


def test_marks_may_stand_anywhere_in_the_header():
    document = b"code,_messages,name,_row_number\n'=a,x,'-b,7\n"

    (segment,) = split(document, format=Format.CSV)

    assert (segment.header.columns, rows_of([segment])) == (COLUMNS, [["=a", "-b"]])


def test_an_attachment_of_a_recognised_document_is_exact():
    (segment,) = split(f"{MARKS},code,name\n1,failed,,,a,'=1\n".encode(), format=Format.CSV)
    writer = AttachmentWriter(Format.CSV, columns=segment.header.columns or [])

    rows = writer.rows(segment.lines, [Outcome.CREATED], ["x"])

    assert (writer.begin(), rows) == (b"code,name,id\r\n", b"a,=1,x\r\n")


def test_results_count_the_rows_of_the_file_itself_from_1():
    issues = {1: [Issue(Code.TOO_LONG, "", "is longer than a row may be")]}
    file = written([["a", "x"], [], ["b", "y"]], issues=issues)

    (segment,) = split(file, format=Format.CSV)

    assert list(segment.header.row_numbers()) == [1, 2]
    assert rows_of([segment]) == [["a", "x"], ["b", "y"]]


@pytest.mark.parametrize("form", ["[%s,%s]", "%s\n%s"])
def test_results_of_json_count_the_rows_of_the_file_itself_from_1(form):
    marks = '{"_row_number":7,"_outcome":"failed","_codes":[],"_messages":[]}'
    document = form % (marks, '{"_row_number":9,"_outcome":"failed","code":"=1"}')

    (segment,) = split(document.encode())

    assert list(segment.header.row_numbers()) == [1]


@pytest.mark.parametrize(
    ("record", "returned"),
    [
        (["failed", "a", "b"], ["a", "b"]),
        (["failed", "a"], ["a"]),
        (["failed", "a", "b", "c"], ["a", "b", "c"]),
    ],
)
def test_a_document_with_a_mark_of_its_own_comes_back_with_as_many_cells_too_few_or_too_many(
    record, returned
):
    (segment,) = split("_outcome,code,name\n{}\n".format(",".join(record)).encode(), format=Format.CSV)

    file = written([json.loads(line) for line in segment.lines], columns=segment.header.columns)

    assert records_of(file)[0] == [*MARKS.split(","), *COLUMNS]
    assert rows_of(split(file, format=Format.CSV)) == [returned]


def test_a_record_that_only_lacks_a_mark_still_lacks_a_cell():
    file = written([["a"]], columns=["code", "_outcome"])

    assert rows_of(split(file, format=Format.CSV)) == [["a", ""]]


def test_a_secret_stays_out_of_the_file():
    document = b"email,password\na@example.com,=secret\n"
    (segment,) = split(document, format=Format.CSV, resource_type="customers")

    file = written(rows_of([segment]), columns=segment.header.columns)

    assert b"secret" not in file


@pytest.mark.parametrize("form", ["%b", "[%b]"])
def test_the_longest_row_that_can_fail_comes_back_with_its_marks(form):
    marks = b'{"_row_number":1,"_outcome":"failed","_codes":["required"],"_messages":["%b"],' % (b"m" * 5_000)
    row = b'"name":"%b"}' % (b"x" * (20_000 - 12))
    (segment,) = split(form.encode() % (marks + row), max_input_bytes=20_000)

    assert segment.header.refused == []
    assert segment.lines == [b"{" + row]


def test_the_longest_record_that_can_fail_comes_back_with_its_marks():
    document = b"_row_number,_outcome,_codes,_messages,code,name\n1,failed,required,%b,A,%b\n" % (
        b"m" * 5_000,
        b"x" * 19_990,
    )
    (segment,) = split(document, format=Format.CSV, max_input_bytes=20_000)

    assert segment.header.refused == []
    assert segment.lines == [b'["A","%b"]' % (b"x" * 19_990)]
