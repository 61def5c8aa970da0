"""CSV gives the records that the csv module reads, whatever the chunks."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imports_service.domain.imports import CsvOptions, Format
from imports_service.pipeline import csv_splitter, steps
from tests.pipeline.documents import cuts_of, place_of, refusal, rows_of, split

CELLS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from('",;\r\n \x0b\x85\u2028\0'), max_size=6
)
HEADER = ["code", "name", "description"]


def written(records: list[list[str]], *, delimiter: str, line_break: str, quote_all: bool) -> str:
    """The records as CSV; line breaks in cells stay as they are."""
    quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    return line_break.join(_record(record, delimiter, quoting) for record in records)


def _record(record: list[str], delimiter: str, quoting: Any) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n", quoting=quoting).writerow(record)
    return text.getvalue().removesuffix("\r\n")


def by_the_csv_module(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=10),
    st.sampled_from(",;|\t¦"),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
    st.data(),
)
def test_gives_the_records_that_were_written_in_any_chunks(records, delimiter, line_break, quote_all, data):
    text = written([HEADER, *records], delimiter=delimiter, line_break=line_break, quote_all=quote_all)
    document = (data.draw(st.sampled_from(["", "\ufeff"])) + text).encode()
    options = CsvOptions(delimiter=delimiter)

    kept = rows_of(
        split(data.draw(cuts_of(document)), format=Format.CSV, csv_options=options, segment_rows=4)
    )

    assert kept == records


@pytest.mark.parametrize("buffer_bytes", [0, 30, 64 * 1024])
@given(st.text('"",ab\r\n', max_size=40), st.data())
@example('"a\n"', None)
@example('a"b\n"', None)
@example('""x"\n"', None)
@example('"a""', None)
def test_reads_odd_quotes_as_the_csv_module_does_in_any_chunks(buffer_bytes, text, data):
    document = f"code,name,description\r\n1,2,3\r\n{text}".encode()
    chunks = data.draw(cuts_of(document)) if data else [bytes([byte]) for byte in document]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_splitter, "BUFFER_BYTES", buffer_bytes)
        patch.setattr(steps, "STEP_BYTES", 3)
        if _ends_in_quotes(document.decode()):
            assert place_of(refusal(chunks, format=Format.CSV)) == place_of(
                refusal(document, format=Format.CSV)
            )
            return

        kept = rows_of(split(chunks, format=Format.CSV))

    expected = [row for row in by_the_csv_module(document.decode())[1:] if not _is_blank(row)]
    assert kept == expected


def _ends_in_quotes(text: str) -> bool:
    return by_the_csv_module(text + "\nx")[-1] != ["x"]


def _is_blank(row: list[str]) -> bool:
    return not row or (len(row) == 1 and not row[0].strip())


def test_keeps_a_record_with_cells_too_few_or_too_many():
    kept = rows_of(split(b"code,name\n1\n1,2,3\n1,2\n", format=Format.CSV))

    assert kept == [["1"], ["1", "2", "3"], ["1", "2"]]


def test_skips_blank_lines():
    kept = rows_of(split(b"\n\ncode,name\n\n1,2\n   \n\r\n3,4\n\n", format=Format.CSV))

    assert kept == [["1", "2"], ["3", "4"]]


def test_the_segment_names_the_columns():
    (segment,) = split(b"code,metadata.season,_row_number\n1,2,3\n", format=Format.CSV)

    assert segment.header.columns == ["code", "metadata.season"]


def test_a_returned_file_of_failed_inputs_loses_its_marks():
    header = "_row_number,_outcome,_codes,_messages,code,name"
    lines = [header, "7,failed,required,x,a,b", "8,failed,malformed,,,", "9,f,c,m,a"]
    document = "\n".join(lines).encode()

    kept = rows_of(split(document, format=Format.CSV))

    assert kept == [["a", "b"], ["a"]]


@pytest.mark.parametrize(
    "column",
    ["id", "code", "shipping_category_id", "created_at", "type", "formatted_weight", "_add_tags", "tags", "tags.name",
     "metadata", "metadata.a.b", "shipping_category.code", "_row_number"],
)  # fmt: skip
def test_a_header_may_have(column):
    assert len(split(f"{column},name\na,b\n".encode(), format=Format.CSV)) == 1


@pytest.mark.parametrize(
    ("resource_type", "header", "columns"),
    [
        pytest.param("skus", "code,colour", "colour", id="unknown"),
        pytest.param("skus", "code,name,code", "code", id="twice"),
        pytest.param("skus", "code,", "", id="without a name"),
        pytest.param("skus", "code.x", "code.x", id="a part of what has none"),
        pytest.param("skus", "code,metadata.", "metadata.", id="a part without a name"),
        pytest.param("skus", "metadata,metadata.season", "metadata", id="whole and in parts"),
        pytest.param(
            "prices", "price_tiers,price_tiers.0.up_to", "price_tiers", id="a list whole and in parts"
        ),
        pytest.param("skus", "ABC1,Black shirt", "ABC1, Black shirt", id="no header at all"),
    ],
)
def test_refuses_a_header_and_names_the_columns(resource_type, header, columns):
    refused = refusal(f"{header}\n1,2\n".encode(), format=Format.CSV, resource_type=resource_type)

    assert (refused.reason, refused.facts["columns"]) == ("HEADER_INVALID", columns)
    assert all(repr(column) in str(refused) for column in columns.split(", "))


def test_cells_are_kept_as_text():
    (segment,) = split('code,name\n007,"é\u2028"\n'.encode(), format=Format.CSV)

    assert [json.loads(line) for line in segment.lines] == [["007", "é\u2028"]]
