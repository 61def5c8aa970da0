"""The tries of one call: where the next one goes, how long to wait before it, and when it is enough.

What is asked must be harmless to ask again: a read, a watch from a token, a creation with a request id.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import grpc

from imports_client.drops import is_passing
from imports_client.errors import CallFailed, ConnectionClosed, DeadlineOver, Place, broken_off, failure_of
from imports_client.refusals import refusal_of
from imports_client.replicas import Replica, Replicas

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
LONGEST_ASKED_PAUSE = 60.0
CALL_SECONDS = 30.0  # the most that a call takes that is answered at once
CLOCK_SECONDS = 0.05  # how much sooner than ours gRPC's clock may find the deadline over
LONGEST_TIMEOUT = 100 * 365 * 86_400.0  # what is longer is none; gRPC cannot count to infinity

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
        self._timeout = None if timeout is None or timeout > LONGEST_TIMEOUT else timeout
        self.deadline = None if self._timeout is None else self._clock() + self._timeout
        self._patience = patience
        self._away_since: float | None = None
        self._heard_at = self._clock()  # or begun to listen
        self._failed = 0
        self._free_at: dict[Replica, float] = {}
        """Since the service is away, when each replica that was tried failed, or when it asked to be asked again."""
        self.last_error: grpc.aio.AioRpcError | None = None

    def anew(self, place: Place) -> "Tries":
        """Those of the next call of several that have one deadline together."""
        tries = Tries(self._replicas, place, patience=self._patience)
        tries._timeout, tries.deadline = self._timeout, self.deadline
        return tries

    def left(self, longest: float | None = None) -> float | None:
        """Seconds until the deadline, at most `longest`; None without either. Raises `DeadlineOver`."""
        if self.deadline is None:
            return longest
        left = self.deadline - self._clock()
        if left <= 0:
            raise self.deadline_over() from self.last_error
        return left if longest is None else min(left, longest)

    def deadline_over(self) -> DeadlineOver:
        """To be raised where the deadline was noticed."""
        code = grpc.StatusCode.DEADLINE_EXCEEDED
        return DeadlineOver(broken_off(f"not done within {self._timeout:g} s", code), self.place)

    def has_succeeded(self) -> None:
        """Something came: patience and pauses begin anew."""
        self._away_since = None
        self._failed = 0
        self._free_at.clear()
        self.last_error = None

    def is_heard(self) -> None:
        """The service is there and at work on this try, which may fail all the same: no time away until now."""
        now = self._clock()
        if self._away_since is not None:
            self._away_since += now - self._heard_at
        self._heard_at = now

    def failure_of(self, error: grpc.aio.AioRpcError) -> CallFailed:
        """The typed error if there is no further try. Raise it from `error`."""
        is_late = self.deadline is not None and self.deadline - self._clock() < CLOCK_SECONDS
        if is_late and error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
            return self.deadline_over()
        return failure_of(error, self.place)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """For the time of waiting for gRPC. Raises `ConnectionClosed` where it would cancel a task that nobody
        else has cancelled, because its own channel was closed."""
        try:
            yield
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self.replica.is_closed and not (task and task.cancelling()):
                raise self._closed() from None
            raise

    async def wait_after(self, error: grpc.aio.AioRpcError) -> None:
        """Wait until the next try is due, at a replica that was not tried yet or that is free the soonest.

        Raises the typed error of the failed try when it was an answer, or when patience or time are over.
        """
        if isinstance(error, CallFailed):
            raise error
        refusal = refusal_of(error)
        failure = self.failure_of(error)
        if isinstance(failure, DeadlineOver) or not is_passing(refusal):
            raise failure from error
        self.last_error = error
        self._replicas.leave(self.replica)
        left = self.left()
        now = self._clock()
        if self._away_since is None:
            self._away_since = now
        self._failed += 1
        self._free_at[self.replica] = now + _asked_pause(refusal.retry_after_seconds)
        patience_left = self._away_since + self._patience - now
        if patience_left <= 0 and len(self._free_at) >= len(self._replicas):
            raise failure from error
        self.replica = min(self._replicas.in_turn(), key=lambda each: self._free_at.get(each, 0.0))
        pause = max(_own_pause(self._failed), self._free_at.get(self.replica, now) - now)
        if patience_left > 0:
            pause = min(pause, patience_left)  # the last try is at its end
        await asyncio.sleep(pause if left is None else min(pause, left))
        if self.replica.is_closed:
            raise self._closed() from error
        self._heard_at = self._clock()

    def _closed(self) -> ConnectionClosed:
        code = grpc.StatusCode.CANCELLED
        return ConnectionClosed(broken_off("the connection was closed under the call", code), self.place)


async def answer_of(
    tries: Tries,
    ask: Callable[[Replica, float | None], Awaitable[Answer]],
    *,
    longest: float | None = None,
) -> Answer:
    """What a replica answers to `ask(replica, seconds)`; one try takes at most `longest`. Raises `CallFailed`."""
    while True:
        seconds = tries.left(longest)
        try:
            with tries.listening():
                answer = await ask(tries.replica, seconds)
        except grpc.aio.AioRpcError as error:
            await tries.wait_after(error)
        else:
            tries.has_succeeded()
            return answer


def _asked_pause(seconds: float | None) -> float:
    """What the service asked for, and never the same for all who were cut off."""
    return min(seconds or 0.0, LONGEST_ASKED_PAUSE) * random.uniform(1.0, 1.5)


def _own_pause(failed: int) -> float:
    """About twice the last pause."""
    return float(min(FIRST_PAUSE * 2 ** min(failed - 1, 10), LONGEST_PAUSE) * random.uniform(0.5, 1.5))
