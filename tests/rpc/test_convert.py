"""Domain values as messages: every word has its number, and nothing outgrows a message."""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec
import pytest

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.domain.imports import Closing, Counts, Format, Import, ImportSpec, Status
from imports_service.domain.outcomes import NumberedOutcomes, SegmentOutcomes
from imports_service.domain.registry import load_registry
from imports_service.domain.report import Report, ReportBuilder
from imports_service.domain.resources import ShownResource
from imports_service.domain.rows import Code, Issue, Outcome
from imports_service.rpc import convert, filters, requests
from imports_service.rpc.convert_resources import message_of_resource, message_of_type
from imports_service.watch.events import PendingReason, WatchKind

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)


def an_import(**fields: object) -> Import:
    good = Import(
        organization_id="acme",
        uid="0192d6f0-0000-7000-8000-000000000000",
        import_id="first",
        version=1,
        etag="e",
        spec=ImportSpec(resource_type="skus"),
        creator="me",
        status=Status.PENDING,
        inputs_size=10,
        created_at=NOON,
        updated_at=NOON,
    )
    return msgspec.structs.replace(good, **fields)


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        pytest.param(Format, convert.FORMATS, id="format"),
        pytest.param(Status, convert.STATUSES, id="status"),
        pytest.param(Outcome, convert.OUTCOMES, id="outcome"),
        pytest.param(WatchKind, convert.KINDS, id="kind"),
        pytest.param(PendingReason, convert.PENDING_REASONS, id="pending reason"),
    ],
)
def test_every_word_has_a_number_of_its_own(words: Iterable[object], numbers: dict[object, int]) -> None:
    assert set(numbers) == set(words)
    assert len(set(numbers.values())) == len(numbers)


def test_numbers_are_read_as_the_words_they_were_written_for() -> None:
    assert {word: number for number, word in filters.STATUSES.items()} == convert.STATUSES
    assert {word: number for number, word in requests.OUTCOMES.items()} == convert.OUTCOMES


@pytest.mark.parametrize(
    ("closing", "reason"),
    [
        (Closing.REQUESTED, pb.STATUS_REASON_REQUESTED),
        (Closing.TOO_MANY_ERRORS, pb.STATUS_REASON_TOO_MANY_ERRORS),
        (Closing.FAULT, pb.STATUS_REASON_FAULT),
    ],
)
def test_an_interrupted_import_says_why(closing: Closing, reason: int) -> None:
    interrupted = an_import(status=Status.INTERRUPTED, closing=closing, interrupted_at=NOON)

    assert convert.message_of_import(interrupted).status_reason == reason


def test_an_import_that_is_closing_does_not_say_why_yet() -> None:
    closing = an_import(status=Status.IN_PROGRESS, closing=Closing.REQUESTED)

    assert convert.message_of_import(closing).status_reason == pb.STATUS_REASON_UNSPECIFIED


def test_times_keep_their_microseconds_and_unset_ones_stay_unset() -> None:
    message = convert.message_of_import(an_import())

    assert message.created_at.ToDatetime(tzinfo=UTC) == NOON
    assert not message.HasField("started_at")
    assert not message.HasField("metadata")
    assert not message.HasField("csv_options")


def test_processed_rows_are_the_sum_of_the_good_outcomes() -> None:
    message = convert.message_of_import(
        an_import(counts=Counts(created=1, updated=2, unchanged=3, failed=4, warnings=5))
    )

    assert (message.processed_count, message.errors_count, message.warnings_count) == (6, 4, 5)


def test_the_fullest_report_fits_into_a_message() -> None:
    outcomes = SegmentOutcomes.empty()
    for number in range(3_000):
        issues = [
            Issue(code, f"attribute_{place}", "列" * 200)
            for place in range(10)
            for code in (Code.INVALID, Code.UNKNOWN_ATTRIBUTE)
        ]
        outcomes.add(Outcome.FAILED, "", f"key-{number}", issues)
    builder = ReportBuilder()
    builder.add(NumberedOutcomes(range(1, 3_001), outcomes))
    builder.add_summary(outcomes.summary(range(1, 3_001)))
    metadata = {f"name-{number}": number for number in range(4_000)}
    message = convert.message_of_import(an_import(spec=ImportSpec(resource_type="skus", metadata=metadata)))

    convert.add_report(message, builder.report())

    assert message.errors_log_truncated
    assert not message.issue_summary_truncated
    assert message.ByteSize() < 2 * 1024 * 1024


def test_a_cut_summary_is_said_to_be_cut() -> None:
    message = pb.Import()

    convert.add_report(message, Report({}, {}, False, False, [], True))

    assert message.issue_summary_truncated


def test_issues_carry_their_severity() -> None:
    issues = (Issue(Code.REQUIRED, "name", "m"), Issue(Code.NO_KEY, "", "m"))
    outcomes = SegmentOutcomes.empty()
    outcomes.add(Outcome.FAILED, "", "row 1", issues)
    (result,) = NumberedOutcomes(range(1, 2), outcomes).results()

    message = convert.message_of_result(result)

    assert [issue.severity for issue in message.issues] == [pb.SEVERITY_ERROR, pb.SEVERITY_WARNING]


def test_a_key_without_its_optional_part_leaves_it_out() -> None:
    bundles = load_registry().types["bundles"]
    stored = ShownResource(
        resource_type="bundles",
        id="b",
        key="code\x1f\x1e" if bundles.unique_key[0] == "code" else "\x1e\x1fcode",
        owner_id=None,
        attributes='{"code": "code", "sku_list_id": "list"}',
        created_at=NOON,
        updated_at=NOON,
        last_import="first",
    )

    message = message_of_resource(stored, bundles, "acme")

    assert dict(message.key.values) == {"code": "code"}
    assert dict(message.relationships.items()) == {"sku_list_id": "list"}
    assert message.last_import == "organizations/acme/imports/first"


def test_every_type_is_described_whole() -> None:
    types = load_registry().types
    for resource_type in types.values():
        message = message_of_type(resource_type, types)

        assert len(message.attributes) == len(resource_type.attributes)
        assert len(message.relationships) == len(resource_type.relationships)
        assert message.csv_header
        assert message.sample_input.fields
