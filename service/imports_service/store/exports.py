"""Reads what an export writes: pages of resources in the order of ids, and what those own and refer to.

A page is bounded by what it holds as well as by its rows, so that memory does not know how large resources are. Every
function runs one short statement; what belongs to one row is whole when they run in one `Database.snapshot`.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from itertools import islice
from typing import Any

from imports_service.domain.exports import ExportedResource, ExportFilter, ExportPage
from imports_service.store.database import Connection
from imports_service.store.named import by_type
from imports_service.store.statements import SQL

PAGE_CHARACTERS = 512 * 1024
"""Of attributes, after which a page is cut; the last resource may be as large as a row."""
NAMED_AT_ONCE = 10
"""How many are read by id in one go: each can be as large as a row may be."""
IDS_AT_ONCE = 1_000
SLICE_ROWS = 250
"""Rows taken apart in one step of the loop."""


async def read_export_page(
    connection: Connection,
    organization_id: str,
    resource_type: str,
    asked: ExportFilter,
    *,
    after_id: str,
    limit: int,
) -> ExportPage:
    """The wanted ones among the next `limit` resources after the id; perhaps none of them, perhaps fewer."""
    if asked.ids is not None:
        return await _read_named(connection, organization_id, resource_type, asked, after_id)
    records = await connection.fetch(
        SQL.list_exported_resources,
        organization_id,
        resource_type,
        after_id,
        limit,
        PAGE_CHARACTERS,
        asked.updated_since,
        asked.parent_attribute,
        asked.parent_id,
    )
    return ExportPage(await _exported(records), records[-1]["id"] if records else None)


async def _read_named(
    connection: Connection, organization_id: str, resource_type: str, asked: ExportFilter, after_id: str
) -> ExportPage:
    ids = asked.ids or ()
    start = bisect_right(ids, after_id)
    some = ids[start : start + NAMED_AT_ONCE]
    if not some:
        return ExportPage([], None)
    records = await connection.fetch(
        SQL.find_exported_resources,
        organization_id,
        resource_type,
        list(some),
        asked.updated_since,
        asked.parent_attribute,
        asked.parent_id,
    )
    return ExportPage(await _exported(records), some[-1])


async def read_owned(
    connection: Connection, organization_id: str, resource_type: str, owner_ids: Sequence[str]
) -> dict[str, list[ExportedResource]]:
    """What the owners own of the type, each list in its order; owners of nothing are left out."""
    records = await connection.fetch(
        SQL.list_owned_resources, organization_id, resource_type, list(owner_ids)
    )
    owned: dict[str, list[ExportedResource]] = {}
    for number, record in enumerate(records, 1):
        found = ExportedResource(record["id"], record["attributes"])
        owned.setdefault(record["owner_id"], []).append(found)
        if number % SLICE_ROWS == 0:
            await asyncio.sleep(0)
    return owned


async def read_by_id(
    connection: Connection, organization_id: str, resource_type: str, ids: Sequence[str]
) -> list[ExportedResource]:
    """The resources of the type that have one of the ids."""
    records = await connection.fetch(
        SQL.find_exported_resources, organization_id, resource_type, list(ids), None, "", None
    )
    return await _exported(records)


async def read_keys(
    connection: Connection, organization_id: str, names: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """The canonical key of each resource, given as type and id; what is not there or has none is left out."""
    types, ids = [name[0] for name in names], [name[1] for name in names]
    records = await connection.fetch(SQL.find_references_by_id, organization_id, *by_type(types, ids))
    keys: dict[tuple[str, str], str] = {}
    rows = iter(records)
    while some := list(islice(rows, SLICE_ROWS)):
        keys.update(((r["resource_type"], r["id"]), r["key"]) for r in some if r["key"] is not None)
        await asyncio.sleep(0)
    return keys


async def read_ids_of_keys(
    connection: Connection, organization_id: str, resource_type: str, keys: Sequence[str]
) -> list[str]:
    """The ids of the resources that have one of the canonical keys."""
    types = [resource_type] * len(keys)
    records = await connection.fetch(SQL.find_references_by_key, organization_id, *by_type(types, keys))
    return [record["id"] for record in records]


async def read_ids(
    connection: Connection, organization_id: str, resource_type: str, asked: ExportFilter, *, after_id: str
) -> tuple[list[str], str | None]:
    """The ids of the next wanted resources, and the place after which to go on; None when there are no more."""
    records = await connection.fetch(
        SQL.list_exported_ids,
        organization_id,
        resource_type,
        after_id,
        IDS_AT_ONCE,
        asked.updated_since,
        asked.parent_attribute,
        asked.parent_id,
    )
    return [r["id"] for r in records if r["is_wanted"]], records[-1]["id"] if records else None


async def count_owned(
    connection: Connection, organization_id: str, resource_type: str, owner_ids: Sequence[str], below: str
) -> list[int]:
    """An entry for each place in the longest of the owners' lists: how many of the type `below` ("" for none)
    the one in that place owns at most."""
    records = await connection.fetch(
        SQL.count_owned_resources, organization_id, resource_type, list(owner_ids), below
    )
    return [record["owned_count"] for record in records]


async def _exported(records: Sequence[Any]) -> list[ExportedResource]:
    exported: list[ExportedResource] = []
    for start in range(0, len(records), SLICE_ROWS):
        exported += [
            ExportedResource(record["id"], record["attributes"])
            for record in records[start : start + SLICE_ROWS]
            if record["attributes"] is not None
        ]
        await asyncio.sleep(0)
    return exported
