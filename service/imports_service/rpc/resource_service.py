"""ResourceService: what is in an environment, to look at."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeAlias

from grpc.aio import ServicerContext

from commerce.imports.v1 import resources_pb2 as pb
from commerce.imports.v1 import resources_pb2_grpc
from imports_service.domain.errors import ResourceNotFound
from imports_service.domain.names import parse_parent
from imports_service.domain.registry import Registry
from imports_service.rpc.export_requests import export_of
from imports_service.rpc.exports import export_resources
from imports_service.rpc.lists import read_named_resources, read_resources, resource_message
from imports_service.rpc.pages import PageSize, PageTokens, page_size_of
from imports_service.rpc.resource_keys import check_names, key_of
from imports_service.rpc.violations import Violations
from imports_service.store.database import Database
from imports_service.store.resources import get_resource

Context: TypeAlias = ServicerContext[Any, Any]


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
        key = key_of(request.key, resource_type, violations, "key") if target == "key" else None
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
        violations = Violations()
        keys = check_names(request.ids, request.keys, resource_type, violations)
        violations.refuse()
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

    async def ExportResources(
        self, request: pb.ExportResourcesRequest, context: Context
    ) -> AsyncGenerator[pb.ExportResourcesResponse, None]:
        chunks = export_resources(export_of(request, self.registry), self.database)
        async with aclosing(chunks):
            async for chunk in chunks:
                yield chunk
