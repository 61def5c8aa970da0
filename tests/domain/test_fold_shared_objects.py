"""Objects and tags that resources have in common."""

from typing import Any

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
    shop,
    written,
)


@pytest.fixture
def world() -> Environment:
    return shop()


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
