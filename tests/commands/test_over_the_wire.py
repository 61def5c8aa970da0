"""Creation as callers meet it: by Create and by Upload, many at once, and cut off."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.settings import Role, Settings
from tests.commands.conftest import Held
from tests.commands.documents import ORGANIZATION, chunked, skus
from tests.eventually import eventually
from tests.services import Service


@pytest.fixture
def settings() -> Settings:
    """Nobody works on the imports, so that what creation leaves can be looked at."""
    return Settings(grpc_listen="127.0.0.1:0", role=Role.API, segment_rows=10, stop_grace_seconds=5.0)


def header(document: bytes = b"") -> pb.CreateImportRequest:
    request = pb.CreateImportRequest(
        parent=f"organizations/{ORGANIZATION}",
        spec=pb.ImportSpec(resource_type="skus"),
        request_id="once",
    )
    if document:
        request.document = document
    return request


async def parts_of(document: bytes) -> AsyncIterator[pb.UploadImportRequest]:
    yield pb.UploadImportRequest(header=header())
    async for chunk in chunked(document):
        yield pb.UploadImportRequest(chunk=chunk)


async def test_one_request_twenty_times_at_once_by_create_and_by_upload_makes_one_import(
    service: Service, held: Held
) -> None:
    async def create(number: int) -> pb.Import:
        if number % 2:
            return await service.imports.CreateImport(header(skus(25)))
        return await service.imports.UploadImport(parts_of(skus(25)))

    async with asyncio.TaskGroup() as callers:
        calls = [callers.create_task(create(number)) for number in range(20)]

    assert len({call.result().uid for call in calls}) == 1
    rows, bucket = await held()
    assert (rows["import"], rows["upload"], len(bucket)) == (1, 0, 3)


async def test_an_upload_that_the_client_breaks_off_makes_no_import(service: Service, held: Held) -> None:
    async def endless() -> AsyncIterator[pb.UploadImportRequest]:
        async for part in parts_of(skus(55)):
            yield part
        await asyncio.Event().wait()

    call = service.imports.UploadImport(endless())
    has_objects: bool = await eventually(lambda: uploads(held), what="an object of the upload")
    assert has_objects
    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call
    rows, _ = await held()
    assert (rows["import"], rows["unit"], rows["upload"]) == (0, 0, 1)


async def uploads(held: Held) -> bool:
    return bool((await held()).bucket)
