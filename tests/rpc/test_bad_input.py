"""Calls that are refused as a whole: each with its reason and fields, and nothing is left behind."""

import hashlib
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.message import Message

from commerce.imports.v1 import imports_pb2 as pb
from commerce.imports.v1 import resources_pb2
from imports_service.embedded.objects import EmbeddedObjects
from imports_service.objects.store import Objects
from imports_service.rpc.structs import struct_of
from imports_service.settings import Settings
from tests.clusters import Cluster
from tests.rpc.refusals import holdings, refusal_of, upload
from tests.rpc.shared import shared_service
from tests.services import Service

PARENT = "organizations/acme"
INVALID = grpc.StatusCode.INVALID_ARGUMENT


@pytest.fixture(scope="module")
def settings() -> Settings:
    return Settings(
        grpc_listen="127.0.0.1:0",
        stop_grace_seconds=5.0,
        max_inputs=20,
        segment_rows=5,
        max_document_bytes=20_000,
        max_message_bytes=128 * 1024,
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(
    settings: Settings, cluster: Cluster, open_bucket: Objects, object_server: EmbeddedObjects
) -> AsyncIterator[Service]:
    """One for the whole module: every test proves that it left nothing behind."""
    async with shared_service(settings, cluster, open_bucket, object_server) as service:
        yield service


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def nothing_is_left_behind(service: Service, open_bucket: Objects) -> AsyncIterator[None]:
    before = await holdings(service.parts.database_url, open_bucket)
    yield
    assert await holdings(service.parts.database_url, open_bucket) == before


def header(**fields: Any) -> pb.CreateImportRequest:
    return pb.CreateImportRequest(parent=PARENT, **{"spec": {"resource_type": "skus"}, **fields})


JSON = {"resource_type": "skus"}
CSV = {"resource_type": "skus", "format": pb.FORMAT_CSV}
ROWS_OF_JSON = b'{"code": "a", "name": "A", "do_not_ship": true}\n'

REFUSED_DOCUMENTS = [
    pytest.param(JSON, b"", "DOCUMENT_EMPTY", id="no bytes"),
    pytest.param(JSON, b"[]", "DOCUMENT_EMPTY", id="empty array"),
    pytest.param(JSON, b"\n \n", "DOCUMENT_EMPTY", id="blank lines"),
    pytest.param(JSON, b"not JSON", "DOCUMENT_MALFORMED", id="not JSON"),
    pytest.param(JSON, b'[{"code": "a"', "DOCUMENT_MALFORMED", id="JSON that ends too early"),
    pytest.param(JSON, b'[{"code": "a"}] more', "DOCUMENT_MALFORMED", id="text after the array"),
    pytest.param(JSON, b'[{"code": "a"},]', "DOCUMENT_MALFORMED", id="trailing comma"),
    pytest.param(JSON, b"42", "DOCUMENT_MALFORMED", id="a scalar instead of an array"),
    pytest.param(JSON, b'{"code": "\xff"}', "DOCUMENT_MALFORMED", id="invalid UTF-8"),
    pytest.param(JSON, ROWS_OF_JSON * 8 + b'{"code": "\xff"}', "DOCUMENT_MALFORMED", id="late invalid UTF-8"),
    pytest.param(JSON, b"\x1f\x8b\x08\x00", "DOCUMENT_MALFORMED", id="gzip"),
    pytest.param(JSON, '[{"code": "a"}]'.encode("utf-16"), "DOCUMENT_MALFORMED", id="UTF-16"),
    pytest.param(JSON, ROWS_OF_JSON * 21, "INPUTS_TOO_MANY", id="too many rows"),
    pytest.param(JSON, b'{"code": "' + b"x" * 20_000 + b'"}', "DOCUMENT_TOO_LARGE", id="too large"),
    pytest.param(CSV, b"", "DOCUMENT_EMPTY", id="CSV without anything"),
    pytest.param(CSV, b"code,name\n", "DOCUMENT_EMPTY", id="CSV without rows"),
    pytest.param(CSV, b"a,A\nb,B\n", "HEADER_INVALID", id="CSV without header"),
    pytest.param(CSV, b"code,colour\na,red\n", "HEADER_INVALID", id="CSV with an unknown column"),
    pytest.param(CSV, b"code,name,code\na,A,a\n", "HEADER_INVALID", id="CSV with a column twice"),
    pytest.param(CSV, b'code,name\na,"A\n', "DOCUMENT_MALFORMED", id="CSV with an open quote"),
    pytest.param(CSV, b"code,name\na,\xff\n", "DOCUMENT_MALFORMED", id="CSV with invalid UTF-8"),
]


@pytest.mark.parametrize(("spec", "document", "reason"), REFUSED_DOCUMENTS)
async def test_a_document_is_refused_by_create(
    service: Service, spec: dict[str, Any], document: bytes, reason: str
) -> None:
    refusal = await refusal_of(service.imports.CreateImport(header(spec=spec, document=document)))

    assert (refusal.code, refusal.reason, refusal.fields) == (INVALID, reason, ["document"])


@pytest.mark.parametrize(("spec", "document", "reason"), REFUSED_DOCUMENTS)
async def test_a_document_is_refused_by_upload(
    service: Service, spec: dict[str, Any], document: bytes, reason: str
) -> None:
    chunks = [document[place : place + 7] for place in range(0, min(len(document), 1_400), 7)]
    chunks.append(document[1_400:])

    refusal = await refusal_of(service.imports.UploadImport(upload(header(spec=spec), *chunks)))

    assert (refusal.code, refusal.reason, refusal.fields) == (INVALID, reason, ["document"])


async def test_a_malformed_document_says_where(service: Service) -> None:
    refusal = await refusal_of(
        service.imports.CreateImport(header(document=b'[{"code": "a"},\n {"code" "b"}]'))
    )

    assert (refusal.facts["line"], refusal.facts["column"], refusal.facts["offset"]) == ("2", "10", "25")


async def test_an_unknown_column_is_named(service: Service) -> None:
    refusal = await refusal_of(
        service.imports.CreateImport(header(spec=CSV, document=b"code,colour\na,red\n"))
    )

    assert "colour" in str(refusal.facts)


async def test_a_document_with_another_hash_is_refused(service: Service) -> None:
    digest = hashlib.sha256(b"something else").digest()

    refusal = await refusal_of(
        service.imports.CreateImport(header(document=ROWS_OF_JSON, document_sha256=digest))
    )

    assert (refusal.code, refusal.reason) == (INVALID, "DOCUMENT_CHECKSUM")


async def test_no_inputs_are_refused(service: Service) -> None:
    refusal = await refusal_of(service.imports.CreateImport(header(inputs=pb.InlineInputs())))

    assert (refusal.code, refusal.reason, refusal.fields) == (INVALID, "DOCUMENT_EMPTY", ["inputs"])


async def test_too_many_inputs_are_refused_by_their_own_name(service: Service) -> None:
    inputs = pb.InlineInputs(items=[struct_of({"code": str(number)}) for number in range(21)])

    refusal = await refusal_of(service.imports.CreateImport(header(inputs=inputs)))

    assert refusal[:3] == (INVALID, "INPUTS_TOO_MANY", ["inputs"])


async def test_an_unknown_resource_type_is_refused(service: Service) -> None:
    refusal = await refusal_of(
        service.imports.CreateImport(header(spec={"resource_type": "sku"}, document=ROWS_OF_JSON))
    )

    assert refusal[:3] == (INVALID, "RESOURCE_TYPE_UNKNOWN", ["spec.resource_type"])


@pytest.mark.parametrize(
    ("messages", "field"),
    [
        pytest.param([], "header", id="no message"),
        pytest.param([pb.UploadImportRequest(chunk=b"x")], "header", id="no header"),
        pytest.param([pb.UploadImportRequest(header=header())] * 2, "header", id="two headers"),
        pytest.param(
            [pb.UploadImportRequest(header=header(document=b"[]"))],
            "header.document",
            id="header with a source",
        ),
    ],
)
async def test_an_upload_that_breaks_the_protocol_is_refused(
    service: Service, messages: list[pb.UploadImportRequest], field: str
) -> None:
    refusal = await refusal_of(service.imports.UploadImport(iter(messages)))

    assert refusal[:3] == (INVALID, "UPLOAD_PROTOCOL", [field])


async def test_a_message_over_the_limit_is_refused_by_grpc(service: Service) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await service.imports.CreateImport(header(document=b"x" * (128 * 1024)))

    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_message_that_cannot_be_parsed_is_refused(service: Service) -> None:
    prefix = "/commerce.imports.v1.ImportService"
    broken = pb.UploadImportRequest(header=header()).SerializeToString(), b"\xff"
    async with grpc.aio.insecure_channel(service.address) as channel:
        get: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"{prefix}/GetImport")
        watch: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(f"{prefix}/WatchImport")
        send: grpc.aio.StreamUnaryMultiCallable[bytes, bytes] = channel.stream_unary(f"{prefix}/UploadImport")
        calls: list[Awaitable[Any]] = [
            get(b"\xff"),
            watch(b"\n\x01\xff").read(),
            send(iter(broken[1:])),
            send(iter(broken)),
        ]

        for call in calls:
            assert (await refusal_of(call))[:3] == (INVALID, "FIELD_INVALID", [""])


NAME = f"{PARENT}/imports/first"
CALLS: list[tuple[str, type[Message], str]] = [
    ("GetImport", pb.GetImportRequest, "name"),
    ("UpdateImport", pb.UpdateImportRequest, "name"),
    ("InterruptImport", pb.InterruptImportRequest, "name"),
    ("DeleteImport", pb.DeleteImportRequest, "name"),
    ("WaitImport", pb.WaitImportRequest, "name"),
    ("ListImportResults", pb.ListImportResultsRequest, "parent"),
]


@pytest.mark.parametrize(("method", "kind", "field"), CALLS, ids=[call[0] for call in CALLS])
@pytest.mark.parametrize(
    "name",
    [
        "",
        "first",
        "organizations/acme!/imports/first",
        "organizations/-/imports/first",
        f"{PARENT}/imports/First",
    ],
)
async def test_a_malformed_name_is_refused(
    service: Service, method: str, kind: type[Message], field: str, name: str
) -> None:
    refusal = await refusal_of(getattr(service.imports, method)(kind(**{field: name})))

    assert refusal[:3] == (INVALID, "FIELD_INVALID", [field])


@pytest.mark.parametrize(("method", "kind", "field"), CALLS, ids=[call[0] for call in CALLS])
async def test_the_import_of_an_unknown_organization_is_not_found(
    service: Service, method: str, kind: type[Message], field: str
) -> None:
    refusal = await refusal_of(getattr(service.imports, method)(kind(**{field: NAME})))

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "IMPORT_NOT_FOUND")
    assert refusal.facts["name"] == NAME


async def test_a_watch_of_an_unknown_import_is_not_found_at_once(service: Service) -> None:
    call = service.imports.WatchImport(pb.WatchImportRequest(name=NAME), timeout=5)

    assert (await refusal_of(call.read())).reason == "IMPORT_NOT_FOUND"


async def test_a_file_of_an_unknown_import_is_not_found(service: Service) -> None:
    request = pb.DownloadImportFileRequest(name=NAME, file=pb.IMPORT_FILE_ATTACHMENT)

    assert (await refusal_of(service.imports.DownloadImportFile(request).read())).reason == "IMPORT_NOT_FOUND"


@pytest.mark.parametrize(
    ("request_", "reason", "field"),
    [
        pytest.param({"parent": "acme"}, "FIELD_INVALID", "parent", id="malformed parent"),
        pytest.param({"parent": "organizations/-"}, "FIELD_INVALID", "parent", id="all organizations"),
        pytest.param({"page_size": -1}, "FIELD_INVALID", "page_size", id="negative page size"),
        pytest.param({"page_token": "made up"}, "PAGE_TOKEN_INVALID", "page_token", id="bad page token"),
        pytest.param({"order_by": "status"}, "FIELD_INVALID", "order_by", id="unknown order"),
        pytest.param({"filter": {"statuses": [99]}}, "FIELD_INVALID", "filter.statuses", id="unknown status"),
    ],
)
async def test_a_bad_list_is_refused(
    service: Service, request_: dict[str, Any], reason: str, field: str
) -> None:
    refusal = await refusal_of(
        service.imports.ListImports(pb.ListImportsRequest(**{"parent": PARENT, **request_}))
    )

    assert refusal[:3] == (INVALID, reason, [field])


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        pytest.param({}, "id", id="neither id nor key"),
        pytest.param({"id": "a/b"}, "id", id="malformed id"),
        pytest.param({"key": {"values": {}}}, "key", id="incomplete key"),
        pytest.param({"key": {"values": {"code": "a", "name": "A"}}}, "key", id="key with too much"),
        pytest.param({"key": {"values": {"code": "\0"}}}, "key", id="NUL in the key"),
        pytest.param(
            {"resource_type": "bundles", "key": {"values": {"code": "b", "market_id": "\x1e"}}},
            "key",
            id="the sign of a missing part in the key",
        ),
        pytest.param(
            {"resource_type": "addresses", "key": {"values": {"code": "a"}}}, "key", id="a type without key"
        ),
    ],
)
async def test_a_resource_has_to_be_named_rightly(
    service: Service, request_: dict[str, Any], field: str
) -> None:
    request = resources_pb2.GetResourceRequest(**{"parent": PARENT, "resource_type": "skus", **request_})

    refusal = await refusal_of(service.resources.GetResource(request))

    assert refusal[:3] == (INVALID, "FIELD_INVALID", [field])


async def test_resources_of_an_unknown_type_are_refused(service: Service) -> None:
    request = resources_pb2.ListResourcesRequest(parent=PARENT, resource_type="markets")

    refusal = await refusal_of(service.resources.ListResources(request))

    assert refusal[:3] == (INVALID, "RESOURCE_TYPE_UNKNOWN", ["resource_type"])


async def test_more_than_1000_names_of_resources_are_refused(service: Service) -> None:
    request = resources_pb2.ListResourcesRequest(
        parent=PARENT, resource_type="skus", ids=[f"id{number}" for number in range(1_001)]
    )

    assert (await refusal_of(service.resources.ListResources(request))).fields == ["ids"]


@pytest.mark.parametrize("after", [["first"], ["organizations/other/imports/first"], [NAME, NAME]])
async def test_what_is_no_import_to_wait_for_is_refused(service: Service, after: list[str]) -> None:
    spec = {"resource_type": "skus", "after": after}

    refusal = await refusal_of(service.imports.CreateImport(header(document=ROWS_OF_JSON, spec=spec)))

    assert refusal[:3] == (INVALID, "FIELD_INVALID", [f"spec.after[{len(after) - 1}]"])


async def test_an_unknown_import_to_wait_for_is_not_found(service: Service) -> None:
    spec = {"resource_type": "skus", "after": [NAME]}

    refusal = await refusal_of(service.imports.CreateImport(header(document=ROWS_OF_JSON, spec=spec)))

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "IMPORT_NOT_FOUND")
