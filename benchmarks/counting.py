"""The service as `imports-service serve --embedded` runs it, which also counts the segments that it has in memory.

    python -m benchmarks.counting

A segment is counted from when it was cut of a document, or unpacked, until its rows are let go: as long as its header
lives, which never outlives it by more than a moment. Told what to do by `benchmarks.helpers`.
"""

import asyncio
import weakref
from collections.abc import Callable
from typing import Any

import msgspec
import uvloop

from benchmarks.helpers import answer
from imports_service.pipeline import segments


class Counter:
    """How many there are, and how many there were at most."""

    def __init__(self) -> None:
        self.present = 0
        self.most = 0

    def enter(self, header: Any) -> None:
        self.present += 1
        self.most = max(self.most, self.present)
        weakref.finalize(header, self._leave).atexit = False

    async def take_most(self) -> int:
        """The most since this was last asked."""
        most, self.most = self.most, self.present
        return most

    def _leave(self) -> None:
        self.present -= 1


def count_headers(enter: Callable[[Any], None]) -> None:
    """Have every header of a segment that is made from now on enter; before anybody has imported the class."""

    class Counted(segments.SegmentHeader, frozen=True, kw_only=True, omit_defaults=True, weakref=True):
        def __post_init__(self) -> None:
            enter(self)

    names = vars(segments)
    names["SegmentHeader"] = Counted
    names["_header_decoder"] = msgspec.json.Decoder(Counted)


async def main(counter: Counter) -> None:
    # not before the headers are counted: these modules take the class for themselves
    from imports_service import app  # noqa: PLC0415
    from imports_service.settings import Settings  # noqa: PLC0415

    async with asyncio.TaskGroup() as tasks:
        answering = tasks.create_task(answer({"take_most": counter.take_most}))
        await app.run(Settings(), embedded=True)
        answering.cancel()


if __name__ == "__main__":
    from imports_service.logs import configure_logs

    configure_logs()
    counter = Counter()
    count_headers(counter.enter)
    uvloop.run(main(counter))
