"""Objects that belong to what holds them, such as addresses."""

import pytest

from imports_service.domain.fold import fold
from imports_service.domain.references import References
from imports_service.domain.resources import ReferenceRow
from tests.domain.environment import ENTROPY, SHAPES, Environment, Row, issues, outcomes, read
from tests.domain.nested_rows import (
    ADDRESS,
    CREATED,
    FAILED,
    ORDER,
    PLACE,
    UNCHANGED,
    UPDATED,
    shop,
    written,
)


@pytest.fixture
def world() -> Environment:
    return shop()


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

    names = ("phone", "first_name", "last_name")
    assert issues(folded) == [("required", f"address.{name}") for name in names]
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
