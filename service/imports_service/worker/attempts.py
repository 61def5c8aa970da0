"""What becomes of a unit that did not go through.

A conflict with other transactions, an outage of a part and a stop of this process are nobody's fault: the unit goes
back and nothing is counted, however long it takes until it can be handed back. A lease that ran out, a statement that
took too long and any other exception count one attempt each; the last one allowed gives the unit up, and with it the
import ends as interrupted (FAULT).
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import structlog

from imports_service.commands.awaited import wake_those_after
from imports_service.domain.errors import Unavailable
from imports_service.domain.imports import Closing
from imports_service.store import imports, lanes, units
from imports_service.store.database import Connection, StatementTimeout, TransactionConflict
from imports_service.store.units import Claimed, Returned
from imports_service.worker.closing import end_without_files
from imports_service.worker.equipment import Equipment
from imports_service.worker.leases import Held, LeaseLost, Leases
from imports_service.worker.segment import ImportClosing

log = structlog.get_logger()

HAND_BACK_SECONDS = 3.0


async def run(
    equipment: Equipment, leases: Leases, claimed: Claimed, work: Callable[[Held], Awaitable[None]]
) -> bool:
    """Do the work of a claimed unit under its lease; whatever it ends with, the unit is accounted for.

    False when a part of the service was away: the next unit would fare no better.
    """
    try:
        await leases.hold(claimed, work)
    except LeaseLost:
        log.warning("lease lost", **facts(claimed))
    except ImportClosing:
        await _hand_back(equipment, leases, claimed, counts=False, error="the import is being closed")
    except TransactionConflict as conflict:
        log.info("conflicts outlast the retries", error=str(conflict), **facts(claimed))
        await _hand_back(equipment, leases, claimed, counts=False, error=str(conflict))
    except StatementTimeout as late:
        log.warning("a statement took too long", error=str(late), **facts(claimed))
        await _hand_back(equipment, leases, claimed, counts=True, error=str(late))
    except Unavailable as away:
        log.warning("a part is away", error=str(away), **facts(claimed))
        await _hand_back(equipment, leases, claimed, counts=False, error=str(away), in_outage=True)
        return False
    except asyncio.CancelledError:
        await _hand_back(equipment, leases, claimed, counts=False, error="the worker stopped")
        raise
    except Exception as fault:
        error = f"{type(fault).__name__}: {fault}"[:500]
        if await _hand_back(equipment, leases, claimed, counts=True, error=error):
            log.exception("unit failed", **facts(claimed))
        else:  # what others have done with the unit meanwhile may be all that went wrong
            log.warning("lease lost", error=error, **facts(claimed))
    return True


async def give_up(equipment: Equipment, connection: Connection, unit: Returned) -> None:
    """End the import of a unit that used up its attempts; in the transaction that took it back."""
    log.error("unit given up", **facts(unit))
    if unit.is_closing:
        await end_without_files(equipment, connection, unit.organization_id, unit.import_uid)
        return
    imported = await imports.request_closing(connection, unit.organization_id, unit.import_uid, Closing.FAULT)
    if imported is not None:
        await units.insert_closing(connection, unit.organization_id, unit.import_uid)


async def announce_end(equipment: Equipment, unit: Returned) -> None:
    """Wake what waits for the import that a closing given up has ended; after the commit."""
    if unit.is_closing and unit.is_given_up:
        await wake_those_after(
            unit.organization_id, unit.import_uid, database=equipment.database, nudges=equipment.nudges
        )


def owe_unknown_claim(equipment: Equipment, leases: Leases, claimed: Claimed) -> None:
    """Have a unit handed back whose claim may have been committed, or not."""
    give_back = partial(
        _give_back, equipment, claimed, counts=False, error="the claim broke off", in_outage=True
    )
    leases.owe(claimed, give_back)


async def _hand_back(
    equipment: Equipment,
    leases: Leases,
    claimed: Claimed,
    *,
    counts: bool,
    error: str,
    in_outage: bool = False,
) -> bool:
    """Give the unit back, bounded in time: when a part is away for that too, it is owed. False if it is another's."""
    give_back = partial(_give_back, equipment, claimed, counts=counts, error=error)
    try:
        return await give_back(in_outage=in_outage)
    except (Unavailable, TimeoutError) as away:
        log.warning("not handed back yet", error=str(away), **facts(claimed))
        leases.owe(claimed, partial(give_back, in_outage=True))
    except Exception:
        log.exception("not handed back; its lease will run out", **facts(claimed))
    return True


async def _give_back(
    equipment: Equipment, claimed: Claimed, *, counts: bool, error: str, in_outage: bool
) -> bool:
    """False when the lease was lost. Raises `Unavailable` and `TimeoutError`: then it can be done again."""
    async with asyncio.timeout(HAND_BACK_SECONDS), equipment.database.transaction() as connection:
        returned = await units.release(
            connection,
            claimed,
            delay=backoff(claimed.attempts),
            counts=counts,
            max_attempts=equipment.settings.max_attempts,
            error=error,
            in_outage=in_outage,
        )
        if returned is not None and returned.is_given_up:
            await give_up(equipment, connection, returned)
    async with asyncio.timeout(HAND_BACK_SECONDS), equipment.database.transaction() as connection:
        await lanes.wake_lane(connection, claimed.organization_id)
    if returned is not None:
        async with asyncio.timeout(HAND_BACK_SECONDS):
            await announce_end(equipment, returned)
    equipment.nudges.changed(claimed.organization_id, claimed.import_uid)
    equipment.nudges.work()
    return returned is not None


def backoff(attempts: int) -> timedelta:
    """Twice as long after each attempt, at most 30 s, jittered."""
    return timedelta(seconds=min(30.0, 0.25 * 2**attempts) * random.uniform(0.5, 1.0))


def facts(unit: Claimed | Returned) -> dict[str, object]:
    """What a log line says of a unit."""
    return {
        "organization": unit.organization_id,
        "import_uid": unit.import_uid,
        "segment": unit.segment,
        "attempts": unit.attempts,
    }
