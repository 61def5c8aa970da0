"""Reads pages of imports and of resources: in small bites, until a page is full."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from commerce.imports.v1 import imports_pb2, resources_pb2
from imports_service.domain.lookups import Wanted
from imports_service.domain.queries import ImportFilter, ImportOrder, ImportPosition
from imports_service.domain.resource_type import ResourceType
from imports_service.domain.resources import ShownResource
from imports_service.rpc.convert import message_of_import
from imports_service.rpc.convert_resources import message_of_resource
from imports_service.rpc.pages import PageSize
from imports_service.store.database import Connection
from imports_service.store.imports import list_imports
from imports_service.store.resources import find_resources, list_resources, look_up_references

IMPORTS_AT_ONCE = 100
RESOURCES_AT_ONCE = 50
"""How many are read in one go: each can be as large as a row may be."""
SMALL_ATTRIBUTES = 16 * 1024
"""Characters of JSON."""


class ImportPage(NamedTuple):
    """A page, and after which place the next one begins; None when it is the last."""

    imports: list[imports_pb2.Import]
    last: ImportPosition | None


class ResourcePage(NamedTuple):
    """A page, and after which id the next one begins; None when it is the last."""

    resources: list[resources_pb2.Resource]
    last_id: str | None


async def resource_message(
    stored: ShownResource, resource_type: ResourceType, organization_id: str
) -> resources_pb2.Resource:
    """The resource as a message. A large one is converted in a thread: it can take a second."""
    if len(stored.attributes) <= SMALL_ATTRIBUTES:
        return message_of_resource(stored, resource_type, organization_id)
    return await asyncio.to_thread(message_of_resource, stored, resource_type, organization_id)


async def read_imports(
    connection: Connection,
    organization_id: str,
    conditions: ImportFilter,
    order: ImportOrder,
    position: ImportPosition | None,
    size: PageSize,
) -> ImportPage:
    """The imports after the position, as many as the page takes."""
    imports: list[imports_pb2.Import] = []
    while True:
        # one more than fits tells whether there is another page
        limit = min(size.items_left, IMPORTS_AT_ONCE) + 1
        found = await list_imports(connection, organization_id, conditions, order, position, limit)
        for one in found:
            message = message_of_import(one)
            if not size.takes(message):
                return ImportPage(imports, position)
            imports.append(message)
            position = ImportPosition.after(one)
        if len(found) < limit:
            return ImportPage(imports, None)


async def read_resources(
    connection: Connection, organization_id: str, resource_type: ResourceType, after_id: str, size: PageSize
) -> ResourcePage:
    """All resources of the type after the id, in id order, as many as the page takes."""
    resources: list[resources_pb2.Resource] = []
    while True:
        limit = min(size.items_left, RESOURCES_AT_ONCE) + 1
        found = await list_resources(
            connection, organization_id, resource_type.name, after_id=after_id, limit=limit
        )
        for stored in found:
            message = await resource_message(stored, resource_type, organization_id)
            if not size.takes(message):
                return ResourcePage(resources, after_id)
            resources.append(message)
            after_id = stored.id
        if len(found) < limit:
            return ResourcePage(resources, None)
        await asyncio.sleep(0)


async def read_named_resources(
    connection: Connection,
    organization_id: str,
    resource_type: ResourceType,
    *,
    ids: Sequence[str],
    keys: Sequence[str],
    after_id: str,
    size: PageSize,
) -> ResourcePage:
    """Those named by id or canonical key after the id, in id order, as many as the page takes."""
    named = {*ids, *await _ids_of(connection, organization_id, resource_type.name, keys)}
    left = sorted(resource_id for resource_id in named if resource_id > after_id)
    resources: list[resources_pb2.Resource] = []
    for first in range(0, len(left), RESOURCES_AT_ONCE):
        some = left[first : first + RESOURCES_AT_ONCE]
        for stored in await find_resources(connection, organization_id, resource_type.name, ids=some):
            message = await resource_message(stored, resource_type, organization_id)
            if not size.takes(message):
                return ResourcePage(resources, after_id)
            resources.append(message)
            after_id = stored.id
    return ResourcePage(resources, None)


async def _ids_of(
    connection: Connection, organization_id: str, resource_type: str, keys: Sequence[str]
) -> list[str]:
    if not keys:
        return []
    wanted = Wanted(key_types=[resource_type] * len(keys), keys=list(keys))
    references = await look_up_references(connection, organization_id, wanted)
    found = (references.by_key(resource_type, key) for key in keys)
    return [reference.id for reference in found if reference is not None]
