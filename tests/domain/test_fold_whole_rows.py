"""All of a row is written, or nothing: faults of items, and what they take back."""

import pytest

from tests.domain.environment import Environment, Row, issues, outcomes
from tests.domain.nested_rows import (
    ADDRESS,
    CREATED,
    FAILED,
    ORDER,
    UNCHANGED,
    UPDATED,
    line,
    option,
    quantities,
    shop,
    written,
)


@pytest.fixture
def world() -> Environment:
    return shop()


def test_what_an_item_lacks_is_required_at_its_path(world: Environment) -> None:
    folded = world.run(
        "orders", ORDER | {"line_items": [line("x"), {"name": "y", "line_item_options": [{"options": {}}]}]}
    )

    assert issues(folded) == [
        ("required", "line_items[1].quantity"),
        ("required", "line_items[1].unit_amount_cents"),
        ("required", "line_items[1].line_item_options[0].quantity"),
        ("required", "line_items[1].line_item_options[0].sku_option_id"),
    ]


def test_what_an_item_refers_to_must_exist(world: Environment) -> None:
    folded = world.run("orders", ORDER | {"line_items": [line("x", sku_code="GONE")]})

    assert issues(folded) == [("must_exist", "line_items[0].sku_code")]


def test_what_excludes_each_other_does_so_in_items(world: Environment) -> None:
    world.put("bundles", "set", "S", "m", code="S", name="S", market_id="m")

    folded = world.run("orders", ORDER | {"line_items": [line("x", sku_code="A", bundle_code="S")]})

    assert issues(folded) == [("exclusive", "line_items[0].bundle_code")]


def test_items_take_defaults_when_they_are_made_and_not_later(world: Environment) -> None:
    row: Row = {"name": "L", "id": "l", "sku_list_items": [{"sku_code": "A"}]}
    world.run("sku_lists", row)
    world.put("sku_list_items", "old", "B", "l", sku_list_id="l", sku_code="B", sku_id="b")

    world.run("sku_lists", row | {"sku_list_items": [{"sku_code": "A"}, {"sku_code": "B", "position": 1}]})

    items = world.children("sku_list_items", "l").values()
    assert {item["sku_code"]: item.get("quantity") for item in items} == {"A": 1, "B": None}


def test_a_failing_item_takes_all_of_its_row_back(world: Environment) -> None:
    world.run("orders", ORDER | {"line_items": [line("x", id="1", line_item_options=[option(1)]), line("y")]})
    before = dict(world.resources)
    bad = {"sku_option_id": "gone", "quantity": 1, "options": {}}

    folded = world.run(
        "orders",
        {
            "id": "o",
            "language_code": "it",
            "tags": ["new"],
            "shipping_address": ADDRESS,
            "line_items": [{"id": "1", "quantity": 5, "line_item_options": [{"quantity": 9}, bad]}],
        },
    )

    assert outcomes(folded) == [FAILED]
    assert issues(folded) == [("must_exist", "line_items[0].line_item_options[1].sku_option_id")]
    assert written(folded) == []
    assert world.resources == before


def test_rows_before_and_after_a_failing_one_are_as_if_it_had_not_been_there(world: Environment) -> None:
    world.run("orders", ORDER | {"line_items": [line("x", id="1"), line("y", id="2")]})
    good: Row = {"id": "o", "line_items": [{"id": "1", "quantity": 2}, line("n", id="3")], "tags": ["one"]}
    bad: Row = {"id": "o", "line_items": [line("z", id="4"), {"quantity": 0.5}], "tags": ["two"]}
    unknown: Row = {
        "id": "o",
        "language_code": "it",
        "line_items": [{"id": "3", "quantity": 8}, line("z", sku_code="GONE")],
        "tags": ["three"],
    }
    last: Row = {"id": "o", "line_items": [{"id": "1"}, {"id": "3", "quantity": 4}]}

    folded = world.run("orders", good, bad, unknown, last)

    assert outcomes(folded) == [UPDATED, FAILED, FAILED, UPDATED]
    assert quantities(world) == {"x": 2, "n": 4}
    assert folded.removed == [("line_items", "2")]
    assert [one.id for one in folded.created if one.resource_type == "line_items"] == ["3"]
    assert set(world.keys("tags").values()) == {"one"}
    assert world.attributes("orders", "o")["language_code"] == "en"


def test_what_a_failing_row_would_have_made_can_be_made_by_the_next(world: Environment) -> None:
    good = ORDER | {"number": "N", "line_items": [line("x", id="1")], "tags": ["new"]}
    bad = good | {"line_items": [line("x", id="1"), line("y", sku_code="GONE")]}

    folded = world.run("orders", bad, good, good)

    assert outcomes(folded) == [FAILED, CREATED, UNCHANGED]
    assert quantities(world) == {"x": 1}


def test_what_a_failing_row_would_have_removed_is_still_there(world: Environment) -> None:
    world.run("orders", ORDER | {"line_items": [line("x", id="1", line_item_options=[option(id="p")])]})

    folded = world.run(
        "orders",
        {"id": "o", "line_items": [], "customer_id": "gone"},
        {"id": "o", "line_items": [{"id": "1", "line_item_options": [{"id": "p", "quantity": 3}]}]},
    )

    assert outcomes(folded) == [FAILED, UPDATED]
    assert folded.removed == []
    assert world.children("line_item_options", "1")["p"]["quantity"] == 3


def test_a_fault_of_the_row_itself_keeps_its_items_from_being_made(world: Environment) -> None:
    folded = world.run("orders", {"id": "o", "line_items": [line("x")], "tags": ["new"]})

    assert issues(folded) == [("required", "market_id")]
    assert written(folded) == []


def test_one_resource_made_and_removed_in_a_segment_leaves_nothing(world: Environment) -> None:
    folded = world.run("orders", ORDER | {"line_items": [line("x")]}, {"id": "o", "line_items": None})

    assert outcomes(folded) == [CREATED, UPDATED]
    assert written(folded) == [("orders", "o")]


def test_a_refused_change_of_a_key_leaves_that_key_with_its_own(world: Environment) -> None:
    """Where it was taken over and back, the third row would make a second order of the same number."""
    world.put("orders", "p", "N", number="N", market_id="m")

    folded = world.run(
        "orders",
        ORDER,
        {"id": "o", "number": "N", "line_items": [line("x")]},
        {"number": "N", "market_id": "m", "tags": ["a"]},
    )

    assert outcomes(folded) == [CREATED, FAILED, UPDATED]
    assert issues(folded, 1) == [("immutable_key", "number")]
    assert folded.outcomes.ids[2] == "p"


def test_the_order_of_items_is_the_same_in_a_segment_and_after_it(world: Environment) -> None:
    first = ORDER | {"line_items": [line("x", id="b"), line("y", id="a"), line("z")]}
    second: Row = {"id": "o", "line_items": [{"quantity": 7}, {"quantity": 8}, {"quantity": 9}]}
    other = Environment()

    both = world.run("orders", first, second, second)
    one_by_one = [other.run("orders", row) for row in (first, second, second)]

    assert outcomes(both) == [outcome for folded in one_by_one for outcome in outcomes(folded)]
    assert outcomes(both) == [CREATED, UPDATED, UNCHANGED]
    assert quantities(world) == quantities(other) == {"z": 7, "y": 8, "x": 9}


def test_what_a_refused_row_has_already_is_not_held_against_it(world: Environment) -> None:
    world.run("orders", ORDER | {"line_items": [line("x", id="1"), line("y")]})

    folded = world.run(
        "orders",
        {"id": "o", "guest": "maybe", "line_items": [{"id": "1", "quantity": 2}, {"quantity": 3}]},
        {"number": 5, "line_items": [{"id": "1", "quantity": 2}]},
        {"id": "o", "guest": "maybe", "line_items": [{"quantity": "two"}, {"quantity": 3}, {"name": "new"}]},
        {"id": "o", "guest": "maybe", "line_items": [{"quantity": 2}, {"quantity": 3}, {"name": "new"}]},
    )

    assert [issues(folded, place) for place in range(4)] == [
        [("wrong_type", "guest")],
        [("wrong_type", "number")],
        [("wrong_type", "guest"), ("wrong_type", "line_items[0].quantity")],
        [
            ("wrong_type", "guest"),
            ("required", "line_items[2].quantity"),
            ("required", "line_items[2].unit_amount_cents"),
        ],
    ]


def test_a_refused_row_that_names_its_key_by_an_object_means_what_is_there(world: Environment) -> None:
    price = {"sku_code": "A", "price_list": {"code": "EU"}}
    world.run("prices", price | {"amount_cents": 5})

    folded = world.run("prices", price | {"compare_at_amount_cents": "much"})

    assert issues(folded) == [("wrong_type", "compare_at_amount_cents")]
