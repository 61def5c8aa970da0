"""The clients: thousands of open streams in one process that notes when what arrived, and does as little as it can.

    python -m benchmarks.watchers

Told what to do by `benchmarks.helpers`. It counts messages of the kinds that watchers must not miss (SNAPSHOT,
TRANSITION, DELETED); progress and heartbeats are counted apart.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import grpc
import uvloop

from benchmarks.helpers import answer
from commerce.imports.v1 import imports_pb2

EVERYTHING = (imports_pb2.KIND_SNAPSHOT, imports_pb2.KIND_TRANSITION, imports_pb2.KIND_DELETED)
OPTIONS = [("grpc.use_local_subchannel_pool", 1)]  # else all channels to one address share a connection

Call = grpc.aio.UnaryStreamCall[bytes, bytes]


class Watchers:
    """All streams that are open; `told[n]` is when each of them got its n-th message, in ns."""

    def __init__(self, streams: asyncio.TaskGroup) -> None:
        self._streams = streams
        self.calls: list[Call] = []
        self.channels: list[grpc.aio.Channel] = []
        self.told: list[list[int]] = []
        self.last = b""
        self.others = 0
        self.codes: Counter[str] = Counter()
        self.ended_at: list[int] = []
        self._news = asyncio.Event()

    async def open(
        self, *, target: str, method: str, requests: Sequence[str], channels: int, within: float
    ) -> object:
        """Open a stream for each request (hex) at once; when each has its first message or its end."""
        self.channels = [grpc.aio.insecure_channel(target, options=OPTIONS) for _ in range(channels)]
        methods: list[Any] = [channel.unary_stream(method) for channel in self.channels]
        began = time.monotonic_ns()
        for number, request in enumerate(requests):
            self.calls.append(methods[number % channels](bytes.fromhex(request)))
            self._streams.create_task(self._follow(self.calls[-1]), name="stream")
        return {"began": began, **await self.wait(count=1, within=within)}

    async def wait(self, *, count: int, within: float) -> dict[str, Any]:
        """Wait until every stream has had so many messages, or has ended; what there is when the time is up."""
        await self._until(lambda: len(self._told(count)) + len(self.ended_at) >= len(self.calls), within)
        return {"told": self._told(count), "ended": dict(self.codes)}

    async def wait_for_ends(self, *, within: float) -> object:
        """Wait until every stream has ended; when, and how."""
        await self._until(lambda: len(self.ended_at) >= len(self.calls), within)
        return {"ended_at": self.ended_at, "ended": dict(self.codes)}

    async def count(self) -> object:
        """The last message in hex, how many others (progress, heartbeats) there were, and the CPU used here."""
        return {"last": self.last.hex(), "others": self.others, "cpu_seconds": time.process_time()}

    async def churn(self, *, target: str, method: str, request: str, times: int, at_once: int) -> object:
        """Open a stream, read its first message, cancel it: so many times, so many side by side."""
        message, left, codes = bytes.fromhex(request), iter(range(times)), Counter[str]()

        async def open_and_cancel(call_stream: Any) -> None:
            for number in left:
                call: Call = call_stream(message)
                if number % 2:  # every second one is gone before it is answered, or about then
                    await asyncio.sleep(0)
                else:
                    await call.read()
                call.cancel()
                codes[(await call.code()).name] += 1

        async with grpc.aio.insecure_channel(target) as channel, asyncio.TaskGroup() as tasks:
            for _ in range(at_once):
                tasks.create_task(open_and_cancel(channel.unary_stream(method)))
        return dict(codes)

    async def _until(self, is_reached: Callable[[], bool], seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not is_reached():
                    self._news.clear()
                    await self._news.wait()

    def _told(self, count: int) -> list[int]:
        while len(self.told) <= count:
            self.told.append([])
        return self.told[count]

    async def _follow(self, call: Call) -> None:
        count = 0
        try:
            while isinstance(data := await call.read(), bytes):  # else it is the end
                if imports_pb2.ImportEvent.FromString(data).kind in EVERYTHING:
                    count += 1
                    self._told(count).append(time.monotonic_ns())
                    self.last = data
                else:
                    self.others += 1
                self._news.set()
        except grpc.aio.AioRpcError:
            pass  # the code says it
        ended_at = time.monotonic_ns()
        self.codes[(await call.code()).name] += 1
        self.ended_at.append(ended_at)
        self._news.set()


async def main() -> None:
    async with asyncio.TaskGroup() as streams:
        watchers = Watchers(streams)
        await answer(
            {
                "open": watchers.open,
                "wait": watchers.wait,
                "wait_for_ends": watchers.wait_for_ends,
                "count": watchers.count,
                "churn": watchers.churn,
            }
        )
        for call in watchers.calls:
            call.cancel()


if __name__ == "__main__":
    uvloop.run(main())
