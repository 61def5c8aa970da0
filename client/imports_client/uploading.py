"""Sends a document to its end or to its refusal, and makes sure that the refusal is what the caller sees."""

import asyncio
from collections.abc import Coroutine
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any, TypeVar

import grpc

from commerce.imports.v1.imports_pb2 import CreateImportRequest, Import, UploadImportRequest
from imports_client.documents import Document, Pieces, chunks_of, sha256_of
from imports_client.drops import is_passing
from imports_client.errors import DocumentSpent
from imports_client.refusals import refusal_of
from imports_client.tries import Tries

UploadCall = grpc.aio.StreamUnaryCall[UploadImportRequest, Import]
T = TypeVar("T")


async def upload(tries: Tries, header: CreateImportRequest, document: Document) -> Import:
    """The service's answer. A file or bytes are sent again when the connection breaks, as long as `tries` allow.

    Raises `CallFailed` or what reading the document raises.
    """
    try:
        async with asyncio.timeout_at(tries.deadline) as bound:
            # To the service a sender that vanishes can look like the end of the document; with the hash it cannot.
            header.document_sha256 = await sha256_of(document)
            return await _upload(
                tries, header, document if isinstance(document, Path | bytes) else Pieces(document)
            )
    except TimeoutError:
        if bound.expired():
            raise tries.deadline_over() from tries.last_error
        raise


async def _upload(tries: Tries, header: CreateImportRequest, document: Path | bytes | Pieces) -> Import:
    while True:
        call = tries.replica.imports.UploadImport(timeout=tries.left())
        try:
            answer = await send(call, header, document)
        except grpc.aio.AioRpcError as error:
            if isinstance(document, Pieces) and document.is_begun and is_passing(refusal_of(error)):
                if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED and tries.deadline is not None:
                    raise tries.deadline_over() from error
                raise DocumentSpent(error, tries.place) from error
            await tries.wait_after(error)
        else:
            tries.has_succeeded()
            return answer


async def send(call: UploadCall, header: CreateImportRequest, document: Document) -> Import:
    """The service's answer. Raises its refusal, or what reading the document raises; the call is over either
    way."""
    refusals: list[grpc.aio.AioRpcError] = []
    call.add_done_callback(lambda _: refusals.extend(_refusal_now(call)))
    try:
        with suppress(grpc.aio.AioRpcError):  # awaiting the call says why
            await _write(call, header, document)
        return await call
    except grpc.aio.AioRpcError as error:
        # A write that is under way when a refusal arrives fails as INTERNAL, and may hide the refusal for
        # ever.
        if error.code() is grpc.StatusCode.INTERNAL and refusals:
            raise refusals[0] from None
        raise
    finally:
        call.cancel()  # for a document that cannot be read on; a call that has ended ignores it


async def _write(call: UploadCall, header: CreateImportRequest, document: Document) -> None:
    await call.write(UploadImportRequest(header=header))
    async with aclosing(chunks_of(document)) as chunks:
        async for chunk in chunks:
            if call.done():
                return
            await call.write(UploadImportRequest(chunk=chunk))
    if not call.done():
        await call.done_writing()


def _refusal_now(call: UploadCall) -> list[grpc.aio.AioRpcError]:
    """What a call that has just ended was refused with, empty when it was not or nothing is known of it."""
    code = _value_of(call.code())
    if code in {grpc.StatusCode.OK, grpc.StatusCode.INTERNAL}:
        return []
    initial, trailing = _value_of(call.initial_metadata()), _value_of(call.trailing_metadata())
    return [grpc.aio.AioRpcError(code, initial, trailing, details=_value_of(call.details()))]


def _value_of(known: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that has nothing to wait for. Waiting is not possible where this is
    needed."""
    try:
        known.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    raise RuntimeError("the status of an ended call is not known")
