"""The service with a fault planted, for the proof that a run finds it; it runs as the service does.

`PLANTED` names the faults, with `+` between. They are here and nowhere else; what they leave alone is the service.
"""

import os
import signal
from collections.abc import Callable
from typing import Any

from imports_service.domain.imports import Import
from imports_service.domain.outcomes import EncodedOutcomes
from imports_service.store import outcomes
from imports_service.store.database import Connection
from imports_service.store.statements import SQL
from imports_service.store.units import Claimed
from imports_service.worker.leases import Held
from imports_service.worker.segment import SegmentRunner
from imports_service.worker.supply import Segment
from tests.watch_properties.planted import a_sequence_as_clock

LATE = "late-outcome"
STANDSTILL = "stands still"


def no_fence() -> None:
    """A unit is finished whoever holds it, and what is there of its outcomes is written over.

    Without the second half nothing would show: the outcomes' primary key refuses whoever comes second, too.
    """
    fence = SQL.fence_unit.replace("AND state = 'leased' AND lease_token = $4", "AND $4::uuid IS NOT NULL")
    assert fence != SQL.fence_unit
    SQL._texts["fence_unit"] = fence
    SQL._texts["insert_outcome"] = f"{SQL.insert_outcome.rstrip().rstrip(';')} ON CONFLICT DO NOTHING"


def a_standstill() -> None:
    """The process stands still once, with a segment in its hands and before the segment's transaction, until it is
    told to go on (SIGCONT)."""
    commit = SegmentRunner._commit
    has_stood = False

    async def stand_still(runner: SegmentRunner, *work: Any) -> Import:
        nonlocal has_stood
        if not has_stood:
            has_stood = True
            print(STANDSTILL, flush=True)
            os.kill(os.getpid(), signal.SIGSTOP)
        return await commit(runner, *work)

    setattr(SegmentRunner, "_commit", stand_still)  # noqa: B010


def a_late_outcome() -> None:
    """What became of a segment's rows is written after the commit of the rows, in a transaction of its own."""
    commit, insert = SegmentRunner._commit, outcomes.insert_outcome
    late: dict[Claimed, EncodedOutcomes] = {}

    async def keep(_: Connection, claimed: Claimed, encoded: EncodedOutcomes) -> None:
        late[claimed] = encoded

    async def commit_and_write(
        runner: SegmentRunner, held: Held, imported: Import, segment: Segment
    ) -> Import:
        committed = await commit(runner, held, imported, segment)
        await runner._equipment.checkpoints.reach(LATE)
        async with runner._equipment.database.transaction() as connection:
            await insert(connection, held.claimed, late.pop(held.claimed))
        return committed

    setattr(outcomes, "insert_outcome", keep)  # noqa: B010
    setattr(SegmentRunner, "_commit", commit_and_write)  # noqa: B010


FAULTS: dict[str, Callable[[], None]] = {
    fault.__name__: fault for fault in (no_fence, a_standstill, a_late_outcome, a_sequence_as_clock)
}


if __name__ == "__main__":
    for fault in os.environ["PLANTED"].split("+"):
        FAULTS[fault]()

    from imports_service.__main__ import run

    run()
