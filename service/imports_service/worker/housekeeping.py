"""Puts right what nobody is responsible for any more: lapsed leases, abandoned uploads, trash, old events.

Every worker process does it; each step takes what it works on with SKIP LOCKED or a conditional statement, so that
several at once are harmless. Nothing here is on the way of an import that goes well.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from imports_service.domain.errors import Unavailable
from imports_service.domain.names import import_prefix
from imports_service.store import backends, lanes, requests, units, uploads
from imports_service.worker import attempts
from imports_service.worker.equipment import Equipment

log = structlog.get_logger()

REQUESTS_KEPT = timedelta(hours=24)


async def keep_house(equipment: Equipment, stop: asyncio.Event) -> None:
    """Three times a lease, until `stop`; a part that is away is waited for."""
    chores: tuple[Callable[[Equipment], Awaitable[None]], ...] = (
        rescue_units,
        abandon_uploads,
        sweep_trash,
        sweep_files,
        forget_requests,
    )
    while not stop.is_set():
        for chore in chores:
            try:
                await chore(equipment)
            except Unavailable as away:
                log.warning("put off", chore=chore.__name__, error=str(away))
        try:
            async with asyncio.timeout(equipment.settings.lease_seconds / 3 * random.uniform(0.8, 1.0)):
                await stop.wait()
        except TimeoutError:
            continue


async def rescue_units(equipment: Equipment) -> None:
    """Give back the units whose lease ran out; end the imports of those that used up their attempts."""
    async with equipment.database.connection() as connection:
        organizations = await units.lapsed_organizations(connection)
    for organization_id in organizations:
        async with equipment.database.transaction() as connection:
            rescued = await units.rescue(connection, organization_id, delay=attempts.backoff(0))
            for unit in rescued:
                log.warning("lease ran out", worker=unit.worker, **attempts.facts(unit))
                if not unit.is_void and unit.attempts >= equipment.settings.max_attempts:
                    await units.void_unit(connection, organization_id, unit.import_uid, unit.segment)
                    await attempts.give_up(equipment, connection, unit)
        async with equipment.database.transaction() as connection:
            await lanes.wake_lane(connection, organization_id)
        for unit in rescued:
            equipment.nudges.changed(organization_id, unit.import_uid)
        equipment.nudges.work()
        await _free_frozen(equipment, organization_id)


async def _free_frozen(equipment: Equipment, organization_id: str) -> None:
    """What the rescue could not lock is held by a worker that stands still: end its connections."""
    async with equipment.database.connection() as connection:
        workers = await backends.frozen_workers(connection, organization_id)
        if workers:
            ended = await backends.terminate_backends(connection, workers, lease=equipment.settings.lease)
            log.warning("frozen workers", workers=workers, ended_connections=ended)


async def abandon_uploads(equipment: Equipment) -> None:
    """Hand the objects of uploads that broke off to the trash."""
    async with equipment.database.connection() as connection:
        lapsed = await uploads.lapsed_uploads(connection)
    for upload in lapsed:
        async with equipment.database.transaction() as connection:
            if await uploads.take_lapsed_upload(connection, upload.organization_id, upload.uid):
                prefix = import_prefix(upload.organization_id, upload.uid)
                await uploads.trash(
                    connection, upload.organization_id, upload.uid, prefix, delay=2 * equipment.settings.lease
                )


async def sweep_trash(equipment: Equipment) -> None:
    """Delete what is in the trash, twice: a put that was under way at the first time is found at the second."""
    async with equipment.database.connection() as connection:
        due = await uploads.next_trash(connection)
    for trash in due:
        await equipment.objects.delete_prefix(trash.prefix)
        async with equipment.database.transaction() as connection:
            await uploads.finish_sweep(connection, trash, again_after=equipment.settings.lease)


async def sweep_files(equipment: Equipment) -> None:
    """Delete the files of ended imports that closings which did not come to their end have left."""
    async with equipment.database.connection() as connection:
        ended = await uploads.unswept_imports(connection, ended_before=2 * equipment.settings.lease)
    for imported in ended:
        named = frozenset(name for name in (imported.attachment, imported.failed_inputs) if name is not None)
        prefix = f"{import_prefix(imported.organization_id, imported.uid)}files/"
        await equipment.objects.delete_prefix(prefix, keep=named)
        async with equipment.database.transaction() as connection:
            await uploads.mark_files_swept(connection, imported.organization_id, imported.uid)


async def forget_requests(equipment: Equipment) -> None:
    """Forget request ids that are old and whose import is gone."""
    async with equipment.database.transaction() as connection:
        await requests.forget_requests(connection, older_than=REQUESTS_KEPT)
