"""A watch that outlives lost connections, restarts and replicas: it resumes where it was, so nothing is lost or told
twice. It holds one event at a time and asks for the next when its caller does."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass

import grpc
from google.protobuf.duration_pb2 import Duration

from commerce.imports.v1.imports_pb2 import (
    KIND_DELETED,
    GetImportRequest,
    ImportEvent,
    ImportFilter,
    WatchImportRequest,
    WatchImportsRequest,
)
from imports_client.drops import is_passing
from imports_client.errors import CallFailed, Place, broken_off
from imports_client.events import has_ended, is_last
from imports_client.refusals import refusal_of
from imports_client.replicas import Replica
from imports_client.tries import CALL_SECONDS, Tries

PATIENCE_SECONDS = 60.0
SILENCE_SECONDS = 40.0  # heartbeats come every 15 s
ENDING_SECONDS = 2.0
"""How long a stream may take to end after the last event; a service that keeps the contract ends it at once."""

Call = (
    grpc.aio.UnaryStreamCall[WatchImportRequest, ImportEvent]
    | (grpc.aio.UnaryStreamCall[WatchImportsRequest, ImportEvent])
)
Open = Callable[[Replica, str, float | None], Call]
"""Opens the watch at a replica, after a token (empty: from now), with a deadline in seconds."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What is watched, from a place on that moves with the events."""

    place: Place
    open: Open
    of_one_import: bool
    """It has an end then."""


def import_watched(place: Place, interval: Duration | None = None) -> Watch:
    """One import, which `place` names, until its end or its deletion."""
    request = WatchImportRequest(name=place.name, progress_interval=interval)

    def open_watch(replica: Replica, token: str, seconds: float | None) -> Call:
        request.resume_token = token
        return replica.imports.WatchImport(request, timeout=seconds)

    return Watch(place, open_watch, of_one_import=True)


def imports_watched(place: Place, filter: ImportFilter | None, interval: Duration | None) -> Watch:
    """The imports of an organization, which `place` names, until the caller leaves."""
    request = WatchImportsRequest(parent=place.name, filter=filter, progress_interval=interval)

    def open_watch(replica: Replica, token: str, seconds: float | None) -> Call:
        request.resume_token = token
        return replica.imports.WatchImports(request, timeout=seconds)

    return Watch(place, open_watch, of_one_import=False)


async def watched(
    watch: Watch, begin: Callable[[], Tries], max_silence: float
) -> AsyncGenerator[ImportEvent, None]:
    """The events, with the tries of `begin()`. Silence is in seconds: see `Imports.watch`. Raises `CallFailed`."""
    tries, place = begin(), watch.place
    # An OK that comes although no event ever did: the caller's token may be that of the last event, or the stream was
    # cut. Then it has to be asked.
    may_be_over = watch.of_one_import and bool(place.resume_token)
    is_over = False
    while True:
        is_resumed = bool(place.resume_token)
        try:
            async with aclosing(_stream(watch, tries, max_silence)) as events:
                async for event in events:
                    may_be_over = False
                    yield event
                    if watch.of_one_import and is_last(event):
                        rest = _after_the_end(events, watch, tries, max_silence, is_resumed=is_resumed)
                        async with aclosing(rest):
                            async for later in rest:
                                yield later
                        return
            if may_be_over and is_over:
                return
            # What ended since the watch was opened has not been told: only the next OK is to be believed.
            is_over = may_be_over and await _may_be_over(tries, place.name)
            if is_over:
                continue
            error = broken_off("the stream ended although there is more to come")
        except grpc.aio.AioRpcError as caught:
            error = caught
        await tries.wait_after(error)


async def _stream(watch: Watch, tries: Tries, max_silence: float) -> AsyncGenerator[ImportEvent, None]:
    """The events of one call, and the place moves with them. Raises AioRpcError where it is lost."""
    call = watch.open(tries.replica, watch.place.resume_token, tries.left())
    try:
        while (event := await _next_of(call, tries, max_silence)) is not None:
            tries.has_succeeded()
            watch.place.move_to(event)
            yield event
            if watch.of_one_import and is_last(event):
                if event.kind == KIND_DELETED:
                    return  # nothing is left that could change
                max_silence = min(max_silence, ENDING_SECONDS)
    finally:
        call.cancel()  # for callers who leave early; a call that has ended ignores it


async def _next_of(call: Call, tries: Tries, max_silence: float) -> ImportEvent | None:
    """None when the stream has ended with OK. Raises AioRpcError, also for a silence, and `CallFailed`."""
    try:
        async with asyncio.timeout(tries.left(max_silence)):
            with tries.listening():
                return await anext(aiter(call), None)
    except TimeoutError:
        tries.left()
        raise broken_off(f"nothing came for {max_silence:g} s") from None


async def _after_the_end(
    stream: AsyncGenerator[ImportEvent, None],
    watch: Watch,
    tries: Tries,
    max_silence: float,
    *,
    is_resumed: bool,
) -> AsyncGenerator[ImportEvent, None]:
    """What has become of the import since its end, where the watch has that to catch up with: its deletion, at last.

    A resumed stream that is lost here is opened once more, whatever comes of it: the end itself was told.
    """
    with suppress(grpc.aio.AioRpcError):
        try:
            async for event in stream:
                yield event
        except grpc.aio.AioRpcError as error:
            if is_resumed:
                await tries.wait_after(error)
                async with aclosing(_stream(watch, tries, min(max_silence, ENDING_SECONDS))) as again:
                    async for event in again:
                        yield event


async def _may_be_over(tries: Tries, name: str) -> bool:
    """False when the import has not ended. Raises AioRpcError when asking again may tell."""
    try:
        with tries.listening():
            found = await tries.replica.imports.GetImport(
                GetImportRequest(name=name), timeout=tries.left(CALL_SECONDS)
            )
    except grpc.aio.AioRpcError as error:
        if isinstance(error, CallFailed) or is_passing(refusal_of(error)):
            raise
        return True  # deleted, or not for this caller to see
    return has_ended(found.status)
