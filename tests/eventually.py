"""Wait until something holds, or fail saying what never did. The only place where tests pass time."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

Seen = TypeVar("Seen")


@overload
async def eventually(
    predicate: Callable[[], Awaitable[Seen]], within: float = ..., what: str = ..., *, every: float = ...
) -> Seen: ...


@overload
async def eventually(
    predicate: Callable[[], Seen], within: float = ..., what: str = ..., *, every: float = ...
) -> Seen: ...


async def eventually(
    predicate: Callable[[], Any],
    within: float = 10.0,
    what: str = "what was waited for",
    *,
    every: float = 0.01,
) -> Any:
    """The first true answer of `predicate`, sync or async, asked again for at most `within` seconds.

    An AssertionError of the predicate counts as "not yet"; the last one is the cause of the failure.
    """
    until = time.monotonic() + within
    last: AssertionError | None = None
    while True:
        try:
            answer = predicate()
            seen = await answer if inspect.isawaitable(answer) else answer
            if seen:
                return seen
        except AssertionError as error:
            last = error
        if time.monotonic() > until:
            raise AssertionError(f"{what} did not happen within {within} s") from last
        await asyncio.sleep(every)
