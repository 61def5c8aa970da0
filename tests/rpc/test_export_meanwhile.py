"""Exports while their environment changes: each row is one committed state, or the export fails as a whole."""

import asyncio
import json

import pytest

from commerce.imports.v1 import imports_pb2 as pb
from commerce.imports.v1 import resources_pb2
from imports_service.domain.errors import Unavailable
from imports_service.domain.registry import load_registry
from imports_service.rpc.export_requests import export_of
from imports_service.rpc.exports import export_resources
from imports_service.store.database import Database
from tests.rpc.exporting import seed
from tests.store.builders import ORGANIZATION

REGISTRY = load_registry()
CHANGE = """
UPDATE resource SET attributes = jsonb_set(attributes, '{reference}', to_jsonb($2::text))
WHERE organization_id = $1 AND resource_type = ANY ('{orders,line_items,addresses}')
"""


def dry_orders(format: pb.Format.ValueType) -> resources_pb2.ExportResourcesRequest:
    return resources_pb2.ExportResourcesRequest(
        parent=f"organizations/{ORGANIZATION}", resource_type="orders", format=format, dry_data=True
    )


async def test_a_row_is_one_committed_state_of_all_that_stands_in_it(database: Database) -> None:
    order = {"_key": "1", "number": "1", "shipping_address_id": "a", "reference": "0"}
    await seed(database, ORGANIZATION, "orders", {"o": order})
    await seed(database, ORGANIZATION, "addresses", {"a": {"reference": "0"}})
    await seed(
        database, ORGANIZATION, "line_items", {"l": {"_owner": "o", "order_id": "o", "reference": "0"}}
    )
    seen: set[str] = set()

    async def change() -> None:
        for number in range(100_000):
            async with database.transaction() as connection:
                await connection.execute(CHANGE, ORGANIZATION, str(number))

    async with asyncio.TaskGroup() as tasks:
        changing = tasks.create_task(change())
        while len(seen) < 30:
            chunks = export_resources(export_of(dry_orders(pb.FORMAT_JSON), REGISTRY), database)
            [row] = json.loads(b"".join([chunk.chunk async for chunk in chunks]))
            assert row["line_items"] == [{"reference": row["reference"]}]
            assert row["shipping_address"] == {"reference": row["reference"]}
            seen.add(row["reference"])
        changing.cancel()


async def test_a_row_that_outgrows_the_header_fails_the_export(database: Database) -> None:
    orders = {f"{number:04}": {"number": str(number), "reference": "r" * 200} for number in range(2_000)}
    await seed(database, ORGANIZATION, "orders", orders)
    chunks = export_resources(export_of(dry_orders(pb.FORMAT_CSV), REGISTRY), database)

    first = await anext(chunks)
    await seed(database, ORGANIZATION, "line_items", {"l": {"_owner": "1999", "quantity": 1}})

    assert 0 < first.rows < 2_000
    with pytest.raises(Unavailable) as caught:
        async for _ in chunks:
            pass
    assert caught.value.reason == "DATABASE_UNAVAILABLE"
