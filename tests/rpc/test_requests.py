"""What is refused of a request, with the path of the field, before anything is looked up."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.commands.creation import Source
from imports_service.domain.errors import InvalidArgument
from imports_service.domain.imports import CsvOptions, Format
from imports_service.domain.queries import ImportOrder
from imports_service.domain.registry import Registry, load_registry
from imports_service.domain.rows import Outcome
from imports_service.rpc.filters import fields_of, filter_of, order_of, position_after
from imports_service.rpc.pages import PageSize, PageTokens, page_size_of
from imports_service.rpc.requests import (
    file_of,
    outcomes_of,
    progress_interval_of,
    retry_of,
    start_row_of,
    update_of,
)
from imports_service.rpc.specs import check_source, creation_of
from imports_service.rpc.structs import plain, struct_of
from imports_service.rpc.uploads import MAX_CHUNK_BYTES, chunks_of, header_of, lines_of
from imports_service.rpc.waiting import wait_seconds


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry()


def creation(**fields: Any) -> pb.CreateImportRequest:
    """A good request with some fields otherwise; `spec` is merged into the good one."""
    spec = {"resource_type": "skus", **fields.pop("spec", {})}
    return pb.CreateImportRequest(
        **{"parent": "organizations/acme", "document": b"[]", "spec": spec, **fields}
    )


def fields_refused(error: InvalidArgument) -> list[str]:
    return [violation.field for violation in error.violations]


BAD_CREATIONS = [
    pytest.param({"parent": "acme"}, ["parent"], id="parent is no name"),
    pytest.param({"parent": "organizations/ac me"}, ["parent"], id="organization with a blank"),
    pytest.param({"parent": f"organizations/{'a' * 65}"}, ["parent"], id="organization of 65 characters"),
    pytest.param({"parent": "organizations/a/imports/b"}, ["parent"], id="parent is an import"),
    pytest.param({"import_id": "Has-Capitals"}, ["import_id"], id="import id with capitals"),
    pytest.param({"import_id": "-a"}, ["import_id"], id="import id beginning with a dash"),
    pytest.param({"import_id": "a" * 64}, ["import_id"], id="import id of 64 characters"),
    pytest.param({"request_id": "x" * 65}, ["request_id"], id="request id of 65 characters"),
    pytest.param({"request_id": "tab\t"}, ["request_id"], id="request id that is not printable"),
    pytest.param({"request_id": "größe"}, ["request_id"], id="request id beyond ASCII"),
    pytest.param({"document_sha256": b"short"}, ["document_sha256"], id="hash of 5 bytes"),
    pytest.param({"spec": {"format": 7}}, ["spec.format"], id="unknown format"),
    pytest.param({"spec": {"cleanup_records": True}}, ["spec.cleanup_records"], id="cleanup_records"),
    pytest.param({"spec": {"reference": "r" * 256}}, ["spec.reference"], id="long reference"),
    pytest.param({"spec": {"reference_origin": "\0"}}, ["spec.reference_origin"], id="NUL in the origin"),
    pytest.param({"spec": {"parent_resource_id": "a/b"}}, ["spec.parent_resource_id"], id="parent is no id"),
    pytest.param(
        {"spec": {"parent_resource_id": "a"}}, ["spec.parent_resource_id"], id="skus have no parent"
    ),
    pytest.param({"spec": {"csv_options": {}}}, ["spec.csv_options"], id="CSV options with JSON"),
    pytest.param(
        {"spec": {"format": pb.FORMAT_CSV, "csv_options": {"delimiter": ";;"}}},
        ["spec.csv_options.delimiter"],
        id="delimiter of two characters",
    ),
    pytest.param(
        {"spec": {"format": pb.FORMAT_CSV, "csv_options": {"delimiter": '"'}}},
        ["spec.csv_options.delimiter"],
        id="quote as delimiter",
    ),
    pytest.param(
        {"spec": {"format": pb.FORMAT_CSV, "csv_options": {"null_marker": ""}}},
        ["spec.csv_options.null_marker"],
        id="empty null marker",
    ),
    pytest.param(
        {"import_id": "A", "request_id": "é", "spec": {"reference": "r" * 256}},
        ["import_id", "request_id", "spec.reference"],
        id="all that is wrong at once",
    ),
]


@pytest.mark.parametrize(("changed", "fields"), BAD_CREATIONS)
def test_a_bad_creation_names_its_fields(
    registry: Registry, changed: dict[str, Any], fields: list[str]
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        creation_of(creation(**changed), registry, creator="me")

    assert (caught.value.reason, fields_refused(caught.value)) == ("FIELD_INVALID", fields)


def test_paths_of_an_upload_begin_with_its_header(registry: Registry) -> None:
    with pytest.raises(InvalidArgument) as caught:
        creation_of(creation(import_id="A"), registry, creator="me", at="header.")

    assert fields_refused(caught.value) == ["header.import_id"]


@pytest.mark.parametrize("resource_type", ["", "sku", "SKUS", "markets"])
def test_an_unknown_resource_type_has_a_reason_of_its_own(registry: Registry, resource_type: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        creation_of(creation(spec={"resource_type": resource_type}), registry, creator="me")

    assert (caught.value.reason, fields_refused(caught.value)) == (
        "RESOURCE_TYPE_UNKNOWN",
        ["spec.resource_type"],
    )


FIRST = "organizations/acme/imports/first"


@pytest.mark.parametrize(
    ("after", "fields"),
    [
        pytest.param([f"{FIRST}-{number}" for number in range(11)], ["spec.after"], id="eleven"),
        pytest.param([FIRST, "organizations/other/imports/first"], ["spec.after[1]"], id="of another"),
        pytest.param(["first"], ["spec.after[0]"], id="an id alone"),
        pytest.param(
            ["", "organizations/acme/imports/A"], ["spec.after[0]", "spec.after[1]"], id="malformed"
        ),
        pytest.param([FIRST, f"{FIRST}-2", FIRST], ["spec.after[2]"], id="twice"),
    ],
)
def test_imports_to_wait_for_are_at_most_ten_of_the_organization_each_named_once(
    registry: Registry, after: list[str], fields: list[str]
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        creation_of(creation(spec={"resource_type": "skus", "after": after}), registry, creator="me")

    assert (caught.value.reason, fields_refused(caught.value)) == ("FIELD_INVALID", fields)


def test_ten_imports_to_wait_for_are_taken_over(registry: Registry) -> None:
    after = [f"{FIRST}-{number}" for number in range(10)]

    wanted = creation_of(creation(spec={"resource_type": "skus", "after": after}), registry, creator="me")

    assert wanted.spec.after == tuple(after)


def test_a_good_creation_has_its_defaults_filled_in(registry: Registry) -> None:
    wanted = creation_of(creation(), registry, creator="me")

    assert (wanted.organization_id, wanted.source, wanted.creator) == ("acme", Source.DOCUMENT, "me")
    assert (wanted.import_id, wanted.request_id, wanted.document_sha256) == (None, None, None)
    assert (wanted.spec.format, wanted.spec.reference, wanted.spec.metadata) == (Format.JSON, None, {})


def test_csv_options_are_taken_over(registry: Registry) -> None:
    spec = {"format": pb.FORMAT_CSV, "csv_options": {"delimiter": "\t", "null_marker": "NULL"}}

    wanted = creation_of(creation(spec=spec), registry, creator="me")

    assert wanted.spec.csv_options == CsvOptions(delimiter="\t", null_marker="NULL")


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"in": value}
    return value


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param({"text": "x" * 65_536}, id="over 64 KiB"),
        pytest.param({"list": [1] * 300_000}, id="far over 64 KiB"),
        pytest.param({"text": "\0"}, id="NUL in a value"),
        pytest.param({"\0": 1}, id="NUL in a name"),
        pytest.param({"list": [float("nan")]}, id="NaN"),
        pytest.param({"n": float("inf")}, id="infinity"),
        pytest.param(nested(17), id="17 levels"),
    ],
)
def test_metadata_that_cannot_be_kept_is_refused(registry: Registry, metadata: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument) as caught:
        creation_of(creation(spec={"metadata": struct_of(metadata)}), registry, creator="me")

    assert fields_refused(caught.value) == ["spec.metadata"]


def test_metadata_of_16_levels_is_kept(registry: Registry) -> None:
    wanted = creation_of(creation(spec={"metadata": struct_of(nested(16))}), registry, creator="me")

    assert wanted.spec.metadata == nested(16)


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param({"": [1] * 32_000}, id="digits"),
        pytest.param({"": [[]] * 21_000}, id="empty lists"),
        pytest.param({"": [{"": None}] * 6_500}, id="empty names"),
        pytest.param({str(number): 1 for number in range(6_000)}, id="names"),
    ],
)
def test_metadata_of_64_kib_is_kept_whatever_it_takes_as_a_message(
    registry: Registry, metadata: dict[str, Any]
) -> None:
    wanted = creation_of(creation(spec={"metadata": struct_of(metadata)}), registry, creator="me")

    assert wanted.spec.metadata == metadata


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON_VALUES, max_size=4))
def test_a_struct_gives_back_the_values_that_went_in(values: dict[str, Any]) -> None:
    given_back = plain(Struct.FromString(struct_of(values).SerializeToString()))

    assert given_back == values


@pytest.mark.parametrize(
    ("request_", "reason", "field"),
    [
        pytest.param({"document": None}, "FIELD_INVALID", "document", id="no source"),
        pytest.param({"inputs": pb.InlineInputs()}, "DOCUMENT_EMPTY", "inputs", id="no inputs"),
        pytest.param(
            {"inputs": {"items": [{}]}, "spec": {"format": pb.FORMAT_CSV}},
            "FIELD_INVALID",
            "inputs",
            id="inputs as CSV",
        ),
    ],
)
def test_the_rows_of_a_creation_must_be_there(request_: dict[str, Any], reason: str, field: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        check_source(creation(**request_))

    assert (caught.value.reason, fields_refused(caught.value)) == (reason, [field])


async def test_equal_inputs_make_equal_lines() -> None:
    there = pb.InlineInputs(items=[struct_of({"b": 1, "a": {"y": None, "x": "ü\n"}})])
    back = pb.InlineInputs(items=[struct_of({"a": {"x": "ü\n", "y": None}, "b": 1.0})])

    lines = [b"".join([chunk async for chunk in lines_of(inputs)]) for inputs in (there, back)]

    assert lines == ['{"a":{"x":"ü\\n","y":null},"b":1}\n'.encode()] * 2


async def test_large_inputs_make_the_same_lines_as_small_ones() -> None:
    inputs = pb.InlineInputs(items=[struct_of({"a": "x" * size}) for size in (1, 70_000, 2)])

    document = b"".join([chunk async for chunk in lines_of(inputs)])

    assert document == b"".join(b'{"a":"%b"}\n' % (b"x" * size) for size in (1, 70_000, 2))


async def sent(*messages: pb.UploadImportRequest) -> AsyncIterator[pb.UploadImportRequest]:
    for message in messages:
        yield message


HEADER = pb.UploadImportRequest(header=pb.CreateImportRequest(parent="organizations/acme"))


def chunk(data: bytes) -> pb.UploadImportRequest:
    return pb.UploadImportRequest(chunk=data)


@pytest.mark.parametrize(
    ("messages", "field"),
    [
        pytest.param([], "header", id="nothing"),
        pytest.param([chunk(b"x")], "header", id="chunk first"),
        pytest.param([pb.UploadImportRequest()], "header", id="neither"),
        pytest.param(
            [pb.UploadImportRequest(header=pb.CreateImportRequest(document=b"x"))],
            "header.document",
            id="header with a document",
        ),
        pytest.param(
            [pb.UploadImportRequest(header=pb.CreateImportRequest(inputs=pb.InlineInputs()))],
            "header.inputs",
            id="header with inputs",
        ),
    ],
)
async def test_an_upload_begins_with_a_header(messages: list[pb.UploadImportRequest], field: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        await header_of(sent(*messages))

    assert (caught.value.reason, fields_refused(caught.value)) == ("UPLOAD_PROTOCOL", [field])


@pytest.mark.parametrize(
    ("message", "field"),
    [
        pytest.param(HEADER, "header", id="second header"),
        pytest.param(pb.UploadImportRequest(), "header", id="neither"),
        pytest.param(chunk(b"x" * (MAX_CHUNK_BYTES + 1)), "chunk", id="chunk over 1 MiB"),
    ],
)
async def test_after_the_header_come_chunks(message: pb.UploadImportRequest, field: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        await anext(chunks_of(sent(message)))

    assert (caught.value.reason, fields_refused(caught.value)) == ("UPLOAD_PROTOCOL", [field])


async def test_empty_chunks_are_fine() -> None:
    messages = sent(HEADER, chunk(b""), chunk(b"a"), chunk(b""), chunk(b"b" * MAX_CHUNK_BYTES))
    await header_of(messages)

    assert [len(data) async for data in chunks_of(messages)] == [1, MAX_CHUNK_BYTES]


@pytest.mark.parametrize(("asked", "size"), [(0, 50), (7, 7), (1_000, 1_000), (5_000, 1_000)])
def test_page_sizes_have_a_default_and_a_bound(asked: int, size: int) -> None:
    assert page_size_of(asked) == size


def test_a_negative_page_size_is_refused() -> None:
    with pytest.raises(InvalidArgument) as caught:
        page_size_of(-1)

    assert fields_refused(caught.value) == ["page_size"]


def test_a_page_is_cut_at_2_mib_and_never_empty() -> None:
    size = PageSize(1_000)
    message = pb.DownloadImportFileResponse(chunk=b"x" * 1_500_000)

    assert [size.takes(message) for _ in range(3)] == [True, False, False]
    assert PageSize(5).takes(pb.DownloadImportFileResponse(chunk=b"x" * 3_000_000))


LIST = pb.ListImportsRequest(parent="organizations/acme", order_by="created_at")


def test_a_page_token_fits_the_same_request_with_any_page_size() -> None:
    token = PageTokens("list", LIST).token(1, "a")
    next_request = pb.ListImportsRequest(
        parent=LIST.parent, order_by=LIST.order_by, page_size=9, page_token=token
    )

    assert PageTokens("list", next_request).place_of(token, int, str) == (1, "a")


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(
            ("list", pb.ListImportsRequest(parent="organizations/other", order_by="created_at")), id="parent"
        ),
        pytest.param(("list", pb.ListImportsRequest(parent="organizations/acme")), id="order"),
        pytest.param(("results", LIST), id="kind"),
    ],
)
def test_a_page_token_of_other_fields_is_refused(other: tuple[str, pb.ListImportsRequest]) -> None:
    token = PageTokens(*other).token(1, "a")

    with pytest.raises(InvalidArgument) as caught:
        PageTokens("list", LIST).place_of(token, int, str)

    assert (caught.value.reason, fields_refused(caught.value)) == ("PAGE_TOKEN_INVALID", ["page_token"])


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        pytest.param(None, timedelta(milliseconds=500), id="unset"),
        pytest.param(Duration(nanos=100_000_000), timedelta(milliseconds=100), id="shortest"),
        pytest.param(Duration(seconds=3_600), timedelta(hours=1), id="longest"),
    ],
)
def test_progress_intervals_are_taken_within_bounds(interval: Duration | None, expected: timedelta) -> None:
    assert progress_interval_of(pb.WatchImportRequest(progress_interval=interval)) == expected


@pytest.mark.parametrize(
    "interval",
    [
        pytest.param(Duration(nanos=99_999_999), id="too short"),
        pytest.param(Duration(seconds=3_600, nanos=1), id="too long"),
        pytest.param(Duration(), id="zero"),
        pytest.param(Duration(seconds=-1), id="negative"),
        pytest.param(Duration(seconds=1, nanos=-1), id="two signs"),
        pytest.param(Duration(nanos=1_000_000_000), id="too many nanoseconds"),
    ],
)
def test_progress_intervals_out_of_bounds_are_refused(interval: Duration) -> None:
    with pytest.raises(InvalidArgument) as caught:
        progress_interval_of(pb.WatchImportRequest(progress_interval=interval))

    assert fields_refused(caught.value) == ["progress_interval"]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        pytest.param({"statuses": [9]}, "filter.statuses", id="unknown status"),
        pytest.param({"statuses": [pb.STATUS_UNSPECIFIED]}, "filter.statuses", id="unspecified status"),
        pytest.param({"reference": "r" * 256}, "filter.reference", id="long reference"),
        pytest.param({"reference_prefix": "\0"}, "filter.reference_prefix", id="NUL"),
        pytest.param({"retry_of": "first"}, "filter.retry_of", id="no name"),
        pytest.param({"created_since": Timestamp(seconds=10**15)}, "filter.created_since", id="no moment"),
    ],
)
def test_a_bad_filter_names_its_field(asked: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        filter_of(pb.ImportFilter(**asked))

    assert fields_refused(caught.value) == [field]


@pytest.mark.parametrize(
    ("order_by", "order"),
    [
        ("", ImportOrder.NEWEST_FIRST),
        ("created_at desc", ImportOrder.NEWEST_FIRST),
        ("created_at", ImportOrder.OLDEST_FIRST),
        ("inputs_size  desc", ImportOrder.LARGEST_FIRST),
        ("inputs_size", ImportOrder.SMALLEST_FIRST),
    ],
)
def test_orders_are_taken_by_their_words(order_by: str, order: ImportOrder) -> None:
    assert order_of(order_by) is order


@pytest.mark.parametrize("order_by", ["status", "created_at asc", "created_at, uid"])
def test_other_orders_are_refused(order_by: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        order_of(order_by)

    assert fields_refused(caught.value) == ["order_by"]


def test_a_position_survives_its_token() -> None:
    position = position_after((1_763_900_000_123_456, 7, "0192"))

    assert fields_of(position) == (1_763_900_000_123_456, 7, "0192")


def test_outcomes_are_taken_by_number() -> None:
    asked = [pb.OUTCOME_FAILED, pb.OUTCOME_NOT_PROCESSED, pb.OUTCOME_FAILED]

    assert outcomes_of(asked) == {Outcome.FAILED, Outcome.NOT_PROCESSED}


@pytest.mark.parametrize("number", [0, 6, -1])
def test_outcomes_that_no_row_has_are_refused(number: int) -> None:
    with pytest.raises(InvalidArgument) as caught:
        outcomes_of([number])

    assert fields_refused(caught.value) == ["outcomes"]


def test_a_negative_start_row_is_refused() -> None:
    with pytest.raises(InvalidArgument) as caught:
        start_row_of(-1)

    assert fields_refused(caught.value) == ["start_row"]


@pytest.mark.parametrize("number", [0, 3])
def test_files_that_there_are_not_are_refused(number: int) -> None:
    with pytest.raises(InvalidArgument) as caught:
        file_of(number)

    assert fields_refused(caught.value) == ["file"]


def test_an_update_is_checked_like_a_creation() -> None:
    request = pb.UpdateImportRequest(
        name="organizations/acme/imports/first", reference="r" * 256, metadata=struct_of({"\0": 1})
    )

    with pytest.raises(InvalidArgument) as caught:
        update_of(request)

    assert fields_refused(caught.value) == ["reference", "metadata"]


@pytest.mark.parametrize(
    ("remaining", "waits"), [(None, 600.0), (10_000.0, 600.0), (5.0, 4.5), (60.0, 59.0), (0.05, 0.0)]
)
def test_a_wait_is_answered_before_the_deadline(remaining: float | None, waits: float) -> None:
    assert wait_seconds(remaining) == pytest.approx(waits)


def test_a_retry_without_outcomes_takes_all_that_did_not_go_through() -> None:
    wanted = retry_of(
        pb.RetryImportRequest(name="organizations/acme/imports/a", request_id="once"), creator="me"
    )

    assert wanted.outcomes == {Outcome.FAILED, Outcome.NOT_PROCESSED}
    assert (str(wanted.name), wanted.request_id) == ("organizations/acme/imports/a", "once")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"outcomes": [pb.OUTCOME_FAILED, pb.OUTCOME_CREATED]}, "outcomes"),
        ({"outcomes": [pb.OUTCOME_UNSPECIFIED]}, "outcomes"),
        ({"outcomes": [77]}, "outcomes"),
        ({"request_id": "x" * 65}, "request_id"),
        ({"name": "organizations/acme"}, "name"),
    ],
)
def test_a_bad_retry_names_its_field(asked: dict[str, Any], field: str) -> None:
    request = pb.RetryImportRequest(**{"name": "organizations/acme/imports/a", **asked})

    with pytest.raises(InvalidArgument) as refused:
        retry_of(request, creator="me")

    assert (refused.value.reason, fields_refused(refused.value)) == ("FIELD_INVALID", [field])


@pytest.mark.parametrize(
    ("sent", "number"),
    [(5.0, 5), (2.0**53 + 2, 2**53 + 2), (-(2.0**60), -(2**60)), (1e300, 1e300), (0.5, 0.5)],
)
def test_a_whole_double_is_the_integer_that_it_stands_for(sent: float, number: float) -> None:
    taken = plain(struct_of({"n": sent}))["n"]

    assert (taken, type(taken)) == (number, type(number))
