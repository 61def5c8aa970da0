"""Runs a transaction again when another one was in the way. Lets out what a second run would not mend."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from imports_service.store.database import TransactionConflict

TRIES = 5

Answer = TypeVar("Answer")


async def settle(transact: Callable[[], Awaitable[Answer]]) -> Answer:
    """The answer of the first run that meets no conflict; `transact` opens and commits one transaction.

    Raises `TransactionConflict` when every run met one.
    """
    for attempt in range(TRIES - 1):
        try:
            return await transact()
        except TransactionConflict:
            await asyncio.sleep(random.uniform(0.5, 1.0) * 0.01 * 2**attempt)
    return await transact()
