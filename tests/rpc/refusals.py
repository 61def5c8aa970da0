"""What a refused call tells, and what the service holds, to compare before and after."""

from collections.abc import AsyncIterator, Awaitable
from typing import Any, NamedTuple

import asyncpg
import grpc
import pytest
from google.rpc import error_details_pb2

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.objects.store import Objects
from tests.rpc.tiny_server import details_of


class Refusal(NamedTuple):
    """The status, the reason, the paths of wrong fields and the facts."""

    code: grpc.StatusCode
    reason: str
    fields: list[str]
    facts: dict[str, str]


async def refusal_of(call: Awaitable[Any]) -> Refusal:
    """How the call is refused; fails the test when it is not."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    details = details_of(caught.value)
    info = details[error_details_pb2.ErrorInfo]
    violations = details.get(error_details_pb2.BadRequest, error_details_pb2.BadRequest()).field_violations
    return Refusal(
        caught.value.code(),
        info.reason,
        [violation.field for violation in violations],
        dict(info.metadata),
    )


async def upload(header: pb.CreateImportRequest, *chunks: bytes) -> AsyncIterator[pb.UploadImportRequest]:
    """The messages of an upload."""
    yield pb.UploadImportRequest(header=header)
    for chunk in chunks:
        yield pb.UploadImportRequest(chunk=chunk)


async def holdings(database_url: str, objects: Objects) -> dict[str, Any]:
    """How many rows each table has, whatever its partitions, and which objects there are."""
    connection = await asyncpg.connect(database_url)
    try:
        tables = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') "
            "AND NOT relispartition"
        )
        held: dict[str, Any] = {
            name: await connection.fetchval(f'SELECT count(*) FROM "{name}"') for (name,) in tables
        }
    finally:
        await connection.close()
    held["objects"] = sorted([name async for name in objects.list()])
    return held
