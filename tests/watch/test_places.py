"""Tokens of a place in a watch."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from imports_service.domain.errors import InvalidArgument
from imports_service.domain.names import ImportName
from imports_service.domain.queries import ImportFilter
from imports_service.domain.tokens import encode_token
from imports_service.watch.places import (
    KIND,
    KIND_OF_ALL,
    Listed,
    Place,
    PlaceInAll,
    place_in_all_of,
    place_of,
)

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


DIGEST = ImportFilter().digest
LISTED = Listed(datetime(2026, 11, 26, 7, 30, 0, 123_456, tzinfo=UTC), UID)


@pytest.mark.parametrize("listed", [None, LISTED])
def test_a_token_of_an_organization_says_the_place_it_was_made_of(listed: Listed | None) -> None:
    place = PlaceInAll("acme", DIGEST, 7, listed)

    assert place_in_all_of(place.token, "acme", DIGEST) == place


def test_the_longest_token_of_an_organization_keeps_its_bound() -> None:
    assert len(PlaceInAll("O" * 64, DIGEST, 2**62, LISTED).token) <= 256


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(PlaceInAll("globex", DIGEST, 7, None).token, id="another organization"),
        pytest.param(PlaceInAll("acme", b"12345678", 7, None).token, id="another filter"),
        pytest.param(Place(NAME, UID, 7, 3).token, id="another kind"),
        pytest.param(encode_token(KIND_OF_ALL, "acme", DIGEST, 2**63), id="a number beyond all"),
        pytest.param(encode_token(KIND_OF_ALL, "acme", DIGEST, -1), id="a number below all"),
        pytest.param(
            encode_token(KIND_OF_ALL, "acme", DIGEST, 7, 2**63, UUID(UID).bytes), id="a time beyond all"
        ),
        pytest.param(encode_token(KIND_OF_ALL, "acme", DIGEST, 7, 1, b"short"), id="no uid"),
        pytest.param(encode_token(KIND_OF_ALL, "acme", DIGEST), id="no number"),
    ],
)
def test_a_token_is_bound_to_its_organization_and_filter(token: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        place_in_all_of(token, "acme", DIGEST)

    assert refused.value.reason == "RESUME_TOKEN_INVALID"


def test_a_token_of_an_import_holds_numbers_that_the_database_can_hold() -> None:
    for seq, version in ((2**63, 1), (1, 2**63), (-1, 1)):
        with pytest.raises(InvalidArgument):
            place_of(encode_token(KIND, *NAME, UUID(UID).bytes, seq, version), NAME)
