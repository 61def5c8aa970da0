"""Processes that are looked after: whatever ends one, another is started in its place."""

import asyncio
from dataclasses import dataclass

from tests.eventually import eventually
from tests.services import READY
from tests.watch_properties.fleet import Fleet, Member

LOOK_SECONDS = 0.3
READY_SECONDS = 60.0

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

    @property
    def log(self) -> str:
        """Where the process writes its log."""
        return str(self._process.errors)


async def look_after(fleet: Fleet, ended_at_work: list[Ended]) -> None:
    """Keep all members running, for ever. A process that ended while it was at work is noted: no fault of a part may
    end one."""
    while True:
        for member in fleet.members:
            assert isinstance(member, Kept)
            ended = await member.look_after()
            if ended is not None and ended.was_ready:
                ended_at_work.append(ended)
        await asyncio.sleep(LOOK_SECONDS)
