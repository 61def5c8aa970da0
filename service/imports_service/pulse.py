"""Whether a part of the service answers: asked about once a second, by one task, for everybody in the process.

Nobody can tell a slow answer from one that never comes. Whoever waits for a part is told here when that part has
stopped to answer anybody, after seconds, where a lost connection is noticed after minutes. It asks nothing itself: the
question is its caller's.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from math import inf

ASK_SECONDS = 1.0
ANSWER_SECONDS = 2.0
"""How long an answer may take. A part is away when two questions in a row got none: one may be slow, or its asker."""
FAILURES = 2
SLOW_SECONDS = 0.5
"""After a slower answer nobody knows how long the part has answered nobody."""
AGAIN_SECONDS = 0.25
AWAY_SECONDS = 0.5


class PartSilent(TimeoutError):
    """The part takes what it is told, if that, and answers nobody."""


class Pulse:
    """What is known of one part. Without somebody who asks, it is taken to be there.

    `trouble` and `since`: what the last question met, and when that began; None while all is well.
    """

    def __init__(self, part: str) -> None:
        self.part = part
        self.trouble: str | None = None
        self.since: datetime | None = None
        self.is_silent = False
        """It is away, and time is what ran out: to try it costs time again."""
        self.heard: Callable[[], None] = _nobody
        """Called after each answer and each failure; must neither wait nor fail."""
        self._failures = 0
        self._asked_since = self._troubled_at = -inf
        self._waiting: set[asyncio.Timeout] = set()

    @property
    def is_away(self) -> bool:
        return self._failures >= FAILURES

    def answered(self) -> None:
        """It is there."""
        if not self._failures:
            return
        self.doubt()  # the trouble may have lasted until now
        self._failures = 0
        self.trouble = self.since = None
        self.is_silent = False
        self.heard()

    def failed(self, trouble: str, *, is_silence: bool = False) -> None:
        """It did not answer, or not well. From the second time in a row on it is away."""
        self._failures += 1
        self.doubt()
        self.trouble = trouble
        self.since = self.since or datetime.now(UTC)
        self.is_silent = is_silence and self.is_away
        if self.is_silent:
            self._send_away()
        self.heard()

    def doubt(self) -> None:
        """Nobody knows how it was until now."""
        self._troubled_at = asyncio.get_running_loop().time()

    def begin(self) -> None:
        """From now on somebody asks."""
        self._asked_since = asyncio.get_running_loop().time()

    def had_trouble_since(self, moment: float) -> bool:
        """Whether it was not there, or slow to answer, at any time since that moment of the loop's clock."""
        return self._troubled_at >= moment

    def is_known_well(self, *, asked_for: float, well_for: float) -> bool:
        """Whether it has been asked for so many seconds, and has answered soon for so many."""
        now = asyncio.get_running_loop().time()
        return now - self._asked_since >= asked_for and now - self._troubled_at >= well_for

    @asynccontextmanager
    async def patience(self, *, tries_when_away: bool = True) -> AsyncGenerator[None, None]:
        """For waiting on the part: raises `PartSilent` when it is silent, or falls silent inside the block.

        `tries_when_away`: when it is away and not silent, it is left to the block to find that out.
        Nothing may be awaited in the block that does not belong to it; so no generator yields inside.
        """
        if self.is_silent or (self.is_away and not tries_when_away):
            raise self._silence()
        scope = asyncio.timeout(None)
        try:
            async with scope:
                self._waiting.add(scope)
                try:
                    yield
                finally:
                    self._waiting.discard(scope)
        except TimeoutError as error:
            if scope.expired():
                raise self._silence() from error
            raise

    def _send_away(self) -> None:
        now = asyncio.get_running_loop().time()
        waiting, self._waiting = self._waiting, set()  # each once, however long it takes to leave
        for scope in waiting:
            scope.reschedule(now)

    def _silence(self) -> PartSilent:
        return PartSilent(f"the {self.part} does not answer")


async def keep_asking(pulse: Pulse, ask: Callable[[], Awaitable[None]]) -> None:
    """Ask for ever. `ask` raises when the part does not answer well; its time is bounded here."""
    clock = asyncio.get_running_loop().time
    pulse.begin()
    while True:
        asked = clock()
        try:
            async with asyncio.timeout(ANSWER_SECONDS) as patience:
                await ask()
        except Exception as error:
            is_silence = isinstance(error, TimeoutError) and patience.expired()
            pulse.failed(
                "no answer" if is_silence else f"{type(error).__name__}: {error}", is_silence=is_silence
            )
            pause = AGAIN_SECONDS if not pulse.is_away else AWAY_SECONDS
        else:
            pulse.answered()
            pause = ASK_SECONDS
            if clock() - asked > SLOW_SECONDS:
                pulse.doubt()
        await asyncio.sleep(pause * random.uniform(0.8, 1.0))


def _nobody() -> None:
    """Nobody listens."""
