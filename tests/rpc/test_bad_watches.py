"""Watches that are refused: each with its reason and field, at once, whatever was asked before."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import grpc
import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.domain.tokens import encode_token
from imports_service.embedded.objects import EmbeddedObjects
from imports_service.objects.store import Objects
from imports_service.settings import Role, Settings
from tests.clusters import Cluster
from tests.rpc.refusals import refusal_of
from tests.rpc.shared import shared_service
from tests.services import Service

PARENT = "organizations/acme"
ROW = b'{"code": "a", "name": "A", "do_not_ship": true}\n'
INVALID, NOT_FOUND = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND


@pytest.fixture(scope="module")
def settings() -> Settings:
    """Nobody works on the imports."""
    return Settings(grpc_listen="127.0.0.1:0", role=Role.API, stop_grace_seconds=5.0)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(
    settings: Settings, cluster: Cluster, open_bucket: Objects, object_server: EmbeddedObjects
) -> AsyncIterator[Service]:
    async with shared_service(settings, cluster, open_bucket, object_server) as service:
        yield service


async def created(service: Service, parent: str = PARENT) -> str:
    request = pb.CreateImportRequest(parent=parent, spec=pb.ImportSpec(resource_type="skus"), document=ROW)
    return (await service.imports.CreateImport(request)).name


async def told_first(
    service: Service, request: pb.WatchImportRequest | pb.WatchImportsRequest
) -> pb.ImportEvent:
    call = watch(service, request)
    event = await call.read()
    call.cancel()
    assert isinstance(event, pb.ImportEvent)
    return event


def watch(service: Service, request: pb.WatchImportRequest | pb.WatchImportsRequest) -> Any:
    if isinstance(request, pb.WatchImportRequest):
        return service.imports.WatchImport(request, timeout=20)
    return service.imports.WatchImports(request, timeout=20)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "acme",
        "organizations/acme",
        "organizations/-/imports/a",
        "organizations/acme/imports/A",
        "x" * 10_000,
    ],
    ids=lambda name: name[:30] or "empty",
)
async def test_a_malformed_name_is_refused(service: Service, name: str) -> None:
    refusal = await refusal_of(watch(service, pb.WatchImportRequest(name=name)).read())

    assert (refusal.code, refusal.reason, refusal.fields) == (INVALID, "FIELD_INVALID", ["name"])


@pytest.mark.parametrize(
    "parent", ["", "acme", "organizations/-", "organizations/acme/imports/a", "organizations/ä"]
)
async def test_a_malformed_parent_is_refused(service: Service, parent: str) -> None:
    refusal = await refusal_of(watch(service, pb.WatchImportsRequest(parent=parent)).read())

    assert (refusal.code, refusal.reason, refusal.fields) == (INVALID, "FIELD_INVALID", ["parent"])


async def test_an_import_that_never_was_or_is_gone_is_not_found(service: Service) -> None:
    gone = await created(service)
    await service.imports.DeleteImport(pb.DeleteImportRequest(name=gone))

    for name in (gone, f"{PARENT}/imports/never", "organizations/nobody/imports/never"):
        refusal = await refusal_of(watch(service, pb.WatchImportRequest(name=name)).read())
        assert (refusal.code, refusal.reason) == (NOT_FOUND, "IMPORT_NOT_FOUND")


async def test_an_organization_that_nobody_knows_is_watched_like_any(service: Service) -> None:
    first = await told_first(service, pb.WatchImportsRequest(parent="organizations/nobody"))

    assert first.kind == pb.KIND_SYNCED


@pytest.mark.parametrize(
    "interval",
    [
        pytest.param(Duration(), id="zero"),
        pytest.param(Duration(seconds=-1), id="negative"),
        pytest.param(Duration(nanos=-500_000_000), id="negative nanos"),
        pytest.param(Duration(nanos=99_999_999), id="just too short"),
        pytest.param(Duration(seconds=3_600, nanos=1), id="just too long"),
        pytest.param(Duration(seconds=2**62), id="huge"),
        pytest.param(Duration(seconds=1, nanos=2**31 - 1), id="nanos beyond a second"),
    ],
)
async def test_an_interval_out_of_bounds_is_refused(service: Service, interval: Duration) -> None:
    name = await created(service)
    requests: list[pb.WatchImportRequest | pb.WatchImportsRequest] = [
        pb.WatchImportRequest(name=name, progress_interval=interval),
        pb.WatchImportsRequest(parent=PARENT, progress_interval=interval),
    ]

    for request in requests:
        refusal = await refusal_of(watch(service, request).read())
        assert (refusal.code, refusal.reason, refusal.fields) == (
            INVALID,
            "FIELD_INVALID",
            ["progress_interval"],
        )


@pytest.mark.parametrize(
    "interval", [Duration(nanos=100_000_000), Duration(seconds=3_600)], ids=["least", "most"]
)
async def test_an_interval_at_its_bounds_is_fine(service: Service, interval: Duration) -> None:
    request = pb.WatchImportsRequest(parent="organizations/bounds", progress_interval=interval)

    assert (await told_first(service, request)).kind == pb.KIND_SYNCED


async def test_tokens_of_other_watches_are_refused(service: Service) -> None:
    name, other, foreign = [
        await created(service, parent) for parent in (PARENT, PARENT, "organizations/globex")
    ]
    of_one = (await told_first(service, pb.WatchImportRequest(name=name))).resume_token
    of_all = (await told_first(service, pb.WatchImportsRequest(parent=PARENT))).resume_token
    errors = pb.ImportFilter(with_errors=True)
    requests: list[pb.WatchImportRequest | pb.WatchImportsRequest] = [
        *(pb.WatchImportRequest(name=each, resume_token=of_one) for each in (other, foreign)),
        pb.WatchImportRequest(name=name, resume_token=of_all),
        pb.WatchImportsRequest(parent=PARENT, resume_token=of_one),
        pb.WatchImportsRequest(parent="organizations/globex", resume_token=of_all),
        pb.WatchImportsRequest(parent=PARENT, filter=errors, resume_token=of_all),
    ]
    for token in ("garbage", "x" * 100_000, of_one[:-1], of_one[1:], of_one.lower(), of_one + "A", " "):
        requests.append(pb.WatchImportRequest(name=name, resume_token=token))
    for token in ("garbage", of_all[:-1], of_all + "A", encode_token("list-imports", 1, 2, "3")):
        requests.append(pb.WatchImportsRequest(parent=PARENT, resume_token=token))

    for request in requests:
        refusal = await refusal_of(watch(service, request).read())
        assert (refusal.code, refusal.reason, refusal.fields) == (
            INVALID,
            "RESUME_TOKEN_INVALID",
            ["resume_token"],
        ), request


async def test_a_token_of_an_import_is_none_of_the_next_with_its_name(service: Service) -> None:
    name = await created(service)
    token = (await told_first(service, pb.WatchImportRequest(name=name))).resume_token
    await service.imports.DeleteImport(pb.DeleteImportRequest(name=name))
    await service.imports.CreateImport(
        pb.CreateImportRequest(
            parent=PARENT,
            import_id=name.rpartition("/")[-1],
            spec=pb.ImportSpec(resource_type="skus"),
            document=ROW,
        )
    )

    call = watch(service, pb.WatchImportRequest(name=name, resume_token=token))

    assert [event.kind async for event in call] == [pb.KIND_DELETED]


async def test_a_token_from_the_future_is_refused(service: Service) -> None:
    name = await created(service)
    token = (await told_first(service, pb.WatchImportRequest(name=name))).resume_token
    connection = await asyncpg.connect(service.parts.database_url)
    try:  # a database that was restored from a backup
        await connection.execute("UPDATE organization_clock SET seq = 0 WHERE organization_id = 'acme'")
        refusal = await refusal_of(
            watch(service, pb.WatchImportRequest(name=name, resume_token=token)).read()
        )
    finally:
        await connection.execute(
            "UPDATE organization_clock SET seq = (SELECT max(seq) FROM event WHERE organization_id = 'acme')"
            " WHERE organization_id = 'acme'"
        )
        await connection.close()

    assert (refusal.code, refusal.reason) == (INVALID, "RESUME_TOKEN_INVALID")


async def test_tokens_that_are_too_old_are_out_of_range_and_say_from_where_events_are_kept(
    service: Service,
) -> None:
    parent = "organizations/old"
    name = await created(service, parent)
    requests: list[pb.WatchImportRequest | pb.WatchImportsRequest] = []
    for request in (pb.WatchImportRequest(name=name), pb.WatchImportsRequest(parent=parent)):
        token = (await told_first(service, request)).resume_token
        request.resume_token = token
        requests.append(request)
    await service.imports.InterruptImport(pb.InterruptImportRequest(name=name))
    connection = await asyncpg.connect(service.parts.database_url)
    await connection.execute("UPDATE organization_clock SET floor = seq WHERE organization_id = 'old'")
    await connection.execute("DELETE FROM event WHERE organization_id = 'old'")
    await connection.close()

    for request in requests:
        refusal = await refusal_of(watch(service, request).read())
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.OUT_OF_RANGE, "RESUME_TOKEN_EXPIRED")
        assert int(refusal.facts["floor"]) >= 2


@pytest.mark.parametrize(
    ("filter", "field"),
    [
        (pb.ImportFilter(statuses=[99]), "filter.statuses"),  # type: ignore[list-item]
        (pb.ImportFilter(resource_types=["skus"] * 101), "filter.resource_types"),
        (pb.ImportFilter(reference="\0"), "filter.reference"),
        (pb.ImportFilter(retry_of="nonsense"), "filter.retry_of"),
    ],
)
async def test_a_bad_filter_is_refused(service: Service, filter: pb.ImportFilter, field: str) -> None:
    refusal = await refusal_of(watch(service, pb.WatchImportsRequest(parent=PARENT, filter=filter)).read())

    assert (refusal.code, refusal.reason, refusal.fields) == (INVALID, "FIELD_INVALID", [field])
