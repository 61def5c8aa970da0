"""The service on asyncio's own loop, which notes each callback that holds it up, in processor time of its thread.

    WATCHED_LOOP_NOTES=file python -m tests.end_to_end.watched_loop serve

What the garbage collector takes on the way is not counted, nor what other threads do. Notes are written at the end.
"""

import asyncio
import gc
import os
import threading
import time
from asyncio import Handle
from pathlib import Path
from typing import Any, Literal

import msgspec
import uvloop

from imports_service.__main__ import run

NOTES = "WATCHED_LOOP_NOTES"
WORTH_A_NOTE_SECONDS = 0.005


class Callback(msgspec.Struct):
    """When a callback began, in seconds since 1970, the processor time it took, and what it was."""

    began: float
    seconds: float
    what: str


class Clock:
    """Processor time of one thread, less what the garbage collector took of it."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._collecting_since = 0.0
        self._collected = 0.0
        gc.callbacks.append(self._note)

    def __call__(self) -> float:
        return time.thread_time() - self._collected

    def _note(self, phase: Literal["start", "stop"], _info: dict[str, int]) -> None:
        if threading.get_ident() != self._thread:
            return
        if phase == "start":
            self._collecting_since = time.thread_time()
        else:
            self._collected += time.thread_time() - self._collecting_since


def watch_callbacks() -> list[Callback]:
    """From now on all callbacks of all loops of this thread; those that are worth a note."""
    found: list[Callback] = []
    clock = Clock()
    parts: Any = Handle
    run_handle = parts._run

    def run_watched(handle: Any) -> None:
        began = clock()
        run_handle(handle)
        seconds = clock() - began
        if seconds > WORTH_A_NOTE_SECONDS:
            of = getattr(handle._callback, "__self__", None)
            found.append(
                Callback(time.time() - seconds, seconds, repr(of if isinstance(of, asyncio.Task) else handle))
            )

    parts._run = run_watched
    return found


if __name__ == "__main__":
    uvloop.new_event_loop = asyncio.new_event_loop  # type: ignore[assignment]  # its handles are not to be watched
    callbacks = watch_callbacks()
    try:
        run()
    finally:
        Path(os.environ[NOTES]).write_bytes(msgspec.json.encode(callbacks))
