"""Transactions that meet another one."""

import pytest

from imports_service.domain.errors import Unavailable
from imports_service.store.conflicts import TRIES, settle
from imports_service.store.database import TransactionConflict


class Transaction:
    """Meets others in its first `conflicts` runs."""

    def __init__(self, conflicts: int) -> None:
        self._conflicts = conflicts
        self.runs = 0

    async def __call__(self) -> str:
        self.runs += 1
        if self.runs <= self._conflicts:
            raise TransactionConflict("another one", reason="DATABASE_UNAVAILABLE")
        return "done"


async def test_a_transaction_that_meets_another_runs_again() -> None:
    transaction = Transaction(conflicts=TRIES - 1)

    assert await settle(transaction) == "done"
    assert transaction.runs == TRIES


async def test_a_transaction_that_always_meets_another_is_unavailable_in_the_end() -> None:
    transaction = Transaction(conflicts=TRIES)

    with pytest.raises(Unavailable):
        await settle(transaction)

    assert transaction.runs == TRIES
