"""A small server that speaks the contract, for what the real service cannot be made to do at will.

It breaks off watches, refuses uploads in their middle and is away for a while. What the calls mean is tested
against the real service.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, cast

import grpc
import pytest_asyncio
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status as RpcStatus
from grpc_status import rpc_status

from commerce.imports.v1.imports_pb2_grpc import ImportServiceServicer, add_ImportServiceServicer_to_server
from commerce.imports.v1.resources_pb2_grpc import (
    ResourceServiceServicer,
    add_ResourceServiceServicer_to_server,
)
from imports_client.connection import Imports, connect
from imports_service.embedded.objects import EmbeddedObjects
from imports_service.embedded.parts import Parts
from imports_service.objects.store import Objects
from imports_service.settings import Settings
from tests.clusters import Cluster
from tests.services import Service, running_service

Context = grpc.aio.ServicerContext[Any, Any]
Serve = Callable[["Partial | PartialResources"], Awaitable[str]]
ConnectTo = Callable[["Partial"], Awaitable[Imports]]

if TYPE_CHECKING:

    class Partial:
        """To the type checker a servicer has to serve everything; these serve what their test is about."""

    class PartialResources:
        """The same of resources."""
else:
    Partial = ImportServiceServicer
    PartialResources = ResourceServiceServicer


async def refuse(context: Context, code: grpc.StatusCode, message: str, *details: Message) -> None:
    """End a call as the service ends it: a status with details."""
    status = RpcStatus(code=code.value[0], message=message)
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)
    await context.abort_with_status(rpc_status.to_status(status))


@pytest_asyncio.fixture(loop_scope="session")
async def serve() -> AsyncIterator[Serve]:
    """Serve a servicer on a free port until the end of the test, and say where."""
    async with AsyncExitStack() as stack:

        async def start(servicer: Partial | PartialResources) -> str:
            server = grpc.aio.server()
            if isinstance(servicer, PartialResources):
                add_ResourceServiceServicer_to_server(cast(ResourceServiceServicer, servicer), server)
            else:
                add_ImportServiceServicer_to_server(cast(ImportServiceServicer, servicer), server)
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            stack.push_async_callback(server.stop, 0)
            return f"127.0.0.1:{port}"

        yield start


@pytest_asyncio.fixture(loop_scope="session")
async def connect_to(serve: Serve) -> AsyncIterator[ConnectTo]:
    """Serve a servicer and connect to it; both end with the test."""
    async with AsyncExitStack() as stack:

        async def start(servicer: Partial) -> Imports:
            return await stack.enter_async_context(connect(await serve(servicer)))

        yield start


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared_service(
    cluster: Cluster, open_bucket: Objects, object_server: EmbeddedObjects
) -> AsyncIterator[Service]:
    """The whole service for all tests of a module: what they import has names or organizations of their own."""
    async with cluster.clone() as url:
        parts = Parts(
            database_url=url,
            listen_url=url,
            bucket=open_bucket.bucket,
            endpoint_url=object_server.endpoint_url,
            public_endpoint_url=None,
            region=object_server.region,
            access_key=object_server.access_key,
            secret_key=object_server.secret_key,
        )
        async with running_service(
            Settings(grpc_listen="127.0.0.1:0", stop_grace_seconds=5.0), parts
        ) as service:
            yield service
