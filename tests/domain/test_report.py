"""The report of an import: the first rows in full, the rest as numbers, and never too large for a message."""

import msgspec
import pytest

from imports_service.domain.outcomes import NumberedOutcomes, SegmentOutcomes, SummaryEntry
from imports_service.domain.report import Report, ReportBuilder, decode_report
from imports_service.domain.rows import Code, Issue, Outcome

Row = tuple[str, list[Issue]]


def error(attribute: str, message: str = "is wrong") -> Issue:
    return Issue(Code.INVALID, attribute, message)


def warning(attribute: str, message: str = "is unknown") -> Issue:
    return Issue(Code.UNKNOWN_ATTRIBUTE, attribute, message)


def segment(*rows: Row, first_row: int = 1) -> NumberedOutcomes:
    outcomes = SegmentOutcomes.empty()
    for key, issues in rows:
        outcomes.add(Outcome.FAILED, "", key, issues)
    return NumberedOutcomes(range(first_row, first_row + len(rows)), outcomes)


def report_of(*segments: NumberedOutcomes) -> Report:
    builder = ReportBuilder()
    for each in segments:
        builder.add(each)
        builder.add_summary(each.outcomes.summary(each.row_numbers))
    return builder.report()


def test_an_error_stands_under_its_row_and_attribute() -> None:
    report = report_of(segment(("A", [error("name", "can't be blank"), error("weight", "is too large")])))

    assert report.errors_log == {"A": {"name": ["can't be blank"], "weight": ["is too large"]}}
    assert not report.errors_log_truncated


def test_an_error_of_the_whole_row_stands_under_base() -> None:
    assert report_of(segment(("row 1", [error("", "is no object")]))).errors_log == {
        "row 1": {"base": ["is no object"]}
    }


def test_warnings_have_a_log_of_their_own_whose_messages_name_the_attribute() -> None:
    report = report_of(segment(("A", [warning("colour", "is unknown"), warning("", "has no key")])))

    assert report.warnings_log == {"A": ["colour: is unknown", "has no key"]}
    assert report.errors_log == {}


def test_rows_of_one_key_are_merged_in_row_order() -> None:
    report = report_of(
        segment(("A", [error("name", "first")]), ("B", [error("name", "other")])),
        segment(("A", [error("name", "second"), error("code", "third")]), first_row=3),
    )

    assert report.errors_log == {
        "A": {"name": ["first", "second"], "code": ["third"]},
        "B": {"name": ["other"]},
    }


def test_logs_hold_the_first_thousand_keys_and_say_that_they_are_cut() -> None:
    report = report_of(*(segment(*((f"{n}.{m}", [error("a")]) for m in range(100))) for n in range(11)))

    assert list(report.errors_log) == [f"{n}.{m}" for n in range(10) for m in range(100)]
    assert report.errors_log_truncated
    assert not report.warnings_log_truncated


def test_a_thousand_keys_are_not_cut() -> None:
    report = report_of(segment(*((f"key {n}", [error("a")]) for n in range(1_000))))

    assert len(report.errors_log) == 1_000
    assert not report.errors_log_truncated


def test_a_row_shows_ten_attributes() -> None:
    report = report_of(segment(("A", [error(f"attribute_{n}") for n in range(12)]), ("B", [error("name")])))

    assert list(report.errors_log["A"]) == [f"attribute_{n}" for n in range(10)]
    assert report.errors_log["B"] == {"name": ["is wrong"]}
    assert report.errors_log_truncated


def test_messages_are_cut_at_two_hundred_characters() -> None:
    report = report_of(segment(("A", [error("name", "é" * 500), error("code", "é" * 200)])))

    assert [len(messages[0]) for messages in report.errors_log["A"].values()] == [200, 200]
    assert report.errors_log["A"]["code"] == ["é" * 200]


@pytest.mark.parametrize("letter", [pytest.param("x", id="one byte"), pytest.param("漢", id="three bytes")])
def test_logs_never_outgrow_256_kib_in_all(letter: str) -> None:
    issues = [make(f"{letter * 40}{n}", letter * 300) for n in range(10) for make in (error, warning)]

    report = report_of(segment(*((f"{letter * 190}{n}", issues) for n in range(1_000))))

    assert len(msgspec.json.encode([report.errors_log, report.warnings_log])) <= 256 * 1024
    assert report.errors_log_truncated
    assert report.warnings_log_truncated


def test_errors_take_the_room_before_warnings() -> None:
    few = segment(
        *((f"{'w' * 190}{n}", [warning(f"a{m}", "w" * 200) for m in range(10)]) for n in range(200))
    )
    alone = report_of(few)
    errors = segment(*((f"{'e' * 190}{n}", [error("a", "e" * 200)]) for n in range(500)), first_row=201)

    report = report_of(few, errors)

    assert len(report.errors_log) == 500
    assert 0 < len(report.warnings_log) < len(alone.warnings_log)


def test_a_builder_whose_logs_are_closed_wants_no_more_rows() -> None:
    builder = ReportBuilder()
    assert builder.wants_issues

    builder.add(segment(*((f"key {n}", [error("a"), warning("b")]) for n in range(1_001))))

    assert not builder.wants_issues


def test_the_summary_adds_up_over_segments() -> None:
    first = segment(*(("A", [error("name", "first message")]) for _ in range(3)))
    second = segment(*(("B", [error("name", "second message")]) for _ in range(4)), first_row=4)

    assert report_of(first, second).summary == [
        SummaryEntry(Code.INVALID, "name", 7, [1, 2, 3, 4, 5], "first message")
    ]


def test_the_summary_has_a_hundred_pairs_and_goes_on_counting_them() -> None:
    rows = segment(*(("A", [error(f"attribute_{n % 150}")]) for n in range(300)))

    summary = report_of(rows).summary

    assert [entry.attribute for entry in summary] == [f"attribute_{n}" for n in range(100)]
    assert {entry.count for entry in summary} == {2}


def test_a_summary_says_that_it_is_cut() -> None:
    whole = (
        segment(("A", [error(f"attribute_{n}") for n in range(10)])),
        *(segment((f"{n}", [error(f"attribute_{n}")]), first_row=n) for n in range(2, 100)),
    )

    assert not report_of(*whole).summary_truncated
    assert report_of(*whole, segment(("Z", [error("another")]), first_row=100)).summary_truncated


def test_what_is_added_later_does_not_change_a_report_made_before() -> None:
    builder = ReportBuilder()
    rows = segment(("A", [error("name")]))
    builder.add_summary(rows.outcomes.summary(rows.row_numbers))
    preview = builder.report()

    builder.add_summary(rows.outcomes.summary(rows.row_numbers))

    assert [entry.count for entry in preview.summary] == [1]


def test_a_stored_report_comes_back_as_it_was() -> None:
    report = report_of(segment(("A", [error("name"), warning("colour")]), ("B/日本", [error("")])))

    assert decode_report(report.encode()) == report


def test_a_report_of_another_version_is_a_value_error() -> None:
    encoded = report_of(segment()).encode()

    with pytest.raises(ValueError, match="unknown to this release"):
        decode_report(b"\x02" + encoded[1:])
