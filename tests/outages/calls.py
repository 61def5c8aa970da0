"""One call of each kind, on an import that has ended with failed rows and whose outcomes have moved."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterable, Awaitable, Callable
from typing import Any, NamedTuple

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc import error_details_pb2

from commerce.imports.v1 import imports_pb2 as pb
from commerce.imports.v1 import resources_pb2
from tests.rpc.tiny_server import details_of
from tests.services import Client

PARENT = "organizations/acme"
SPEC = pb.ImportSpec(resource_type="skus")
DATABASE_CALLS = (
    "GetImport", "ListImports", "CreateImport", "UpdateImport", "InterruptImport", "RetryImport", "DeleteImport",
    "WatchImport", "WatchImports", "WaitImport", "ListImportResults", "DownloadImportFile", "GetResource",
    "ListResources", "ExportResources",
)  # fmt: skip
OBJECT_CALLS = ("CreateImport", "RetryImport", "ListImportResults", "DownloadImportFile")


class Ended(NamedTuple):
    """How a call ended: OK, or with which status and reason; after how many seconds; and when to come back."""

    code: grpc.StatusCode
    reason: str
    seconds: float
    retry_seconds: float


async def end_of(answer: Callable[[], Awaitable[Any]]) -> Ended:
    began = time.monotonic()
    try:
        await answer()
    except grpc.aio.AioRpcError as error:
        details = details_of(error)
        retry = details.get(error_details_pb2.RetryInfo, error_details_pb2.RetryInfo()).retry_delay
        return Ended(
            error.code(),
            details[error_details_pb2.ErrorInfo].reason,
            time.monotonic() - began,
            retry.ToMilliseconds() / 1_000,
        )
    return Ended(grpc.StatusCode.OK, "", time.monotonic() - began, 0)


async def ends_of(client: Client, ended: pb.Import, methods: tuple[str, ...]) -> dict[str, Ended]:
    """How one call of each of the methods ends, all made at once."""
    calls = _calls(client, ended)
    async with asyncio.TaskGroup() as tasks:
        made = {method: tasks.create_task(end_of(calls[method])) for method in methods}
    return {method: task.result() for method, task in made.items()}


def document(first: int, rows: int) -> bytes:
    return b"".join(
        b'{"code": "%d", "name": "N", "do_not_ship": true}\n' % number
        for number in range(first, first + rows)
    )


LOST_ANSWER = "Internal error from Core"
LOST_ANSWERS = 5


class HalfAnUpload:
    """An upload whose first segments are stored, and which goes on when it is told."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._call = client.imports.UploadImport(timeout=30)

    async def begin(self) -> None:
        header = pb.CreateImportRequest(parent=PARENT, spec=SPEC)
        await self._call.write(pb.UploadImportRequest(header=header))
        await self._call.write(pb.UploadImportRequest(chunk=document(0, 50)))

    async def finish(self) -> pb.Import:
        """The rest of it. A refusal that arrives while something is written is lost in grpc.aio: then all again."""
        for _ in range(LOST_ANSWERS):
            try:
                return await self._finish()
            except grpc.aio.AioRpcError as error:
                if error.details() != LOST_ANSWER:
                    raise
            self._call = self._client.imports.UploadImport(timeout=30)
            with contextlib.suppress(asyncio.InvalidStateError, grpc.aio.AioRpcError):
                await self.begin()
        return await self._finish()

    async def _finish(self) -> pb.Import:
        try:
            await self._call.write(pb.UploadImportRequest(chunk=document(50, 50)))
            await self._call.done_writing()
        except asyncio.InvalidStateError:
            pass  # refused already
        answer = await self._call
        assert isinstance(answer, pb.Import)
        return answer


def _calls(client: Client, ended: pb.Import) -> dict[str, Callable[[], Awaitable[Any]]]:
    imports, resources, name = client.imports, client.resources, ended.name
    attachment = pb.DownloadImportFileRequest(name=name, file=pb.IMPORT_FILE_ATTACHMENT)
    changes = pb.UpdateImportRequest(name=name, reference="r", update_mask=FieldMask(paths=["reference"]))
    create = pb.CreateImportRequest(parent=PARENT, spec=SPEC, document=document(0, 1))
    got = resources_pb2.GetResourceRequest(parent=PARENT, resource_type="skus", id="none")
    listed = resources_pb2.ListResourcesRequest(parent=PARENT, resource_type="skus")
    exported = resources_pb2.ExportResourcesRequest(parent=PARENT, resource_type="skus")
    return {
        "GetImport": lambda: imports.GetImport(pb.GetImportRequest(name=name), timeout=30),
        "ListImports": lambda: imports.ListImports(pb.ListImportsRequest(parent=PARENT), timeout=30),
        "CreateImport": lambda: imports.CreateImport(create, timeout=30),
        "UpdateImport": lambda: imports.UpdateImport(changes, timeout=30),
        "InterruptImport": lambda: imports.InterruptImport(pb.InterruptImportRequest(name=name), timeout=30),
        "RetryImport": lambda: imports.RetryImport(pb.RetryImportRequest(name=name), timeout=30),
        "DeleteImport": lambda: imports.DeleteImport(
            pb.DeleteImportRequest(name=f"{PARENT}/imports/none", allow_missing=True), timeout=30
        ),
        "WatchImport": lambda: _read(imports.WatchImport(pb.WatchImportRequest(name=name), timeout=30)),
        "WatchImports": lambda: _read_one(
            imports.WatchImports(pb.WatchImportsRequest(parent=PARENT), timeout=30)
        ),
        "WaitImport": lambda: imports.WaitImport(pb.WaitImportRequest(name=name), timeout=30),
        "ListImportResults": lambda: imports.ListImportResults(
            pb.ListImportResultsRequest(parent=name), timeout=30
        ),
        "DownloadImportFile": lambda: _read(imports.DownloadImportFile(attachment, timeout=30)),
        "GetResource": lambda: resources.GetResource(got, timeout=30),
        "ListResources": lambda: resources.ListResources(listed, timeout=30),
        "ExportResources": lambda: _read(resources.ExportResources(exported, timeout=30)),
    }


async def _read(call: AsyncIterable[Any]) -> None:
    async for _ in call:
        pass


async def _read_one(call: Any) -> None:
    await call.read()
    call.cancel()
