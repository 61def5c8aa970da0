"""References must exist, and the two ways to give one never disagree."""

import pytest

from imports_service.domain.rows import Code, Outcome
from tests.domain.environment import Environment, Row, issues, outcomes

PRICE: Row = {"price_list_id": "p", "amount_cents": 100}
ITEM: Row = {"order_id": "order", "quantity": 1, "unit_amount_cents": 5}


@pytest.fixture
def world() -> Environment:
    world = Environment()
    world.put("skus", "sku-a", "A", code="A", name="a")
    world.put("skus", "sku-b", "B", code="B", name="b")
    world.put("price_lists", "p", "P", code="P", name="p", currency_code="EUR")
    world.put("customers", "ada", "ada@example.com", email="Ada@example.com")
    world.put("customers", "bob", "bob@example.com", email="bob@example.com")
    world.put("addresses", "home", line_1="Quay 1")
    world.put("orders", "order", "0", number="0", market_id="m")
    world.put("bundles", "set-1", "SET", "m1", code="SET", name="set", market_id="m1")
    world.put("bundles", "set-2", "SET", "m2", code="SET", name="set", market_id="m2")
    world.put("bundles", "bag", "BAG", "m1", code="BAG", name="bag", market_id="m1")
    return world


@pytest.mark.parametrize(
    ("resource_type", "row", "attribute"),
    [
        pytest.param(
            "skus",
            {"code": "X", "name": "x", "shipping_category_id": "gone"},
            "shipping_category_id",
            id="id",
        ),
        pytest.param("prices", PRICE | {"sku_code": "GONE"}, "sku_code", id="shortcut"),
        pytest.param("prices", PRICE | {"sku_id": "gone"}, "sku_id", id="id of a pair"),
        pytest.param(
            "orders",
            {"number": "1", "market_id": "m", "customer_email": "gone@example.com"},
            "customer_email",
            id="email",
        ),
        pytest.param(
            "customer_subscriptions",
            {"customer_email": "gone@x.y", "reference": "r"},
            "customer_email",
            id="email alone",
        ),
        pytest.param("line_items", ITEM | {"bundle_code": "GONE"}, "bundle_code", id="bundle"),
        pytest.param("line_items", ITEM | {"bundle_code": "SE"}, "bundle_code", id="beginning of a code"),
        pytest.param("line_items", ITEM | {"item_type": "skus", "item_id": "bag"}, "item_id", id="item"),
    ],
)
def test_what_a_row_refers_to_must_exist(
    world: Environment, resource_type: str, row: Row, attribute: str
) -> None:
    folded = world.run(resource_type, row)

    assert outcomes(folded) == [Outcome.FAILED]
    assert issues(folded) == [("must_exist", attribute)]
    (issue,) = folded.outcomes.issues[0]
    assert "must exist" in issue.message
    assert repr(row[attribute]) in issue.message


def test_an_empty_shortcut_names_nothing_and_gives_nothing(world: Environment) -> None:
    folded = world.run("prices", PRICE | {"sku_code": ""})

    assert issues(folded) == [("must_exist", "sku_code"), ("required", "sku_code")]


def test_references_must_exist_on_update_too(world: Environment) -> None:
    folded = world.run("skus", {"id": "sku-a", "shipping_category_id": "gone"})

    assert issues(folded) == [("must_exist", "shipping_category_id")]


def test_every_missing_reference_is_named(world: Environment) -> None:
    row = {"sku_code": "GONE", "price_list_id": "gone", "amount_cents": 1}

    assert sorted(issues(world.run("prices", row))) == [
        ("must_exist", "price_list_id"),
        ("must_exist", "sku_code"),
    ]


def test_references_to_types_that_cannot_be_imported_are_taken_as_they_come(world: Environment) -> None:
    assert outcomes(world.run("orders", {"number": "1", "market_id": "anything"})) == [Outcome.CREATED]


@pytest.mark.parametrize("item_type", ["shipments", None])
def test_an_item_of_another_type_is_an_opaque_id(world: Environment, item_type: str | None) -> None:
    row = ITEM | {"item_id": "anything", "name": "Parcel"} | ({"item_type": item_type} if item_type else {})

    assert outcomes(world.run("line_items", row)) == [Outcome.CREATED]


@pytest.mark.parametrize(
    "given", [{"sku_code": "A"}, {"sku_id": "sku-a"}, {"sku_code": "A", "sku_id": "sku-a"}]
)
def test_a_pair_is_stored_whole_however_it_is_given(world: Environment, given: Row) -> None:
    folded = world.run("prices", PRICE | given | {"id": "price"})

    assert outcomes(folded) == [Outcome.CREATED]
    assert world.attributes("prices", "price") == PRICE | {"sku_code": "A", "sku_id": "sku-a"}
    assert world.keys("prices") == {"price": "A\x1fp"}


@pytest.mark.parametrize("given", [{"sku_code": "A"}, {"sku_id": "sku-a"}, {"sku_code": "A", "sku_id": None}])
def test_a_pair_given_the_other_way_is_unchanged(world: Environment, given: Row) -> None:
    world.run("prices", PRICE | {"sku_code": "A"})

    assert outcomes(world.run("prices", PRICE | given)) == [Outcome.UNCHANGED]


@pytest.mark.parametrize(
    ("resource_type", "row", "attribute"),
    [
        pytest.param("prices", PRICE | {"sku_code": "A", "sku_id": "sku-b"}, "sku_code", id="sku"),
        pytest.param(
            "orders",
            {"customer_email": "ada@example.com", "customer_id": "bob"},
            "customer_email",
            id="email",
        ),
        pytest.param(
            "line_items",
            ITEM | {"sku_code": "A", "item_type": "skus", "item_id": "sku-b"},
            "sku_code",
            id="item",
        ),
        pytest.param(
            "line_items", ITEM | {"bundle_code": "SET"}, "bundle_code", id="bundle of several markets"
        ),
    ],
)
def test_names_of_two_targets_are_ambiguous(
    world: Environment, resource_type: str, row: Row, attribute: str
) -> None:
    folded = world.run(resource_type, row)

    assert outcomes(folded) == [Outcome.FAILED]
    assert (Code.AMBIGUOUS_KEY.value, attribute) in issues(folded)


def test_a_bundle_code_of_one_market_is_found(world: Environment) -> None:
    assert outcomes(world.run("line_items", ITEM | {"bundle_code": "BAG"})) == [Outcome.CREATED]


def test_a_changed_reference_takes_its_shortcut_along(world: Environment) -> None:
    world.run("customer_addresses", {"id": "ca", "customer_email": "ada@example.com", "address_id": "home"})

    folded = world.run("customer_addresses", {"id": "ca", "customer_id": "bob"})

    assert outcomes(folded) == [Outcome.UPDATED]
    assert world.attributes("customer_addresses", "ca")["customer_email"] == "bob@example.com"


def test_an_immutable_shortcut_that_the_row_gives_does_not_change(world: Environment) -> None:
    world.run("customer_addresses", {"id": "ca", "customer_email": "ada@example.com", "address_id": "home"})

    folded = world.run("customer_addresses", {"id": "ca", "customer_email": "bob@example.com"})

    assert issues(folded) == [("immutable", "customer_email")]


def test_null_clears_both_halves_of_a_pair(world: Environment) -> None:
    world.run("orders", {"id": "o", "number": "1", "market_id": "m", "customer_id": "ada"})

    assert outcomes(world.run("orders", {"id": "o", "customer_id": None})) == [Outcome.UPDATED]
    assert world.attributes("orders", "o")["customer_email"] is None


def test_a_key_attribute_changed_through_its_reference_is_named_as_the_row_gave_it(
    world: Environment,
) -> None:
    world.run("prices", PRICE | {"id": "price", "sku_code": "A"})

    assert issues(world.run("prices", {"id": "price", "sku_id": "sku-b"})) == [("immutable_key", "sku_id")]


def test_the_owner_of_a_resource_is_its_owning_reference(world: Environment) -> None:
    world.put("orders", "o", "1", number="1")

    (created,) = world.run("line_items", ITEM | {"order_id": "o", "sku_code": "A"}).created

    assert created.owner_id == "o"


def test_a_long_name_is_cut_in_the_message(world: Environment) -> None:
    (issue,) = world.run("prices", PRICE | {"sku_code": "X" * 900}).outcomes.issues[0]

    assert len(issue.message) < 200
