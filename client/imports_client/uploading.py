"""Sends a document to its end or to its refusal, and makes sure that the refusal is what the caller sees."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any, TypeVar

import grpc

from commerce.imports.v1.imports_pb2 import CreateImportRequest, Import, UploadImportRequest
from imports_client.documents import Document, Pieces, chunks_of, sha256_of
from imports_client.errors import ConnectionClosed, DocumentSpent, ServiceAway
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
        refusals = _kept_refusals(call)
        try:
            await _write(call, tries, header, document)
            with tries.listening():
                answer = await _answer_to(call, refusals)
        finally:
            call.cancel()  # for a document that cannot be read on; a call that has ended ignores it
        if isinstance(answer, Import):
            tries.has_succeeded()
            return answer
        if isinstance(document, Pieces) and document.is_begun:
            failure = tries.failure_of(answer)
            is_lost = isinstance(failure, ServiceAway)
            raise (DocumentSpent(answer, tries.place) if is_lost else failure) from answer
        await tries.wait_after(answer)


async def _write(call: UploadCall, tries: Tries, header: CreateImportRequest, document: Document) -> None:
    """Until the end of the document or of the call. Raises what reading the document raises, of whatever class."""
    if not await _is_written(call, tries, UploadImportRequest(header=header)):
        return
    async with aclosing(chunks_of(document)) as chunks:
        async for chunk in chunks:
            if not await _is_written(call, tries, UploadImportRequest(chunk=chunk)):
                return
    if not call.done():
        with tries.listening(), suppress(grpc.aio.AioRpcError):
            await call.done_writing()


async def _is_written(call: UploadCall, tries: Tries, message: UploadImportRequest) -> bool:
    """False when the call is over; awaiting it says why."""
    if call.done():
        return False
    try:
        with tries.listening():
            await call.write(message)
    except ConnectionClosed:
        raise
    except grpc.aio.AioRpcError:
        return False
    tries.is_heard()
    return True


async def _answer_to(
    call: UploadCall, refusals: Sequence[grpc.aio.AioRpcError]
) -> Import | grpc.aio.AioRpcError:
    """The service's answer or its refusal."""
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        # A write that is under way when a refusal arrives fails as INTERNAL, and may hide the refusal for
        # ever.
        if error.code() is grpc.StatusCode.INTERNAL and refusals:
            return refusals[0]
        return error


def _kept_refusals(call: UploadCall) -> list[grpc.aio.AioRpcError]:
    """Holds what the call is refused with as soon as it is."""
    refusals: list[grpc.aio.AioRpcError] = []
    call.add_done_callback(lambda _: refusals.extend(_refusal_now(call)))
    return refusals


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
