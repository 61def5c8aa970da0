"""Receives an export. One that breaks off is not resumed: the document is whole or to be discarded."""

from collections.abc import AsyncGenerator, Sequence
from typing import TypedDict

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from commerce.imports.v1.imports_pb2 import Format
from commerce.imports.v1.resources_pb2 import ExportResourcesRequest, ResourceKey
from imports_client.drops import is_passing
from imports_client.errors import Place, failure_of
from imports_client.refusals import refusal_of
from imports_client.replicas import Replicas


class ExportFields(TypedDict, total=False):
    """The optional fields of `ExportResourcesRequest`: see the contract."""

    format: Format.ValueType
    ids: Sequence[str]
    keys: Sequence[ResourceKey]
    updated_since: Timestamp
    dry_data: bool
    parent_resource_id: str


async def pieces_of_export(
    replicas: Replicas, request: ExportResourcesRequest, *, timeout: float | None
) -> AsyncGenerator[bytes, None]:
    """The document's bytes. Raises `CallFailed`."""
    replica = replicas.current
    call = replica.resources.ExportResources(request, timeout=timeout)
    try:
        async for response in call:
            yield response.chunk
    except grpc.aio.AioRpcError as error:
        if is_passing(refusal_of(error)):
            replicas.leave(replica)  # for whoever exports anew
        raise failure_of(error, Place(request.parent)) from error
    finally:
        call.cancel()  # for a caller who has seen enough
