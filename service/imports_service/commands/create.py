"""Creating an import from a document, however it arrives: all of it in one transaction, or nothing."""

from collections.abc import AsyncIterator

from imports_service.commands.content import content_hash
from imports_service.commands.creation import CreateImport, Creation, Source
from imports_service.commands.etags import new_etag
from imports_service.commands.intake import Intake, TakenIn, UploadLapsed
from imports_service.commands.repeats import answer_repeat, compare
from imports_service.domain.errors import (
    Exhausted,
    ImportIdTaken,
    ImportsError,
    InvalidArgument,
    Unavailable,
)
from imports_service.domain.imports import EventKind, Import
from imports_service.domain.names import ImportName
from imports_service.domain.resource_type import ResourceType
from imports_service.pipeline.splitter import SplitOptions
from imports_service.store.conflicts import settle
from imports_service.store.database import Connection
from imports_service.store.events import record
from imports_service.store.imports import NewImport, count_pending, get_import, insert_import
from imports_service.store.lanes import enter_lane
from imports_service.store.requests import CreationRequest, find_request, insert_request
from imports_service.store.units import insert_units
from imports_service.store.uploads import delete_upload

QUOTA_RETRY_SECONDS = 5.0


class _AnotherWasFirst(Exception):
    """A call with the same request id has committed since this one began."""


async def create_import(wanted: CreateImport, chunks: AsyncIterator[bytes], creation: Creation) -> Import:
    """Take the document in and create its import, pending; or answer with the import of the same request id.

    The chunks are read to their end, unless a refusal or the request id makes that needless. A call that is
    refused leaves nothing behind; one that is cut off leaves what the sweep finds by its upload row.

    Raises `InvalidArgument` (the document's reasons), `Exhausted`, `ImportIdTaken`, `RequestIdReused` and
    `Unavailable`.
    """
    resource_type = creation.registry.require(wanted.spec.resource_type, field="spec.resource_type")
    if earlier := await _look_before(wanted, creation):
        return await answer_repeat(wanted, earlier, chunks, creation)
    intake = Intake(
        wanted.organization_id,
        _split_options(wanted, resource_type, creation),
        document_sha256=wanted.document_sha256,
        lease=creation.limits.lease,
        database=creation.database,
        objects=creation.objects,
        checkpoints=creation.checkpoints,
    )
    try:
        taken = await intake.take(chunks)
        created = await settle(lambda: _commit(wanted, intake.uid, taken, creation))
    except UploadLapsed:
        await intake.throw_away()
        raise
    except Unavailable:
        raise  # a PUT may be under way, or the commit have succeeded: the upload row will tell the sweep
    except _AnotherWasFirst:
        await intake.discard()
        return await _answer_first(wanted, taken, creation)
    except InvalidArgument as refusal:
        await intake.discard()
        raise _in_words_of(wanted.source, refusal) from refusal
    except ImportsError:
        await intake.discard()
        raise
    creation.nudges.changed(wanted.organization_id, intake.uid)
    creation.nudges.work()
    return created


async def _look_before(wanted: CreateImport, creation: Creation) -> CreationRequest | None:
    """The earlier call of the same request id; else refuse now what would be refused after its document."""
    async with creation.database.connection() as connection:
        pending = await count_pending(connection, wanted.organization_id)
        is_taken = await _is_taken(connection, wanted)
        # read last: when a twin of this call has just taken the id or the last place, its request id is there
        if wanted.request_id is not None:
            earlier = await find_request(connection, wanted.organization_id, wanted.request_id)
            if earlier is not None:
                return earlier
    _check_quota(pending, wanted, creation)
    if is_taken:
        raise ImportIdTaken(str(ImportName(wanted.organization_id, wanted.import_id or "")))
    return None


async def _commit(wanted: CreateImport, uid: str, taken: TakenIn, creation: Creation) -> Import:
    organization_id = wanted.organization_id
    async with creation.database.transaction() as connection:
        # the fence: from here on the sweep can not have the objects
        if not await delete_upload(connection, organization_id, uid):
            raise UploadLapsed
        turn = await enter_lane(connection, organization_id)
        import_id = wanted.import_id or uid
        await _remember_request(connection, wanted, uid, import_id, taken)
        _check_quota(await count_pending(connection, organization_id), wanted, creation)
        created = await insert_import(
            connection,
            NewImport(
                organization_id=organization_id,
                uid=uid,
                import_id=import_id,
                etag=new_etag(),
                spec=wanted.spec,
                creator=wanted.creator,
                trace_context=wanted.trace_context,
                in_order=taken.in_order,
                turn=turn,
                inputs_size=taken.inputs_size,
                segments=len(taken.segments),
            ),
        )
        await insert_units(
            connection, organization_id, uid, taken.segments, turn=turn, in_order=taken.in_order
        )
        await record(connection, EventKind.TRANSITION, None, created)
        return created


async def _remember_request(
    connection: Connection, wanted: CreateImport, uid: str, import_id: str, taken: TakenIn
) -> None:
    """Waits for a twin that is about to commit. Raises `_AnotherWasFirst` when it did."""
    if wanted.request_id is None:
        return
    is_first = await insert_request(
        connection,
        CreationRequest(
            organization_id=wanted.organization_id,
            request_id=wanted.request_id,
            content_sha256=content_hash(wanted, taken.document_sha256),
            document_sha256=taken.document_sha256,
            import_uid=uid,
            import_id=import_id,
        ),
    )
    if not is_first:
        raise _AnotherWasFirst


async def _answer_first(wanted: CreateImport, taken: TakenIn, creation: Creation) -> Import:
    async with creation.database.connection() as connection:
        earlier = await find_request(connection, wanted.organization_id, wanted.request_id or "")
    if earlier is None:
        raise Unavailable("the request id was given up meanwhile; call again", reason="DATABASE_UNAVAILABLE")
    return await compare(wanted, earlier, taken.document_sha256, creation)


def _in_words_of(source: Source, refusal: InvalidArgument) -> InvalidArgument:
    """The refusal with the name of the field that the rows came in."""
    violations = [
        violation._replace(field=source.value) if violation.field == Source.DOCUMENT.value else violation
        for violation in refusal.violations
    ]
    return InvalidArgument(violations, reason=refusal.reason, **refusal.facts)


def _split_options(wanted: CreateImport, resource_type: ResourceType, creation: Creation) -> SplitOptions:
    limits = creation.limits
    return SplitOptions(
        format=wanted.spec.format,
        resource_type=resource_type,
        registry=creation.registry,
        csv_options=wanted.spec.csv_options,
        parent_resource_id=wanted.spec.parent_resource_id,
        segment_rows=limits.segment_rows,
        segment_bytes=limits.segment_bytes,
        max_inputs=limits.max_inputs,
        max_input_bytes=limits.max_input_bytes,
        max_document_bytes=limits.max_document_bytes,
    )


async def _is_taken(connection: Connection, wanted: CreateImport) -> bool:
    if wanted.import_id is None:
        return False
    return await get_import(connection, wanted.organization_id, wanted.import_id) is not None


def _check_quota(pending: int, wanted: CreateImport, creation: Creation) -> None:
    limit = creation.limits.max_pending_imports
    if pending >= limit:
        raise Exhausted(
            f"the organization has {pending} pending imports, and {limit} at most",
            subject=f"organizations/{wanted.organization_id}",
            retry_after_seconds=QUOTA_RETRY_SECONDS,
            limit=limit,
        )
