"""Keys as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imports_service.domain.keys import canonical_key, is_too_long, key_text, key_values, printable


@given(st.lists(st.none() | st.text(st.characters(exclude_characters="\x1e\x1f"), min_size=1), min_size=1))
def test_the_values_of_a_key_come_back(values: list[str | None]) -> None:
    assert key_values(canonical_key(values)) == values


def test_people_read_the_values_that_are_there() -> None:
    assert key_text(canonical_key(["A", None, "B"])) == "A/B"
    assert key_text(canonical_key(["A/B", "C"])) == "A/B/C"
    assert key_text("x" * 500) == "x" * 200


@pytest.mark.parametrize(
    ("key", "too_long"),
    [("x" * 2000, False), ("x" * 2001, True), ("é" * 1000, False), ("é" * 1001, True), ("😀" * 501, True)],
)
def test_a_key_may_have_2000_bytes(key: str, too_long: bool) -> None:
    assert is_too_long(key) is too_long


def test_what_is_shown_can_be_stored() -> None:
    assert printable("a\x00b\ud800c") == "a\ufffdb?c"
    assert printable("é" * 500) == "é" * 200
