"""ResourceService: what is in an environment, to look at."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from grpc.aio import ServicerContext

from commerce.imports.v1 import resources_pb2 as pb
from commerce.imports.v1 import resources_pb2_grpc
from imports_service.domain.errors import NotYet, ResourceNotFound
from imports_service.domain.keys import FORBIDDEN_CHARACTERS, canonical_key
from imports_service.domain.names import parse_parent
from imports_service.domain.registry import Registry
from imports_service.domain.resource_type import ResourceType
from imports_service.rpc.lists import read_named_resources, read_resources, resource_message
from imports_service.rpc.pages import PageSize, PageTokens, page_size_of
from imports_service.rpc.violations import Violations
from imports_service.store.database import Database
from imports_service.store.resources import get_resource

Context: TypeAlias = ServicerContext[Any, Any]

MAX_NAMES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceService(resources_pb2_grpc.ResourceServiceServicer):
    """Reads only; resources are written by imports."""

    registry: Registry
    database: Database

    async def GetResource(self, request: pb.GetResourceRequest, context: Context) -> pb.Resource:
        organization_id = parse_parent(request.parent)
        resource_type = self.registry.require(request.resource_type, field="resource_type")
        violations = Violations()
        target = request.WhichOneof("target")
        key = _key_of(request.key, resource_type, violations, "key") if target == "key" else None
        if target == "id":
            violations.expect_id(request.id, "id")
        violations.expect(target is not None, "id", "give either id or key")
        violations.refuse()
        async with self.database.connection() as connection:
            found = await get_resource(
                connection, organization_id, resource_type.name, resource_id=request.id or None, key=key
            )
        if found is None:
            raise ResourceNotFound(f"there is no such resource in {request.parent}", type=resource_type.name)
        return await resource_message(found, resource_type, organization_id)

    async def ListResources(
        self, request: pb.ListResourcesRequest, context: Context
    ) -> pb.ListResourcesResponse:
        organization_id = parse_parent(request.parent)
        resource_type = self.registry.require(request.resource_type, field="resource_type")
        size = PageSize(page_size_of(request.page_size))
        keys = _check_names(request, resource_type)
        tokens = PageTokens("list-resources", request)
        after_id = str(tokens.place_of(request.page_token, str)[0]) if request.page_token else ""
        async with self.database.connection() as connection:
            if request.ids or keys:
                page = await read_named_resources(
                    connection,
                    organization_id,
                    resource_type,
                    ids=request.ids,
                    keys=keys,
                    after_id=after_id,
                    size=size,
                )
            else:
                page = await read_resources(connection, organization_id, resource_type, after_id, size)
        token = tokens.token(page.last_id) if page.last_id is not None else ""
        return pb.ListResourcesResponse(resources=page.resources, next_page_token=token)

    def ExportResources(
        self, request: pb.ExportResourcesRequest, context: Context
    ) -> AsyncIterator[pb.ExportResourcesResponse]:
        raise NotYet("ExportResources")


def _check_names(request: pb.ListResourcesRequest, resource_type: ResourceType) -> list[str]:
    """The canonical keys asked for. Raises `InvalidArgument`."""
    violations = Violations()
    violations.expect(
        len(request.ids) + len(request.keys) <= MAX_NAMES, "ids", f"name more than {MAX_NAMES} with the keys"
    )
    violations.refuse()
    for place, resource_id in enumerate(request.ids):
        violations.expect_id(resource_id, f"ids[{place}]")
    keys = [
        _key_of(key, resource_type, violations, f"keys[{place}]") for place, key in enumerate(request.keys)
    ]
    violations.refuse()
    return keys


def _key_of(key: pb.ResourceKey, resource_type: ResourceType, violations: Violations, field: str) -> str:
    """The canonical key; where there is a violation, any text."""
    names = resource_type.unique_key
    if not violations.expect(bool(names), field, f"{resource_type.name} have no unique key; name them by id"):
        return ""
    given = {name: value for name, value in key.values.items() if value}
    required = set(names) - set(resource_type.optional_key)
    violations.expect(
        required <= set(given) and set(key.values) <= set(names),
        field,
        f"must have the values of {', '.join(names)}",
    )
    is_text = all(map(FORBIDDEN_CHARACTERS.isdisjoint, given.values()))
    violations.expect(is_text, field, "holds NUL, U+001E or U+001F, which no key has")
    return canonical_key([_spelled(given.get(name), name, resource_type) for name in names])


def _spelled(value: str | None, name: str, resource_type: ResourceType) -> str | None:
    attribute = resource_type.attribute.get(name)
    is_email = attribute is not None and attribute.email
    return value.lower() if value is not None and is_email else value
