"""Tokens of a place in a watch."""

import pytest

from imports_service.domain.errors import InvalidArgument
from imports_service.domain.names import ImportName
from imports_service.watch.places import Place, place_of

UID = "0198f3a0-0000-7000-8000-000000000001"
NAME = ImportName("acme", "spring")


def test_a_token_says_the_place_it_was_made_of() -> None:
    place = Place(NAME, UID, 7, 3)

    assert place_of(place.token, NAME) == place


def test_the_longest_token_keeps_its_bound() -> None:
    name = ImportName("O" * 64, "i" * 63)

    assert len(Place(name, UID, 2**53, 2**53).token) <= 256


@pytest.mark.parametrize("name", [ImportName("acme", "autumn"), ImportName("globex", "spring")])
def test_a_token_is_bound_to_its_import(name: ImportName) -> None:
    with pytest.raises(InvalidArgument) as refused:
        place_of(Place(NAME, UID, 7, 3).token, name)

    assert refused.value.reason == "RESUME_TOKEN_INVALID"
