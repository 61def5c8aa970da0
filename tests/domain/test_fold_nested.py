"""Rows that nest: owned lists and objects, shared objects, tags, switches. All of a row is written, or nothing."""

from typing import Any

import pytest

from imports_service.domain.cells import CellReader
from imports_service.domain.fold import Folded, fold
from imports_service.domain.references import References
from imports_service.domain.resources import ReferenceRow
from imports_service.domain.rows import Outcome
from tests.domain.environment import ENTROPY, SHAPES, Environment, Row, issues, outcomes, read

CREATED, UPDATED, UNCHANGED, FAILED = (
    Outcome.CREATED,
    Outcome.UPDATED,
    Outcome.UNCHANGED,
    Outcome.FAILED,
)
PLACE: Row = {"line_1": "Quay 1", "city": "Oslo", "country_code": "NO", "phone": "1"}
ADDRESS: Row = PLACE | {"business": True, "company": "X"}
ORDER: Row = {"id": "o", "market_id": "m"}
TIER: Row = {"name": "t", "price_amount_cents": 5, "type": "PriceVolumeTier"}


def line(name: str, quantity: int = 1, **more: Any) -> Row:
    return {"name": name, "quantity": quantity, "unit_amount_cents": 5} | more


def option(quantity: int = 1, **more: Any) -> Row:
    return {"sku_option_id": "engraving", "quantity": quantity, "options": {}} | more


@pytest.fixture
def world() -> Environment:
    world = Environment()
    for code in "ABC":
        world.put("skus", code.lower(), code, code=code, name=code)
    world.put("sku_options", "engraving", "E", "m", name="E", market_id="m")
    world.put("price_lists", "eu", "EU", code="EU", name="Europe", currency_code="EUR")
    return world


def quantities(world: Environment, owner: str = "o") -> dict[str, int]:
    """The items of an order by name."""
    return {item["name"]: item["quantity"] for item in world.children("line_items", owner).values()}


def written(folded: Folded) -> list[tuple[str, str]]:
    """Type and id of everything that a fold leaves behind."""
    made = [(one.resource_type, one.id) for one in (*folded.created, *folded.changed)]
    return made + folded.removed


# Owned lists


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


@pytest.mark.parametrize("owner", [{"order_id": "other"}, {"order_id": None}])
def test_an_item_cannot_name_another_owner(world: Environment, owner: Row) -> None:
    folded = world.run("orders", ORDER | {"line_items": [line("x") | owner]})

    assert issues(folded) == [("invalid", "line_items[0].order_id")]


@pytest.mark.parametrize("owner", [{"order_id": "o"}, {"order": {"id": "o"}}, {"order": {"number": "N"}}])
def test_an_item_may_name_its_owner(world: Environment, owner: Row) -> None:
    folded = world.run("orders", ORDER | {"number": "N", "line_items": [line("x") | owner]})

    assert issues(folded) == []
    assert outcomes(folded) == [CREATED]


def test_an_owner_of_an_item_by_another_key_is_refused(world: Environment) -> None:
    world.put("orders", "p", "P", number="P", market_id="m")

    folded = world.run("orders", ORDER | {"line_items": [line("x", order={"number": "P"})]})

    assert issues(folded) == [("invalid", "line_items[0].order")]


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


# All or nothing


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


# Owned objects


def test_an_owned_object_is_made_with_its_row(world: Environment) -> None:
    folded = world.run("stock_locations", {"id": "s", "name": "S", "code": "S", "address": ADDRESS})

    assert outcomes(folded) == [CREATED]
    address_id = world.attributes("stock_locations", "s")["address_id"]
    assert world.attributes("addresses", address_id) == ADDRESS


def test_an_owned_object_is_changed_in_place(world: Environment) -> None:
    world.run("stock_locations", {"id": "s", "name": "S", "code": "S", "address": ADDRESS | {"id": "a"}})

    folded = world.run("stock_locations", {"id": "s", "address": {"city": "Bergen"}})
    again = world.run("stock_locations", {"code": "S", "address": {"city": "Bergen"}})

    assert (outcomes(folded), outcomes(again)) == ([UPDATED], [UNCHANGED])
    assert written(folded) == [("addresses", "a")]
    assert world.attributes("addresses", "a") == ADDRESS | {"city": "Bergen"}


def test_an_owned_object_given_by_its_id_alone_is_a_reference(world: Environment) -> None:
    world.put("addresses", "home", **ADDRESS)

    folded = world.run(
        "stock_locations",
        {"id": "s", "name": "S", "code": "S", "address": {"id": "home"}},
        {"name": "T", "code": "T", "address": {"id": "gone"}},
    )

    assert outcomes(folded) == [CREATED, FAILED]
    assert issues(folded, 1) == [("must_exist", "address.id")]
    assert world.attributes("stock_locations", "s")["address_id"] == "home"


def test_an_owned_object_with_an_unknown_id_is_made_with_it(world: Environment) -> None:
    world.run("stock_locations", {"id": "s", "name": "S", "code": "S", "address": ADDRESS | {"id": "own"}})

    assert world.attributes("stock_locations", "s")["address_id"] == "own"


def test_an_owned_object_with_a_known_id_is_taken_over_and_changed(world: Environment) -> None:
    world.put("addresses", "home", **ADDRESS)
    world.run("stock_locations", {"id": "s", "name": "S", "code": "S", "address": ADDRESS | {"id": "old"}})

    world.run("stock_locations", {"id": "s", "address": {"id": "home", "city": "Bergen"}})

    assert world.attributes("stock_locations", "s")["address_id"] == "home"
    assert world.attributes("addresses", "home")["city"] == "Bergen"
    assert world.attributes("addresses", "old")["city"] == "Oslo"


def test_an_object_that_a_row_before_has_given_by_id_is_changed_in_place(world: Environment) -> None:
    world.put("addresses", "home", **ADDRESS)

    folded = world.run(
        "orders",
        ORDER | {"shipping_address_id": "home"},
        {"id": "o", "shipping_address": {"city": "Bergen"}},
    )

    assert outcomes(folded) == [CREATED, UPDATED]
    assert world.attributes("addresses", "home")["city"] == "Bergen"


def test_the_two_addresses_of_an_order_are_apart(world: Environment) -> None:
    world.run(
        "orders",
        ORDER | {"shipping_address": ADDRESS, "billing_address": ADDRESS | {"city": "Bergen"}},
        {"id": "o", "billing_address": {"city": "Tromsø"}},
    )

    order = world.attributes("orders", "o")
    assert world.attributes("addresses", order["shipping_address_id"])["city"] == "Oslo"
    assert world.attributes("addresses", order["billing_address_id"])["city"] == "Tromsø"


def test_null_lets_an_owned_object_go_where_it_is_not_required(world: Environment) -> None:
    world.run("orders", ORDER | {"shipping_address": ADDRESS})

    assert outcomes(world.run("orders", {"id": "o", "shipping_address": None})) == [UPDATED]
    assert world.attributes("orders", "o")["shipping_address_id"] is None


def test_what_an_owned_object_lacks_is_required_at_its_path(world: Environment) -> None:
    folded = world.run("stock_locations", {"name": "S", "code": "S", "address": PLACE | {"phone": None}})

    assert issues(folded) == [("required", "address.phone")]
    folded = world.run("stock_locations", {"name": "S", "code": "S", "address": PLACE})
    assert issues(folded) == [("required", "address.first_name"), ("required", "address.last_name")]


def test_an_object_and_an_id_beside_it_are_of_one_resource(world: Environment) -> None:
    world.put("addresses", "home", **ADDRESS)
    world.put("addresses", "other", **ADDRESS)
    row: Row = {"name": "S", "code": "S", "address_id": "home"}

    good = world.run("stock_locations", row | {"address": {"city": "Bergen"}})
    bad = world.run("stock_locations", row | {"code": "T", "address": {"id": "other", "city": "Bergen"}})

    assert outcomes(good) == [CREATED]
    assert world.attributes("addresses", "home")["city"] == "Bergen"
    assert issues(bad) == [("ambiguous_key", "address")]
    assert world.attributes("addresses", "other")["city"] == "Oslo"


def test_what_would_have_to_change_and_was_not_locked_is_named() -> None:
    """Somebody has made the address since the orders were looked up: everything has to be asked again."""
    inputs = read(
        "orders",
        [
            ORDER | {"shipping_address": {"id": "home", "city": "Oslo"}},
            ORDER | {"id": "p", "tags": [{"name": "a", "reference": "r"}]},
        ],
    )
    references = References([ReferenceRow("addresses", "home", None), ReferenceRow("tags", "1", "a")])

    folded = fold(SHAPES["orders"], inputs, references, [], new_ids=map(str, range(9)), entropy=ENTROPY)

    assert folded.unlocked == [("addresses", "home"), ("tags", "1")]


# Shared objects


def test_a_shared_object_is_made_by_its_key_once(world: Environment) -> None:
    row: Row = {"address": ADDRESS, "customer": {"email": "Ada@example.com", "tags": ["vip"]}}

    folded = world.run("customer_addresses", row | {"id": "1"}, row | {"id": "2"})

    assert outcomes(folded) == [CREATED, CREATED]
    [(customer_id, key)] = world.keys("customers").items()
    assert key == "ada@example.com"
    assert world.attributes("customers", customer_id)["tags"] == ["vip"]
    for name in "12":
        stored = world.attributes("customer_addresses", name)
        assert (stored["customer_id"], stored["customer_email"]) == (customer_id, "ada@example.com")


def test_a_shared_object_is_changed_where_it_is(world: Environment) -> None:
    world.put("customers", "ada", "ada@example.com", email="ada@example.com")
    world.put("addresses", "home", **ADDRESS)
    row: Row = {"id": "1", "address_id": "home", "customer": {"email": "ada@example.com", "profile_id": "p"}}

    folded = world.run("customer_addresses", row, row)

    assert outcomes(folded) == [CREATED, UNCHANGED]
    assert world.attributes("customers", "ada")["profile_id"] == "p"
    assert outcomes(
        world.run("customer_addresses", row | {"customer": {"id": "ada", "profile_id": "q"}})
    ) == [UPDATED]
    assert world.attributes("customers", "ada")["profile_id"] == "q"


@pytest.mark.parametrize(
    ("customer", "said"),
    [
        pytest.param({"id": "gone"}, ("must_exist", "customer.id"), id="unknown id"),
        pytest.param({}, ("required", "customer.email"), id="nothing"),
        pytest.param({"id": "x", "profile_id": "p"}, ("required", "customer.email"), id="no key"),
        pytest.param({"email": "no address"}, ("invalid", "customer.email"), id="bad email"),
        pytest.param({"email": "x@y.z", "metadata": 1}, ("wrong_type", "customer.metadata"), id="bad value"),
        pytest.param({"id": "ada", "email": "x@y.z"}, ("immutable_key", "customer.email"), id="another key"),
    ],
)
def test_what_is_wrong_with_a_shared_object_is_told_at_its_path(
    world: Environment, customer: Row, said: tuple[str, str]
) -> None:
    world.put("customers", "ada", "ada@example.com", email="ada@example.com")

    folded = world.run("customer_addresses", {"address": ADDRESS, "customer": customer})

    assert outcomes(folded) == [FAILED]
    assert issues(folded) == [said]
    assert written(folded) == []


def test_a_shared_object_with_another_id_is_that_of_its_key(world: Environment) -> None:
    world.put("customers", "ada", "ada@example.com", email="ada@example.com")

    folded = world.run(
        "customer_addresses",
        {"id": "1", "address": ADDRESS, "customer": {"id": "x", "email": "ada@example.com"}},
    )

    assert outcomes(folded) == [CREATED]
    assert issues(folded) == [("id_ignored", "customer.id")]
    assert world.attributes("customer_addresses", "1")["customer_id"] == "ada"


def test_an_email_beside_another_customer_is_ambiguous(world: Environment) -> None:
    world.put("customers", "ada", "ada@example.com", email="ada@example.com")

    folded = world.run(
        "customer_addresses",
        {"address": ADDRESS, "customer_email": "ada@example.com", "customer": {"email": "b@c.d"}},
    )

    assert issues(folded) == [("ambiguous_key", "customer_email")]
    assert set(world.keys("customers")) == {"ada"}


# Tags


def tags(world: Environment, **given: Any) -> list[str] | None:
    """The tags of the one SKU after a row that says this of them."""
    folded = world.run("skus", {"code": "A"} | given)
    assert outcomes(folded) in ([UPDATED], [UNCHANGED]), issues(folded)
    return world.attributes("skus", "a").get("tags")


def test_tags_are_the_whole_set(world: Environment) -> None:
    assert tags(world, tags=["b", "a", "b", {"name": "a"}]) == ["a", "b"]
    assert tags(world, tags=[{"name": "c", "reference": "r"}]) == ["c"]
    assert tags(world, name="new") == ["c"]
    assert set(world.keys("tags").values()) == {"a", "b", "c"}


@pytest.mark.parametrize("empty", [None, []])
def test_tags_are_cleared(world: Environment, empty: object) -> None:
    tags(world, tags=["a"])

    assert tags(world, tags=empty) is None
    assert outcomes(world.run("skus", {"code": "A", "tags": empty})) == [UNCHANGED]


def test_tags_sent_again_in_any_order_change_nothing(world: Environment) -> None:
    tags(world, tags=["a", "b"])

    folded = world.run("skus", {"code": "A", "tags": ["b", {"name": "a"}]}, {"code": "A", "_add_tags": "b,a"})

    assert outcomes(folded) == [UNCHANGED, UNCHANGED]
    assert written(folded) == []


def test_tags_are_added_and_removed(world: Environment) -> None:
    assert tags(world, _add_tags="b, a,,b ") == ["a", "b"]
    assert tags(world, _add_tags="c", _remove_tags="a, nobody") == ["b", "c"]
    assert tags(world, tags=["x"], _add_tags="y", _remove_tags="x") == ["y"]
    assert tags(world, _remove_tags="y") is None
    assert tags(world, _add_tags=None, _remove_tags="") is None
    assert "nobody" not in world.keys("tags").values()


def test_tags_are_given_by_id(world: Environment) -> None:
    world.put("tags", "1", "summer", name="summer")

    assert tags(world, tags=[{"id": "1"}]) == ["summer"]
    assert issues(world.run("skus", {"code": "A", "tags": ["x", {"id": "gone"}]})) == [
        ("must_exist", "tags[1].id")
    ]
    assert issues(world.run("skus", {"code": "A", "tags": [{"id": "1", "name": "winter"}]})) == [
        ("immutable_key", "tags[0].name")
    ]
    assert tags(world, tags=[{"id": "own", "name": "winter"}]) == ["winter"]
    assert world.keys("tags")["own"] == "winter"


def test_what_is_said_of_a_tag_changes_it_for_all(world: Environment) -> None:
    world.put("tags", "1", "summer", name="summer")
    tags(world, tags=["summer"])

    folded = world.run("skus", {"code": "A", "tags": [{"name": "summer", "metadata": {"a": 1}}]})

    assert outcomes(folded) == [UPDATED]
    assert written(folded) == [("tags", "1")]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tags": ["a", "sum mer"]}, ("invalid", "tags[1]")),
        ({"tags": ["a", {"name": "sum mer"}]}, ("invalid", "tags[1].name")),
        ({"tags": ["a" * 26]}, ("too_long", "tags[0]")),
        ({"tags": [{}]}, ("required", "tags[0].name")),
        ({"tags": [""]}, ("required", "tags[0]")),
        ({"tags": [5]}, ("wrong_type", "tags[0]")),
        ({"tags": "a,b"}, ("wrong_type", "tags")),
        ({"_add_tags": "a,sum mer"}, ("invalid", "_add_tags")),
        ({"_add_tags": ["a"]}, ("wrong_type", "_add_tags")),
        ({"_remove_tags": 5}, ("wrong_type", "_remove_tags")),
    ],
)
def test_a_bad_tag_is_refused(world: Environment, given: Row, said: tuple[str, str]) -> None:
    folded = world.run("skus", {"code": "A"} | given)

    assert issues(folded) == [said]
    assert written(folded) == []


def test_a_resource_has_ten_tags_at_most(world: Environment) -> None:
    ten = [f"tag-{number}" for number in range(10)]

    assert len(tags(world, tags=[*ten, *ten]) or ()) == 10
    for given, said in (
        ({"tags": [*ten, "more"]}, "tags"),
        ({"_add_tags": "more"}, "_add_tags"),
        ({"tags": ten, "_add_tags": "more"}, "tags"),
        ({"tags": ["0"], "_add_tags": ",".join(ten)}, "tags"),
    ):
        folded = world.run("skus", {"code": "A"} | given)
        assert issues(folded) == [("too_many_items", said)]
    assert len(tags(world, _add_tags="more", _remove_tags="tag-0") or ()) == 10
    assert set(world.keys("tags").values()) == {*ten, "more"}


def test_nested_resources_have_tags_too(world: Environment) -> None:
    world.run(
        "orders",
        ORDER | {"line_items": [line("x", id="1", tags=["a"], line_item_options=[option(tags=["b"])])]},
    )

    [item] = world.children("line_items", "o").values()
    [inner] = world.children("line_item_options", "1").values()
    assert (item["tags"], inner["tags"]) == (["a"], ["b"])

    world.run("orders", {"id": "o", "line_items": [{"_add_tags": "c"}]})
    assert world.children("line_items", "1") == {}
    assert world.children("line_items", "o")["1"]["tags"] == ["a", "c"]


# Switches and triggers


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
