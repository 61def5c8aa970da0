"""An export of any size takes flat memory, and a slow caller holds nothing but its stream.

`IMPORTS_EXPORTED_ROWS=1000000` exports a million rows.
"""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
import pytest_asyncio

from commerce.imports.v1 import imports_pb2, resources_pb2
from imports_service.embedded.parts import Parts
from imports_service.settings import Settings
from imports_service.store.database import Database, open_database
from tests.conftest import SpawnService
from tests.end_to_end.test_memory import MIB, peak, resident
from tests.services import Client, Service, client_of

ROWS = int(os.environ.get("IMPORTS_EXPORTED_ROWS", "60000"))
ALLOWED = 100 * MIB
FILL = """
INSERT INTO resource (organization_id, resource_type, id, key, attributes, created_at, updated_at, last_import)
SELECT 'acme', 'skus', 'sku-' || lpad(n::text, 8, '0'), 'C' || n,
    jsonb_build_object('code', 'C' || n, 'name', 'n', 'description', repeat(md5(n::text), 64)),
    now(), now(), 'first'
FROM generate_series(1, $1::integer) AS n
"""


@pytest_asyncio.fixture(loop_scope="session")
async def environment(parts: Parts) -> AsyncIterator[Database]:
    """120 MiB of SKUs."""
    async with open_database(
        parts.database_url, connections=1, application_name="seed", lease=timedelta(seconds=120)
    ) as database:
        async with database.connection() as connection:
            await connection.execute(FILL, ROWS)
        yield database


def request(format: imports_pb2.Format.ValueType, *, dry: bool) -> resources_pb2.ExportResourcesRequest:
    return resources_pb2.ExportResourcesRequest(
        parent="organizations/acme", resource_type="skus", format=format, dry_data=dry
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("format", "dry"), [(imports_pb2.FORMAT_JSON, False), (imports_pb2.FORMAT_CSV, True)]
)
async def test_a_large_export_stays_within_100_mib_of_idle(
    environment: Database, spawn_service: SpawnService, format: imports_pb2.Format.ValueType, dry: bool
) -> None:
    process = await spawn_service()
    idle, size, rows = resident(process), 0, 0

    async with client_of(process.address) as client:
        async for response in client.resources.ExportResources(request(format, dry=dry), timeout=120):
            size, rows = size + len(response.chunk), response.rows

    assert rows == ROWS
    assert size > 100 * MIB
    assert peak(process) - idle < ALLOWED


@pytest.mark.timeout(300)
async def test_callers_that_read_slowly_keep_nobody_from_the_database(
    environment: Database, service: Service, settings: Settings
) -> None:
    many = 3 * settings.database_connections
    async with AsyncExitStack() as stack:
        clients: list[Client] = [
            await stack.enter_async_context(client_of(service.address)) for _ in range(many)
        ]
        calls = [
            client.resources.ExportResources(request(imports_pb2.FORMAT_JSON, dry=True), timeout=120)
            for client in clients
        ]
        for call in calls:
            assert (await anext(aiter(call))).chunk.startswith(b"[\n")

        page = await service.resources.ListResources(
            resources_pb2.ListResourcesRequest(parent="organizations/acme", resource_type="skus"), timeout=10
        )

        assert len(page.resources) == 50
        for call in calls:
            call.cancel()
