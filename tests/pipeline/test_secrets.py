"""What is write-only is stored nowhere, and the row still says that it was there."""

import gzip

import pytest

from imports_service.domain.imports import Format
from imports_service.pipeline.segments import pack
from tests.pipeline.documents import rows_of, split

SECRET = "hunter2"


DEEP = "[" * 300_000 + "]" * 300_000  # deeper than any interpreter follows


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        pytest.param('{"email":"a","password":"hunter2"}', {"email": "a", "password": None}, id="plain"),
        pytest.param('{"pass\\u0077ord":"hunter2"}', {"password": None}, id="the name in escapes"),
        pytest.param('{"password":"hunter2","password":null}', {"password": None}, id="given twice"),
        pytest.param(
            '{"password":"hunter2","x":"\\ud800"}', {"password": None, "x": "\ud800"}, id="a surrogate"
        ),
        pytest.param(f'{{"x":{DEEP},"password":"hunter2"}}', "too_deep", id="deep nesting"),
    ],
)
@pytest.mark.parametrize(
    "form", ['{"email":"first"}\n%s', '[{"email":"first"},%s]', '{"email":"first"}\n5\n%s']
)
def test_of_json_rows(form, row, kept):
    segments = split((form % row).encode(), resource_type="customers")

    assert SECRET.encode() not in gzip.decompress(pack(segments[0].header, segments[0].lines))
    assert rows_of(segments)[-1] == kept


def test_of_json_rows_leaves_all_else_as_it_was():
    (segment,) = split(
        b'{"password":"x","metadata":{"a":1.10,"b":[ ]}}\n{"email" : "a"}', resource_type="customers"
    )

    assert segment.lines == [b'{"password":null,"metadata":{"a":1.10,"b":[ ]}}', b'{"email" : "a"}']


def test_of_csv_rows():
    (segment,) = split(
        b"email,password\na,hunter2\nb,\nc,hunter2\n", resource_type="customers", format=Format.CSV
    )

    assert rows_of([segment]) == [["a", ""], ["b", ""], ["c", ""]]
    assert segment.header.emptied_columns() == {0: ["password"], 2: ["password"]}


def test_of_other_types_is_no_secret():
    (segment,) = split(b'{"password":"x"}', resource_type="skus")

    assert segment.lines == [b'{"password":"x"}']


@pytest.mark.parametrize(
    ("resource_type", "row", "kept"),
    [
        ("customer_addresses", '{"customer":{"password":"hunter2"}}', {"customer": {"password": None}}),
        ("sku_lists", '{"customer":[{"password":"hunter2"},5]}', {"customer": [{"password": None}, 5]}),
        (
            "sku_lists",
            '{"customer":[{"password":"hunter2"},"\\ud800"]}',
            {"customer": [{"password": None}, "\ud800"]},
        ),
        ("sku_lists", '{"cust\\u006fmer":{"pass\\u0077ord":"hunter2"}}', {"customer": {"password": None}}),
        ("line_items", '{"order":{"customer_password":"hunter2"}}', {"order": {"customer_password": None}}),
    ],
)
def test_of_nested_objects(resource_type, row, kept):
    assert rows_of(split(row.encode(), resource_type=resource_type)) == [kept]


def test_of_nested_columns():
    (segment,) = split(
        b"customer.email,customer.password\na,hunter2\n",
        resource_type="customer_addresses",
        format=Format.CSV,
    )

    assert rows_of([segment]) == [["a", ""]]
    assert segment.header.emptied_columns() == {0: ["customer.password"]}


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ('{"email":"a@b.c","password":"hunter2"}', '{"email":"a@b.c","password":null}'),
        (' {"pass\\u0077ord":"hunter2"}', '{"password":null}'),
        ('{"password":"hunter2","password":"hunter2"}', '{"password":null}'),
        ('[{"password":"hunter2"}]', '[{"password":null}]'),
        ('{"password":"hunter2"', "{"),
        ('{ "email" : "a@b.c" }', '{ "email" : "a@b.c" }'),
        ("", ""),
        ("none", "none"),
    ],
)
def test_of_objects_in_a_cell(cell, kept):
    quoted = cell.replace('"', '""')
    document = f'customer,reference\n"{quoted}",r\n'.encode()

    (segment,) = split(document, resource_type="customer_addresses", format=Format.CSV)

    assert rows_of([segment]) == [[kept, "r"]]
    assert segment.header.emptied_columns() == {}


def test_on_every_level_that_relationships_lead_to():
    row = b'{"sku_code":"A","order":{"number":"1","customer_password":"hunter2","customer":{"password":"hunter2"}}}'
    (segment,) = split(row, resource_type="line_items")

    assert b"hunter2" not in b"".join(segment.lines)


def test_rows_without_secrets_stay_as_they_were_sent():
    row = b'{ "name": "L",  "sku_list_items": [ {"sku_code": "A"} ] }'
    (segment,) = split(row, resource_type="sku_lists")

    assert segment.lines == [row]
