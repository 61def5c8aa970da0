"""A watch that outlives lost connections, restarts and replicas: it resumes where it was, so nothing is lost or told
twice. It holds one event at a time and asks for the next when its caller does."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import timedelta

import grpc

from commerce.imports.v1.imports_pb2 import (
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
from imports_client.replicas import Replica, Replicas
from imports_client.tries import CALL_SECONDS, Tries

PATIENCE_SECONDS = 60.0
SILENCE_SECONDS = 40.0  # heartbeats come every 15 s
ENDING_SECONDS = 2.0
"""How long a stream may be silent after the last event; a service that keeps the contract ends it at once."""

Call = (
    grpc.aio.UnaryStreamCall[WatchImportRequest, ImportEvent]
    | (grpc.aio.UnaryStreamCall[WatchImportsRequest, ImportEvent])
)
Open = Callable[[Replica, str, float | None], Call]
"""Opens the watch at a replica, after a token (empty: from now), with a deadline in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds: see `Imports.watch`."""

    timeout: float | None = None
    patience: float = PATIENCE_SECONDS
    max_silence: float = SILENCE_SECONDS


def watch_import(
    replicas: Replicas, place: Place, limits: Limits, *, progress_interval: timedelta | None = None
) -> AsyncGenerator[ImportEvent, None]:
    """The events of one import until its end or its deletion, from `place` on, which moves with them.

    Raises `CallFailed`.
    """
    request = WatchImportRequest(name=place.name)
    if progress_interval is not None:
        request.progress_interval.FromTimedelta(progress_interval)

    def open_watch(replica: Replica, token: str, seconds: float | None) -> Call:
        request.resume_token = token
        return replica.imports.WatchImport(request, timeout=seconds)

    async def may_be_over(tries: Tries) -> bool:
        return await _may_be_over(tries, place.name)

    confirm = may_be_over if place.resume_token else None
    return _resumed(replicas, place, limits, open_watch, is_last, confirm)


def watch_imports(
    replicas: Replicas,
    place: Place,
    limits: Limits,
    *,
    filter: ImportFilter | None = None,
    progress_interval: timedelta | None = None,
) -> AsyncGenerator[ImportEvent, None]:
    """The events of the imports of an organization, which `place` names, until the caller leaves.

    Raises `CallFailed`.
    """
    request = WatchImportsRequest(parent=place.name, filter=filter)
    if progress_interval is not None:
        request.progress_interval.FromTimedelta(progress_interval)

    def open_watch(replica: Replica, token: str, seconds: float | None) -> Call:
        request.resume_token = token
        return replica.imports.WatchImports(request, timeout=seconds)

    return _resumed(replicas, place, limits, open_watch)


async def _resumed(
    replicas: Replicas,
    place: Place,
    limits: Limits,
    open_watch: Open,
    is_last: Callable[[ImportEvent], bool] = lambda _: False,
    may_be_over: Callable[[Tries], Awaitable[bool]] | None = None,
) -> AsyncGenerator[ImportEvent, None]:
    """`may_be_over` is asked about an OK that came although no event ever did: the caller's token may be that of the
    last event, or the stream was cut."""
    tries = Tries(replicas, place, timeout=limits.timeout, patience=limits.patience)
    is_over = False
    while True:
        call = open_watch(tries.replica, place.resume_token, tries.left())
        try:
            while (event := await _next_of(call, tries, limits.max_silence)) is not None:
                may_be_over = None
                tries.has_succeeded()
                place.move_to(event)
                yield event
                if is_last(event):
                    ending = min(ENDING_SECONDS, limits.max_silence)
                    async with aclosing(_after_the_end(call, place, ending)) as rest:
                        async for later in rest:
                            yield later
                    return
            if may_be_over is not None:
                if is_over:
                    return
                # What ended since the watch was opened has not been told: only the next OK is to be believed.
                is_over = await may_be_over(tries)
                if is_over:
                    continue
            error = broken_off("the stream ended although there is more to come")
        except CallFailed:
            raise
        except grpc.aio.AioRpcError as caught:
            error = caught
        finally:
            call.cancel()  # for callers who leave early; a call that has ended ignores it
        await tries.wait_after(error)


async def _next_of(call: Call, tries: Tries, max_silence: float) -> ImportEvent | None:
    """None when the stream has ended with OK. Raises AioRpcError, also for a silence, and `DeadlineOver`."""
    left = tries.left()
    try:
        async with asyncio.timeout(max_silence if left is None else min(left, max_silence)):
            return await anext(aiter(call), None)
    except TimeoutError:
        tries.left()
        raise broken_off(f"nothing came for {max_silence:g} s") from None


async def _after_the_end(call: Call, place: Place, max_silence: float) -> AsyncGenerator[ImportEvent, None]:
    """What has become of the import since its end, where the watch has that to catch up with: its deletion, at last."""
    with suppress(grpc.aio.AioRpcError, TimeoutError):
        while True:
            async with asyncio.timeout(max_silence):
                event: ImportEvent | None = await anext(aiter(call), None)
            if event is None:
                return
            place.move_to(event)
            yield event


async def _may_be_over(tries: Tries, name: str) -> bool:
    """False when the import has not ended. Raises AioRpcError when asking again may tell."""
    left = tries.left()
    seconds = CALL_SECONDS if left is None else min(left, CALL_SECONDS)
    try:
        found = await tries.replica.imports.GetImport(GetImportRequest(name=name), timeout=seconds)
    except grpc.aio.AioRpcError as error:
        if is_passing(refusal_of(error)):
            raise
        return True  # deleted, or not for this caller to see
    return has_ended(found.status)
