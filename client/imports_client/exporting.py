"""Receives an export. One that breaks off is not resumed: the document is whole or to be discarded."""

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import TypedDict

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from commerce.imports.v1.imports_pb2 import Format
from commerce.imports.v1.resources_pb2 import ExportResourcesRequest, ExportResourcesResponse, ResourceKey
from imports_client.errors import CallFailed, ServiceAway
from imports_client.replicas import Replicas
from imports_client.tries import Tries


class ExportFields(TypedDict, total=False):
    """The optional fields of `ExportResourcesRequest`: see the contract."""

    format: Format.ValueType
    ids: Sequence[str]
    keys: Sequence[ResourceKey]
    updated_since: Timestamp
    dry_data: bool
    parent_resource_id: str


async def pieces_of_export(
    replicas: Replicas, request: ExportResourcesRequest, begin: Callable[[], Tries]
) -> AsyncGenerator[bytes, None]:
    """The document's bytes, by the one try of `begin()`. Raises `CallFailed`."""
    tries = begin()
    call = tries.replica.resources.ExportResources(request, timeout=tries.left())
    try:
        while True:
            with tries.listening():
                response: ExportResourcesResponse | None = await anext(aiter(call), None)
            if response is None:
                return
            yield response.chunk
    except CallFailed:
        raise
    except grpc.aio.AioRpcError as error:
        failure = tries.failure_of(error)
        if isinstance(failure, ServiceAway):
            replicas.leave(tries.replica)  # for whoever exports anew
        raise failure from error
    finally:
        call.cancel()  # for a caller who has seen enough
