"""Compiled types: what is stored comes back, keys, and what counts as the same value."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from msgspec import UNSET

from imports_service.domain.shapes import encode_all
from tests.domain.decoding import SHAPES, encoded

SKUS = SHAPES["skus"]


def test_what_is_encoded_is_what_was_given() -> None:
    rows = [SKUS.struct(code="A", weight=None), SKUS.struct(name="two\nlines")]

    assert encode_all(rows) == [b'{"code":"A","weight":null}', b'{"name":"two\\nlines"}']
    assert encode_all([]) == []


def test_what_is_stored_of_many_reads_back_like_that_of_each() -> None:
    rows = ['{"code": "A", "metadata": {"a": 1e300}}', '{"name": "two\\nlines"}', "{}"]

    assert SKUS.decode_all_stored(rows) == list(map(SKUS.decode_stored, rows))
    with_an_old_one = [*rows, '{"unit_of_weight": "stone"}']
    assert SKUS.decode_all_stored(with_an_old_one) == list(map(SKUS.decode_stored, with_an_old_one))


def test_what_was_stored_before_a_bound_was_set_can_still_be_read() -> None:
    values = SKUS.decode_stored('{"code": "A", "unit_of_weight": "stone", "gone": 1}')

    assert (values.code, values.unit_of_weight, values.name) == ("A", "stone", UNSET)
    assert isinstance(values, SKUS.struct)


def test_a_number_that_postgresql_wrote_out_is_a_double_again() -> None:
    written = f"1{'0' * 300}"

    values = SKUS.decode_stored(
        f'{{"weight": {written}, "unit_of_weight": "stone", "metadata": {{"a": [{written}], "b": 5}}}}'
    )

    assert encoded(values) == b'{"weight":1e300,"unit_of_weight":"stone","metadata":{"a":[1e300],"b":5}}'


@pytest.mark.parametrize(
    ("resource_type", "values", "key"),
    [
        ("skus", {"code": " A "}, " A "),
        ("skus", {"code": ""}, None),
        ("skus", {"code": None}, None),
        ("skus", {}, None),
        ("prices", {"sku_code": "A", "price_list_id": "p"}, "A\x1fp"),
        ("prices", {"sku_code": "A"}, None),
        ("prices", {"price_list_id": "p"}, None),
        ("bundles", {"code": "A", "market_id": "m"}, "A\x1fm"),
        ("bundles", {"code": "A"}, "A\x1f\x1e"),
        ("bundles", {"code": "A", "market_id": None}, "A\x1f\x1e"),
        ("bundles", {"market_id": "m"}, None),
        ("customers", {"email": "Ada@Example.COM"}, "ada@example.com"),
        ("customer_subscriptions", {"customer_email": "A@B.c", "reference": "R"}, "a@b.c\x1fR"),
        ("tax_categories", {"code": "A", "tax_calculator_id": "t", "sku_code": "S"}, "A\x1ft\x1fS"),
        ("addresses", {"city": "Torino"}, None),
    ],
)
def test_a_key_is_there_when_all_its_parts_are(
    resource_type: str, values: dict[str, Any], key: str | None
) -> None:
    shape = SHAPES[resource_type]

    assert shape.key_of(shape.struct(**values)) == key


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1, 1.0, True),
        (True, 1, False),
        (0, False, False),
        (True, True, True),
        ("1", 1, False),
        (None, None, True),
        (None, False, False),
        (UNSET, UNSET, True),
        (UNSET, None, False),
        ({"a": [1, {"b": 2}]}, {"a": [1.0, {"b": 2.0}]}, True),
        ({"a": [1]}, {"a": [True]}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ([1, 2], [2, 1], False),
        ([], {}, False),
        (
            datetime(2026, 1, 31, 12, tzinfo=UTC),
            datetime(2026, 1, 31, 14, tzinfo=timezone(timedelta(hours=2))),
            True,
        ),
    ],
)
def test_values_are_compared_as_values(one: object, other: object, expected: bool) -> None:
    assert SKUS.same(one, other) is expected
    assert SKUS.same(other, one) is expected


def test_a_shape_knows_what_a_creation_needs() -> None:
    assert SKUS.required == ("code", "name")
    assert SHAPES["stock_locations"].required == ("name", "address_id")
    assert SHAPES["sku_list_items"].defaults == {"quantity": 1}
    assert SHAPES["gift_cards"].generated == ("code",)
    assert SHAPES["sku_list_items"].immutable == {"sku_list_id", "sku_id"}
