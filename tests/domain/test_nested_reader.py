"""What rows nest, as it is read: paths, wrong containers, how many and how deep. JSON and CSV alike."""

import json
from typing import Any

import pytest

from imports_service.domain.inputs import Input
from imports_service.domain.nested import MAX_ITEMS, Given, walk
from imports_service.domain.rows import Code
from tests.domain.decoding import SHAPES, decode_csv, decode_json, said_of

Row = dict[str, Any]


def nested(levels: int) -> Row:
    """An object so many levels deep."""
    return {} if levels == 1 else {"a": nested(levels - 1)}


@pytest.mark.parametrize(
    ("resource_type", "row", "said"),
    [
        ("orders", {"line_items": {}}, (Code.WRONG_TYPE, "line_items")),
        ("orders", {"line_items": "x"}, (Code.WRONG_TYPE, "line_items")),
        ("orders", {"line_items": [{}, 5]}, (Code.WRONG_TYPE, "line_items[1]")),
        ("orders", {"line_items": [None]}, (Code.WRONG_TYPE, "line_items[0]")),
        ("orders", {"line_items": [[]]}, (Code.WRONG_TYPE, "line_items[0]")),
        ("orders", {"line_items": [{}, {"quantity": "x"}]}, (Code.WRONG_TYPE, "line_items[1].quantity")),
        ("orders", {"line_items": [{"quantity": 0}]}, (Code.OUT_OF_RANGE, "line_items[0].quantity")),
        ("orders", {"line_items": [{"quantity": None}]}, (Code.REQUIRED, "line_items[0].quantity")),
        ("orders", {"line_items": [{"id": "a b"}]}, (Code.INVALID, "line_items[0].id")),
        ("orders", {"line_items": [{"id": None}]}, (Code.WRONG_TYPE, "line_items[0].id")),
        ("orders", {"line_items": [{"item_type": "x"}]}, (Code.NOT_IN_ENUM, "line_items[0].item_type")),
        ("orders", {"line_items": [{"metadata": []}]}, (Code.WRONG_TYPE, "line_items[0].metadata")),
        ("orders", {"line_items": [{"order": "x"}]}, (Code.WRONG_TYPE, "line_items[0].order")),
        ("orders", {"line_items": [{"tags": 5}]}, (Code.WRONG_TYPE, "line_items[0].tags")),
        ("orders", {"line_items": [{"tags": ["a b"]}]}, (Code.INVALID, "line_items[0].tags[0]")),
        (
            "orders",
            {"line_items": [{"line_item_options": {}}]},
            (Code.WRONG_TYPE, "line_items[0].line_item_options"),
        ),
        (
            "orders",
            {"line_items": [{"line_item_options": [{}, {"quantity": "x"}]}]},
            (Code.WRONG_TYPE, "line_items[0].line_item_options[1].quantity"),
        ),
        (
            "orders",
            {"line_items": [{"line_item_options": [{"sku_option": {"name": 5}}]}]},
            (Code.WRONG_TYPE, "line_items[0].line_item_options[0].sku_option.name"),
        ),
        ("orders", {"shipping_address": "x"}, (Code.WRONG_TYPE, "shipping_address")),
        ("orders", {"shipping_address": []}, (Code.WRONG_TYPE, "shipping_address")),
        ("orders", {"shipping_address": {"city": 5}}, (Code.WRONG_TYPE, "shipping_address.city")),
        ("orders", {"shipping_address": {"id": ""}}, (Code.INVALID, "shipping_address.id")),
        ("orders", {"billing_address": {"tags": [[]]}}, (Code.WRONG_TYPE, "billing_address.tags[0]")),
        ("customer_addresses", {"address": None}, (Code.REQUIRED, "address")),
        ("customer_addresses", {"customer": {"email": None}}, (Code.REQUIRED, "customer.email")),
        ("prices", {"price_tiers": [{"up_to": 0}]}, (Code.OUT_OF_RANGE, "price_tiers[0].up_to")),
        ("prices", {"price_tiers": [{}] * 6}, (Code.TOO_MANY_ITEMS, "price_tiers")),
    ],
)
def test_a_flaw_is_told_at_its_path(resource_type: str, row: Row, said: tuple[Code, str]) -> None:
    [refused] = decode_json(resource_type, row)

    assert said_of(refused) == [said]
    assert refused.values is None
    assert refused.nested is None


def test_every_flaw_of_a_row_is_told_in_its_order() -> None:
    row = {
        "line_items": [{"quantity": "x"}, 5, {"colour": 1, "line_item_options": [{"quantity": 0.5}]}],
        "language_code": 1,
        "shipping_address": {"city": "", "email": 5},
    }

    [refused] = decode_json("orders", row)

    assert sorted(said_of(refused)) == sorted(
        [
            (Code.WRONG_TYPE, "language_code"),
            (Code.WRONG_TYPE, "line_items[0].quantity"),
            (Code.WRONG_TYPE, "line_items[1]"),
            (Code.UNKNOWN_ATTRIBUTE, "line_items[2].colour"),
            (Code.WRONG_TYPE, "line_items[2].line_item_options[0].quantity"),
            (Code.REQUIRED, "shipping_address.city"),
            (Code.WRONG_TYPE, "shipping_address.email"),
        ]
    )


def test_secrets_of_nested_objects_are_told_of_and_not_taken() -> None:
    [row] = decode_json("customer_addresses", {"customer": {"email": "a@b.c", "password": "hunter2"}})

    assert said_of(row) == [(Code.WRITE_ONLY_IGNORED, "customer.password")]
    assert "hunter2" not in repr(row)


def lists(*sizes: int) -> Row:
    """An order with a list of options for each size, one in each item."""
    return {"line_items": [{"line_item_options": [{}] * size} for size in sizes]}


@pytest.mark.parametrize(
    ("row", "path"),
    [
        pytest.param({"line_items": [{}] * MAX_ITEMS}, None, id="as many as there may be"),
        pytest.param({"line_items": [{}] * (MAX_ITEMS + 1)}, "line_items", id="one more"),
        pytest.param(lists(497, 501), None, id="on two levels"),
        pytest.param(lists(497, 502), "line_items[1].line_item_options", id="one more on two levels"),
        pytest.param(
            {"line_items": [{}] * MAX_ITEMS, "_add_tags": "a"}, "_add_tags", id="names count as well"
        ),
        pytest.param({"tags": ["a"] * (MAX_ITEMS + 1)}, "tags", id="repeated names"),
        pytest.param({"_remove_tags": ",".join(map(str, range(MAX_ITEMS + 1)))}, "_remove_tags", id="names"),
    ],
)
def test_a_row_nests_a_thousand_items_at_most(row: Row, path: str | None) -> None:
    [read] = decode_json("orders", row)

    assert said_of(read) == ([] if path is None else [(Code.TOO_MANY_ITEMS, path)])


def test_items_that_are_not_there_do_not_count() -> None:
    columns = [f"line_items.{MAX_ITEMS - 1}.quantity", "line_items.0.line_item_options.0.quantity"]

    [row] = decode_csv("orders", f"{','.join(columns)}\n1,2\n")

    assert row.issues == ()
    assert [given.path for given in nested_in(row)] == [
        "line_items[0]",
        "line_items[0].line_item_options[0]",
        "line_items[999]",
    ]


def nested_in(row: Input) -> list[Given]:
    """All that the row nests."""
    assert row.values is not None
    return list(walk(Given(SHAPES["orders"], row.values, nested=row.nested)))[1:]


@pytest.mark.parametrize(
    ("resource_type", "around", "path", "level"),
    [
        pytest.param("skus", "{}", "metadata", 1, id="the row itself"),
        pytest.param("orders", '{"shipping_address": {}}', "shipping_address.metadata", 2, id="in an object"),
        pytest.param("orders", '{"line_items": [{}]}', "line_items[0].metadata", 3, id="in a list"),
        pytest.param(
            "orders",
            '{"line_items": [{"line_item_options": [{}]}]}',
            "line_items[0].line_item_options[0].metadata",
            5,
            id="in a list in a list",
        ),
        pytest.param("orders", '{"tags": [{}]}', "tags[0].metadata", 3, id="in a tag"),
    ],
)
def test_sixteen_levels_count_from_the_row(resource_type: str, around: str, path: str, level: int) -> None:
    def row(depth: int) -> str:
        inner = json.dumps({"metadata": nested(depth)})
        head, _, tail = around.rpartition("{}")
        return head + inner + tail

    fitting, too_deep = decode_json(resource_type, row(16 - level), row(17 - level))

    assert said_of(fitting) == []
    assert said_of(too_deep) == [(Code.TOO_DEEP, path)]


def test_null_is_an_empty_list_and_no_reference() -> None:
    [row] = decode_json("orders", {"line_items": None, "tags": None, "customer": None, "_add_tags": None})

    assert row.nested is not None
    assert (row.nested.lists, row.nested.shared) == ({"line_items": []}, {"tags": []})
    assert row.values.customer_id is None
    assert (row.nested.targets, row.nested.added) == ({}, {})


def test_a_row_that_nests_nothing_has_nothing_to_look_at() -> None:
    plain, empty = decode_json("orders", {"number": "1", "market_id": "m"}, {"metadata": {"tags": []}})

    assert plain.nested is None
    assert empty.nested is None


@pytest.mark.parametrize(
    "row",
    [
        {"number": "1", "line_items": [{"quantity": 1}], "tags": ["a"]},
        {"customer": {"email": "a@b.c"}, "shipping_address": {"city": "Oslo"}, "_archive": True},
    ],
)
def test_both_ways_of_looking_at_a_row_find_the_same(row: Row) -> None:
    [fast] = decode_json("orders", row)
    [careful] = decode_json("orders", row | {"created_at": "dropped, but no name of the class"})

    assert fast == careful


def test_a_key_completed_by_an_object_names_the_row() -> None:
    by_id, by_key = decode_json(
        "prices",
        {"sku_code": "A", "price_list": {"id": "eu"}},
        {"sku_code": "A", "price_list": {"code": "EU"}, "id": "p"},
    )

    assert (by_id.key, by_id.key_text) == ("A\x1feu", "A/eu")
    assert (by_key.key, by_key.key_text) == (None, "A/EU")


def test_long_paths_are_cut() -> None:
    [row] = decode_json("orders", {"shipping_address": {"x" * 500: 1}})

    assert [len(attribute) for _, attribute in said_of(row)] == [200]
