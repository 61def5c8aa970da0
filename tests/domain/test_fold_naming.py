"""Which resource a row means, and what may never change about its name."""

import re

import pytest

from imports_service.domain.rows import Outcome
from tests.domain.environment import Environment, Row, issues, outcomes

SKU: Row = {"code": "A", "name": "Backpack", "do_not_ship": True}
ADDRESS: Row = {
    "line_1": "Quay 1",
    "city": "Oslo",
    "country_code": "NO",
    "phone": "1",
    "business": True,
    "company": "X",
}


@pytest.fixture
def world() -> Environment:
    return Environment()


def test_a_row_with_an_unknown_key_creates(world: Environment) -> None:
    folded = world.run("skus", SKU)

    assert outcomes(folded) == [Outcome.CREATED]
    (created,) = folded.created
    assert (created.key, created.created_at, folded.outcomes.ids) == ("A", None, [created.id])
    assert world.attributes("skus", created.id) == SKU


def test_a_row_creates_with_the_id_it_gives(world: Environment) -> None:
    world.run("skus", SKU | {"id": "my-sku"})

    assert world.attributes("skus", "my-sku") == SKU


def test_a_known_id_comes_first(world: Environment) -> None:
    world.put("skus", "one", "A", code="A", name="old")

    folded = world.run("skus", {"id": "one", "name": "new"})

    assert outcomes(folded) == [Outcome.UPDATED]
    assert world.attributes("skus", "one") == {"code": "A", "name": "new"}


def test_a_known_key_comes_second_and_another_id_is_ignored_with_a_warning(world: Environment) -> None:
    world.put("skus", "one", "A", code="A", name="old")

    folded = world.run("skus", {"id": "two", "code": "A", "name": "new"})

    assert outcomes(folded) == [Outcome.UPDATED]
    assert issues(folded) == [("id_ignored", "id")]
    assert folded.outcomes.ids == ["one"]
    assert list(world.keys("skus")) == ["one"]


def test_id_and_key_of_one_resource_agree_in_silence(world: Environment) -> None:
    world.put("skus", "one", "A", code="A", name="old")

    assert issues(world.run("skus", {"id": "one", "code": "A", "name": "new"})) == []


@pytest.mark.parametrize(
    "other", [pytest.param("B", id="of nobody"), pytest.param("C", id="of another resource")]
)
def test_a_set_key_attribute_never_changes(world: Environment, other: str) -> None:
    world.put("skus", "one", "A", code="A", name="a")
    world.put("skus", "three", "C", code="C", name="c")

    folded = world.run("skus", {"id": "one", "code": other, "name": "new"})

    assert outcomes(folded) == [Outcome.FAILED]
    assert issues(folded) == [("immutable_key", "code")]
    assert world.attributes("skus", "one")["name"] == "a"


def test_a_set_key_attribute_cannot_be_cleared(world: Environment) -> None:
    world.put("price_lists", "one", "EU", code="EU", name="Europe", currency_code="EUR")

    assert issues(world.run("price_lists", {"id": "one", "code": None})) == [("immutable_key", "code")]


def test_an_empty_key_attribute_can_be_set(world: Environment) -> None:
    world.put("price_lists", "one", name="Europe", currency_code="EUR")

    folded = world.run("price_lists", {"id": "one", "code": "EU"})

    assert outcomes(folded) == [Outcome.UPDATED]
    assert world.keys("price_lists") == {"one": "EU"}


def test_an_empty_key_attribute_cannot_take_the_key_of_another(world: Environment) -> None:
    world.put("price_lists", "one", name="Europe", currency_code="EUR")
    world.put("price_lists", "two", "EU", code="EU", name="Europe", currency_code="EUR")

    assert issues(world.run("price_lists", {"id": "one", "code": "EU"})) == [("immutable_key", "code")]


def test_a_key_completed_part_by_part_cannot_be_that_of_another(world: Environment) -> None:
    world.put("coupons", "one", code="SUMMER-26")
    world.put("coupons", "two", "SUMMER-26", "rule", code="SUMMER-26", promotion_rule_id="rule")

    folded = world.run("coupons", {"id": "one", "promotion_rule_id": "rule"})

    assert issues(folded) == [("immutable_key", "promotion_rule_id")]


def test_a_key_can_be_completed_part_by_part_in_one_import(world: Environment) -> None:
    world.put("coupons", "one")
    rows: list[Row] = [{"id": "one", "code": "SUMMER-26"}, {"id": "one", "promotion_rule_id": "rule"}]

    folded = world.run("coupons", *rows)

    assert outcomes(folded) == [Outcome.UPDATED, Outcome.UPDATED]
    assert world.keys("coupons") == {"one": "SUMMER-26\x1frule"}


def test_a_missing_optional_part_counts_as_none_and_stays_so(world: Environment) -> None:
    world.put("sku_lists", "list", "L", name="L")
    bundle = {
        "code": "SET",
        "name": "Set",
        "sku_list_id": "list",
        "currency_code": "EUR",
        "price_amount_cents": 1,
    }
    world.run("bundles", bundle | {"id": "one"})

    folded = world.run("bundles", bundle, {"id": "one", "market_id": "m"}, bundle | {"market_id": "m"})

    assert outcomes(folded) == [Outcome.UNCHANGED, Outcome.FAILED, Outcome.CREATED]
    assert issues(folded, 1) == [("immutable_key", "market_id")]


def test_a_key_completed_beyond_its_bound_is_too_long(world: Environment) -> None:
    world.put("skus", "s", "X" * 1_995, code="X" * 1_995, name="long")
    world.put("price_lists", "p" * 20, name="p", currency_code="EUR")

    folded = world.run("prices", {"sku_id": "s", "price_list_id": "p" * 20, "amount_cents": 1})

    assert [code for code, _ in issues(folded)] == ["too_long"]


def test_a_row_with_neither_id_nor_key_always_creates_and_says_so(world: Environment) -> None:
    folded = world.run("price_lists", *[{"name": "Europe", "currency_code": "EUR"}] * 2)

    assert outcomes(folded) == [Outcome.CREATED] * 2
    assert [issues(folded, place) for place in range(2)] == [[("no_key", "")]] * 2
    assert set(world.keys("price_lists").values()) == {None}


def test_a_row_with_an_id_and_no_key_gets_no_warning(world: Environment) -> None:
    folded = world.run("price_lists", {"id": "one", "name": "Europe", "currency_code": "EUR"})

    assert outcomes(folded) == [Outcome.CREATED]
    assert issues(folded) == []


def test_a_type_without_key_creates_in_silence(world: Environment) -> None:
    folded = world.run("addresses", ADDRESS, ADDRESS)

    assert outcomes(folded) == [Outcome.CREATED] * 2
    assert not folded.outcomes.issues


def test_emails_name_their_customer_in_any_case_and_keep_their_spelling(world: Environment) -> None:
    world.run("customers", {"id": "ada", "email": "Ada@Example.com"})

    folded = world.run("customers", {"email": "ADA@example.COM"})

    assert outcomes(folded) == [Outcome.UNCHANGED]
    assert world.keys("customers") == {"ada": "ada@example.com"}
    assert world.attributes("customers", "ada")["email"] == "Ada@Example.com"


def test_keys_are_compared_code_point_by_code_point(world: Environment) -> None:
    rows: list[Row] = [SKU | {"code": code} for code in ("A", "a", "A ", "\u00c5", "A\u030a")]

    assert outcomes(world.run("skus", *rows)) == [Outcome.CREATED] * 5


def test_the_parent_fills_the_key_of_rows_that_do_not_give_it(world: Environment) -> None:
    world.put("skus", "s", "A", code="A", name="a")
    world.put("price_lists", "eu", name="EU", currency_code="EUR")
    world.put("price_lists", "us", name="US", currency_code="USD")

    world.run(
        "prices",
        {"id": "1", "sku_code": "A", "amount_cents": 1},
        {"id": "2", "sku_code": "A", "price_list_id": "us", "amount_cents": 1},
        parent_resource_id="eu",
    )

    assert world.keys("prices") == {"1": "A\x1feu", "2": "A\x1fus"}


@pytest.mark.parametrize(
    ("resource_type", "name", "row"),
    [
        pytest.param("gift_cards", "code", {"balance_cents": 100, "currency_code": "EUR"}, id="gift cards"),
        pytest.param("orders", "number", {"market_id": "m"}, id="orders"),
        pytest.param(
            "stock_transfers",
            "number",
            {
                "sku_code": "A",
                "quantity": 1,
                "origin_stock_location_id": "a",
                "destination_stock_location_id": "b",
            },
            id="stock transfers",
        ),
    ],
)
def test_a_missing_code_or_number_is_made_by_the_service(
    world: Environment, resource_type: str, name: str, row: Row
) -> None:
    world.put("stock_locations", "a", "A", code="A", name="a", address_id="x")
    world.put("stock_locations", "b", "B", code="B", name="b", address_id="x")
    world.put("skus", "a", "A", code="A", name="a")

    folded = world.run(resource_type, row, row)

    one, two = (world.attributes(resource_type, resource_id)[name] for resource_id in folded.outcomes.ids)
    assert re.fullmatch("[0-9]{20}", one)
    assert one != two
    assert set(world.keys(resource_type).values()) == {None}
    assert issues(folded) == [("no_key", "")]
