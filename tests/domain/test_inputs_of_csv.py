"""Rows of CSV: what cells stand for, and that JSON says the same."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imports_service.domain.imports import Format
from imports_service.domain.inputs import Input, InputDecoder
from imports_service.domain.rows import Code
from tests.domain.decoding import SHAPES, decode_csv, decode_json, said_of, stored


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("pieces_per_pack", "5", 5),
        ("pieces_per_pack", "+5", 5),
        ("pieces_per_pack", "5.0", 5),
        ("pieces_per_pack", "007", 7),
        ("weight", "5", 5.0),
        ("weight", "+0.5", 0.5),
        ("weight", "1e3", 1000.0),
        ("weight", ".5", 0.5),
        ("do_not_ship", "TRUE", True),
        ("do_not_ship", "true", True),
        ("do_not_ship", "1", True),
        ("do_not_ship", "False", False),
        ("do_not_ship", "0", False),
        ("unit_of_weight", "gr", "gr"),
        ("description", "null", "null"),
        ("description", "nan", "nan"),
        ("description", "1", "1"),
        ("metadata", '{"a": [1, 2.5, null]}', {"a": [1, 2.5, None]}),
        ("metadata.season", "summer", {"season": "summer"}),
        ("metadata.a.b", "summer", {"a": {"b": "summer"}}),
        ("shipping_category_id", "1", "1"),
    ],
)
def test_a_cell_stands_for_a_value_of_its_column(column: str, cell: str, value: Any) -> None:
    quoted = '"' + cell.replace('"', '""') + '"'

    [row] = decode_csv("skus", f"{column}\n{quoted}\n")

    assert row.issues == ()
    assert stored(row) == {column.partition(".")[0]: value}


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("pieces_per_pack", "five", Code.WRONG_TYPE),
        ("pieces_per_pack", "-12", Code.OUT_OF_RANGE),
        ("weight", "-0.5", Code.OUT_OF_RANGE),
        ("pieces_per_pack", "5.5", Code.WRONG_TYPE),
        ("pieces_per_pack", "1_000", Code.WRONG_TYPE),
        ("pieces_per_pack", " 5", Code.WRONG_TYPE),
        ("pieces_per_pack", "٥", Code.WRONG_TYPE),
        ("pieces_per_pack", "null", Code.WRONG_TYPE),
        ("pieces_per_pack", "9007199254740992", Code.OUT_OF_RANGE),
        ("pieces_per_pack", "9" * 5000, Code.OUT_OF_RANGE),
        ("weight", "1.234,5", Code.WRONG_TYPE),
        ("weight", "nan", Code.INVALID),
        ("weight", "-Infinity", Code.INVALID),
        ("weight", "1e400", Code.OUT_OF_RANGE),
        ("do_not_ship", "yes", Code.WRONG_TYPE),
        ("do_not_ship", "null", Code.WRONG_TYPE),
        ("unit_of_weight", "stone", Code.NOT_IN_ENUM),
        ("metadata", "summer", Code.WRONG_TYPE),
        ("metadata", "[1]", Code.WRONG_TYPE),
        ("metadata", "null", Code.WRONG_TYPE),
        ("metadata", '{"a": "\\ud800"}', Code.INVALID),
        ("metadata", '{"a": "\\u0000"}', Code.INVALID),
        ("metadata", '{"a": NaN}', Code.INVALID),
        ("metadata", '{"a": 1e400}', Code.OUT_OF_RANGE),
        ("metadata", '{"a": 9007199254740992}', Code.OUT_OF_RANGE),
        ("metadata.a", "\x00", Code.INVALID),
        ("name", " ", Code.REQUIRED),
        ("name", "a\x00", Code.INVALID),
        ("code", "a\x1fb", Code.INVALID),
        ("shipping_category_id", "a b", Code.INVALID),
        ("_add_tags", "sum mer", Code.INVALID),
    ],
)
def test_a_cell_that_stands_for_no_such_value_is_refused(column: str, cell: str, code: Code) -> None:
    inputs = decode_records("skus", [column], [[cell]])

    assert [said_of(row) for row in inputs] == [
        [(code, column.partition(".")[0] if "meta" in column else column)]
    ]


def decode_records(
    resource_type: str, columns: list[str], records: list[list[str | None]], **options: Any
) -> list[Input]:
    """Records as they stand in a segment, which may hold what no CSV file can."""
    decoder = InputDecoder(SHAPES[resource_type], format=Format.CSV, columns=tuple(columns), **options)
    return decoder.decode([json.dumps(record).encode() for record in records], range(1, len(records) + 1))


def test_an_empty_cell_says_nothing() -> None:
    [row] = decode_csv("skus", "code,name,pieces_per_pack,tags.name,metadata.a\nA,,,,\n")

    assert row.issues == ()
    assert stored(row) == {"code": "A"}


def test_the_null_marker_is_null_in_every_column_and_nothing_else_is() -> None:
    document = "code,description,pieces_per_pack,metadata\nA,NULL,NULL,NULL\nB,null,5,\n"

    marked, other = decode_csv("skus", document, null_marker="NULL")

    assert stored(marked) == {
        "code": "A",
        "description": None,
        "pieces_per_pack": None,
        "metadata": None,
    }
    assert stored(other) == {"code": "B", "description": "null", "pieces_per_pack": 5}


def test_the_null_marker_in_a_required_column_is_refused() -> None:
    [row] = decode_csv("skus", "code,name\nA,NULL\n", null_marker="NULL")

    assert said_of(row) == [(Code.REQUIRED, "name")]


def test_dotted_cells_of_a_row_together_make_the_object() -> None:
    both, one, none = decode_csv("skus", "code,metadata.a,metadata.b\nA,1,x\nB,,y\nC,,\n")

    assert stored(both)["metadata"] == {"a": "1", "b": "x"}
    assert stored(one)["metadata"] == {"b": "y"}
    assert "metadata" not in stored(none)


@pytest.mark.parametrize("record", [["A"], ["A", "B", "C"], []])
def test_a_record_with_more_or_fewer_cells_than_the_header_is_refused(record: list[str | None]) -> None:
    good, refused = decode_records("skus", ["code", "name"], [["A", "B"], record])

    assert good.issues == ()
    assert said_of(refused) == [(Code.CELL_COUNT, "")]


def test_columns_that_exports_carry_are_dropped() -> None:
    [row] = decode_csv("skus", "id,code,created_at,formatted_weight\ns1,A,yesterday,5 kg\n")

    assert row.issues == ()
    assert row.values.id == "s1"


def test_a_trigger_is_checked_and_ignored_with_a_warning() -> None:
    ignored, wrong, silent = decode_csv("orders", "number,_place\n1,true\n2,perhaps\n3,\n")

    assert said_of(ignored) == [(Code.TRIGGER_IGNORED, "_place")]
    assert said_of(wrong) == [(Code.WRONG_TYPE, "_place")]
    assert said_of(silent) == []


def test_a_switch_is_turned_on_by_true_and_by_nothing_else() -> None:
    on, off, wrong, silent = decode_csv("orders", "number,_archive\n1,true\n2,0\n3,perhaps\n4,\n")

    assert stored(on) == {"number": "1", "_archive": True}
    assert stored(off) == {"number": "2"}
    assert said_of(wrong) == [(Code.WRONG_TYPE, "_archive")]
    assert stored(silent) == {"number": "4"}


def test_a_secret_that_was_taken_out_of_a_record_is_told_of() -> None:
    columns = ["email", "password"]

    inputs = decode_records("customers", columns, [["a@b.c", ""], ["d@e.f", ""]], emptied={1: ["password"]})

    assert [said_of(row) for row in inputs] == [[], [(Code.WRITE_ONLY_IGNORED, "password")]]
    assert inputs[1].key == "d@e.f"


def test_the_parent_is_filled_in_where_the_cell_is_empty() -> None:
    own, filled = decode_csv(
        "prices", "sku_code,price_list_id,amount_cents\nA,own,1\nB,,2\n", parent_resource_id="parent"
    )

    assert (own.key, filled.key) == ("A\x1fown", "B\x1fparent")


plain_texts = st.text('ab 1.-é\n",', min_size=1, max_size=5).filter(str.strip)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"code": plain_texts},
            optional={
                "name": plain_texts,
                "description": plain_texts,
                "weight": st.floats(allow_nan=False, allow_infinity=False),
                "pieces_per_pack": st.integers(-(2**53) + 1, 2**53 - 1),
                "do_not_ship": st.booleans(),
                "metadata": st.dictionaries(
                    plain_texts, st.one_of(plain_texts, st.integers(0, 9)), min_size=1
                ),
            },
        ),
        min_size=1,
        max_size=5,
    )
)
def test_json_and_csv_say_the_same(rows: list[dict[str, Any]]) -> None:
    columns = ["code", "name", "description", "weight", "pieces_per_pack", "do_not_ship", "metadata"]
    rows = [{name: row[name] for name in columns if name in row} for row in rows]
    records: list[list[str | None]] = [
        [
            json.dumps(row[name]) if not isinstance(row.get(name, ""), str) else row.get(name, "")
            for name in columns
        ]
        for row in rows
    ]

    assert decode_records("skus", columns, records) == decode_json("skus", *rows)
