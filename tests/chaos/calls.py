"""Calls that the client library has no method for, asked again at the other server as long as one is away."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Collection
from typing import Any

import grpc

from commerce.imports.v1 import imports_pb2 as pb
from commerce.imports.v1 import resources_pb2
from tests.model.kinds import KINDS
from tests.model.stage import thing_of
from tests.model.world import World
from tests.services import Client

CALL_SECONDS = 10.0
AWAY_SECONDS = 120.0
AGAIN_SECONDS = 0.2
PAGE = 1_000

AWAY = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}


class Calls:
    """Asks servers in turn. The channels are the caller's."""

    def __init__(self, clients: list[Client]) -> None:
        self._clients = itertools.cycle(clients)

    async def create(self, request: pb.CreateImportRequest) -> pb.Import:
        created: pb.Import = await self._ask("imports", "CreateImport", request)
        return created

    async def retry(self, request: pb.RetryImportRequest) -> pb.Import:
        created: pb.Import = await self._ask("imports", "RetryImport", request)
        return created

    async def interrupt(self, name: str) -> bool:
        """False when the import has ended by itself."""
        request = pb.InterruptImportRequest(name=name)
        return (
            await self._ask("imports", "InterruptImport", request, no={grpc.StatusCode.FAILED_PRECONDITION})
            is not None
        )

    async def delete(self, name: str) -> None:
        await self._ask("imports", "DeleteImport", pb.DeleteImportRequest(name=name, allow_missing=True))

    async def is_there(self, name: str) -> bool:
        request = pb.GetImportRequest(name=name)
        return await self._ask("imports", "GetImport", request, no={grpc.StatusCode.NOT_FOUND}) is not None

    async def ended(self, name: str, *, within: float) -> pb.Import:
        """The import once it has ended. Raises `TimeoutError`."""
        async with asyncio.timeout(within):
            while True:
                found: pb.Import = await self._ask("imports", "WaitImport", pb.WaitImportRequest(name=name))
                if found.status in {pb.STATUS_COMPLETED, pb.STATUS_INTERRUPTED}:
                    return found

    async def environment(self, organization_id: str) -> World:
        """All resources of the types that the model knows."""
        world = World()
        for kind in KINDS:
            async for page in self._pages(organization_id, kind):
                for resource in page:
                    world.put(thing_of(resource))
        return world

    async def _pages(self, organization_id: str, kind: str) -> AsyncIterator[list[resources_pb2.Resource]]:
        request = resources_pb2.ListResourcesRequest(
            parent=f"organizations/{organization_id}", resource_type=kind, page_size=PAGE
        )
        while True:
            answer = await self._ask("resources", "ListResources", request)
            yield list(answer.resources)
            if not answer.next_page_token:
                return
            request.page_token = answer.next_page_token

    async def _ask(
        self, service: str, method: str, request: Any, *, no: Collection[grpc.StatusCode] = ()
    ) -> Any:
        """The answer; None for a status in `no`. Raises AioRpcError for any other answer, and `TimeoutError`."""
        async with asyncio.timeout(AWAY_SECONDS + CALL_SECONDS):
            while True:
                stub = getattr(next(self._clients), service)
                try:
                    return await getattr(stub, method)(request, timeout=CALL_SECONDS)
                except grpc.aio.AioRpcError as error:
                    if error.code() in no:
                        return None
                    if error.code() not in AWAY:
                        raise
                await asyncio.sleep(AGAIN_SECONDS)
