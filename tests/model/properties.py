"""Runs a property whose examples are coroutines, on the loop of the service.

The loop stands still while hypothesis draws and shrinks, which takes milliseconds; in a thread of its own hypothesis
would see the service use the random module, and refuse.
"""

import asyncio
import math
import os
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("IMPORTS_FUZZ_EXAMPLES", "60"))
"""How many examples each property has; `make fuzz` asks for more."""
EXAMPLE_SECONDS = 60.0
SHRINK_SECONDS = 60.0
"""How long a failing example is made smaller; after that, only what has failed before fails."""
SECONDS = 120 + EXAMPLES * 2.0
"""The most that a property takes, with time to shrink what fails."""

Drawn = TypeVar("Drawn")


def holds(
    loop: asyncio.AbstractEventLoop,
    examples_of: st.SearchStrategy[Drawn],
    example: Callable[[Drawn], Coroutine[Any, Any, None]],
    *,
    examples: int = EXAMPLES,
    shrink: bool = True,
) -> None:
    """Raises what the smallest failing example raises. For tests that are no coroutines: those run on the loop.

    An example that has failed once counts as failing, as interleavings may not come again.
    """
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    failed: dict[str, Exception] = {}
    shrinks_until = math.inf

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        print_blob=False,
    )
    @given(drawn=examples_of)
    def run(drawn: Drawn) -> None:
        nonlocal shrinks_until
        if time.monotonic() > shrinks_until and repr(drawn) not in failed:
            return
        if repr(drawn) in failed:
            raise failed[repr(drawn)]
        try:
            loop.run_until_complete(asyncio.wait_for(example(drawn), EXAMPLE_SECONDS))
        except Exception as failure:
            shrinks_until = min(shrinks_until, time.monotonic() + SHRINK_SECONDS)
            failed[repr(drawn)] = failure
            raise

    run()
