"""The fold against a model that knows nothing of speed: one row at a time over one dictionary of resources."""

import copy
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.environment import Environment, Row, outcomes


@dataclass
class Model:
    """What rows of a type with the key `key` ("" for a type without) do, said as plainly as it can be.

    `needed`: what a new resource must have besides, by the value of the attribute that has a default.
    """

    key: str
    required: tuple[str, ...]
    default: tuple[str, Any]
    needed: dict[Any, tuple[str, ...]] = field(default_factory=dict)
    resources: dict[str, Row] = field(default_factory=dict)

    def take(self, row: Row, new_id: str) -> tuple[str, str]:
        """The row's outcome and the id of its resource; "" for a row that failed."""
        given = {name: value for name, value in row.items() if name != "id"}
        if any(name in given and given[name] is None for name in self.required):
            return "FAILED", ""
        target = self._named(row)
        if target is None:
            return self._create(row.get("id", new_id), given)
        return self._update(target, given)

    def _named(self, row: Row) -> str | None:
        if row.get("id") in self.resources:
            return str(row["id"])
        key = row.get(self.key)
        same_key = [name for name, values in self.resources.items() if key and values.get(self.key) == key]
        return same_key[0] if same_key else None

    def _create(self, resource_id: str, given: Row) -> tuple[str, str]:
        if any(name not in given for name in self.required):
            return "FAILED", ""
        name, default = self.default
        if any(given.get(needed) is None for needed in self.needed.get(given.get(name, default), ())):
            return "FAILED", ""
        self.resources[resource_id] = {name: default} | given
        return "CREATED", resource_id

    def _update(self, target: str, given: Row) -> tuple[str, str]:
        values = self.resources[target]
        changed = {name for name, value in given.items() if values.get(name) != value}
        if not changed:
            return "UNCHANGED", target
        if self.key in changed:
            is_taken = any(other.get(self.key) == given[self.key] for other in self.resources.values())
            if values.get(self.key) or (given[self.key] and is_taken):
                return "FAILED", ""
        values.update(given)
        return "UPDATED", target


MODELS = {
    "price_lists": Model("code", ("name", "currency_code"), ("tax_included", True)),
    "addresses": Model(
        "",
        ("line_1", "city", "country_code", "phone"),
        ("business", False),
        {False: ("first_name", "last_name"), True: ("company",)},
    ),
}


def rows_of(resource_type: str) -> st.SearchStrategy[list[Row]]:
    ids = st.sampled_from(["a", "b", "c", "d"])
    words = st.sampled_from(["x", "y"])
    nullable = st.one_of(words, st.none())
    if resource_type == "price_lists":
        row = st.fixed_dictionaries(
            {},
            optional={
                "id": ids,
                "code": st.sampled_from(["K", "L", "M", None]),
                "name": nullable,
                "currency_code": words,
                "tax_included": st.sampled_from([True, False, None]),
                "reference": nullable,
            },
        )
        whole = {"name": "x", "currency_code": "EUR"}
    else:
        row = st.fixed_dictionaries(
            {},
            optional={
                "id": ids,
                "line_1": nullable,
                "business": st.booleans(),
                "first_name": nullable,
                "company": nullable,
                "lat": st.none(),
            },
        )
        whole = {
            "line_1": "x",
            "city": "Oslo",
            "country_code": "NO",
            "phone": "1",
            "first_name": "x",
            "last_name": "x",
            "company": "x",
        }
    filled = st.builds(lambda given, is_whole: (whole | given) if is_whole else given, row, st.booleans())
    return st.lists(filled, max_size=8)


def without_nulls(values: Row) -> Row:
    """Null and absent are one in what is stored: both are no value."""
    return {name: value for name, value in values.items() if value is not None}


@pytest.mark.parametrize("resource_type", list(MODELS))
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_segments_do_what_their_rows_do_one_by_one(resource_type: str, data: st.DataObject) -> None:
    world, model = Environment(), copy.deepcopy(MODELS[resource_type])

    for rows in data.draw(st.lists(rows_of(resource_type), max_size=4)):
        folded = world.run(resource_type, *rows)

        expected = [model.take(row, new_id) for row, new_id in zip(rows, folded.outcomes.ids, strict=True)]
        found = [
            (outcome.name, name) for outcome, name in zip(outcomes(folded), folded.outcomes.ids, strict=True)
        ]
        assert found == expected
        assert set(world.keys(resource_type)) == set(model.resources)
        for resource_id, values in model.resources.items():
            assert without_nulls(world.attributes(resource_type, resource_id)) == without_nulls(values)


@given(rows=rows_of("price_lists"), cut=st.integers(0, 8))
@settings(deadline=None)
def test_where_segments_are_cut_changes_nothing(rows: list[Row], cut: int) -> None:
    rows = [{"id": f"own-{number}"} | row for number, row in enumerate(rows)]
    at_once, in_two = Environment(), Environment()

    whole = outcomes(at_once.run("price_lists", *rows))
    parts = outcomes(in_two.run("price_lists", *rows[:cut])) + outcomes(
        in_two.run("price_lists", *rows[cut:])
    )

    assert whole == parts
    stored = [
        {name: (kept.key, world.attributes(*name)) for name, kept in world.resources.items()}
        for world in (at_once, in_two)
    ]
    assert stored[0] == stored[1]
