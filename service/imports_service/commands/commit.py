"""The one transaction that makes an import: it takes the stored segments over, or nothing of it happens.

Whatever the rows come from. Locks the lane, then the organization's clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from imports_service.commands.creation import Creation
from imports_service.commands.etags import new_etag
from imports_service.commands.stowage import AnotherWasFirst, UploadLapsed
from imports_service.domain.errors import Exhausted, ImportNotFound
from imports_service.domain.imports import EventKind, Import, ImportSpec
from imports_service.store.database import Connection
from imports_service.store.events import record
from imports_service.store.imports import NewImport, count_pending, get_import_by_uid, insert_import
from imports_service.store.lanes import enter_lane, plan_release
from imports_service.store.rehearsals import insert_rehearsal
from imports_service.store.requests import CreationRequest, insert_request
from imports_service.store.units import NewSegment, insert_units
from imports_service.store.uploads import delete_upload
from imports_service.store.waiting import find_unended

QUOTA_RETRY_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """An import whose segments are stored. `retry_of`: the import that its rows were copied from. `after`: the uids of
    those named in `spec.after`."""

    organization_id: str
    uid: str
    import_id: str
    spec: ImportSpec
    creator: str
    trace_context: str | None
    segments: list[NewSegment]
    in_order: bool
    request: CreationRequest | None
    retry_of: Import | None = None
    validate_only: bool = False
    after: Sequence[str] = ()


async def commit_import(newcomer: Newcomer, creation: Creation) -> Import:
    """The import, pending.

    Raises `UploadLapsed`, `AnotherWasFirst`, `Exhausted`, `ImportIdTaken`, and `ImportNotFound` when the import that
    it retries has been deleted.
    """
    organization_id = newcomer.organization_id
    async with creation.database.transaction() as connection:
        # the fence: from here on the sweep can not have the objects
        if not await delete_upload(connection, organization_id, newcomer.uid):
            raise UploadLapsed
        turn = await enter_lane(connection, organization_id)
        # waits for a twin that is about to commit
        if newcomer.request is not None and not await insert_request(connection, newcomer.request):
            raise AnotherWasFirst
        check_quota(await count_pending(connection, organization_id), organization_id, creation)
        await _check_retried(connection, newcomer)
        awaited = await _awaited(connection, newcomer)
        created = await insert_import(connection, _new_import(newcomer, turn, awaited))
        if newcomer.validate_only:
            await insert_rehearsal(connection, organization_id, newcomer.uid)
        await insert_units(
            connection,
            organization_id,
            newcomer.uid,
            newcomer.segments,
            turn=turn,
            in_order=newcomer.in_order,
            waits=bool(awaited),
        )
        await record(connection, EventKind.TRANSITION, None, created)
        await creation.checkpoints.reach("before-creation")
        return created


def check_quota(pending: int, organization_id: str, creation: Creation) -> None:
    """Raises `Exhausted` when the organization has as many pending imports as it may."""
    limit = creation.limits.max_pending_imports
    if pending >= limit:
        raise Exhausted(
            f"the organization has {pending} pending imports, and {limit} at most",
            subject=f"organizations/{organization_id}",
            retry_after_seconds=QUOTA_RETRY_SECONDS,
            limit=limit,
        )


async def _check_retried(connection: Connection, newcomer: Newcomer) -> None:
    """A deletion that commits after this look is one after the retry: the rows have been copied."""
    retried = newcomer.retry_of
    if retried is None:
        return
    if await get_import_by_uid(connection, retried.organization_id, retried.uid) is None:
        raise ImportNotFound(retried.name)


async def _awaited(connection: Connection, newcomer: Newcomer) -> Sequence[str]:
    """What the import has to wait for. Whatever of it ends after this look, the next claim looks again."""
    if not newcomer.after:
        return ()
    unended = await find_unended(connection, newcomer.organization_id, newcomer.after)
    if unended:
        await plan_release(connection, newcomer.organization_id, timedelta(0))
    return unended


def _new_import(newcomer: Newcomer, turn: int, awaited: Sequence[str]) -> NewImport:
    return NewImport(
        organization_id=newcomer.organization_id,
        uid=newcomer.uid,
        import_id=newcomer.import_id,
        etag=new_etag(),
        spec=newcomer.spec,
        creator=newcomer.creator,
        trace_context=newcomer.trace_context,
        retry_of=newcomer.retry_of.name if newcomer.retry_of is not None else None,
        in_order=newcomer.in_order,
        turn=turn,
        inputs_size=sum(segment.row_count for segment in newcomer.segments),
        segments=len(newcomer.segments),
        validate_only=newcomer.validate_only,
        after=awaited,
    )
