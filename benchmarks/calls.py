"""A caller that asks for one import again and again, in a process of its own, and notes how long each answer took.

    python -m benchmarks.calls

Told what to do by `benchmarks.helpers`.
"""

import asyncio
import time

import grpc
import uvloop

from benchmarks.helpers import answer
from commerce.imports.v1 import imports_pb2, imports_pb2_grpc

PAUSE_SECONDS = 0.01
FEWEST = 2
"""Of fewer calls nothing can be said, however short the time was."""


class Caller:
    """Calls one after the other between `begin` and `end`, with a short pause."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._calls: asyncio.Task[list[float]] | None = None
        self._is_over = asyncio.Event()

    async def begin(self, *, target: str, name: str) -> None:
        self._is_over.clear()
        self._calls = self._tasks.create_task(self._call(target, name), name="calls")

    async def end(self) -> list[float]:
        """The milliseconds that each answer has taken."""
        if self._calls is None:
            raise ValueError("nothing has begun")
        self._is_over.set()
        return await self._calls

    async def _call(self, target: str, name: str) -> list[float]:
        request = imports_pb2.GetImportRequest(name=name)
        milliseconds: list[float] = []
        async with grpc.aio.insecure_channel(target) as channel:
            stub: imports_pb2_grpc.ImportServiceAsyncStub = imports_pb2_grpc.ImportServiceStub(channel)
            await stub.GetImport(request)  # connects
            while not self._is_over.is_set() or len(milliseconds) < FEWEST:
                asked_at = time.perf_counter()
                await stub.GetImport(request)
                milliseconds.append((time.perf_counter() - asked_at) * 1_000)
                await asyncio.sleep(PAUSE_SECONDS)
        return milliseconds


async def main() -> None:
    async with asyncio.TaskGroup() as tasks:
        caller = Caller(tasks)
        await answer({"begin": caller.begin, "end": caller.end})


if __name__ == "__main__":
    uvloop.run(main())
