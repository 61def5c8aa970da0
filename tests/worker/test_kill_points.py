"""A process is killed at a named point of its work, others go on: nothing is lost, nothing is there twice."""

from collections.abc import AsyncIterator, Awaitable

import asyncpg
import pytest
import pytest_asyncio

from commerce.imports.v1 import imports_pb2
from imports_service.domain.names import import_prefix, outcomes_object
from imports_service.objects.store import Objects
from tests.clusters import Cluster
from tests.eventually import eventually
from tests.services import READY, Client, ServiceProcess, client_of
from tests.worker.addresses import addresses

ROWS = 5_750
BAD = frozenset(range(17, ROWS, 500))
SHORT = {"IMPORTS_LEASE_SECONDS": "2", "IMPORTS_SEGMENT_ROWS": "500"}
WORKER = SHORT | {"IMPORTS_ROLE": "worker"}
API = SHORT | {"IMPORTS_ROLE": "api"}
HEADER = imports_pb2.CreateImportRequest(
    parent="organizations/acme",
    spec=imports_pb2.ImportSpec(resource_type="addresses"),
    request_id="the-one",
)

WORKER_POINTS = [
    "after-fence:3",
    "after-look-up:2",
    "after-write",
    "after-count:4",
    "before-commit:2",
    "after-commit:3",
    "closing-file:2",
    "closing-before-commit",
]


@pytest_asyncio.fixture(loop_scope="session")
async def database_url(durable_cluster: Cluster) -> AsyncIterator[str]:
    async with durable_cluster.clone() as url:
        yield url


@pytest.mark.parametrize("point", WORKER_POINTS)
async def test_a_worker_killed_at_a_point_costs_nothing(point, spawn_service, database_url, objects):
    api, first = await both(
        spawn_service(wait=False, **API), spawn_service(wait=False, **WORKER, IMPORTS_STOP_AT=point)
    )
    async with client_of(api.address) as client:
        created = await upload(client)

        await first.said("stopped at")
        await first.kill()
        await both(spawn_service(wait=False, **WORKER), spawn_service(wait=False, **WORKER))

        await exactly_once(client, created.name, database_url, objects)


@pytest.mark.parametrize(
    "point", ["outcomes-copied", "outcomes-stored", "outcomes-placing", "outcomes-placed", "outcomes-moved"]
)
async def test_a_housekeeper_killed_while_it_moves_outcomes_loses_none(
    point, spawn_service, database_url, objects
):
    api, doomed = await both(
        spawn_service(wait=False, **API), spawn_service(wait=False, **WORKER, IMPORTS_STOP_AT=point)
    )
    async with client_of(api.address) as client:
        created = await upload(client)

        await doomed.said("stopped at")
        await doomed.kill()
        assert await results(client, created.name) == expected_results()
        await both(spawn_service(wait=False, **WORKER), spawn_service(wait=False, **WORKER))

        await eventually(lambda: have_moved(database_url), within=30, what="outcomes that moved", every=0.1)
        await exactly_once(client, created.name, database_url, objects)


async def have_moved(database_url: str) -> bool:
    """All outcomes are in the object, none in PostgreSQL."""
    connection = await asyncpg.connect(database_url)
    try:
        moved: bool = await connection.fetchval("SELECT bool_and(outcomes_moved) FROM import")
        held = await connection.fetchval("SELECT sum(octet_length(outcomes)) FROM outcome")
    finally:
        await connection.close()
    return moved and held == 0


@pytest.mark.parametrize("point", ["splitting:2", "object-stored:3"])
async def test_an_upload_killed_at_a_point_leaves_nothing_and_can_be_sent_again(
    point, spawn_service, database_url, objects
):
    doomed = await spawn_service(**API, IMPORTS_STOP_AT=point)
    async with client_of(doomed.address) as client:
        await broken_off(client, doomed)
    api = await spawn_service(**API)
    await both(spawn_service(wait=False, **WORKER), spawn_service(wait=False, **WORKER))

    async with client_of(api.address) as client:
        assert await total_size(client) == 0
        created = await upload(client)

        await exactly_once(client, created.name, database_url, objects)


async def both(*starting: Awaitable[ServiceProcess]) -> list[ServiceProcess]:
    """The processes, started at the same time, ready."""
    started = [await process for process in starting]
    for process in started:
        await process.said(READY)
    return started


async def upload(client: Client) -> imports_pb2.Import:
    return await client.imports.UploadImport(parts(), timeout=60)


async def broken_off(client: Client, doomed: ServiceProcess) -> None:
    """An upload whose server dies in the middle of it."""
    call = client.imports.UploadImport(parts(), timeout=60)
    await doomed.said("stopped at")
    await doomed.kill()
    assert await call.code() is not None
    assert not call.cancelled()


async def parts() -> AsyncIterator[imports_pb2.UploadImportRequest]:
    yield imports_pb2.UploadImportRequest(header=HEADER)
    document = addresses(ROWS, bad=BAD)
    for start in range(0, len(document), 64 * 1024):
        yield imports_pb2.UploadImportRequest(chunk=document[start : start + 64 * 1024])


async def exactly_once(client: Client, name: str, database_url: str, objects: Objects) -> None:
    """The import completes; counts, resources, outcomes, events and objects agree with the document."""
    ended = await client.imports.WaitImport(imports_pb2.WaitImportRequest(name=name), timeout=60)

    assert ended.status == imports_pb2.STATUS_COMPLETED
    assert (ended.inputs_size, ended.created_count, ended.errors_count) == (ROWS, ROWS - len(BAD), len(BAD))
    assert ended.processed_count + ended.errors_count + ended.not_processed_count == ended.inputs_size
    assert await results(client, name) == expected_results()
    connection = await asyncpg.connect(database_url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM resource") == ended.created_count
        assert await transitions(connection) == [
            (None, "pending"),
            ("pending", "in_progress"),
            ("in_progress", "completed"),
        ]
        await eventually(
            lambda: nothing_is_orphaned(connection, objects),
            within=30,
            what="a bucket without orphans",
            every=0.1,
        )
    finally:
        await connection.close()


async def results(client: Client, name: str) -> list[tuple[int, int]]:
    """Row number and outcome of every row, read page by page."""
    read: list[tuple[int, int]] = []
    token = ""
    while True:
        page = await client.imports.ListImportResults(
            imports_pb2.ListImportResultsRequest(parent=name, page_size=1_000, page_token=token)
        )
        read += [(result.row_number, result.outcome) for result in page.results]
        token = page.next_page_token
        if not token:
            return read


def expected_results() -> list[tuple[int, int]]:
    return [
        (number, imports_pb2.OUTCOME_FAILED if number in BAD else imports_pb2.OUTCOME_CREATED)
        for number in range(1, ROWS + 1)
    ]


async def transitions(connection: asyncpg.Connection) -> list[tuple[str | None, str]]:
    records = await connection.fetch(
        "SELECT previous_status, snapshot->>'status' AS status FROM event WHERE kind = 'transition' ORDER BY seq"
    )
    return [(record["previous_status"], record["status"]) for record in records]


async def total_size(client: Client) -> int:
    answer = await client.imports.ListImports(imports_pb2.ListImportsRequest(parent="organizations/acme"))
    return answer.total_size


async def nothing_is_orphaned(connection: asyncpg.Connection, objects: Objects) -> bool:
    """Every object belongs to the import: its segments, its outcomes when they have moved, and the files that it names.
    No owner is left over."""
    for left in ("upload", "object_trash WHERE swept < 2"):
        if await connection.fetchval(f"SELECT count(*) FROM {left}"):
            return False
    [record] = await connection.fetch("SELECT uid::text AS uid, attachment, failed_inputs FROM import")
    segments = await connection.fetch("SELECT segment FROM unit WHERE segment >= 0")
    prefix = import_prefix("acme", record["uid"])
    owned = {f"{prefix}segments/{unit['segment']}" for unit in segments}
    owned |= {record["attachment"], record["failed_inputs"]}
    uploads = [upload async for upload in objects.open_uploads("")]
    stored = {name async for name in objects.list("")} - {outcomes_object("acme", record["uid"])}
    return not uploads and stored == owned
