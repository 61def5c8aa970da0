"""References that are given as objects: by the key of their target, by its id, by both."""

import pytest

from imports_service.domain.rows import Outcome
from tests.domain.environment import Environment, Row, issues, outcomes

PRICE: Row = {"sku_code": "A", "amount_cents": 1}
OPTION: Row = {"line_item_id": "l", "quantity": 1, "options": {}}
LINE: Row = {"order_id": "o", "quantity": 1, "unit_amount_cents": 5, "name": "x"}


@pytest.fixture
def world() -> Environment:
    world = Environment()
    world.put("skus", "a", "A", code="A", name="a")
    world.put("price_lists", "eu", "EU", code="EU", name="Europe", currency_code="EUR")
    world.put("price_lists", "us", "US", code="US", name="USA", currency_code="USD")
    world.put("customers", "ada", "ada@example.com", email="ada@example.com")
    world.put("bundles", "set", "SET", "m", code="SET", name="s", market_id="m")
    world.put("sku_options", "engraving", "E", "m", name="E", market_id="m")
    world.put("gift_cards", "card", "GIFT-CARD", code="GIFT-CARD", balance_cents=1)
    world.put("stock_locations", "turin", "TRN", code="TRN", name="t", address_id="x")
    world.put("sku_lists", "list", "L", name="L")
    world.put("orders", "o", "N", number="N", market_id="m")
    world.put("line_items", "l", order_id="o", name="l", quantity=1)
    return world


def said(world: Environment, resource_type: str, row: Row) -> list[tuple[str, str]]:
    folded = world.run(resource_type, row)
    assert outcomes(folded) == [Outcome.FAILED]
    return issues(folded)


@pytest.mark.parametrize(
    ("resource_type", "row", "name", "found"),
    [
        pytest.param("prices", PRICE | {"price_list": {"code": "EU"}}, "price_list_id", "eu", id="key"),
        pytest.param("prices", PRICE | {"price_list": {"id": "eu"}}, "price_list_id", "eu", id="id"),
        pytest.param(
            "prices", PRICE | {"price_list": {"id": "eu", "code": "EU"}}, "price_list_id", "eu", id="both"
        ),
        pytest.param(
            "prices",
            PRICE | {"price_list": {"code": "EU"}, "price_list_id": "eu"},
            "price_list_id",
            "eu",
            id="with the id beside it",
        ),
        pytest.param(
            "orders",
            {"market_id": "m", "customer": {"email": "ADA@Example.com"}},
            "customer_id",
            "ada",
            id="email in any case",
        ),
        pytest.param("orders", {"market": {"id": "m"}}, "market_id", "m", id="opaque type"),
        pytest.param(
            "line_item_options",
            OPTION | {"sku_option": {"name": "E", "market_id": "m"}},
            "sku_option_id",
            "engraving",
            id="composite key",
        ),
        pytest.param(
            "line_item_options",
            OPTION | {"sku_option": {"name": "E", "market": {"id": "m"}}},
            "sku_option_id",
            "engraving",
            id="object in a key",
        ),
        pytest.param(
            "line_items", LINE | {"item_type": "skus", "item": {"code": "A"}}, "item_id", "a", id="mixed"
        ),
        pytest.param(
            "line_items",
            LINE | {"item_type": "bundles", "item": {"code": "SET", "market_id": "m"}},
            "item_id",
            "set",
            id="mixed with a composite key",
        ),
        pytest.param(
            "line_items",
            LINE | {"item": {"code": "GIFT-CARD"}, "item_type": "gift_cards"},
            "item_id",
            "card",
            id="mixed, the type after it",
        ),
        pytest.param(
            "line_items",
            LINE | {"item_type": "shipments", "item": {"id": "any"}},
            "item_id",
            "any",
            id="mixed and opaque",
        ),
    ],
)
def test_an_object_names_its_target(
    world: Environment, resource_type: str, row: Row, name: str, found: str
) -> None:
    folded = world.run(resource_type, row | {"id": "new"})

    assert issues(folded) == []
    assert world.attributes(resource_type, "new")[name] == found


def test_targets_make_the_key_of_a_row(world: Environment) -> None:
    row: Row = {"sku": {"code": "A"}, "price_list": {"code": "EU"}, "amount_cents": 1}

    folded = world.run("prices", row | {"id": "p"}, row, PRICE | {"price_list_id": "eu"})

    assert outcomes(folded) == [Outcome.CREATED, Outcome.UNCHANGED, Outcome.UNCHANGED]
    assert world.keys("prices") == {"p": "A\x1feu"}
    assert folded.outcomes.keys == ["A/eu"] * 3


def test_a_stored_resource_is_found_by_a_key_that_targets_complete(world: Environment) -> None:
    world.put("prices", "p", "A", "eu", sku_code="A", sku_id="a", price_list_id="eu", amount_cents=1)

    folded = world.run("prices", {"sku": {"code": "A"}, "price_list": {"code": "EU"}, "amount_cents": 2})

    assert outcomes(folded) == [Outcome.UPDATED]
    assert folded.outcomes.ids == ["p"]


def test_a_target_is_another_one_of_the_same_key(world: Environment) -> None:
    world.put("prices", "p", "A", "eu", sku_code="A", sku_id="a", price_list_id="eu", amount_cents=1)

    assert said(world, "prices", {"id": "p", "price_list": {"code": "US"}}) == [
        ("immutable_key", "price_list")
    ]


def test_an_unknown_id_beside_a_known_key_is_ignored(world: Environment) -> None:
    folded = world.run("prices", PRICE | {"id": "p", "price_list": {"id": "gone", "code": "EU"}})

    assert issues(folded) == [("id_ignored", "price_list.id")]
    assert world.attributes("prices", "p")["price_list_id"] == "eu"


def test_what_is_no_part_of_the_key_is_a_warning(world: Environment) -> None:
    folded = world.run(
        "prices", PRICE | {"price_list": {"code": "EU", "name": "Europe", "created_at": 5, "foo": {"a": 1}}}
    )

    assert outcomes(folded) == [Outcome.CREATED]
    assert issues(folded) == [
        ("unknown_attribute", "price_list.name"),
        ("unknown_attribute", "price_list.foo"),
    ]


@pytest.mark.parametrize(
    ("resource_type", "row", "expected"),
    [
        pytest.param(
            "prices", PRICE | {"price_list": {"code": "GONE"}}, ("must_exist", "price_list.code"), id="key"
        ),
        pytest.param(
            "prices", PRICE | {"price_list": {"id": "gone"}}, ("must_exist", "price_list.id"), id="id"
        ),
        pytest.param(
            "prices",
            PRICE | {"price_list": {"id": "gone", "code": "GONE"}},
            ("must_exist", "price_list.code"),
            id="both",
        ),
        pytest.param("prices", PRICE | {"price_list": {}}, ("required", "price_list.code"), id="nothing"),
        pytest.param(
            "prices", PRICE | {"price_list": {"code": None}}, ("required", "price_list.code"), id="null"
        ),
        pytest.param(
            "prices", PRICE | {"price_list": {"code": 5}}, ("wrong_type", "price_list.code"), id="wrong type"
        ),
        pytest.param(
            "prices", PRICE | {"price_list": {"id": "a b"}}, ("invalid", "price_list.id"), id="no id"
        ),
        pytest.param("prices", PRICE | {"price_list": "eu"}, ("wrong_type", "price_list"), id="a text"),
        pytest.param(
            "prices",
            PRICE | {"price_list": {"code": "EU"}, "price_list_id": "us"},
            ("ambiguous_key", "price_list"),
            id="two targets",
        ),
        pytest.param(
            "prices",
            PRICE | {"price_list": {"id": "eu"}, "price_list_id": "us"},
            ("ambiguous_key", "price_list"),
            id="two ids",
        ),
        pytest.param(
            "prices",
            PRICE | {"price_list": {"code": "EU"}, "price_list_id": None},
            ("required", "price_list_id"),
            id="null beside it",
        ),
        pytest.param(
            "prices",
            {"sku_code": "A", "sku": {"code": "B"}, "price_list_id": "eu", "amount_cents": 1},
            ("must_exist", "sku.code"),
            id="missing beside a shortcut",
        ),
        pytest.param(
            "line_item_options",
            OPTION | {"sku_option": {"market_id": "m"}},
            ("required", "sku_option.name"),
            id="part of a key",
        ),
        pytest.param(
            "line_item_options",
            OPTION | {"sku_option": {"name": "E", "market_id": "other"}},
            ("must_exist", "sku_option.name"),
            id="composite key",
        ),
        pytest.param(
            "line_item_options",
            OPTION | {"sku_option": {"name": "E", "market": {"code": "m"}}},
            ("unsupported", "sku_option.market"),
            id="opaque in a key",
        ),
        pytest.param(
            "orders", {"market": {"name": "EU"}}, ("unsupported", "market"), id="opaque by something else"
        ),
        pytest.param(
            "orders", {"market": {"id": "m", "name": "EU"}}, ("unsupported", "market"), id="opaque and more"
        ),
        pytest.param("line_items", LINE | {"item": {"code": "A"}}, ("required", "item_type"), id="no type"),
        pytest.param(
            "line_items",
            LINE | {"item_type": "shipments", "item": {"code": "A"}},
            ("unsupported", "item"),
            id="opaque type by key",
        ),
        pytest.param(
            "line_items",
            LINE | {"item_type": "bundles", "item": {"code": "A"}},
            ("must_exist", "item.code"),
            id="of another type",
        ),
        pytest.param(
            "line_items",
            LINE | {"item_type": "skus", "item": {"id": "set"}},
            ("must_exist", "item.id"),
            id="id of another type",
        ),
        pytest.param(
            "line_items",
            LINE | {"item_type": "skus", "item": {"market_id": "m"}},
            ("required", "item.code"),
            id="part of another type's key",
        ),
        pytest.param(
            "line_items", LINE | {"item_type": "skus", "item": {}}, ("required", "item.id"), id="mixed, empty"
        ),
    ],
)
def test_what_is_wrong_with_a_target_is_told_at_its_path(
    world: Environment, resource_type: str, row: Row, expected: tuple[str, str]
) -> None:
    assert said(world, resource_type, row) == [expected]


def test_null_clears_a_reference_by_its_name(world: Environment) -> None:
    world.run("orders", {"id": "p", "market_id": "m", "customer_id": "ada"})

    folded = world.run("orders", {"id": "p", "customer": None})

    assert outcomes(folded) == [Outcome.UPDATED]
    stored = world.attributes("orders", "p")
    assert (stored["customer_id"], stored["customer_email"]) == (None, None)


def test_the_parent_is_not_filled_in_beside_an_object(world: Environment) -> None:
    world.run("prices", PRICE | {"id": "p", "price_list": {"code": "US"}}, parent_resource_id="eu")
    world.run("prices", PRICE | {"id": "q"}, parent_resource_id="eu")

    assert world.keys("prices") == {"p": "A\x1fus", "q": "A\x1feu"}


def test_the_parent_is_not_filled_in_beside_an_object_the_careful_way(world: Environment) -> None:
    row = PRICE | {"id": "p", "price_list": {"code": "US"}, "colour": "red"}

    assert issues(world.run("prices", row, parent_resource_id="eu")) == [("unknown_attribute", "colour")]
    assert world.keys("prices") == {"p": "A\x1fus"}


TIER: Row = {"name": "t", "price_amount_cents": 5, "type": "PriceVolumeTier"}


def test_a_key_within_a_key_is_looked_up(world: Environment) -> None:
    world.put("prices", "p", "A", "eu", sku_code="A", sku_id="a", price_list_id="eu", amount_cents=1)
    keys: list[Row] = [
        {"sku_code": "A", "price_list": {"code": "EU"}},
        {"sku_code": "A", "price_list": {"id": "eu"}},
        {"sku_code": "A", "price_list_id": "eu"},
        {"sku_code": "A", "price_list": {"id": "gone", "code": "EU"}},
    ]

    folded = world.run("price_tiers", *(TIER | {"price": key} for key in keys))

    assert outcomes(folded) == [Outcome.CREATED] * 4
    assert len(world.children("price_tiers", "p")) == 4


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        ({"sku_code": "A", "price_list": {"code": "GONE"}}, ("must_exist", "price.price_list.code")),
        ({"sku_code": "GONE", "price_list": {"code": "EU"}}, ("must_exist", "price.sku_code")),
        ({"sku_code": "A", "price_list": {"code": "US"}}, ("must_exist", "price.sku_code")),
        ({"sku_code": "A", "price_list": {}}, ("required", "price.price_list.code")),
        ({"sku_code": "A", "price_list": "EU"}, ("wrong_type", "price.price_list")),
        ({"sku_code": "A"}, ("required", "price.price_list_id")),
    ],
)
def test_what_is_wrong_with_a_key_within_a_key(
    world: Environment, price: Row, expected: tuple[str, str]
) -> None:
    world.put("prices", "p", "A", "eu", sku_code="A", sku_id="a", price_list_id="eu", amount_cents=1)

    assert said(world, "price_tiers", TIER | {"price": price}) == [expected]
