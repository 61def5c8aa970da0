"""What a segment asks for before its rows are judged."""

import pytest

from imports_service.domain.lookups import OwnNames, References, own_names, wanted_references, wanted_targets
from imports_service.domain.resources import ReferenceRow
from tests.domain.environment import SHAPES, Row, read


def wanted(resource_type: str, *rows: Row) -> dict[str, set[tuple[str, str]]]:
    asked = wanted_references(SHAPES[resource_type], read(resource_type, rows))
    by_id, by_key = zip(asked.types, asked.ids, strict=True), zip(asked.key_types, asked.keys, strict=True)
    by_prefix = zip(asked.prefix_types, asked.prefixes, strict=True)
    return {"ids": set(by_id), "keys": set(by_key), "prefixes": set(by_prefix)}


def own(
    resource_type: str, *rows: Row, found: list[ReferenceRow] | None = None
) -> tuple[list[str], list[str]]:
    names = own_names(SHAPES[resource_type], read(resource_type, rows), References(found or []))
    assert {*names.id_types, *names.key_types} <= {resource_type}
    assert len(names.id_types) == len(names.ids)
    assert len(names.key_types) == len(names.keys)
    return names.ids, names.keys


def test_each_reference_is_asked_for_once() -> None:
    rows = [{"code": f"A{n}", "name": "a", "shipping_category_id": f"c{n % 2}"} for n in range(10)]

    asked = wanted_references(SHAPES["skus"], read("skus", rows))

    assert sorted(zip(asked.types, asked.ids, strict=True)) == [
        ("shipping_categories", "c0"),
        ("shipping_categories", "c1"),
    ]


def test_rows_that_refer_to_nothing_ask_for_nothing() -> None:
    assert wanted_references(SHAPES["tags"], read("tags", [{"name": "a"}])).is_empty


def test_refused_rows_ask_for_what_could_be_read_of_them() -> None:
    asked = wanted("skus", {"code": 5, "name": "a", "shipping_category_id": "c0"})

    assert asked == {"ids": {("shipping_categories", "c0")}, "keys": set(), "prefixes": set()}


def test_references_that_cannot_be_imported_are_not_asked_for() -> None:
    assert wanted("orders", {"number": "1", "market_id": "m"})["ids"] == set()


def test_null_asks_for_nothing() -> None:
    assert wanted("skus", {"code": "A", "name": "a", "shipping_category_id": None})["ids"] == set()


def test_a_shortcut_is_asked_for_by_key() -> None:
    asked = wanted("prices", {"sku_code": "A", "price_list_id": "p", "amount_cents": 1})

    assert asked["keys"] == {("skus", "A")}
    assert asked["ids"] == {("price_lists", "p")}


def test_a_reference_that_a_shortcut_stands_for_is_asked_for_by_id() -> None:
    asked = wanted("prices", {"sku_id": "s", "price_list_id": "p", "amount_cents": 1})

    assert asked["ids"] == {("skus", "s"), ("price_lists", "p")}


def test_a_customer_is_asked_for_by_email_in_lower_case() -> None:
    asked = wanted("orders", {"number": "1", "market_id": "m", "customer_email": "Ada@Example.com"})

    assert asked["keys"] == {("customers", "ada@example.com")}


def test_a_bundle_is_asked_for_over_all_markets() -> None:
    asked = wanted("line_items", {"bundle_code": "SET", "quantity": 1})

    assert asked["prefixes"] == {("bundles", "SET\x1f")}


@pytest.mark.parametrize(
    ("item_type", "asked_for"),
    [
        pytest.param("bundles", {("bundles", "i")}, id="importable"),
        pytest.param("shipments", set(), id="opaque"),
        pytest.param(None, set(), id="not said"),
    ],
)
def test_an_item_is_asked_for_when_its_type_can_be_imported(
    item_type: str | None, asked_for: set[tuple[str, str]]
) -> None:
    assert wanted("line_items", {"item_id": "i", "item_type": item_type, "quantity": 1})["ids"] == asked_for


def test_own_names_are_the_ids_and_the_complete_keys() -> None:
    rows: list[Row] = [
        {"code": "A", "name": "a"},
        {"id": "b", "code": "B", "name": "b"},
        {"id": "c", "weight": 1},
        {"name": "neither"},
        {"code": "A", "name": "a again"},
    ]

    assert own("skus", *rows) == (["b", "c"], ["A", "B"])


def test_own_keys_are_completed_by_what_a_reference_names() -> None:
    row = {"sku_id": "s", "price_list_id": "p", "amount_cents": 1}

    names = own(
        "prices", row, found=[ReferenceRow("skus", "s", "CODE"), ReferenceRow("price_lists", "p", None)]
    )

    assert names == ([], ["CODE\x1fp"])


def test_a_key_that_a_missing_reference_should_complete_is_none() -> None:
    assert own("prices", {"sku_id": "s", "price_list_id": "p", "amount_cents": 1}) == ([], [])


def test_rows_of_a_type_without_key_are_named_by_id_alone() -> None:
    assert own("addresses", {"id": "a", "line_1": "x"}, {"line_1": "y"}) == (["a"], [])


def test_asking_leaves_the_rows_as_they_are() -> None:
    inputs = read("prices", [{"sku_id": "s", "price_list_id": "p", "amount_cents": 1}])
    before = repr(inputs)

    own_names(SHAPES["prices"], inputs, References([ReferenceRow("skus", "s", "CODE")]))

    assert repr(inputs) == before


# What rows nest


def names_of(resource_type: str, *rows: Row, found: list[ReferenceRow] | None = None) -> OwnNames:
    return own_names(SHAPES[resource_type], read(resource_type, rows), References(found or []))


def test_everything_that_nested_values_refer_to_is_asked_for() -> None:
    asked = wanted(
        "orders",
        {
            "market_id": "m",
            "customer": {"email": "Ada@example.com"},
            "shipping_address": {"id": "home", "city": "Oslo"},
            "tags": ["a", {"id": "t"}],
            "_add_tags": "b",
            "_remove_tags": "c",
            "line_items": [
                {"id": "i", "sku_code": "A", "line_item_options": [{"sku_option": {"name": "E"}}]},
                {"item_type": "bundles", "item": {"code": "SET", "market_id": "m"}},
            ],
        },
    )

    assert asked["ids"] == {("addresses", "home"), ("tags", "t"), ("line_items", "i")}
    assert asked["keys"] == {
        ("customers", "ada@example.com"),
        ("tags", "a"),
        ("tags", "b"),
        ("skus", "A"),
        ("sku_options", "E\x1f\x1e"),
        ("bundles", "SET\x1fm"),
    }


def test_a_key_within_a_key_is_asked_for_once_the_inner_one_is_known() -> None:
    shape = SHAPES["price_tiers"]
    inputs = read("price_tiers", [{"price": {"sku_code": "A", "price_list": {"code": "EU"}}}])

    first = wanted_references(shape, inputs)
    found = References()
    found.add(
        [ReferenceRow("price_lists", "eu", "EU")], asked_keys=zip(first.key_types, first.keys, strict=True)
    )
    second = wanted_targets(shape, inputs, found)
    found.add([], asked_keys=zip(second.key_types, second.keys, strict=True))

    assert (first.key_types, first.keys) == (["price_lists"], ["EU"])
    assert (second.key_types, second.keys) == (["prices"], ["A\x1feu"])
    assert wanted_targets(shape, inputs, found).is_empty


def test_own_names_take_along_what_rows_nest() -> None:
    names = names_of(
        "orders",
        {"id": "o", "line_items": [], "shipping_address": {"city": "Oslo"}, "shipping_address_id": "home"},
        {"id": "p", "billing_address": {"id": "bill", "city": "Oslo"}, "billing_address_id": "bill"},
        {"id": "q", "shipping_address_id": "later"},
    )

    assert names.has_nested
    assert names.owned == [("orders", "line_items"), ("line_items", "line_item_options")]
    assert names.holders == [
        ("orders", "shipping_address_id", "addresses"),
        ("orders", "billing_address_id", "addresses"),
    ]
    assert set(zip(names.id_types, names.ids, strict=True)) == {
        *(("orders", name) for name in "opq"),
        *(("addresses", name) for name in ("home", "bill", "later")),
    }


def test_what_is_only_named_is_not_locked() -> None:
    names = names_of(
        "skus", {"code": "A", "tags": ["a", {"name": "b"}, {"id": "c"}, {"name": "d", "reference": "r"}]}
    )

    assert set(zip(names.key_types, names.keys, strict=True)) == {("skus", "A"), ("tags", "d")}
    assert names.ids == []
    assert not names.has_nested


def test_own_keys_are_completed_by_objects() -> None:
    found = [ReferenceRow("skus", "s", "A"), ReferenceRow("price_lists", "eu", "EU")]

    names = names_of(
        "prices",
        {"sku": {"code": "A"}, "price_list": {"code": "EU"}, "amount_cents": 1},
        {"sku_code": "A", "price_list": {"code": "GONE"}, "amount_cents": 1},
        found=found,
    )

    assert names.keys == ["A\x1feu"]
