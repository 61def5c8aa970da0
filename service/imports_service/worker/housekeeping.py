"""Puts right what nobody is responsible for any more: lapsed leases, abandoned uploads, trash, what has had its time.

Every worker process does it; each step takes what it works on with SKIP LOCKED or a conditional statement, so that
several at once are harmless. Nothing here is on the way of an import that goes well. Chores do not wait for each
other: a store that hangs must not keep leases from being rescued. What goes wrong is logged, and tried again.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

import msgspec
import structlog

from imports_service.commands.delete import expire_import
from imports_service.domain.errors import Unavailable
from imports_service.domain.names import import_prefix
from imports_service.store import (
    backends,
    events,
    imports,
    lanes,
    moves,
    rehearsals,
    requests,
    units,
    uploads,
)
from imports_service.worker import attempts
from imports_service.worker.equipment import Equipment
from imports_service.worker.moves import move_outcomes
from imports_service.worker.partitions import drop_partitions, make_partitions

log = structlog.get_logger()

T = TypeVar("T", bound=msgspec.Struct)

Chore = Callable[[Equipment], Awaitable[None]]

REQUESTS_KEPT = timedelta(hours=24)
LAST_SWEEP_LEASES = 30
"""How long the trash is kept for what a store does late. With the default lease it is 15 minutes, as long as S3 takes a
signed request for valid."""
AT_ONCE = 100
"""How many a chore looks up before it looks again."""
GRACE = 0.5
GRACE_SECONDS = 5.0
"""For so much of a lease, and so long, after trouble with the database nothing is rescued: the workers that live extend
what lapsed meanwhile, or hand it back. They try twelve times a lease. Who has just begun does not know of trouble, and
waits for half that share of a lease."""


async def keep_house(equipment: Equipment, stop: asyncio.Event) -> None:
    """Each chore three times a lease, until `stop`; what is under way then is left to the next process."""
    async with asyncio.TaskGroup() as tasks:
        chores = [tasks.create_task(_repeat(chore, equipment), name=chore.__name__) for chore in CHORES]
        await stop.wait()
        for chore in chores:
            chore.cancel()


async def _repeat(chore: Chore, equipment: Equipment) -> None:
    while True:
        with put_off(chore.__name__):
            await chore(equipment)
        await asyncio.sleep(equipment.settings.lease_seconds / 3 * random.uniform(0.8, 1.0))


@contextmanager
def put_off(what: str, **facts: object) -> Iterator[None]:
    """Leave to the next round what does not go well now, so that it holds up nothing else."""
    try:
        yield
    except Unavailable as away:
        log.warning("put off", what=what, error=str(away), **facts)
    except Exception:
        log.exception("put off", what=what, **facts)


async def _each(
    look_up: Callable[[], Awaitable[Sequence[T]]], work: Callable[[T], Awaitable[None]], what: str
) -> None:
    """Do the work for each that is found, and look again as long as there are many and some of it goes well."""
    done = found = AT_ONCE
    while done and found == AT_ONCE:
        items = await look_up()
        done, found = 0, len(items)
        for item in items:
            with put_off(what, **msgspec.structs.asdict(item)):
                await work(item)
                done += 1


async def rescue_units(equipment: Equipment) -> None:
    """Give back the units whose lease ran out; end the imports of those that used up their attempts.

    Not right after an outage, in which even the living could not extend their leases: it is not to count as an attempt.
    """
    if not _may_rescue(equipment):
        return
    async with equipment.database.connection() as connection:
        organizations = await units.lapsed_organizations(connection)
    for organization_id in organizations:
        with put_off("rescue", organization=organization_id):
            while await _rescue_unit(equipment, organization_id):
                continue
        with put_off("rescue from frozen workers", organization=organization_id):
            await _free_frozen(equipment, organization_id)


def _may_rescue(equipment: Equipment) -> bool:
    grace = GRACE * equipment.settings.lease_seconds
    return equipment.database.pulse.is_known_well(asked_for=grace / 2, well_for=max(grace, GRACE_SECONDS))


async def _rescue_unit(equipment: Equipment, organization_id: str) -> bool:
    """Give back one unit of the organization; False when there is none that is not locked."""
    async with equipment.database.transaction() as connection:
        if not _may_rescue(equipment):  # this transaction may have begun before an outage, and go on after it
            return False
        rescued = await units.rescue(
            connection,
            organization_id,
            delay=attempts.backoff(0),
            max_attempts=equipment.settings.max_attempts,
        )
        if rescued is None:
            return False
        log.warning("lease ran out", worker=rescued.worker, **attempts.facts(rescued))
        if rescued.is_given_up:
            await attempts.give_up(equipment, connection, rescued)
    async with equipment.database.transaction() as connection:
        await lanes.wake_lane(connection, organization_id)
    equipment.nudges.changed(organization_id, rescued.import_uid)
    equipment.nudges.work()
    await attempts.announce_end(equipment, rescued)
    return True


async def _free_frozen(equipment: Equipment, organization_id: str) -> None:
    """What the rescue could not lock is held by a worker that stands still: end its connections."""
    async with equipment.database.connection() as connection:
        workers = await backends.frozen_workers(connection, organization_id)
        if workers and _may_rescue(equipment):
            ended = await backends.terminate_backends(connection, workers, lease=equipment.settings.lease)
            if ended:
                log.warning("frozen workers", workers=workers, ended_connections=ended)


async def abandon_uploads(equipment: Equipment) -> None:
    """Hand the objects of uploads that broke off to the trash."""

    async def lapsed() -> list[uploads.LapsedUpload]:
        async with equipment.database.connection() as connection:
            return await uploads.lapsed_uploads(connection, limit=AT_ONCE)

    async def abandon(upload: uploads.LapsedUpload) -> None:
        async with equipment.database.transaction() as connection:
            if await uploads.take_lapsed_upload(connection, upload.organization_id, upload.uid):
                prefix = import_prefix(upload.organization_id, upload.uid)
                await uploads.trash(
                    connection, upload.organization_id, upload.uid, prefix, delay=2 * equipment.settings.lease
                )

    await _each(lapsed, abandon, "abandon")


async def sweep_trash(equipment: Equipment) -> None:
    """Delete what is in the trash, three times.

    A put that was under way at the first time is found a lease later; one that the store itself does late, long after
    its sender has died, at the last.
    """

    async def due() -> list[uploads.Trash]:
        async with equipment.database.connection() as connection:
            return await uploads.next_trash(connection, limit=AT_ONCE)

    async def sweep(trash: uploads.Trash) -> None:
        await equipment.objects.delete_prefix(trash.prefix)
        await equipment.checkpoints.reach("swept")
        is_finished = False
        while not is_finished:
            async with equipment.database.transaction() as connection:
                is_finished = await uploads.finish_sweep(
                    connection,
                    trash,
                    again_after=equipment.settings.lease,
                    last_after=LAST_SWEEP_LEASES * equipment.settings.lease,
                )

    await _each(due, sweep, "sweep")


async def sweep_files(equipment: Equipment) -> None:
    """Delete the files of ended imports that closings which did not come to their end have left."""
    age = 2 * equipment.settings.lease

    async def unswept() -> list[uploads.UnsweptImport]:
        async with equipment.database.connection() as connection:
            return await uploads.unswept_imports(connection, ended_before=age, limit=AT_ONCE)

    async def sweep(imported: uploads.UnsweptImport) -> None:
        named = frozenset(name for name in (imported.attachment, imported.failed_inputs) if name is not None)
        prefix = f"{import_prefix(imported.organization_id, imported.uid)}files/"
        await equipment.objects.delete_prefix(prefix, keep=named)
        async with equipment.database.transaction() as connection:
            await uploads.mark_files_swept(connection, imported.organization_id, imported.uid)

    await _each(unswept, sweep, "sweep files")


async def expire_imports(equipment: Equipment) -> None:
    """Delete the imports whose retention is over, each in a transaction of its own."""

    async def expired() -> list[imports.ExpiredImport]:
        async with equipment.database.connection() as connection:
            return await imports.expired_imports(connection, limit=AT_ONCE)

    async def expire(imported: imports.ExpiredImport) -> None:
        await expire_import(
            imported, lease=equipment.settings.lease, database=equipment.database, nudges=equipment.nudges
        )

    await _each(expired, expire, "expire")


async def move_all_outcomes(equipment: Equipment) -> None:
    """Move the outcomes of imports that ended two leases ago or longer into the object store: no closing reads them any
    more, and hardly anybody who waited for the end."""
    age = 2 * equipment.settings.lease

    async def unmoved() -> list[moves.Unmoved]:
        async with equipment.database.connection() as connection:
            return await moves.unmoved_imports(connection, ended_before=age, limit=AT_ONCE)

    async def move(each: moves.Unmoved) -> None:
        await move_outcomes(equipment, each)

    await _each(unmoved, move, "move outcomes")


async def empty_rehearsals(equipment: Equipment) -> None:
    """Delete, a batch a transaction, what rehearsals that have ended or are gone would have made."""
    async with equipment.database.connection() as connection:
        ended = await rehearsals.ended_rehearsals(connection)
    for rehearsal in ended:
        with put_off("empty", organization=rehearsal.organization_id, import_uid=rehearsal.import_uid):
            has_more = True
            while has_more:
                async with equipment.database.transaction() as connection:
                    has_more = await rehearsals.empty_rehearsal(connection, rehearsal)


async def forget_events(equipment: Equipment) -> None:
    """Forget events without a partition that no watcher may ask for any more, some hundred a transaction."""
    age = equipment.settings.event_retention
    async with equipment.database.connection() as connection:
        organizations = await events.organizations_with_old_events(connection, older_than=age)
    for organization_id in organizations:
        with put_off("forget events", organization=organization_id):
            has_more = True
            while has_more:
                async with equipment.database.transaction() as connection:
                    has_more = await events.forget_events(connection, organization_id, older_than=age)


async def forget_requests(equipment: Equipment) -> None:
    """Forget request ids that are old and whose import is gone."""
    forgotten = AT_ONCE
    while forgotten == AT_ONCE:
        async with equipment.database.transaction() as connection:
            forgotten = await requests.forget_requests(connection, older_than=REQUESTS_KEPT, limit=AT_ONCE)


CHORES: tuple[Chore, ...] = (
    rescue_units,
    abandon_uploads,
    sweep_trash,
    sweep_files,
    expire_imports,
    move_all_outcomes,
    empty_rehearsals,
    make_partitions,
    drop_partitions,
    forget_events,
    forget_requests,
)
