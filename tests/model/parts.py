"""The parts that strategies put rows together from: each a choice among small dictionaries, the plainest first."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from tests.model.kinds import Row

Rows = st.SearchStrategy[Row]


def choice(*rows: Row) -> Rows:
    return st.sampled_from(rows)


def merged(*parts: Rows) -> Rows:
    """A row of all the parts; a later one wins."""
    return st.tuples(*parts).map(lambda rows: {name: value for row in rows for name, value in row.items()})


def some(**values: Sequence[Any]) -> Rows:
    """Any of these attributes, each with one of its values."""
    return st.fixed_dictionaries({}, optional={name: st.sampled_from(each) for name, each in values.items()})


def rarely(row: Rows, *bad: Row) -> Rows:
    """Mostly the row, sometimes one of the others."""
    return st.integers(0, 9).flatmap(lambda dice: choice(*bad) if dice == 9 else row)


def named(*keys: Row, ids: Sequence[str] = ("own-1", "own-2", "own-3"), neither: bool = False) -> Rows:
    """By key, by id, by both, and, when that can go through, by neither."""
    by_key, by_id = choice(*keys), choice(*({"id": each} for each in ids))
    ways = [by_key, by_id, merged(by_key, by_id)]
    return st.one_of(*ways, st.just({})) if neither else st.one_of(*ways)


def whole(row: Row) -> Rows:
    """What a new resource needs; left out now and then, which a row may do that updates."""
    return rarely(st.just(row), {}, {})


def lists(name: str, items: Rows, *odd: Any) -> Rows:
    """Absent, null, empty, whole, or no list at all."""
    filled = st.lists(items, max_size=3).map(lambda given: {name: given})
    return st.one_of(
        st.just({}), filled, filled, choice({name: None}, {name: []}, *({name: each} for each in odd))
    )
