"""Creating an import from a document, however it arrives: all of it in one transaction, or nothing."""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from imports_service.commands.commit import Newcomer, check_quota, commit_import
from imports_service.commands.content import content_hash
from imports_service.commands.creation import CreateImport, Creation, Source
from imports_service.commands.intake import Intake, TakenIn
from imports_service.commands.repeats import answer_repeat, compare
from imports_service.commands.stowage import AnotherWasFirst, Stowage
from imports_service.domain.errors import ImportIdTaken, ImportNotFound, InvalidArgument, Unavailable
from imports_service.domain.imports import Import
from imports_service.domain.names import ImportName, parse_import_name
from imports_service.domain.resource_type import ResourceType
from imports_service.pipeline.splitter import SplitOptions
from imports_service.store.conflicts import settle
from imports_service.store.database import Connection
from imports_service.store.imports import count_pending, get_import
from imports_service.store.requests import CreationRequest, find_request
from imports_service.store.waiting import find_uids


class _Seen(NamedTuple):
    """What there was before the document. `earlier`: the earlier call of the same request id; else `after`: the uids of
    the imports to wait for."""

    earlier: CreationRequest | None = None
    after: Sequence[str] = ()


async def create_import(wanted: CreateImport, chunks: AsyncIterator[bytes], creation: Creation) -> Import:
    """Take the document in and create its import, pending; or answer with the import of the same request id.

    The chunks are read to their end, unless a refusal or the request id makes that needless. A call that is
    refused leaves nothing behind; one that is cut off leaves what the sweep finds by its upload row.

    Raises `InvalidArgument` (the document's reasons), `ImportNotFound` (in `spec.after`), `Exhausted`,
    `ImportIdTaken`, `RequestIdReused` and `Unavailable`.
    """
    resource_type = creation.registry.require(wanted.spec.resource_type, field="spec.resource_type")
    seen = await _look_before(wanted, creation)
    if seen.earlier is not None:
        return await answer_repeat(wanted, seen.earlier, chunks, creation)
    stowage = Stowage(wanted.organization_id, creation)
    intake = Intake(
        _split_options(wanted, resource_type, creation),
        stowage,
        document_sha256=wanted.document_sha256,
        checkpoints=creation.checkpoints,
    )
    try:
        async with stowage.kept():
            taken = await intake.take(chunks)
            newcomer = _newcomer(wanted, stowage.uid, taken, seen.after)
            created = await settle(lambda: commit_import(newcomer, creation))
    except AnotherWasFirst:
        return await _answer_first(wanted, taken, creation)
    except InvalidArgument as refusal:
        raise _in_words_of(wanted.source, refusal) from refusal
    await creation.checkpoints.reach("after-creation")
    creation.nudges.changed(wanted.organization_id, created.uid)
    creation.nudges.work()
    return created


async def _look_before(wanted: CreateImport, creation: Creation) -> _Seen:
    """Unless the request id is known, refuse now what would be refused after the document, and what waits for nothing
    that there is. An import to wait for that is deleted from now on has ended."""
    after = [parse_import_name(name).import_id for name in wanted.spec.after]
    async with creation.database.connection() as connection:
        pending = await count_pending(connection, wanted.organization_id)
        is_taken = await _is_taken(connection, wanted)
        uids = await find_uids(connection, wanted.organization_id, after) if after else {}
        # read last: when a twin of this call has just taken the id or the last place, its request id is there
        if wanted.request_id is not None:
            earlier = await find_request(connection, wanted.organization_id, wanted.request_id)
            if earlier is not None:
                return _Seen(earlier)
    check_quota(pending, wanted.organization_id, creation)
    if is_taken:
        raise ImportIdTaken(str(ImportName(wanted.organization_id, wanted.import_id or "")))
    for import_id in after:
        if import_id not in uids:
            raise ImportNotFound(str(ImportName(wanted.organization_id, import_id)))
    return _Seen(after=list(uids.values()))


def _newcomer(wanted: CreateImport, uid: str, taken: TakenIn, after: Sequence[str]) -> Newcomer:
    import_id = wanted.import_id or uid
    request = wanted.request_id and CreationRequest(
        organization_id=wanted.organization_id,
        request_id=wanted.request_id,
        content_sha256=content_hash(wanted, taken.document_sha256),
        document_sha256=taken.document_sha256,
        import_uid=uid,
        import_id=import_id,
    )
    return Newcomer(
        organization_id=wanted.organization_id,
        uid=uid,
        import_id=import_id,
        spec=wanted.spec,
        creator=wanted.creator,
        trace_context=wanted.trace_context,
        segments=taken.segments,
        in_order=taken.in_order or wanted.validate_only,
        request=request or None,
        validate_only=wanted.validate_only,
        after=after,
    )


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
        max_inputs=min(limits.max_inputs, limits.max_validate_inputs)
        if wanted.validate_only
        else limits.max_inputs,
        max_input_bytes=limits.max_input_bytes,
        max_document_bytes=limits.max_document_bytes,
    )


async def _is_taken(connection: Connection, wanted: CreateImport) -> bool:
    if wanted.import_id is None:
        return False
    return await get_import(connection, wanted.organization_id, wanted.import_id) is not None
