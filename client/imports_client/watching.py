"""A watch that outlives restarts of the service: it resumes where it was, so nothing is lost or repeated."""

import asyncio
import random
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import TYPE_CHECKING

import grpc

from commerce.imports.v1.imports_pb2 import ImportEvent, WatchImportRequest
from imports_client.refusals import refusal_of

if TYPE_CHECKING:  # the types of the stubs know it, the stubs themselves do not
    from commerce.imports.v1.imports_pb2_grpc import ImportServiceAsyncStub

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0


async def watch_import(
    stub: "ImportServiceAsyncStub",
    name: str,
    *,
    resume_token: str = "",
    progress_interval: timedelta | None = None,
    timeout: float | None = None,
    patience: float = 60.0,
) -> AsyncGenerator[ImportEvent, None]:
    """Yield the events of one import until its end.

    `timeout` bounds the whole watch in seconds and ends it with DEADLINE_EXCEEDED. `patience` is how many
    seconds the service may be away, counted from the last event, before its UNAVAILABLE is raised. Any other
    error is raised as it comes. Wrap it in `contextlib.aclosing` if you may leave before the end.
    """
    loop = asyncio.get_running_loop()
    deadline = None if timeout is None else loop.time() + timeout
    request = WatchImportRequest(name=name, resume_token=resume_token)
    if progress_interval is not None:
        request.progress_interval.FromTimedelta(progress_interval)
    patient_until = loop.time() + patience
    tries = 0
    while True:
        call = stub.WatchImport(
            request, timeout=None if deadline is None else max(0.0, deadline - loop.time())
        )
        try:
            async for event in call:
                request.resume_token = event.resume_token
                patient_until = loop.time() + patience
                tries = 0
                yield event
        except grpc.aio.AioRpcError as error:
            pause = pause_before_retry(error, tries)
            if error.code() is not grpc.StatusCode.UNAVAILABLE or loop.time() + pause > patient_until:
                raise
        else:
            return
        finally:
            call.cancel()  # for callers who leave early; a call that has ended ignores it
        tries += 1
        await asyncio.sleep(pause)


def pause_before_retry(error: grpc.aio.AioRpcError, tries: int) -> float:
    """Seconds: what the service asked for, or twice the last pause; never the same for all who were cut off
    at once."""
    asked = refusal_of(error).retry_after_seconds
    pause = FIRST_PAUSE * 2 ** min(tries, 10) if asked is None else asked
    return min(pause, LONGEST_PAUSE) * random.uniform(0.5, 1.5)
