"""Documents sent to the service by UploadImport, and how long until their imports have ended."""

import secrets
import time
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import grpc

from benchmarks import documents
from commerce.imports.v1 import imports_pb2, imports_pb2_grpc

JSON = imports_pb2.FORMAT_JSON
CSV = imports_pb2.FORMAT_CSV
Format: TypeAlias = imports_pb2.Format.ValueType
CHUNK_BYTES = 256 * 1024


def new_organization() -> str:
    """One that nobody has used yet."""
    return f"bench-{secrets.token_hex(4)}"


async def upload(
    stub: "imports_pb2_grpc.ImportServiceAsyncStub",
    organization: str,
    document: bytes | Iterable[bytes],
    file_format: Format = JSON,
) -> imports_pb2.Import:
    """The import as it was created. `document`: all of its bytes, or its chunks."""
    return await stub.UploadImport(_requests(organization, document, file_format))


async def ended(stub: "imports_pb2_grpc.ImportServiceAsyncStub", name: str) -> imports_pb2.Import:
    """The import at its end. Raises `RuntimeError` when a row failed or it was interrupted."""
    last = None
    async for event in stub.WatchImport(imports_pb2.WatchImportRequest(name=name)):
        last = event.snapshot
    if last is None or last.status != imports_pb2.STATUS_COMPLETED or last.errors_count:
        raise RuntimeError(f"the import did not complete cleanly: {last}")
    return last


async def our_seconds(
    target: str, organization: str, document: bytes | Iterable[bytes], file_format: Format = JSON
) -> float:
    """Seconds from the first byte to `completed`. Raises `RuntimeError` when a row failed."""
    async with grpc.aio.insecure_channel(target) as channel:
        stub: imports_pb2_grpc.ImportServiceAsyncStub = imports_pb2_grpc.ImportServiceStub(channel)
        started = time.perf_counter()
        created = await upload(stub, organization, document, file_format)
        await ended(stub, created.name)
        return time.perf_counter() - started


def _requests(
    organization: str, document: bytes | Iterable[bytes], file_format: Format
) -> Iterator[imports_pb2.UploadImportRequest]:
    spec = imports_pb2.ImportSpec(resource_type="skus", format=file_format)
    header = imports_pb2.CreateImportRequest(parent=f"organizations/{organization}", spec=spec)
    yield imports_pb2.UploadImportRequest(header=header)
    chunks = documents.in_chunks(document, CHUNK_BYTES) if isinstance(document, bytes) else document
    for chunk in chunks:
        yield imports_pb2.UploadImportRequest(chunk=chunk)
