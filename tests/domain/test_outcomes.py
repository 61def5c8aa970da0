"""What became of a segment's rows: nothing is lost on the way into the store and back."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from imports_service.domain.fold_changes import Change
from imports_service.domain.imports import Counts
from imports_service.domain.nested import Given
from imports_service.domain.outcomes import (
    EncodedOutcomes,
    RowResult,
    SegmentOutcomes,
    decode_outcomes,
    decode_summary,
    encode_outcomes,
    numbers_of,
    pack,
    ranges_of,
    unpack,
)
from imports_service.domain.row_changes import ChangeRecorder, RowChange
from imports_service.domain.rows import Code, Issue, Outcome
from tests.domain.environment import SHAPES

MISSING = Issue(Code.REQUIRED, "name", "can't be blank")
UNKNOWN = Issue(Code.UNKNOWN_ATTRIBUTE, "colour", "colour is unknown")

issues = st.builds(
    Issue, st.sampled_from(Code), st.sampled_from(["", "code", "name"]), st.text("ab \n", max_size=4)
)
rows = st.lists(
    st.tuples(
        st.sampled_from(Outcome),
        st.text("abc_-", max_size=6),
        st.text(max_size=8),
        st.lists(issues, max_size=4),
    ),
    max_size=12,
)
rising = st.sets(st.integers(1, 60), max_size=30).map(sorted)


def outcomes_of(*rows: tuple[Outcome, str, str, list[Issue]]) -> SegmentOutcomes:
    outcomes = SegmentOutcomes.empty()
    for row in rows:
        outcomes.add(*row)
    return outcomes


@given(rows, st.integers(1, 10_000_000))
def test_stored_outcomes_come_back_as_they_were(
    rows: list[tuple[Outcome, str, str, list[Issue]]], first_row: int
) -> None:
    encoded = encode_outcomes(outcomes_of(*rows), range(first_row, first_row + len(rows)))

    results = list(decode_outcomes(encoded.outcomes, encoded.issues).results())

    assert results == [
        RowResult(number, key, outcome, resource_id, tuple(issues))
        for number, (outcome, resource_id, key, issues) in enumerate(rows, first_row)
    ]


def test_changes_come_back_with_their_rows() -> None:
    outcomes = outcomes_of((Outcome.CREATED, "", "a", []), (Outcome.UNCHANGED, "b", "b", []))
    recorder = ChangeRecorder()
    recorder.change(Given(SHAPES["skus"], None), [Change("name", None, "A"), Change("weight", 1.5, None)])
    outcomes.changes[0] = recorder.take() or b""

    encoded = encode_outcomes(outcomes, range(1, 3))

    first, second = decode_outcomes(encoded.outcomes).results()
    assert first.changes == [RowChange("name", UNSET, "A"), RowChange("weight", 1.5, None)]
    assert second.changes == []


def test_outcomes_of_the_release_before_are_read_and_it_reads_ours() -> None:
    outcomes = outcomes_of((Outcome.CREATED, "one", "a", []))
    outcomes.changes[0] = b"\x90"
    without = pack([[(1, 1)], bytes(outcomes.codes), "one", ["a"]])

    class Before(msgspec.Struct, array_like=True):
        rows: list[tuple[int, int]]
        codes: bytes
        ids: str
        keys: list[str]

    [read] = decode_outcomes(without).results()
    ours = unpack(encode_outcomes(outcomes, range(1, 2)).outcomes, msgspec.msgpack.Decoder(Before))

    assert read == RowResult(1, "a", Outcome.CREATED, "one", ())
    assert (ours.ids, ours.keys) == ("one", ["a"])


@given(rising)
def test_row_numbers_with_holes_come_back(numbers: list[int]) -> None:
    assert list(numbers_of(ranges_of(numbers))) == numbers


def test_row_numbers_of_a_retry_are_those_of_the_first_document() -> None:
    outcomes = outcomes_of(
        (Outcome.CREATED, "a", "A", []), (Outcome.FAILED, "", "B", [MISSING]), (Outcome.UPDATED, "c", "C", [])
    )

    encoded = encode_outcomes(outcomes, [7, 19, 20])

    assert [result.row_number for result in decode_outcomes(encoded.outcomes).results()] == [7, 19, 20]


def test_counts_are_of_rows_and_a_failed_row_with_a_warning_counts_for_both() -> None:
    outcomes = outcomes_of(
        (Outcome.CREATED, "a", "A", []),
        (Outcome.CREATED, "b", "B", [UNKNOWN, UNKNOWN]),
        (Outcome.UPDATED, "c", "C", []),
        (Outcome.UNCHANGED, "d", "D", []),
        (Outcome.FAILED, "", "E", [UNKNOWN, MISSING]),
    )

    assert outcomes.counts() == Counts(created=2, updated=1, unchanged=1, failed=1, warnings=2)


def test_rows_without_issues_store_none() -> None:
    encoded = encode_outcomes(outcomes_of((Outcome.CREATED, "a", "A", [])), range(1, 2))

    assert (encoded.issues, encoded.summary) == (None, None)


def test_equal_issues_are_stored_once() -> None:
    def stored_bytes(count: int) -> int:
        failed = outcomes_of(*[(Outcome.FAILED, "", "", [MISSING, UNKNOWN])] * count)
        encoded = encode_outcomes(failed, range(1, count + 1))
        return len(encoded.issues or b"")

    assert stored_bytes(5_000) < 5_000 * 4 + stored_bytes(1)


def test_a_page_begins_at_a_row_and_holds_only_the_outcomes_asked_for() -> None:
    outcomes = outcomes_of(*[(Outcome(1 + number % 4), "", f"key {number}", []) for number in range(10)])
    stored = decode_outcomes(encode_outcomes(outcomes, range(101, 111)).outcomes)

    page = stored.results(from_row=103, only=frozenset({Outcome.FAILED}))

    assert [(result.row_number, result.key) for result in page] == [(104, "key 3"), (108, "key 7")]


def test_the_twentieth_issue_of_a_row_says_how_many_more_there_are() -> None:
    many = [Issue(Code.TOO_LONG, f"attribute_{number}", "is too long") for number in range(25)]

    kept = outcomes_of((Outcome.FAILED, "", "", many)).issues[0]

    assert len(kept) == 20
    assert kept[:19] == tuple(many[:19])
    assert "6 more" in kept[19].message


def test_no_flood_of_warnings_hides_an_error() -> None:
    kept = outcomes_of((Outcome.FAILED, "", "", [UNKNOWN] * 30 + [MISSING])).issues[0]

    assert kept[0] == MISSING


def test_the_summary_counts_issues_and_names_the_first_five_rows() -> None:
    failed = [(Outcome.FAILED, "", "", [MISSING, UNKNOWN])] * 7
    encoded = encode_outcomes(outcomes_of(*failed), range(11, 18))

    missing, unknown = decode_summary(encoded.summary)

    assert (missing.code, missing.attribute, missing.count) == (Code.REQUIRED, "name", 7)
    assert missing.first_rows == [11, 12, 13, 14, 15]
    assert missing.sample_message == MISSING.message
    assert (unknown.code, unknown.count) == (Code.UNKNOWN_ATTRIBUTE, 7)


def test_outcomes_need_a_number_for_each_row() -> None:
    with pytest.raises(ValueError, match="1 outcomes for 2 rows"):
        encode_outcomes(outcomes_of((Outcome.CREATED, "a", "A", [])), range(1, 3))


def damaged(encoded: EncodedOutcomes) -> list[bytes]:
    stored = encoded.outcomes
    return [b"", b"\x02" + stored[1:], stored[:-4], stored[:1] + b"nothing", stored[:1]]


@pytest.mark.parametrize("place", range(5))
def test_bytes_of_another_version_or_damaged_ones_are_a_value_error(place: int) -> None:
    encoded = encode_outcomes(outcomes_of((Outcome.CREATED, "a", "A", [])), range(1, 2))

    with pytest.raises(ValueError, match=r"unknown to this release|damaged"):
        decode_outcomes(damaged(encoded)[place])
