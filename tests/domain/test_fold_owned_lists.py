"""Lists that belong to their row: matched, made, changed, removed."""

import pytest

from tests.domain.environment import Environment, Row, issues, outcomes
from tests.domain.nested_rows import (
    CREATED,
    FAILED,
    ORDER,
    TIER,
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


def test_a_row_makes_its_list_on_all_levels(world: Environment) -> None:
    items = [line("x", line_item_options=[option(1), option(2)]), line("y")]

    folded = world.run("orders", ORDER | {"line_items": items})

    assert outcomes(folded) == [CREATED]
    assert folded.outcomes.ids == ["o"]
    assert quantities(world) == {"x": 1, "y": 1}
    first, second = world.children("line_items", "o")
    options = world.children("line_item_options", first)
    assert [one["quantity"] for one in options.values()] == [1, 2]
    assert world.children("line_item_options", second) == {}


def test_a_list_sent_again_changes_nothing(world: Environment) -> None:
    row = ORDER | {"line_items": [line("x", line_item_options=[option(1), option(2)]), line("y")]}
    world.run("orders", row)

    folded = world.run("orders", row, row)

    assert outcomes(folded) == [UNCHANGED, UNCHANGED]
    assert written(folded) == []


def test_a_list_that_is_not_given_stays(world: Environment) -> None:
    world.run("orders", ORDER | {"line_items": [line("x", line_item_options=[option()])]})

    assert outcomes(world.run("orders", {"id": "o", "line_items": [{"quantity": 7}]})) == [UPDATED]

    [item] = world.children("line_items", "o")
    assert quantities(world) == {"x": 7}
    assert len(world.children("line_item_options", item)) == 1


@pytest.mark.parametrize("empty", [None, []])
def test_a_list_is_emptied_with_all_that_its_items_own(world: Environment, empty: object) -> None:
    world.run("orders", ORDER | {"line_items": [line("x", line_item_options=[option()]), line("y")]})

    folded = world.run("orders", {"id": "o", "line_items": empty}, {"id": "o", "line_items": empty})

    assert outcomes(folded) == [UPDATED, UNCHANGED]
    assert [name for name, _ in sorted(folded.removed)] == ["line_item_options", "line_items", "line_items"]
    assert [name for name, _ in world.resources if name.startswith("line_")] == []


def test_a_change_on_the_third_level_makes_the_row_updated(world: Environment) -> None:
    world.run("orders", ORDER | {"line_items": [line("x", line_item_options=[option(1)])]})
    [item] = world.children("line_items", "o")

    folded = world.run("orders", {"id": "o", "line_items": [{"line_item_options": [{"quantity": 2}]}]})

    assert outcomes(folded) == [UPDATED]
    assert [one.resource_type for one in folded.changed] == ["line_item_options"]
    assert [one["quantity"] for one in world.children("line_item_options", item).values()] == [2]


def test_items_are_matched_by_id_before_they_are_matched_in_order(world: Environment) -> None:
    world.run("orders", ORDER | {"line_items": [line("x", id="1"), line("y", id="2"), line("z", id="3")]})

    folded = world.run("orders", {"id": "o", "line_items": [{"quantity": 8}, {"id": "1", "quantity": 9}]})

    assert outcomes(folded) == [UPDATED]
    assert quantities(world) == {"x": 9, "y": 8}
    assert folded.removed == [("line_items", "3")]


def test_an_unknown_id_makes_an_item_with_that_id(world: Environment) -> None:
    world.run("orders", ORDER | {"line_items": [line("x", id="1")]})

    folded = world.run("orders", {"id": "o", "line_items": [line("y", id="2")]})

    assert outcomes(folded) == [UPDATED]
    assert (folded.removed, [one.id for one in folded.created]) == ([("line_items", "1")], ["2"])


def test_items_are_matched_by_what_tells_them_apart(world: Environment) -> None:
    row: Row = {"id": "p", "sku_code": "A", "price_list_id": "eu", "amount_cents": 9}
    tiers = [TIER | {"up_to": 10}, TIER | {"up_to": 20}, TIER]
    world.run("prices", row | {"price_tiers": tiers})
    before = list(world.children("price_tiers", "p"))

    folded = world.run(
        "prices", row | {"price_tiers": [TIER, TIER | {"up_to": 20, "name": "new"}, TIER | {"up_to": 10.0}]}
    )

    assert outcomes(folded) == [UPDATED]
    assert [one.id for one in folded.changed] == [before[1]]
    assert list(world.children("price_tiers", "p")) == before


def test_a_local_key_with_another_id_is_that_item_and_the_id_is_ignored(world: Environment) -> None:
    world.run("sku_lists", {"name": "L", "id": "l", "sku_list_items": [{"id": "1", "sku_code": "A"}]})

    folded = world.run(
        "sku_lists", {"id": "l", "sku_list_items": [{"id": "2", "sku_code": "A", "quantity": 3}]}
    )

    assert outcomes(folded) == [UPDATED]
    assert issues(folded) == [("id_ignored", "sku_list_items[0].id")]
    assert [item["quantity"] for item in world.children("sku_list_items", "l").values()] == [3]


def test_items_have_keys_that_their_owner_completes(world: Environment) -> None:
    folded = world.run("sku_lists", {"name": "L", "id": "l", "sku_list_items": [{"sku_id": "a"}]})

    assert outcomes(folded) == [CREATED]
    assert set(world.keys("sku_list_items").values()) == {"A\x1fl"}


@pytest.mark.parametrize(
    "again",
    [
        pytest.param({"sku_code": "A"}, id="by code"),
        pytest.param({"sku_id": "a"}, id="by id"),
        pytest.param({"sku": {"code": "A"}}, id="by object"),
    ],
)
def test_a_key_cannot_stand_twice_in_a_list(world: Environment, again: Row) -> None:
    folded = world.run("sku_lists", {"name": "L", "sku_list_items": [{"sku_code": "A"}, again]})

    assert outcomes(folded) == [FAILED]
    assert [code for code, _ in issues(folded)] == ["invalid"]
    assert issues(folded)[0][1].startswith("sku_list_items[1].sku")


@pytest.mark.parametrize("is_first", [True, False])
def test_a_key_cannot_be_that_of_an_item_named_by_its_id(world: Environment, is_first: bool) -> None:
    world.run("sku_lists", {"name": "L", "id": "l", "sku_list_items": [{"id": "1", "sku_code": "A"}]})
    items: list[Row] = [{"id": "1", "quantity": 2}, {"sku_code": "A"}]

    folded = world.run("sku_lists", {"id": "l", "sku_list_items": items if is_first else items[::-1]})

    assert outcomes(folded) == [FAILED]
    assert issues(folded) == [("invalid", f"sku_list_items[{int(is_first)}].sku_code")]


def test_an_item_that_would_have_to_change_for_good_is_made_anew(world: Environment) -> None:
    world.run("orders", ORDER | {"line_items": [line("x", item_type="shipments", item_id="1")]})

    folded = world.run("orders", {"id": "o", "line_items": [line("x", item_type="shipments", item_id="2")]})

    assert outcomes(folded) == [UPDATED]
    assert (len(folded.removed), len(folded.created), folded.changed) == (1, 1, [])
    assert [item["item_id"] for item in world.children("line_items", "o").values()] == ["2"]


def test_a_tier_of_another_kind_is_made_anew(world: Environment) -> None:
    row: Row = {"id": "p", "sku_code": "A", "price_list_id": "eu", "amount_cents": 9}
    world.run("prices", row | {"price_tiers": [TIER | {"up_to": 10}]})

    folded = world.run("prices", row | {"price_tiers": [TIER | {"up_to": 10, "type": "PriceFrequencyTier"}]})

    assert outcomes(folded) == [UPDATED]
    assert (len(folded.removed), len(folded.created), folded.changed) == (1, 1, [])


def test_an_item_named_by_its_id_cannot_change_what_never_changes(world: Environment) -> None:
    world.run("orders", ORDER | {"line_items": [line("x", id="1", item_type="shipments", item_id="s")]})

    folded = world.run("orders", {"id": "o", "line_items": [{"id": "1", "item_id": "other"}]})

    assert issues(folded) == [("immutable", "line_items[0].item_id")]


def test_an_item_of_another_parent_is_refused(world: Environment) -> None:
    world.run("orders", ORDER | {"line_items": [line("x", id="1")]}, {"id": "p", "market_id": "m"})

    folded = world.run("orders", {"id": "p", "line_items": [line("y"), {"id": "1"}]})

    assert issues(folded) == [("invalid", "line_items[1].id")]
    assert quantities(world, "p") == {}


def test_an_item_of_another_parent_of_the_same_row_is_refused(world: Environment) -> None:
    items = [line("x", line_item_options=[option(id="1")]), line("y", line_item_options=[option(id="1")])]

    folded = world.run("orders", ORDER | {"line_items": items})

    assert issues(folded) == [("invalid", "line_items[1].line_item_options[0].id")]


def test_an_id_cannot_stand_twice_in_a_list(world: Environment) -> None:
    folded = world.run("orders", ORDER | {"line_items": [line("x", id="1"), line("y", id="1")]})

    assert issues(folded) == [("invalid", "line_items[1].id")]
    assert written(folded) == []


def test_an_item_let_go_by_one_row_can_be_taken_by_the_next(world: Environment) -> None:
    world.run("orders", ORDER | {"line_items": [line("x", id="1")]})

    folded = world.run(
        "orders",
        {"id": "o", "line_items": []},
        {"id": "p", "market_id": "m", "line_items": [line("y", id="1")]},
    )

    assert outcomes(folded) == [UPDATED, CREATED]
    assert (quantities(world), quantities(world, "p")) == ({}, {"y": 1})


@pytest.mark.parametrize(("owner", "code"), [("other", "invalid"), (None, "required")])
def test_an_item_cannot_name_another_owner(world: Environment, owner: str | None, code: str) -> None:
    folded = world.run("orders", ORDER | {"line_items": [line("x") | {"order_id": owner}]})

    assert issues(folded) == [(code, "line_items[0].order_id")]


@pytest.mark.parametrize("owner", [{"order_id": "o"}, {"order": {"id": "o"}}, {"order": {"number": "N"}}])
def test_an_item_may_name_its_owner(world: Environment, owner: Row) -> None:
    folded = world.run("orders", ORDER | {"number": "N", "line_items": [line("x") | owner]})

    assert issues(folded) == []
    assert outcomes(folded) == [CREATED]


def test_an_owner_of_an_item_by_another_key_is_refused(world: Environment) -> None:
    world.put("orders", "p", "P", number="P", market_id="m")

    folded = world.run("orders", ORDER | {"line_items": [line("x", order={"number": "P"})]})

    assert issues(folded) == [("invalid", "line_items[0].order")]


def test_an_item_has_one_target_whichever_was_set_last(world: Environment) -> None:
    world.put("bundles", "set", "SET", "m", code="SET", market_id="m")
    world.run("orders", ORDER | {"line_items": [line("x", sku_code="A")]})

    as_bundle = world.run("orders", {"id": "o", "line_items": [{"bundle_code": "SET"}]})
    [bundle] = world.children("line_items", "o").values()
    as_sku = world.run("orders", {"id": "o", "line_items": [{"item_type": "skus", "item": {"code": "B"}}]})
    [sku] = world.children("line_items", "o").values()

    assert outcomes(as_bundle) == outcomes(as_sku) == [UPDATED]
    assert (bundle["bundle_code"], bundle["sku_code"]) == ("SET", None)
    assert (sku["item_id"], sku["bundle_code"], sku["sku_code"]) == ("b", None, None)


def test_a_target_given_again_leaves_the_others(world: Environment) -> None:
    both = line("x", sku_code="A", item_type="skus", item_id="a")
    world.run("orders", ORDER | {"line_items": [both]})

    assert outcomes(world.run("orders", {"id": "o", "line_items": [{"sku_code": "A"}]})) == [UNCHANGED]
