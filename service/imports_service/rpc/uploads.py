"""How rows reach a creation: a document in chunks, or inputs turned into the lines of one.

Nothing is gathered: what is read is passed on, and the sender waits for whoever takes it.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing
from typing import Any

from google.protobuf.struct_pb2 import Struct
from grpc.aio import ServicerContext

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.domain.errors import FieldViolation, InvalidArgument
from imports_service.pipeline.inline import canonical_line
from imports_service.rpc.boundary import caller_may_be_gone
from imports_service.rpc.structs import plain

MAX_CHUNK_BYTES = 1024 * 1024
INPUTS_AT_ONCE = 50
"""How many inputs are turned into lines before others get their turn: about 1 ms of ordinary ones."""
SMALL_INPUTS_BYTES = 64 * 1024
"""Above this they are turned in a thread: the largest message takes half a second."""


async def header_of(requests: AsyncIterator[pb.UploadImportRequest]) -> pb.CreateImportRequest:
    """The upload's header, its first message. Raises `InvalidArgument` (UPLOAD_PROTOCOL)."""
    first = await anext(aiter(requests), None)
    if first is None or first.WhichOneof("part") != "header":
        raise _broken_protocol("header", "must be the first message")
    source = first.header.WhichOneof("source")
    if source is not None:
        raise _broken_protocol(f"header.{source}", "has no place in an upload; send chunks")
    return first.header


async def chunks_of(requests: AsyncIterator[pb.UploadImportRequest]) -> AsyncGenerator[bytes, None]:
    """The document's bytes, after the header. Raises `InvalidArgument` (UPLOAD_PROTOCOL)."""
    async for request in requests:
        if request.WhichOneof("part") != "chunk":
            raise _broken_protocol("header", "comes once; what follows it are chunks")
        if len(request.chunk) > MAX_CHUNK_BYTES:
            raise _broken_protocol(
                "chunk", f"has {len(request.chunk)} bytes, and {MAX_CHUNK_BYTES} are allowed"
            )
        if request.chunk:
            yield request.chunk


async def whole_document(
    requests: AsyncIterator[pb.UploadImportRequest], context: "ServicerContext[Any, Any]"
) -> AsyncGenerator[bytes, None]:
    """The chunks of a document that its sender has ended; of a cancelled call the end never comes.

    Cancellation can end the requests as if the document were complete. What is sent to the caller then, be it
    only empty metadata, comes after it and fails.
    """
    async with aclosing(chunks_of(requests)) as chunks:
        async for chunk in chunks:
            yield chunk
    with caller_may_be_gone():
        await context.send_initial_metadata(())


async def document_of(document: bytes) -> AsyncGenerator[bytes, None]:
    """A document that came in one message."""
    yield document


async def lines_of(inputs: pb.InlineInputs) -> AsyncGenerator[bytes, None]:
    """The inputs as JSON Lines, names sorted: equal inputs make equal bytes."""
    for first in range(0, len(inputs.items), INPUTS_AT_ONCE):
        items = inputs.items[first : first + INPUTS_AT_ONCE]
        if sum(item.ByteSize() for item in items) <= SMALL_INPUTS_BYTES:
            yield _lines(items)
            await asyncio.sleep(0)
        else:
            yield await asyncio.to_thread(_lines, items)


def _lines(items: Iterable[Struct]) -> bytes:
    return b"".join([canonical_line(plain(item)) + b"\n" for item in items])


def _broken_protocol(field: str, description: str) -> InvalidArgument:
    return InvalidArgument(FieldViolation(field, description), reason="UPLOAD_PROTOCOL")
