"""Runs a command's transaction again when it met another one. Lets out what a second run would not mend."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from imports_service.domain.errors import Unavailable
from imports_service.store.database import StatementTimeout, TransactionConflict

TRIES = 5

Answer = TypeVar("Answer")


async def settle(transact: Callable[[], Awaitable[Answer]]) -> Answer:
    """The answer of the first run that meets no conflict; `transact` opens and commits one transaction.

    Raises `Unavailable` when every try met one, or a statement took too long.
    """
    for attempt in range(TRIES):
        try:
            return await transact()
        except TransactionConflict:
            await asyncio.sleep(random.uniform(0.5, 1.0) * 0.01 * 2**attempt)
        except StatementTimeout as error:
            raise _busy() from error
    raise _busy()


def _busy() -> Unavailable:
    return Unavailable("the database is too busy for this call", reason="DATABASE_UNAVAILABLE")
