"""An import through the calls, from its creation to its removal, on the whole service."""

import asyncio
import gzip
import hashlib
import json
import urllib.request
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import grpc
import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from commerce.imports.v1 import imports_pb2 as pb
from commerce.imports.v1 import resources_pb2, resources_pb2_grpc
from imports_service.embedded.objects import EmbeddedObjects
from imports_service.objects.store import Objects
from imports_service.rpc.structs import plain, struct_of
from imports_service.settings import Settings
from tests.clusters import Cluster
from tests.rpc.refusals import refusal_of, upload
from tests.rpc.shared import shared_service
from tests.services import Service


@pytest.fixture(scope="module")
def settings() -> Settings:
    return Settings(grpc_listen="127.0.0.1:0", stop_grace_seconds=5.0, segment_rows=4)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(
    settings: Settings, cluster: Cluster, open_bucket: Objects, object_server: EmbeddedObjects
) -> AsyncIterator[Service]:
    async with shared_service(settings, cluster, open_bucket, object_server) as service:
        yield service


@pytest.fixture
def parent() -> str:
    """An organization of the test's own."""
    return f"organizations/{uuid4().hex}"


def wanted(parent: str, resource_type: str = "skus", **fields: Any) -> pb.CreateImportRequest:
    spec = pb.ImportSpec(resource_type=resource_type, **fields.pop("spec", {}))
    return pb.CreateImportRequest(parent=parent, spec=spec, **fields)


def skus(count: int, **more: Any) -> bytes:
    rows = (
        {"code": f"sku-{number:03}", "name": f"Sku {number}", "do_not_ship": True, **more}
        for number in range(count)
    )
    return "\n".join(json.dumps(row) for row in rows).encode()


# every third row has no name, which a new resource must have
MIXED = "\n".join(
    json.dumps({"code": f"sku-{number:03}", "do_not_ship": True} | ({"name": "A name"} if number % 3 else {}))
    for number in range(9)
).encode()


async def ended(service: Service, created: pb.Import) -> pb.Import:
    waited = await service.imports.WaitImport(pb.WaitImportRequest(name=created.name), timeout=30)
    assert waited.status in {pb.STATUS_COMPLETED, pb.STATUS_INTERRUPTED}
    return waited


async def imported(service: Service, request: pb.CreateImportRequest) -> pb.Import:
    return await ended(service, await service.imports.CreateImport(request))


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        body: bytes = answer.read()
        return body


async def downloaded(service: Service, name: str, file: pb.ImportFile.ValueType) -> bytes:
    call = service.imports.DownloadImportFile(pb.DownloadImportFileRequest(name=name, file=file))
    return b"".join([message.chunk async for message in call])


async def all_results(service: Service, name: str, **asked: Any) -> list[pb.ImportResult]:
    results: list[pb.ImportResult] = []
    token = ""
    while True:
        page = await service.imports.ListImportResults(
            pb.ListImportResultsRequest(parent=name, page_token=token, **asked)
        )
        results += page.results
        token = page.next_page_token
        if not token:
            return results


async def test_creation_answers_with_a_pending_import(service: Service, parent: str) -> None:
    request = wanted(
        parent,
        import_id="first",
        document=skus(3),
        spec={
            "reference": "erp-1",
            "reference_origin": "erp",
            "metadata": struct_of({"season": {"year": 2026}}),
        },
    )

    created = await service.imports.CreateImport(request)

    assert created.name == f"{parent}/imports/first"
    assert (created.status, created.inputs_size, created.format) == (pb.STATUS_PENDING, 3, pb.FORMAT_JSON)
    assert (created.reference, created.reference_origin, created.creator) == ("erp-1", "erp", "insecure")
    assert plain(created.metadata) == {"season": {"year": 2026}}
    assert created.uid
    assert created.etag
    assert created.created_at.seconds > 0


async def test_an_import_ends_with_exact_counts_and_times(service: Service, parent: str) -> None:
    done = await imported(service, wanted(parent, document=MIXED, spec={"skip_errors": True}))

    assert (done.status, done.status_reason) == (pb.STATUS_COMPLETED, pb.STATUS_REASON_UNSPECIFIED)
    assert (done.created_count, done.processed_count, done.errors_count) == (6, 6, 3)
    assert done.created_at.ToDatetime() <= done.started_at.ToDatetime() <= done.completed_at.ToDatetime()
    assert done.expires_at.seconds > done.completed_at.seconds
    assert done.threshold_exceeded


async def test_too_many_failed_rows_interrupt(service: Service, parent: str) -> None:
    done = await imported(service, wanted(parent, document=MIXED))

    assert (done.status, done.status_reason) == (pb.STATUS_INTERRUPTED, pb.STATUS_REASON_TOO_MANY_ERRORS)
    assert done.processed_count + done.errors_count + done.not_processed_count == 9


async def test_get_shows_logs_summary_and_files(service: Service, parent: str) -> None:
    done = await imported(
        service, wanted(parent, import_id="first", document=MIXED, spec={"skip_errors": True})
    )

    found = await service.imports.GetImport(pb.GetImportRequest(name=done.name))

    assert set(plain(found.errors_log)) == {"sku-000", "sku-003", "sku-006"}
    assert "can't be blank" in plain(found.errors_log)["sku-000"]["name"][0]
    assert not found.errors_log_truncated
    (summary,) = found.issue_summary
    assert (summary.code, summary.attribute, summary.count) == ("required", "name", 3)
    assert list(summary.first_rows) == [1, 4, 7]
    attachment = json.loads(gzip.decompress(await asyncio.to_thread(fetched, found.attachment_url)))
    assert [row["code"] for row in attachment] == [f"sku-{number:03}" for number in (1, 2, 4, 5, 7, 8)]
    failed = json.loads(await asyncio.to_thread(fetched, found.failed_inputs_url))
    assert [row["_row_number"] for row in failed] == [1, 4, 7]


async def test_lists_and_waits_carry_no_logs_and_urls(service: Service, parent: str) -> None:
    done = await imported(service, wanted(parent, document=MIXED, spec={"skip_errors": True}))
    listed = await service.imports.ListImports(pb.ListImportsRequest(parent=parent))

    for shown in (done, *listed.imports):
        assert not shown.HasField("errors_log")
        assert not shown.issue_summary
        assert shown.attachment_url == shown.failed_inputs_url == ""


async def test_downloads_are_the_same_bytes_as_behind_the_urls(service: Service, parent: str) -> None:
    done = await imported(service, wanted(parent, document=MIXED, spec={"skip_errors": True}))
    found = await service.imports.GetImport(pb.GetImportRequest(name=done.name))

    attachment = await downloaded(service, done.name, pb.IMPORT_FILE_ATTACHMENT)
    failed = await downloaded(service, done.name, pb.IMPORT_FILE_FAILED_INPUTS)

    assert attachment == await asyncio.to_thread(fetched, found.attachment_url)
    assert failed == await asyncio.to_thread(fetched, found.failed_inputs_url)


async def test_a_file_without_rows_is_not_found(service: Service, parent: str) -> None:
    done = await imported(service, wanted(parent, document=skus(2)))

    refusal = await refusal_of(downloaded(service, done.name, pb.IMPORT_FILE_FAILED_INPUTS))

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "FILE_NOT_FOUND")
    found = await service.imports.GetImport(pb.GetImportRequest(name=done.name))
    assert found.failed_inputs_url == ""


async def test_results_page_through_all_rows_in_order(service: Service, parent: str) -> None:
    done = await imported(service, wanted(parent, document=MIXED, spec={"skip_errors": True}))

    results = await all_results(service, done.name, page_size=2)

    assert [result.row_number for result in results] == list(range(1, 10))
    assert [result.key for result in results] == [f"sku-{number:03}" for number in range(9)]
    assert {bool(result.resource_id) for result in results if result.outcome == pb.OUTCOME_CREATED} == {True}
    failed = results[3]
    assert (failed.outcome, failed.resource_id) == (pb.OUTCOME_FAILED, "")
    (issue,) = failed.issues
    assert (issue.severity, issue.attribute, issue.code) == (pb.SEVERITY_ERROR, "name", "required")


async def test_results_are_narrowed_by_outcome_and_begin_at_a_row(service: Service, parent: str) -> None:
    done = await imported(service, wanted(parent, document=MIXED, spec={"skip_errors": True}))

    failed = await all_results(service, done.name, outcomes=[pb.OUTCOME_FAILED], start_row=2, page_size=1)

    assert [result.row_number for result in failed] == [4, 7]


async def test_rows_that_were_not_processed_are_listed(service: Service, parent: str) -> None:
    rows = b"\n".join([MIXED, skus(40)])
    done = await imported(service, wanted(parent, document=rows))

    results = await all_results(service, done.name)

    assert len(results) == done.inputs_size
    left = [result for result in results if result.outcome == pb.OUTCOME_NOT_PROCESSED]
    assert len(left) == done.not_processed_count
    assert {result.resource_id for result in left} <= {""}


async def test_a_token_of_results_is_bound_to_the_import(service: Service, parent: str) -> None:
    done = await imported(service, wanted(parent, import_id="first", document=skus(5)))
    page = await service.imports.ListImportResults(pb.ListImportResultsRequest(parent=done.name, page_size=1))
    await service.imports.DeleteImport(pb.DeleteImportRequest(name=done.name))
    await imported(service, wanted(parent, import_id="first", document=skus(5)))

    refusal = await refusal_of(
        service.imports.ListImportResults(
            pb.ListImportResultsRequest(parent=done.name, page_token=page.next_page_token)
        )
    )

    assert refusal.reason == "PAGE_TOKEN_INVALID"


async def test_inputs_are_imported_like_a_document(service: Service, parent: str) -> None:
    inputs = {"items": [struct_of({"code": "a", "name": "A", "pieces_per_pack": 5, "do_not_ship": True})]}

    done = await imported(service, wanted(parent, inputs=inputs))

    assert (done.created_count, done.errors_count) == (1, 0)


async def test_an_upload_is_imported(service: Service, parent: str) -> None:
    document = skus(30)
    pieces = (document[place : place + 100] for place in range(0, len(document), 100))
    request = wanted(parent, document_sha256=hashlib.sha256(document).digest())

    created = await service.imports.UploadImport(upload(request, *pieces))

    assert (await ended(service, created)).created_count == 30


async def test_csv_is_imported(service: Service, parent: str) -> None:
    document = "code;name;do_not_ship;weight\nä;Ä;true;NULL\nb;B;true;\n".encode()
    options = {"format": pb.FORMAT_CSV, "csv_options": {"delimiter": ";", "null_marker": "NULL"}}

    done = await imported(service, wanted(parent, document=document, spec=options))

    assert (done.format, done.created_count, done.csv_options.null_marker) == (pb.FORMAT_CSV, 2, "NULL")


async def test_a_request_id_gives_the_same_import_again(service: Service, parent: str) -> None:
    request = wanted(parent, document=skus(2), request_id="once")
    first = await service.imports.CreateImport(request)

    again = await service.imports.CreateImport(request)
    by_upload = await service.imports.UploadImport(upload(wanted(parent, request_id="once"), skus(2)))
    other = await refusal_of(
        service.imports.CreateImport(wanted(parent, document=skus(3), request_id="once"))
    )

    assert {again.uid, by_upload.uid} == {first.uid}
    assert (other.code, other.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")


async def test_lists_have_every_import_once_in_order_with_an_exact_total(
    service: Service, parent: str
) -> None:
    for number in range(5):
        await service.imports.CreateImport(
            wanted(parent, import_id=f"import-{number}", document=skus(number + 1))
        )
    request = pb.ListImportsRequest(parent=parent, order_by="inputs_size desc", page_size=2)

    seen: list[str] = []
    while True:
        page = await service.imports.ListImports(request)
        assert page.total_size == 5
        seen += [found.name.rpartition("-")[2] for found in page.imports]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token

    assert seen == ["4", "3", "2", "1", "0"]


async def test_lists_are_narrowed_by_the_filter(service: Service, parent: str) -> None:
    await imported(service, wanted(parent, import_id="good", document=skus(2), spec={"reference": "erp-1"}))
    await imported(service, wanted(parent, import_id="bad", document=MIXED, spec={"skip_errors": True}))

    async def names(**asked: Any) -> list[str]:
        page = await service.imports.ListImports(
            pb.ListImportsRequest(parent=parent, filter=pb.ImportFilter(**asked))
        )
        assert page.total_size == len(page.imports)
        return [found.name.rpartition("/")[2] for found in page.imports]

    assert await names() == ["bad", "good"]
    assert await names(with_errors=True) == ["bad"]
    assert await names(with_errors=False) == ["good"]
    assert await names(reference_prefix="erp") == ["good"]
    assert await names(statuses=[pb.STATUS_COMPLETED], resource_types=["prices"]) == []


async def test_the_list_of_an_unknown_organization_is_empty(service: Service, parent: str) -> None:
    page = await service.imports.ListImports(pb.ListImportsRequest(parent="organizations/nobody"))

    assert (len(page.imports), page.total_size, page.next_page_token) == (0, 0, "")


async def test_an_update_changes_what_its_mask_names(service: Service, parent: str) -> None:
    created = await service.imports.CreateImport(
        wanted(parent, document=skus(1), spec={"reference_origin": "erp"})
    )

    updated = await service.imports.UpdateImport(
        pb.UpdateImportRequest(name=created.name, reference="r", update_mask=FieldMask(paths=["reference"]))
    )

    assert (updated.reference, updated.reference_origin) == ("r", "erp")
    assert updated.etag != created.etag


async def test_an_old_etag_is_refused(service: Service, parent: str) -> None:
    created = await service.imports.CreateImport(wanted(parent, document=skus(1)))

    refusal = await refusal_of(
        service.imports.UpdateImport(pb.UpdateImportRequest(name=created.name, reference="r", etag="old"))
    )

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "ETAG_MISMATCH")


async def test_an_ended_import_cannot_be_interrupted(service: Service, parent: str) -> None:
    done = await imported(service, wanted(parent, document=skus(1)))

    refusal = await refusal_of(service.imports.InterruptImport(pb.InterruptImportRequest(name=done.name)))

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "IMPORT_ENDED")


async def test_a_deleted_import_is_gone_and_may_be_missing(service: Service, parent: str) -> None:
    done = await imported(service, wanted(parent, document=skus(1)))

    await service.imports.DeleteImport(pb.DeleteImportRequest(name=done.name))

    assert (await refusal_of(service.imports.GetImport(pb.GetImportRequest(name=done.name)))).reason == (
        "IMPORT_NOT_FOUND"
    )
    await service.imports.DeleteImport(pb.DeleteImportRequest(name=done.name, allow_missing=True))


async def test_a_watch_tells_the_life_of_an_import_and_ends(service: Service, parent: str) -> None:
    created = await service.imports.CreateImport(wanted(parent, document=skus(20)))

    events = [
        event
        async for event in service.imports.WatchImport(pb.WatchImportRequest(name=created.name), timeout=30)
    ]

    assert events[0].kind == pb.KIND_SNAPSHOT
    assert (events[-1].kind, events[-1].snapshot.status) == (pb.KIND_TRANSITION, pb.STATUS_COMPLETED)
    assert events[-1].previous_status == pb.STATUS_IN_PROGRESS
    assert all(0 < len(event.resume_token) <= 256 for event in events)


async def test_a_watch_resumes_from_its_token_without_repeating(service: Service, parent: str) -> None:
    created = await service.imports.CreateImport(wanted(parent, document=skus(4)))
    request = pb.WatchImportRequest(name=created.name)
    told = [event async for event in service.imports.WatchImport(request, timeout=30)]

    request.resume_token = told[-1].resume_token
    again = [event async for event in service.imports.WatchImport(request, timeout=30)]

    assert again == []


async def test_a_resource_is_found_by_id_and_by_key(service: Service, parent: str) -> None:
    categories = b'{"id": "books", "name": "Books"}'
    await imported(service, wanted(parent, "shipping_categories", document=categories))
    done = await imported(
        service, wanted(parent, document=skus(1, shipping_category_id="books", metadata={"season": "autumn"}))
    )
    by_key = await service.resources.GetResource(
        resources_pb2.GetResourceRequest(
            parent=parent, resource_type="skus", key=resources_pb2.ResourceKey(values={"code": "sku-000"})
        )
    )

    by_id = await service.resources.GetResource(
        resources_pb2.GetResourceRequest(parent=parent, resource_type="skus", id=by_key.id)
    )

    assert by_id == by_key
    assert dict(by_id.key.values) == {"code": "sku-000"}
    assert plain(by_id.relationships) == {"shipping_category_id": "books"}
    attributes = plain(by_id.attributes)
    assert (attributes["name"], attributes["metadata"]) == ("Sku 0", {"season": "autumn"})
    assert by_id.last_import == done.name


async def test_a_resource_of_more_than_4_mib_as_a_message_is_read_by_clients_that_take_it(
    service: Service, parent: str
) -> None:
    row = (
        b'{"id":"large","code":"a","name":"A","do_not_ship":true,"metadata":{"list":[1'
        + b",1" * 500_000
        + b"]}}"
    )
    await ended(
        service, await service.imports.UploadImport(upload(wanted(parent), row[:700_000], row[700_000:]))
    )
    options = [("grpc.max_receive_message_length", 16 * 1024 * 1024)]

    async with grpc.aio.insecure_channel(service.address, options=options) as channel:
        resources = resources_pb2_grpc.ResourceServiceStub(channel)
        page = await resources.ListResources(
            resources_pb2.ListResourcesRequest(parent=parent, resource_type="skus")
        )
        found = await resources.GetResource(
            resources_pb2.GetResourceRequest(parent=parent, resource_type="skus", id="large")
        )

    assert found.ByteSize() > 4 * 1024 * 1024
    assert list(page.resources) == [found]


async def test_an_unknown_resource_is_not_found(service: Service, parent: str) -> None:
    request = resources_pb2.GetResourceRequest(parent=parent, resource_type="skus", id="nothing")

    refusal = await refusal_of(service.resources.GetResource(request))

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "RESOURCE_NOT_FOUND")


async def test_resources_are_paged_in_id_order(service: Service, parent: str) -> None:
    await imported(service, wanted(parent, document=skus(7)))
    request = resources_pb2.ListResourcesRequest(parent=parent, resource_type="skus", page_size=3)

    ids: list[str] = []
    while True:
        page = await service.resources.ListResources(request)
        ids += [found.id for found in page.resources]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token

    assert len(ids) == 7
    assert ids == sorted(set(ids))


async def test_named_resources_are_listed_without_the_unknown(service: Service, parent: str) -> None:
    await imported(
        service,
        wanted(parent, document=b'{"id": "one", "code": "a", "name": "A", "do_not_ship": true}\n' + skus(2)),
    )
    keys = [resources_pb2.ResourceKey(values={"code": code}) for code in ("sku-001", "a", "unknown")]

    page = await service.resources.ListResources(
        resources_pb2.ListResourcesRequest(
            parent=parent, resource_type="skus", ids=["one", "nothing"], keys=keys
        )
    )

    codes = [found.key.values["code"] for found in page.resources]
    assert sorted(codes) == ["a", "sku-001"]


async def test_a_watch_with_a_foreign_token_or_interval_is_refused(service: Service, parent: str) -> None:
    created = await service.imports.CreateImport(wanted(parent, document=skus(1)))
    foreign = pb.WatchImportRequest(name=created.name, resume_token="made up")
    hasty = pb.WatchImportRequest(name=created.name, progress_interval=Duration(nanos=1))

    refusals = [await refusal_of(service.imports.WatchImport(request).read()) for request in (foreign, hasty)]

    assert [(refusal.reason, refusal.fields) for refusal in refusals] == [
        ("RESUME_TOKEN_INVALID", ["resume_token"]),
        ("FIELD_INVALID", ["progress_interval"]),
    ]


async def test_the_trace_context_of_the_call_is_kept(service: Service, parent: str) -> None:
    trace_context = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    created = await service.imports.CreateImport(
        wanted(parent, document=skus(1)), metadata=[("traceparent", trace_context)]
    )

    connection = await asyncpg.connect(service.parts.database_url)
    try:
        kept = await connection.fetchval("SELECT trace_context FROM import WHERE uid = $1", created.uid)
    finally:
        await connection.close()
    assert kept == trace_context
