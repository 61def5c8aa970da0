"""ResourceTypeService: what can be imported. The answers come from the registry and are made once."""

from typing import Any, TypeAlias

from grpc.aio import ServicerContext

from commerce.imports.v1 import resource_types_pb2 as pb
from commerce.imports.v1 import resource_types_pb2_grpc
from imports_service.domain.errors import FieldViolation, InvalidArgument, ResourceTypeNotFound
from imports_service.domain.registry import Registry
from imports_service.rpc.convert_resources import message_of_type

Context: TypeAlias = ServicerContext[Any, Any]


class ResourceTypeService(resource_types_pb2_grpc.ResourceTypeServiceServicer):
    """Knows neither organizations nor the database."""

    def __init__(self, registry: Registry) -> None:
        self._messages = {
            name: message_of_type(found, registry.types) for name, found in registry.types.items()
        }
        self._all = pb.ListResourceTypesResponse(resource_types=self._messages.values())

    async def ListResourceTypes(
        self, request: pb.ListResourceTypesRequest, context: Context
    ) -> pb.ListResourceTypesResponse:
        return self._all

    async def GetResourceType(self, request: pb.GetResourceTypeRequest, context: Context) -> pb.ResourceType:
        if not request.resource_type:
            raise InvalidArgument(FieldViolation("resource_type", "must be given"))
        found = self._messages.get(request.resource_type)
        if found is None:
            raise ResourceTypeNotFound(request.resource_type)
        return found
