"""The tries of one call: where the next one goes, how long to wait before it, and when it is enough.

What is asked must be harmless to ask again: a read, a watch from a token, a creation with a request id.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import grpc

from imports_client.drops import is_passing
from imports_client.errors import DeadlineOver, Place, broken_off, failure_of
from imports_client.refusals import Refusal, refusal_of
from imports_client.replicas import Replica, Replicas

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
LONGEST_ASKED_PAUSE = 60.0
CALL_SECONDS = 30.0  # the most that a call takes that is answered at once

Answer = TypeVar("Answer")


class Tries:
    """Made when the call begins. All times are in seconds.

    `timeout` bounds all tries and the pauses between them together. `patience` is how long the service may be away:
    from the first try that failed until one brings something. With 0, each replica is tried once.
    """

    def __init__(
        self, replicas: Replicas, place: Place, *, timeout: float | None = None, patience: float = 0.0
    ) -> None:
        self.place = place
        self.replica = replicas.current
        self._replicas = replicas
        self._clock = asyncio.get_running_loop().time
        self._timeout = timeout
        self.deadline = None if timeout is None else self._clock() + timeout
        self._patience = patience
        self._away_since: float | None = None
        self._failed = 0
        self.last_error: grpc.aio.AioRpcError | None = None

    def left(self) -> float | None:
        """Seconds until the deadline, None without one. Raises `DeadlineOver`."""
        if self.deadline is None:
            return None
        left = self.deadline - self._clock()
        if left <= 0:
            raise self.deadline_over() from self.last_error
        return left

    def deadline_over(self) -> DeadlineOver:
        """To be raised where the deadline was noticed."""
        code = grpc.StatusCode.DEADLINE_EXCEEDED
        return DeadlineOver(broken_off(f"not done within {self._timeout:g} s", code), self.place)

    def has_succeeded(self) -> None:
        """Something came: patience and pauses begin anew."""
        self._away_since = None
        self._failed = 0
        self.last_error = None

    async def wait_after(self, error: grpc.aio.AioRpcError) -> None:
        """Wait until the next try is due, at the next replica.

        Raises the typed error of the failed try when it was an answer, or when patience or time are over.
        """
        refusal = refusal_of(error)
        if not is_passing(refusal):
            raise failure_of(error, self.place) from error
        self.last_error = error
        self._replicas.leave(self.replica)
        left = self.left()
        now = self._clock()
        if self._away_since is None:
            self._away_since = now
        self._failed += 1
        patience_left = self._away_since + self._patience - now
        if patience_left <= 0 and self._failed >= len(self._replicas):
            raise failure_of(error, self.place) from error
        self.replica = self._replicas.current
        pause = _pause(refusal, self._failed)
        if patience_left > 0:
            pause = min(pause, patience_left)  # the last try is at its end
        await asyncio.sleep(pause if left is None else min(pause, left))


async def answer_of(
    tries: Tries,
    ask: Callable[[Replica, float | None], Awaitable[Answer]],
    *,
    longest: float | None = None,
) -> Answer:
    """What a replica answers to `ask(replica, seconds)`; one try takes at most `longest`. Raises `CallFailed`."""
    while True:
        left = tries.left()
        seconds = longest if left is None else left if longest is None else min(left, longest)
        try:
            answer = await ask(tries.replica, seconds)
        except grpc.aio.AioRpcError as error:
            await tries.wait_after(error)
        else:
            tries.has_succeeded()
            return answer


def _pause(refusal: Refusal, failed: int) -> float:
    """No sooner than the service asked for, else twice the last pause; never the same for all who were cut off."""
    if refusal.retry_after_seconds is not None:
        return min(refusal.retry_after_seconds, LONGEST_ASKED_PAUSE) * random.uniform(1.0, 1.5)
    return float(min(FIRST_PAUSE * 2 ** min(failed - 1, 10), LONGEST_PAUSE) * random.uniform(0.5, 1.5))
