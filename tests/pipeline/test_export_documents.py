"""The two forms of an export: byte by byte."""

import pytest

from imports_service.domain.export_rows import ExportedType
from imports_service.domain.registry import load_registry
from imports_service.pipeline.export_documents import CsvDocument, JsonDocument, RowGrown

TYPES = load_registry().types
TAGS = ExportedType(TYPES["tags"], TYPES, dry=True)


def test_a_json_row_stands_in_a_line_of_its_own() -> None:
    document = JsonDocument()

    parts = [
        document.begin(),
        document.rows([{"a": "ü\n"}, {}]),
        document.rows([{"b": None}]),
        document.end(),
    ]

    assert b"".join(parts) == '[\n{"a":"ü\\n"},\n{},\n{"b":null}\n]\n'.encode()


def test_csv_is_quoted_where_a_reader_would_take_it_for_more_than_a_cell() -> None:
    document = CsvDocument(TAGS, ["name", "reference", "metadata"])

    written = document.begin() + document.rows(
        [{"name": 'a"b', "reference": "x,\r\ny", "metadata": {"k": "v"}}, {"name": "\r"}, {}]
    )

    assert written == (b'name,reference,metadata\r\n"a""b","x,\r\ny","{""k"":""v""}"\r\n"\r",,\r\n,,\r\n')


def test_a_row_with_more_than_the_header_says_is_not_written_in_part() -> None:
    with pytest.raises(RowGrown):
        CsvDocument(TAGS, ["name"]).rows([{"name": "a", "reference": "r"}])
