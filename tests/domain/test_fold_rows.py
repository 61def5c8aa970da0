"""What a row does to the resource it means, alone and after other rows of its segment."""

from datetime import UTC, datetime

import pytest

from imports_service.domain.fold import Fold
from imports_service.domain.lookups import References
from imports_service.domain.rows import Outcome
from tests.domain.environment import (
    ENTROPY,
    LONG_AGO,
    SHAPES,
    Environment,
    Row,
    issues,
    messages,
    outcomes,
    read,
)

SKU: Row = {"code": "A", "name": "Backpack", "do_not_ship": True}


@pytest.fixture
def world() -> Environment:
    world = Environment()
    world.put("skus", "one", "A", code="A", name="Backpack", weight=1.5, do_not_ship=True, metadata={"a": 1})
    return world


def test_what_a_new_resource_lacks_is_required() -> None:
    folded = Environment().run("skus", {"code": "A"})

    assert outcomes(folded) == [Outcome.FAILED]
    assert issues(folded) == [("required", "name"), ("required", "shipping_category_id")]
    assert "can't be blank" in messages(folded.outcomes.issues[0])


def test_a_required_relationship_is_named_by_its_input_key() -> None:
    assert issues(Environment().run("stock_locations", {"name": "a", "code": "A"})) == [
        ("required", "address_id")
    ]


def test_an_update_needs_none_of_what_is_required(world: Environment) -> None:
    assert outcomes(world.run("skus", {"code": "A", "weight": 2})) == [Outcome.UPDATED]


def test_a_new_resource_gets_the_defaults_of_what_is_absent() -> None:
    world = Environment()

    world.run("price_lists", {"id": "p", "name": "Europe", "currency_code": "EUR"})

    assert world.attributes("price_lists", "p")["tax_included"] is True


def test_null_stays_null_where_there_is_a_default() -> None:
    world = Environment()

    world.run("price_lists", {"id": "p", "name": "Europe", "currency_code": "EUR", "tax_included": None})

    assert world.attributes("price_lists", "p")["tax_included"] is None


def test_an_update_fills_in_no_defaults() -> None:
    world = Environment()
    world.put("price_lists", "p", "EU", code="EU", name="Europe", currency_code="EUR")

    world.run("price_lists", {"code": "EU", "name": "All of Europe"})

    assert "tax_included" not in world.attributes("price_lists", "p")


def test_only_what_is_given_changes(world: Environment) -> None:
    world.run("skus", {"code": "A", "name": "Bag"})

    assert world.attributes("skus", "one") == {
        "code": "A", "name": "Bag", "weight": 1.5, "do_not_ship": True, "metadata": {"a": 1},
    }  # fmt: skip


def test_null_clears(world: Environment) -> None:
    assert outcomes(world.run("skus", {"code": "A", "weight": None})) == [Outcome.UPDATED]
    assert world.attributes("skus", "one")["weight"] is None


def test_a_change_keeps_the_time_of_creation(world: Environment) -> None:
    (changed,) = world.run("skus", {"code": "A", "name": "Bag"}).changed

    assert changed.created_at == LONG_AGO


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"name": "Backpack", "weight": 1.5}, id="the same"),
        pytest.param({}, id="nothing"),
        pytest.param({"description": None}, id="null over nothing"),
        pytest.param({"metadata": {"a": 1.0}}, id="1.0 for 1"),
    ],
)
def test_a_row_that_changes_nothing_writes_nothing(world: Environment, given: Row) -> None:
    folded = world.run("skus", {"code": "A"} | given)

    assert outcomes(folded) == [Outcome.UNCHANGED]
    assert folded.outcomes.ids == ["one"]
    assert (folded.created, folded.changed) == ([], [])


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"metadata": {"a": True}}, id="true is not 1"),
        pytest.param({"metadata": {"a": "1"}}, id="text is no number"),
        pytest.param({"metadata": {}}, id="objects are replaced as a whole"),
        pytest.param({"description": ""}, id="empty text over nothing"),
        pytest.param({"do_not_ship": False}, id="false"),
    ],
)
def test_a_row_that_changes_a_value_updates(world: Environment, given: Row) -> None:
    assert outcomes(world.run("skus", {"code": "A"} | given)) == [Outcome.UPDATED]


def test_times_are_compared_as_instants() -> None:
    world = Environment()
    card = {"code": "GIFT-CARD-1", "balance_cents": 1, "currency_code": "EUR"}
    world.run("gift_cards", card | {"expires_at": "2030-01-01T00:00:00Z"})

    folded = world.run("gift_cards", card | {"expires_at": "2030-01-01T01:00:00.000+01:00"})

    assert outcomes(folded) == [Outcome.UNCHANGED]


def test_an_immutable_value_does_not_change_but_can_be_set_once() -> None:
    world = Environment()
    world.put("orders", "o", "1", number="1")
    world.put("orders", "p", "2", number="2")
    world.put("line_items", "l", quantity=1, name="Parcel")

    folded = world.run(
        "line_items",
        {"id": "l", "order_id": "o"},
        {"id": "l", "order_id": "p"},
    )

    assert outcomes(folded) == [Outcome.UPDATED, Outcome.FAILED]
    assert issues(folded, 1) == [("immutable", "order_id")]


def test_an_immutable_value_can_be_given_again() -> None:
    world = Environment()
    world.put("orders", "o", "1", number="1")
    world.put("line_items", "l", quantity=1, name="Parcel", order_id="o")

    assert outcomes(world.run("line_items", {"id": "l", "order_id": "o"})) == [Outcome.UNCHANGED]


def test_rows_of_one_key_follow_each_other_and_are_written_once() -> None:
    world = Environment()

    folded = world.run(
        "skus", SKU, SKU | {"name": "Bag"}, {"code": "A", "name": "Bag"}, {"code": "A", "weight": 3}
    )

    assert outcomes(folded) == [Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED, Outcome.UPDATED]
    assert len(folded.created) == 1
    assert folded.changed == []
    assert len(set(folded.outcomes.ids)) == 1
    assert world.attributes("skus", folded.outcomes.ids[0]) == SKU | {"name": "Bag", "weight": 3.0}


def test_rows_that_name_one_resource_by_id_and_by_key_follow_each_other(world: Environment) -> None:
    folded = world.run("skus", {"id": "one", "name": "first"}, {"code": "A", "name": "second"})

    assert outcomes(folded) == [Outcome.UPDATED, Outcome.UPDATED]
    assert len(folded.changed) == 1
    assert world.attributes("skus", "one")["name"] == "second"


def test_a_row_after_a_failed_one_is_judged_as_if_that_had_not_been_there() -> None:
    world = Environment()

    folded = world.run(
        "skus", SKU | {"shipping_category_id": "gone"}, {"code": "A", "weight": 1, "do_not_ship": True}
    )

    assert outcomes(folded) == [Outcome.FAILED, Outcome.FAILED]
    assert issues(folded, 1) == [("required", "name")]


def test_a_failed_change_leaves_nothing_behind(world: Environment) -> None:
    folded = world.run("skus", {"id": "one", "code": "B", "name": "Bag"}, SKU)

    assert outcomes(folded) == [Outcome.FAILED, Outcome.UNCHANGED]


def test_all_that_is_wrong_with_a_row_is_said_at_once() -> None:
    world = Environment()

    folded = world.run(
        "skus",
        {"code": "A", "weight": "heavy", "shipping_category_id": "nowhere"},
        SKU,
        {"code": SKU["code"], "weight": "heavy"},
        {"code": 5, "weight": "heavy"},
    )

    assert outcomes(folded) == [Outcome.FAILED, Outcome.CREATED, Outcome.FAILED, Outcome.FAILED]
    assert issues(folded) == [
        ("wrong_type", "weight"),
        ("must_exist", "shipping_category_id"),
        ("required", "name"),
    ]
    assert issues(folded, 2) == [("wrong_type", "weight")], "what is there needs nothing more"
    assert issues(folded, 3) == [("wrong_type", "code"), ("wrong_type", "weight")], (
        "nobody knows which one it is"
    )


def test_what_is_wrong_is_not_said_to_be_missing(world: Environment) -> None:
    row = {
        "sku_id": 5,
        "price_list": "EU",
        "amount_cents": "much",
        "price_tiers": [{"name": 1}, {"up_to": 0}],
    }

    folded = world.run("prices", row)

    assert sorted(issues(folded)) == sorted(
        [
            ("wrong_type", "sku_id"),
            ("wrong_type", "amount_cents"),
            ("wrong_type", "price_tiers[0].name"),
            ("out_of_range", "price_tiers[1].up_to"),
            ("wrong_type", "price_list"),
        ]
    )


def test_warnings_of_a_row_that_went_through_are_kept() -> None:
    folded = Environment().run("skus", SKU | {"colour": "red"})

    assert outcomes(folded) == [Outcome.CREATED]
    assert issues(folded) == [("unknown_attribute", "colour")]


def test_a_fold_in_slices_is_the_fold_of_all(world: Environment) -> None:
    rows = [SKU | {"name": f"Bag {n % 4}", "code": f"A{n % 3}"} for n in range(9)]
    inputs = read("skus", rows)
    in_slices = Fold(SHAPES["skus"], References(), [], new_ids=map(str, range(9)), entropy=ENTROPY)
    for start in range(0, 9, 2):
        in_slices.add(inputs[start : start + 2])
    at_once = Fold(SHAPES["skus"], References(), [], new_ids=map(str, range(9)), entropy=ENTROPY)
    at_once.add(inputs)

    assert in_slices.finish() == at_once.finish()


def test_the_fold_leaves_its_arguments_as_they_are(world: Environment) -> None:
    inputs = read("skus", [SKU | {"id": "two"}, SKU | {"name": "Bag"}, SKU | {"code": "B", "id": "three"}])
    before = repr(inputs)
    state = list(world.resources.values())

    def folded() -> object:
        fold = Fold(SHAPES["skus"], References(), state, new_ids=iter(["new"]), entropy=ENTROPY)
        fold.add(inputs)
        return fold.finish()

    assert folded() == folded()
    assert repr(inputs) == before


def test_codes_made_by_the_service_need_only_entropy() -> None:
    inputs = read("gift_cards", [{"balance_cents": 1, "currency_code": "EUR"}])

    def attributes(entropy: bytes) -> bytes:
        fold = Fold(SHAPES["gift_cards"], References(), [], new_ids=iter(["new"]), entropy=entropy)
        fold.add(inputs)
        return fold.finish().created[0].attributes

    assert attributes(b"e" * 16) == attributes(b"e" * 16) != attributes(b"f" * 16)


def test_stored_times_survive_an_update() -> None:
    world = Environment()
    world.run(
        "gift_cards",
        {"id": "g", "balance_cents": 1, "currency_code": "EUR", "expires_at": "2030-01-01T00:00:00Z"},
    )

    world.run("gift_cards", {"id": "g", "balance_cents": 2})

    stored = world.attributes("gift_cards", "g")["expires_at"]
    assert datetime.fromisoformat(stored) == datetime(2030, 1, 1, tzinfo=UTC)
