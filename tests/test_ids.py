"""Identifiers that the service makes."""

from uuid import UUID

import pytest

from imports_service.domain.names import is_import_id, is_resource_id
from imports_service.ids import ENTROPY_BYTES, new_ids, new_uid

NOW = 1_790_000_000_000
ZEROS, ONES = bytes(ENTROPY_BYTES), b"\xff" * ENTROPY_BYTES


@pytest.mark.parametrize("entropy", [ZEROS, ONES, None])
def test_a_uid_is_a_uuid_of_version_7_that_holds_its_time(entropy: bytes | None) -> None:
    uid = UUID(new_uid(NOW, entropy=entropy))

    assert (uid.version, uid.variant, uid.int >> 80) == (7, "specified in RFC 4122", NOW)
    assert is_import_id(str(uid))


def test_a_later_uid_sorts_after_an_earlier_one() -> None:
    assert new_uid(NOW, entropy=ONES) < new_uid(NOW + 1, entropy=ZEROS)


def test_ids_of_one_call_are_unique_well_formed_and_in_ascending_order() -> None:
    made = new_ids(10_000, NOW)

    assert len(set(made)) == 10_000
    assert made == sorted(made)
    assert all(map(is_resource_id, made))
    assert {len(text) for text in made} == {22}


def test_ids_of_a_later_call_sort_after_those_of_an_earlier_one() -> None:
    assert new_ids(5, NOW, entropy=ONES)[-1] < new_ids(5, NOW + 1, entropy=ZEROS)[0]


def test_two_calls_in_the_same_millisecond_share_no_id() -> None:
    assert set(new_ids(100, NOW)).isdisjoint(new_ids(100, NOW))


def test_no_more_ids_are_made_at_once_than_the_counter_can_count() -> None:
    with pytest.raises(ValueError, match="at most"):
        new_ids(63**3 + 1, NOW)
