"""Rows of JSON: what is taken, what is refused, and that both ways of looking agree."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imports_service.domain.checks import RowChecks
from imports_service.domain.imports import Format
from imports_service.domain.inputs import InputDecoder
from imports_service.domain.reading import Reading
from imports_service.domain.rows import Code
from imports_service.domain.values import parse_json
from tests.domain.decoding import SHAPES, decode_json, encoded, said_of, stored

LARGEST = 2**53 - 1
BEYOND = "9" * 5000


def nested(levels: int) -> str:
    """A row whose metadata makes it so many levels deep."""
    return '{"metadata":' + '{"a":' * (levels - 2) + "{}" + "}" * (levels - 2) + "}"


@pytest.mark.parametrize(
    ("row", "code", "attribute"),
    [
        pytest.param('{"name": "a\\u0000b"}', Code.INVALID, "name", id="NUL"),
        pytest.param('{"name": "\\ud800"}', Code.INVALID, "name", id="half a surrogate pair"),
        pytest.param('{"metadata": {"a": "\\u0000"}}', Code.INVALID, "metadata", id="NUL in an object"),
        pytest.param('{"metadata": {"\\udfff": 1}}', Code.INVALID, "metadata", id="surrogate in a name"),
        pytest.param('{"code": "a\\u001fb"}', Code.INVALID, "code", id="separator in the key"),
        pytest.param('{"code": "a\\u001E"}', Code.INVALID, "code", id="mark of a missing part in the key"),
        pytest.param('{"weight": NaN}', Code.INVALID, "weight", id="NaN"),
        pytest.param('{"pieces_per_pack": -Infinity}', Code.INVALID, "pieces_per_pack", id="infinity"),
        pytest.param('{"weight": 1e400}', Code.OUT_OF_RANGE, "weight", id="no double"),
        pytest.param('{"weight": -' + BEYOND + "}", Code.OUT_OF_RANGE, "weight", id="5,000 digits"),
        pytest.param({"weight": 10**350}, Code.OUT_OF_RANGE, "weight", id="350 digits"),
        pytest.param({"pieces_per_pack": LARGEST + 1}, Code.OUT_OF_RANGE, "pieces_per_pack", id="2^53"),
        pytest.param('{"pieces_per_pack": 1e300}', Code.OUT_OF_RANGE, "pieces_per_pack", id="1e300"),
        pytest.param({"pieces_per_pack": BEYOND}, Code.OUT_OF_RANGE, "pieces_per_pack", id="long text"),
        pytest.param(
            {"pieces_per_pack": str(-LARGEST)}, Code.OUT_OF_RANGE, "pieces_per_pack", id="under its minimum"
        ),
        pytest.param('{"weight": -0.0}', Code.OUT_OF_RANGE, "weight", id="not above its bound"),
        pytest.param('{"pieces_per_pack": 5.5}', Code.WRONG_TYPE, "pieces_per_pack", id="half a piece"),
        pytest.param(
            '{"pieces_per_pack": true}', Code.WRONG_TYPE, "pieces_per_pack", id="true is no integer"
        ),
        pytest.param('{"weight": false}', Code.WRONG_TYPE, "weight", id="false is no number"),
        pytest.param('{"do_not_ship": 1}', Code.WRONG_TYPE, "do_not_ship", id="1 is no boolean in JSON"),
        pytest.param({"metadata": {"a": -LARGEST - 1}}, Code.OUT_OF_RANGE, "metadata", id="in an object"),
        pytest.param('{"metadata": {"a": [NaN]}}', Code.INVALID, "metadata", id="NaN in an object"),
        pytest.param(
            '{"metadata": {"a": [1e999]}}', Code.OUT_OF_RANGE, "metadata", id="no double in an object"
        ),
        pytest.param('{"metadata": "text"}', Code.WRONG_TYPE, "metadata", id="text is no object"),
        pytest.param(nested(17), Code.TOO_DEEP, "metadata", id="17 levels"),
        pytest.param(
            '{"metadata":' + "[" * 100_000 + "]" * 100_000 + "}", Code.TOO_DEEP, "", id="100,000 levels"
        ),
        pytest.param('{"name": " \\t\\u3000"}', Code.REQUIRED, "name", id="only white space"),
        pytest.param('{"name": ""}', Code.REQUIRED, "name", id="empty required text"),
        pytest.param('{"id": "not an id"}', Code.INVALID, "id", id="id with blanks"),
        pytest.param('{"id": ""}', Code.INVALID, "id", id="empty id"),
        pytest.param('{"id": null}', Code.WRONG_TYPE, "id", id="null id"),
        pytest.param(
            '{"shipping_category_id": ""}', Code.INVALID, "shipping_category_id", id="empty reference"
        ),
        pytest.param(
            '{"shipping_category_id": "é"}', Code.INVALID, "shipping_category_id", id="umlaut in an id"
        ),
        pytest.param({"code": "x" * 2001}, Code.TOO_LONG, "code", id="key of 2,001 bytes"),
        pytest.param({"code": "é" * 1001}, Code.TOO_LONG, "code", id="key of 2,002 bytes in 1,001"),
        pytest.param("[1]", Code.NOT_AN_OBJECT, "", id="list"),
        pytest.param("null", Code.NOT_AN_OBJECT, "", id="null"),
        pytest.param('{"code": "a"', Code.MALFORMED, "", id="cut off"),
    ],
)
def test_a_bad_row_is_refused_and_says_why(row: dict[str, Any] | str, code: Code, attribute: str) -> None:
    [refused] = decode_json("skus", row)

    assert refused.values is None
    assert said_of(refused) == [(code, attribute)]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param('{"pieces_per_pack": 5.0}', {"pieces_per_pack": 5}, id="5.0"),
        pytest.param('{"pieces_per_pack": 5e2}', {"pieces_per_pack": 500}, id="5e2"),
        pytest.param('{"pieces_per_pack": "5"}', {"pieces_per_pack": 5}, id="decimal text"),
        pytest.param({"pieces_per_pack": LARGEST}, {"pieces_per_pack": LARGEST}, id="largest integer"),
        pytest.param({"pieces_per_pack": str(LARGEST)}, {"pieces_per_pack": LARGEST}, id="largest as text"),
        pytest.param('{"weight": 3}', {"weight": 3.0}, id="integer for a float"),
        pytest.param('{"description": ""}', {"description": ""}, id="empty text is a value"),
        pytest.param(
            '{"description": "a\\u001fb"}', {"description": "a\x1fb"}, id="separator outside the key"
        ),
        pytest.param('{"name": "a\\\\u0000b"}', {"name": "a\\u0000b"}, id="a backslash is no NUL"),
        pytest.param('{"name": "\\ud83d\\ude00"}', {"name": "😀"}, id="a whole surrogate pair"),
        pytest.param('{"code": "a", "code": "b"}', {"code": "b"}, id="the last of two counts"),
        pytest.param({"code": "x" * 2000}, {"code": "x" * 2000}, id="key of 2,000 bytes"),
        pytest.param(nested(16), json.loads(nested(16)), id="16 levels"),
        pytest.param(
            '{"created_at": 5, "formatted_x": {}, "weight_float": "", "type": 1}', {}, id="read-only"
        ),
        pytest.param('{"_row_number": 3, "_codes": "required"}', {}, id="marks of a failed-inputs file"),
        pytest.param("{}", {}, id="nothing"),
    ],
)
def test_a_good_row_is_taken_without_a_word(row: dict[str, Any] | str, expected: dict[str, Any]) -> None:
    [taken] = decode_json("skus", row)

    assert taken.issues == ()
    assert stored(taken) == expected


def test_an_unknown_attribute_is_a_warning_and_the_row_goes_through() -> None:
    [row] = decode_json("skus", {"code": "A", "colour": "red", "lone\ud800": 1})

    assert said_of(row) == [(Code.UNKNOWN_ATTRIBUTE, "colour"), (Code.UNKNOWN_ATTRIBUTE, "lone?")]
    assert stored(row) == {"code": "A"}


def test_every_flaw_of_a_row_is_named() -> None:
    [row] = decode_json(
        "skus", {"code": 1, "name": None, "weight": "x", "colour": 1, "unit_of_weight": "stone"}
    )

    assert said_of(row) == [
        (Code.WRONG_TYPE, "code"),
        (Code.REQUIRED, "name"),
        (Code.WRONG_TYPE, "weight"),
        (Code.UNKNOWN_ATTRIBUTE, "colour"),
        (Code.NOT_IN_ENUM, "unit_of_weight"),
    ]


def test_a_secret_never_appears_in_what_is_said_of_a_row() -> None:
    [row] = decode_json(
        "customer_payment_sources", {"customer_token": ["tok_123"], "payment_source_token": 7_141}
    )

    assert row.values is None
    assert not any("tok_123" in issue.message or "7141" in issue.message for issue in row.issues)


def test_an_integer_without_a_minimum_goes_down_to_the_smallest() -> None:
    at, beyond = decode_json("sku_list_items", {"position": str(-LARGEST)}, {"position": -LARGEST - 1})

    assert stored(at) == {"position": -LARGEST}
    assert said_of(beyond) == [(Code.OUT_OF_RANGE, "position")]


@pytest.mark.parametrize("value", ["2026-01-31", "2026-01-31T12:00:00", "31.01.2026", "", "now"])
def test_a_time_without_an_offset_is_invalid(value: str) -> None:
    [row] = decode_json("coupons", {"expires_at": value})

    assert said_of(row) == [(Code.INVALID, "expires_at")]


def test_a_time_is_brought_to_utc_at_microseconds() -> None:
    [row] = decode_json("coupons", {"expires_at": "2026-01-31T12:00:00.1234567+02:00"})

    assert row.values.expires_at == datetime(2026, 1, 31, 10, 0, 0, 123457, tzinfo=UTC)
    assert stored(row) == {"expires_at": "2026-01-31T10:00:00.123457Z"}


def test_a_time_that_utc_has_no_year_for_is_out_of_range() -> None:
    [row] = decode_json("coupons", {"expires_at": "0001-01-01T00:00:00+10:00"})

    assert said_of(row) == [(Code.OUT_OF_RANGE, "expires_at")]


def test_the_parent_is_filled_in_where_a_row_says_nothing_of_it() -> None:
    filled, own, null = decode_json(
        "prices",
        {"sku_code": "A"},
        {"price_list_id": "own"},
        {"price_list_id": None},
        parent_resource_id="parent",
    )

    assert filled.values.price_list_id == "parent"
    assert own.values.price_list_id == "own"
    assert said_of(null) == [(Code.REQUIRED, "price_list_id")]


def test_the_parent_is_filled_in_when_the_row_takes_the_careful_way() -> None:
    [row] = decode_json("prices", {"sku_code": "A", "colour": 1}, parent_resource_id="parent")

    assert row.key == "A\x1fparent"


@pytest.mark.parametrize(
    ("resource_type", "row", "text"),
    [
        ("skus", {"code": "A" * 300}, "A" * 200),
        ("prices", {"sku_code": "A", "price_list_id": "eu"}, "A/eu"),
        ("prices", {"sku_code": "A", "id": "p1"}, "id:p1"),
        ("prices", {"sku_code": "A"}, "row 1"),
        ("bundles", {"code": "A"}, "A"),
        ("bundles", {"code": "A", "market_id": "eu"}, "A/eu"),
        ("addresses", {"city": "Torino"}, "row 1"),
        ("skus", {"code": "A", "name": 5}, "A"),
        ("skus", {"code": "A\x00", "id": "s1"}, "A\ufffd"),
        ("prices", {"sku_code": "A", "price_list": {"code": "EU"}, "amount_cents": "x"}, "A/EU"),
        ("prices", {"sku": {"code": "A"}, "price_list_id": "eu", "id": "p1"}, "id:p1"),
        ("customers", {"email": "no address"}, "no address"),
    ],
)
def test_a_row_is_called_by_its_key_else_its_id_else_its_number(
    resource_type: str, row: dict[str, Any], text: str
) -> None:
    [named] = decode_json(resource_type, row)

    assert named.key_text == text


def test_one_bad_row_leaves_the_others_of_its_slice_alone() -> None:
    rows: list[dict[str, Any]] = [{"code": f"S{number}"} for number in range(100)]
    rows[37] = {"code": 5}

    inputs = decode_json("skus", *rows)

    assert [row.number for row in inputs if row.values is None] == [38]
    assert [row.key for row in inputs if row.values is not None] == [f"S{n}" for n in range(100) if n != 37]


def test_rows_of_which_nothing_was_kept_say_why() -> None:
    row = '{"issue":"too_long"}'

    refused, kept = decode_json("tags", row, row, refused={0: Code.TOO_LONG})

    assert said_of(refused) == [(Code.TOO_LONG, "")]
    assert said_of(kept) == [(Code.UNKNOWN_ATTRIBUTE, "issue")]


def test_places_are_counted_from_the_first_line_of_the_segment() -> None:
    decoder = InputDecoder(SHAPES["tags"], format=Format.JSON, refused={2: Code.MALFORMED})

    inputs = decoder.decode([b"{}", b"{}"], [11, 12], first_place=1)

    assert [(row.number, row.values is None) for row in inputs] == [(11, False), (12, True)]


texts = st.text(st.characters(codec=None), max_size=3)
numbers = st.one_of(st.integers(-(2**54), 2**54), st.floats(), st.sampled_from(["5", "5.0", "+7", "x"]))
scalars = st.one_of(st.none(), st.booleans(), texts, numbers)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2)
)
sku_rows = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["a-1", "", "a b", None]),
        "code": st.one_of(st.sampled_from(["A", "a\x1f", "  ", None]), texts),
        "weight": numbers,
        "pieces_per_pack": numbers,
        "unit_of_weight": st.sampled_from(["gr", "stone", None]),
        "do_not_ship": scalars,
        "metadata": st.one_of(st.none(), st.dictionaries(texts, values, max_size=3)),
        "shipping_category_id": st.sampled_from(["c1", "é", "", None, "x" * 64, "x" * 65]),
    },
)


@given(st.lists(sku_rows, max_size=4))
def test_both_ways_of_looking_at_a_row_take_the_same_rows(rows: list[dict[str, Any]]) -> None:
    checks = RowChecks(SHAPES["skus"])

    for row, taken in zip(rows, decode_json("skus", *rows), strict=True):
        reading = Reading()
        checked = checks.check(parse_json(json.dumps(row)), reading)

        if taken.values is not None:
            assert tuple(reading.issues) == taken.issues
            assert encoded(checked.values) == encoded(taken.values)
        else:
            assert taken.issues
