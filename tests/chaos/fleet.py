"""Processes that are looked after: whatever ends one, another is started in its place."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from tests.eventually import eventually
from tests.services import READY
from tests.watch_properties.fleet import Fleet, Member

LOOK_SECONDS = 0.3
READY_SECONDS = 120.0

ENVIRONMENT = {
    "IMPORTS_LEASE_SECONDS": "2",
    "IMPORTS_SEGMENT_ROWS": "20",
    "IMPORTS_MAX_ATTEMPTS": "1000",
    "IMPORTS_WATCH_HEARTBEAT_SECONDS": "1",
    "IMPORTS_DATABASE_CONNECTIONS": "6",
    "IMPORTS_STOP_GRACE_SECONDS": "0",
}
"""Kills at random say nothing against a segment, so no number of attempts is too many."""


@dataclass(frozen=True)
class Ended:
    """A process that ended and that nobody had killed. `was_ready`: it had been at work, and not failed to start."""

    status: int
    was_ready: bool
    last_words: str


class Kept(Member):
    """A member of the fleet that comes back also when it could not start, as long as a part was away."""

    is_frozen = False

    @property
    def is_at_work(self) -> bool:
        process = self._process
        return not self.is_frozen and process.process.poll() is None and READY in process.output.read_text()

    def freeze(self) -> None:
        self.is_frozen = True
        super().freeze()

    def thaw(self) -> None:
        self.is_frozen = False
        super().thaw()

    async def kill(self) -> None:
        self.is_frozen = False
        await super().kill()

    async def look_after(self) -> Ended | None:
        """Start another process if this one has ended by itself."""
        async with self._kills:
            process = self._process
            status = process.process.poll()
            if status is None:
                return None
            self._process = self._spawn(self._environment)
        was_ready = READY in process.output.read_text()
        return Ended(status, was_ready, process.errors.read_text()[-2000:])

    async def is_ready(self) -> None:
        async def look() -> bool:
            await self.look_after()
            return READY in self._process.output.read_text()

        await eventually(look, READY_SECONDS, "a process that is ready", every=0.05)


def kept(members: Sequence[Member]) -> list[Kept]:
    """Members of a fleet that was made of such."""
    return [member for member in members if isinstance(member, Kept)]


async def look_after(fleet: Fleet, ended_at_work: list[Ended]) -> None:
    """Keep all members running, for ever. A process that ended while it was at work is noted: no fault of a part may
    end one."""
    while True:
        for member in kept(fleet.members):
            ended = await member.look_after()
            if ended is not None and ended.was_ready:
                ended_at_work.append(ended)
        await asyncio.sleep(LOOK_SECONDS)
