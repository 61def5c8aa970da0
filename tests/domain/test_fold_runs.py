"""Rows that are folded as one come to the same as rows that are folded one by one, as those of rehearsals are."""

from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imports_service.domain.fold import ENTROPY_BYTES, Fold, Folded
from imports_service.domain.references import References
from imports_service.domain.resources import ReferenceRow, StoredResource
from imports_service.domain.row_changes import ChangeRecorder
from imports_service.domain.rows import Outcome
from tests.domain.decoding import encoded
from tests.domain.environment import LONG_AGO, SHAPES, Row, read

THERE: dict[str, list[Row]] = {
    "skus": [
        {"code": "A", "name": "a", "do_not_ship": True, "metadata": {"n": 1}},
        {"code": "B", "name": "b", "do_not_ship": True, "weight": 1.0},
    ],
    "customers": [{"email": "A@x.y"}, {"email": "b@x.y", "customer_group_id": "g"}],
    "price_lists": [{"name": "a", "currency_code": "EUR", "tax_included": False}],
    "gift_cards": [{"code": "12345678", "balance_cents": 5, "single_use": True}],
}
GIVEN: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "skus": {
        "code": st.sampled_from("ABCD"),
        "name": st.sampled_from(["a", "b", None]),
        "do_not_ship": st.sampled_from([True, True, False]),
        "weight": st.sampled_from([0, 1, 1.5, None]),
        "unit_of_weight": st.sampled_from(["gr", None]),
        "metadata": st.sampled_from([{"n": 1}, {"n": True}, None]),
        "shipping_category_id": st.sampled_from(["s", "gone", None]),
    },
    "customers": {"email": st.sampled_from(["a@x.y", "A@x.y", "c@x.y"]), "customer_group_id": st.just("g")},
    "price_lists": {
        "name": st.sampled_from("ab"),
        "currency_code": st.just("EUR"),
        "rules": st.just({"a": 1}),
    },
    "gift_cards": {
        "code": st.sampled_from(["12345678", "23456789"]),
        "balance_cents": st.just(5),
        "single_use": st.booleans(),
        "expires_at": st.sampled_from(["2030-01-01T00:00:00Z", "2030-01-01T01:00:00+01:00"]),
    },
}
REQUIRED = {
    "skus": ["code", "name", "do_not_ship"],
    "customers": ["email"],
    "price_lists": ["name", "currency_code"],
    "gift_cards": ["balance_cents"],
}


@st.composite
def rows_of(draw: st.DrawFn, resource_type: str) -> list[Row]:
    """Rows that mostly give the same attributes, as those of a document do."""
    given = GIVEN[resource_type] | {"id": st.sampled_from(["0", "1", "new"])}
    usual = {*REQUIRED[resource_type], *draw(st.sets(st.sampled_from(sorted(given))))}
    names = (
        st.just(usual) | st.sets(st.sampled_from(sorted(given))) if draw(st.booleans()) else st.just(usual)
    )
    return [{name: draw(given[name]) for name in sorted(draw(names))} for _ in range(draw(st.integers(1, 5)))]


@pytest.mark.parametrize("resource_type", sorted(THERE))
@settings(max_examples=40)
@given(data=st.data())
def test_rows_folded_as_one_come_to_the_same_as_one_by_one(resource_type: str, data: st.DataObject) -> None:
    slices = [data.draw(rows_of(resource_type)) for _ in range(data.draw(st.integers(1, 3)))]

    check(resource_type, slices)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([{"code": "C", "name": "c"}, {"code": "C", "name": "d"}], id="one key twice"),
        pytest.param([{"code": "C", "name": "c"}, {"code": "A", "name": "a"}], id="one is there"),
        pytest.param(
            [{"code": "A", "name": "a"}, {"code": "B", "name": "b", "weight": 2}], id="one gives more"
        ),
        pytest.param([{"code": "A", "name": "a"}, {"code": "B", "name": "c"}], id="one changes"),
        pytest.param([{"code": "A", "metadata": {"n": True}}], id="true for 1"),
        pytest.param([{"code": "A", "metadata": None}], id="null for an object"),
        pytest.param([{"code": "A", "weight": None}], id="null for nothing"),
        pytest.param([{"code": "C", "name": "c"}, {"code": "D"}], id="one lacks what is required"),
        pytest.param([{"code": "C", "name": "c", "do_not_ship": False}], id="lacks what goes with another"),
        pytest.param([{"code": "C", "name": "c", "shipping_category_id": "gone"}], id="refers to nothing"),
        pytest.param(
            [{"code": "C", "name": "c", "id": "new"}, {"code": "D", "name": "d"}], id="one has an id"
        ),
        pytest.param([{"code": "A", "name": "a", "id": "1"}], id="id of another"),
        pytest.param([{"code": "C", "name": "c", "other": 1}], id="a warning"),
    ],
)
def test_rows_that_are_not_alike_come_to_the_same_too(rows: list[Row]) -> None:
    check("skus", [[{"do_not_ship": True} | row for row in rows]])


def check(resource_type: str, slices: Sequence[list[Row]]) -> None:
    """The slices come to the same with a recorder, which makes them go row by row."""
    at_once, one_by_one = (folded(resource_type, slices, recorder) for recorder in (None, ChangeRecorder()))
    assert at_once.created == one_by_one.created
    assert at_once.changed == one_by_one.changed
    for part in ("codes", "ids", "keys", "issues"):
        assert getattr(at_once.outcomes, part) == getattr(one_by_one.outcomes, part)


def test_rows_that_are_there_already_are_unchanged_by_key_and_by_id() -> None:
    by_key = folded("skus", [THERE["skus"]], None)
    by_id = folded("skus", [[{"id": str(n)} | row for n, row in enumerate(THERE["skus"])]], None)

    for one in (by_key, by_id):
        assert one.outcomes.codes == bytes([Outcome.UNCHANGED] * 2)
        assert one.outcomes.ids == ["0", "1"]


def folded(resource_type: str, slices: Sequence[list[Row]], recorder: ChangeRecorder | None) -> Folded:
    """The slices folded over what is there."""
    shape = SHAPES[resource_type]
    stored = [_stored(resource_type, str(number), row) for number, row in enumerate(THERE[resource_type])]
    found = [ReferenceRow("shipping_categories", "s", "s"), ReferenceRow("customers", "c", "b@x.y")]
    fold = Fold(
        shape,
        References(found),
        stored,
        new_ids=map(str, count(100)),
        entropy=bytes(ENTROPY_BYTES),
        recorder=recorder,
    )
    for rows in slices:
        fold.add(read(resource_type, rows))
    return fold.finish()


def _stored(resource_type: str, resource_id: str, row: Row) -> StoredResource:
    [given] = read(resource_type, [row])
    return StoredResource(
        resource_type=resource_type,
        id=resource_id,
        key=given.key,
        owner_id=None,
        attributes=encoded(given.values).decode(),
        created_at=LONG_AGO,
    )
