import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo

from commerce.imports.v1.imports_pb2 import FORMAT_CSV, Import, UploadImportRequest
from imports_client.connection import connect
from imports_client.refusals import refusal_of
from tests.client.conftest import ConnectTo, Context, Partial, refuse

VIOLATION = BadRequest.FieldViolation(field="spec.resource_type", description="unknown")
Requests = AsyncIterator[UploadImportRequest]


class Receiver(Partial):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.messages: list[UploadImportRequest] = []
        self.has_begun = asyncio.Event()
        self.was_cancelled = asyncio.Event()

    async def UploadImport(self, request_iterator: Requests, context: Context) -> Import:  # noqa: N802
        try:
            async for message in request_iterator:
                self.messages.append(message)
                self.has_begun.set()
            # A cancelled upload can end like a whole one, and be cancelled later; a send tells them apart.
            await context.send_initial_metadata(())
        except asyncio.CancelledError:
            self.was_cancelled.set()
            raise
        return Import(name="organizations/o/imports/i")


class Refuser(Partial):
    """Refuses every upload after its header, without reading on."""

    async def UploadImport(self, request_iterator: Requests, context: Context) -> Import:  # noqa: N802
        await anext(request_iterator)
        await refuse(
            context,
            grpc.StatusCode.INVALID_ARGUMENT,
            "spec.resource_type: unknown",
            ErrorInfo(
                reason="RESOURCE_TYPE_UNKNOWN", domain="imports.commerce", metadata={"resource_type": "skuz"}
            ),
            BadRequest(
                field_violations=[
                    BadRequest.FieldViolation(field="spec.resource_type", description="unknown")
                ]
            ),
        )
        raise AssertionError


async def test_the_header_comes_first_and_once_and_has_a_request_id(connect_to: ConnectTo) -> None:
    receiver = Receiver()
    imports = await connect_to(receiver)

    await imports.upload("organizations/o", "skus", b"code\nA\n", format=FORMAT_CSV)

    first, *others = receiver.messages
    assert first.header.spec.resource_type == "skus"
    assert first.header.spec.format == FORMAT_CSV
    assert first.header.request_id
    assert [message.WhichOneof("part") for message in others] == ["chunk"]


@pytest.mark.parametrize("kind", ["a file", "bytes"])
async def test_the_header_has_the_hash_of_a_document_that_can_be_read_twice(
    connect_to: ConnectTo, tmp_path: Path, kind: str
) -> None:
    content = b"code\nA\n"
    file = tmp_path / "skus.csv"
    file.write_bytes(content)
    receiver = Receiver()
    imports = await connect_to(receiver)

    await imports.upload("organizations/o", "skus", file if kind == "a file" else content)

    assert receiver.messages[0].header.document_sha256 == hashlib.sha256(content).digest()


async def test_a_file_arrives_whole_in_chunks_of_at_most_256_kib(
    connect_to: ConnectTo, tmp_path: Path
) -> None:
    file = tmp_path / "skus.jsonl"
    file.write_bytes(b'{"code":"A"}\n' * 100_000)
    receiver = Receiver()
    imports = await connect_to(receiver)

    await imports.upload("organizations/o", "skus", file)

    chunks = [message.chunk for message in receiver.messages[1:]]
    assert hashlib.sha256(b"".join(chunks)).digest() == hashlib.sha256(file.read_bytes()).digest()
    assert max(map(len, chunks)) <= 256 * 1024


async def test_a_refusal_in_the_middle_of_an_upload_keeps_its_reason(connect_to: ConnectTo) -> None:
    imports = await connect_to(Refuser())

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 200_000

    for _ in range(100):  # what is at stake is a race
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await imports.upload("organizations/o", "skuz", endless())

        refusal = refusal_of(caught.value)
        assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
        assert refusal.reason == "RESOURCE_TYPE_UNKNOWN"
        assert refusal.facts == {"resource_type": "skuz"}
        assert refusal.violations == (("spec.resource_type", "unknown"),)


async def test_a_document_that_cannot_be_read_on_cancels_the_upload_and_raises_its_own_error(
    connect_to: ConnectTo,
) -> None:
    receiver = Receiver()
    imports = await connect_to(receiver)

    async def breaking() -> AsyncIterator[bytes]:
        await receiver.has_begun.wait()
        yield b"code\n"
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        await imports.upload("organizations/o", "skus", breaking())

    async with asyncio.timeout(5):
        await receiver.was_cancelled.wait()


async def test_nobody_there_is_unavailable(unused_tcp_port: int) -> None:
    async with connect(f"127.0.0.1:{unused_tcp_port}") as imports:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await imports.upload("organizations/o", "skus", b"code\nA\n")

    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
