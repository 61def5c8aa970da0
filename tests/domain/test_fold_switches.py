"""Switches, triggers, and what is said of rows that nest."""

import pytest

from imports_service.domain.cells import CellReader
from tests.domain.environment import SHAPES, Environment, Row, issues, outcomes
from tests.domain.nested_rows import (
    ADDRESS,
    CREATED,
    ORDER,
    UNCHANGED,
    UPDATED,
    line,
    shop,
)


@pytest.fixture
def world() -> Environment:
    return shop()


def test_an_order_is_archived_and_brought_back(world: Environment) -> None:
    row = ORDER | {"_archive": True, "status": "placed"}

    assert outcomes(world.run("orders", row, row)) == [CREATED, UNCHANGED]
    assert world.attributes("orders", "o")["_archive"] is True
    for nothing in ({"_archive": False}, {"_archive": None}, {"_unarchive": False}, {"_unarchive": None}):
        assert outcomes(world.run("orders", {"id": "o"} | nothing)) == [UNCHANGED]
    assert outcomes(world.run("orders", *[{"id": "o", "_unarchive": True}] * 2)) == [UPDATED, UNCHANGED]
    assert "_archive" not in world.attributes("orders", "o")


def test_a_new_order_that_is_not_archived_says_nothing_of_it(world: Environment) -> None:
    world.run("orders", ORDER | {"_unarchive": True})

    assert "_archive" not in world.attributes("orders", "o")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"_archive": True, "_unarchive": True}, ("exclusive", "_unarchive")),
        ({"_unarchive": True, "_archive": True}, ("exclusive", "_unarchive")),
        ({"_archive": 1}, ("wrong_type", "_archive")),
        ({"_unarchive": "true"}, ("wrong_type", "_unarchive")),
        ({"status": "placed"}, ("required", "_archive")),
        ({"status": "placed", "_archive": False}, ("required", "_archive")),
        ({"status": "placed", "_unarchive": True}, ("required", "_archive")),
    ],
)
@pytest.mark.parametrize("is_there", [True, False])
def test_what_switches_do_not_take(
    world: Environment, given: Row, said: tuple[str, str], is_there: bool
) -> None:
    if is_there:
        world.run("orders", ORDER | {"_archive": True})

    assert issues(world.run("orders", ORDER | given)) == [said]


def test_triggers_are_ignored_at_their_path(world: Environment) -> None:
    folded = world.run(
        "orders",
        ORDER | {"_place": True, "line_items": [line("x", _reserve_stock=True, _reset_circuit=False)]},
    )

    assert outcomes(folded) == [CREATED]
    assert issues(folded) == [
        ("trigger_ignored", "_place"),
        ("trigger_ignored", "line_items[0]._reserve_stock"),
        ("trigger_ignored", "line_items[0]._reset_circuit"),
    ]


def test_a_trigger_that_is_ignored_still_decides_what_is_required(world: Environment) -> None:
    world.put("sku_lists", "l", "L", name="L")
    row: Row = {"code": "S", "name": "S", "sku_list_id": "l", "currency_code": "EUR"}

    assert issues(world.run("bundles", row)) == [("required", "price_amount_cents")]
    folded = world.run("bundles", row | {"_compute_price_amount": True})
    assert outcomes(folded) == [CREATED]
    assert issues(folded) == [("trigger_ignored", "_compute_price_amount")]


def test_warnings_about_what_is_nested_carry_their_path(world: Environment) -> None:
    folded = world.run(
        "orders",
        ORDER | {"line_items": [line("x", colour="red", id="1")], "shipping_address": ADDRESS | {"x": 1}},
    )

    assert outcomes(folded) == [CREATED]
    assert issues(folded) == [
        ("unknown_attribute", "line_items[0].colour"),
        ("unknown_attribute", "shipping_address.x"),
    ]


def test_a_row_without_a_name_warns_once(world: Environment) -> None:
    folded = world.run("price_lists", {"name": "x", "currency_code": "EUR"})
    nesting = world.run("sku_options", {"name": "x", "currency_code": "EUR", "tags": ["a"]})
    orders = world.run("orders", {"market_id": "m", "tags": ["a"]})

    assert (issues(folded), issues(nesting), issues(orders)) == ([("no_key", "")], [], [("no_key", "")])


@pytest.mark.parametrize(
    "more", [{}, {"type": "addresses"}, {"created_at": "2020-01-01T00:00:00Z"}, {"foo": 1}]
)
def test_an_owned_object_that_says_nothing_but_its_id_is_a_reference_all_the_same(more: Row) -> None:
    world = Environment()
    world.put("addresses", "quay", **ADDRESS)

    folded = world.run("stock_locations", {"code": "S", "name": "Shop", "address": {"id": "quay"} | more})

    assert outcomes(folded) == [CREATED]
    assert [written.resource_type for written in folded.created] == ["stock_locations"]


def test_a_row_tells_what_it_lacks_beside_what_is_not_there() -> None:
    world = Environment()
    world.put("price_lists", "pl", "eu", code="eu", name="E", currency_code="EUR")

    by_object = world.fold("prices", {"sku": {"code": "nope"}, "price_list_id": "pl"})
    by_shortcut = world.fold("prices", {"sku_code": "nope", "price_list_id": "pl"})

    assert issues(by_object) == [("must_exist", "sku.code"), ("required", "amount_cents")]
    assert issues(by_shortcut) == [("must_exist", "sku_code"), ("required", "amount_cents")]


def test_numbered_items_far_apart_cost_no_more_than_they_are() -> None:
    columns = ["number", *(f"line_items.{n}.line_item_options.999.quantity" for n in range(1000))]
    reader = CellReader(SHAPES["orders"].resource_type, SHAPES.types, columns, null_marker=None)

    [row] = reader.read([["1", "5", *[""] * 998, "6"]])

    assert row["line_items"] == {
        0: {"line_item_options": {999: {"quantity": 5}}},
        999: {"line_item_options": {999: {"quantity": 6}}},
    }
