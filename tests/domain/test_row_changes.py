"""What a recorder gathers while rows are folded, and that nothing is gathered without one."""

from collections.abc import Iterator
from typing import Any

from msgspec import UNSET

from imports_service.domain.fold import Fold
from imports_service.domain.lookups import References, own_names, wanted_references
from imports_service.domain.outcomes import SegmentOutcomes
from imports_service.domain.row_changes import FORESEEN, ChangeRecorder, RowChange, decode_changes
from tests.domain.environment import ENTROPY, SHAPES, Environment, Row, read

SKU = {"code": "A", "name": "Shirt", "do_not_ship": True}


def ids() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"id{FORESEEN}{number}"


def folded(
    world: Environment, resource_type: str, *rows: Row, recorder: ChangeRecorder | None
) -> SegmentOutcomes:
    shape, inputs = SHAPES[resource_type], read(resource_type, rows)
    references = References(world._found(wanted_references(shape, inputs)))
    state = world._locked(own_names(shape, inputs, references))
    fold = Fold(shape, references, state, new_ids=ids(), entropy=ENTROPY, recorder=recorder)
    fold.add(inputs)
    return fold.finish().outcomes


def recorded(world: Environment, resource_type: str, *rows: Row) -> dict[int, dict[str, tuple[Any, Any]]]:
    """By the place of the row, the old and new value of each attribute."""
    outcomes = folded(world, resource_type, *rows, recorder=ChangeRecorder())
    return {
        place: {change.attribute: (change.old, change.new) for change in decode_changes(data)}
        for place, data in outcomes.changes.items()
    }


def test_nothing_is_gathered_without_a_recorder() -> None:
    assert folded(Environment(), "skus", SKU, recorder=None).changes == {}


def test_only_rows_that_change_something_have_changes() -> None:
    rows = [SKU, SKU, SKU | {"name": "Jumper"}, SKU | {"name": None}, SKU | {"tags": ["one"], "name": None}]

    found = recorded(Environment(), "skus", *rows)

    assert list(found) == [0, 2]
    assert (
        found[0] == {name: (UNSET, value) for name, value in SKU.items()} | {"do_not_track": (UNSET, False)}
        or set(SKU) <= found[0].keys()
    )
    assert found[2] == {"name": ("Shirt", "Jumper")}


def test_a_row_that_fails_leaves_no_changes_to_the_next_one() -> None:
    rows = [SKU | {"tags": ["bad,name"]}, SKU, SKU | {"tags": ["good"]}]

    found = recorded(Environment(), "skus", *rows)

    assert list(found) == [1, 2]
    assert found[2] == {"tags": (UNSET, ["good"])}


def test_values_that_can_not_be_known_are_unset() -> None:
    card = recorded(Environment(), "gift_cards", {"currency_code": "EUR", "balance_cents": 5})[0]
    holder = recorded(
        Environment(),
        "customer_addresses",
        {
            "customer": {"email": "eva@example.com"},
            "address": {
                "first_name": "Eva",
                "last_name": "Lund",
                "line_1": "1",
                "city": "Oslo",
                "country_code": "NO",
                "phone": "1",
            },
        },
    )[0]

    assert card["code"] == (UNSET, UNSET)
    assert holder["customer_id"] == holder["address_id"] == (UNSET, UNSET)


def test_more_than_twenty_changes_are_cut_and_long_values_too() -> None:
    recorder = ChangeRecorder()
    items = [
        {"name": "x" * 200, "quantity": 1, "unit_amount_cents": 5, "metadata": {"a": "y" * 300}}
        for _ in range(9)
    ]

    outcomes = folded(
        Environment(), "orders", {"number": "1", "market_id": "eu", "line_items": items}, recorder=recorder
    )

    changes = decode_changes(outcomes.changes[0])
    assert len(changes) == 20
    assert RowChange("line_items[0].metadata", UNSET, ('{"a":"' + "y" * 300)[:256]) in changes
    assert recorder.take() is None
