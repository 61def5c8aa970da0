"""Names of many types on their way into a statement and back."""

from hypothesis import given
from hypothesis import strategies as st

from imports_service.domain.keys import NAME_SEPARATOR
from imports_service.store.database import Database
from imports_service.store.named import by_type
from tests.store.builders import resource, stored
from tests.store.test_resources import locked

NAMES = st.text(st.sampled_from(f"ab{NAME_SEPARATOR}"), min_size=1, max_size=4)


@given(st.lists(st.tuples(st.sampled_from(["skus", "prices", "orders"]), NAMES)))
def test_each_type_stands_once_with_its_names_but_those_that_nothing_can_have(
    pairs: list[tuple[str, str]],
) -> None:
    types, texts = by_type([pair[0] for pair in pairs], [pair[1] for pair in pairs])

    assert len(set(types)) == len(types)
    found = [
        (name, one)
        for name, text in zip(types, texts, strict=True)
        for one in text.split(NAME_SEPARATOR)
        if one
    ]
    assert sorted(found) == sorted(pair for pair in pairs if NAME_SEPARATOR not in pair[1])


async def test_a_name_that_names_two_finds_neither(database: Database) -> None:
    await stored(database, [resource("a", key="A"), resource("b", key="B")])

    assert await locked(database, keys=[f"A{NAME_SEPARATOR}B"]) == []
    assert await locked(database, keys=[f"A{NAME_SEPARATOR}B", "B"]) == ["b"]
