"""Retrying an import: a new one of its failed and not processed rows, as they were first sent.

The new import has its own copy of the rows, with their numbers: it owes nothing to the one that it retries once it is
there. The copy is made segment by segment, in flat memory, and owned by an upload row until one transaction makes the
import. Rows that were not processed may name anything in any order, so a retry always runs in order.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import msgspec

from imports_service.commands.commit import Newcomer, check_quota, commit_import
from imports_service.commands.content import retry_content_hash, source_hash
from imports_service.commands.creation import Creation
from imports_service.commands.repeats import import_of_same
from imports_service.commands.results import next_result_segments
from imports_service.commands.stowage import AnotherWasFirst, Stowage
from imports_service.domain.errors import FailedPrecondition, ImportNotFound, RequestIdReused, Unavailable
from imports_service.domain.imports import Import
from imports_service.domain.names import ImportName, segment_object
from imports_service.domain.rows import Outcome
from imports_service.objects.failures import ObjectMissing
from imports_service.pipeline.retried_rows import RetriedRows
from imports_service.pipeline.segments import unpack
from imports_service.pipeline.splitter import Segment
from imports_service.store.conflicts import settle
from imports_service.store.imports import count_pending, get_import
from imports_service.store.requests import CreationRequest, find_request
from imports_service.store.results import ResultSegment

RETRYABLE = frozenset({Outcome.FAILED, Outcome.NOT_PROCESSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryImport:
    """A wish for a retry, validated. `outcomes`: which rows to take, some of `RETRYABLE`."""

    name: ImportName
    outcomes: frozenset[Outcome] = RETRYABLE
    creator: str
    request_id: str | None = None
    trace_context: str | None = None


async def retry_import(wanted: RetryImport, creation: Creation) -> Import:
    """Copy the rows and create their import, pending; or answer with the import of the same request id.

    A call that is refused leaves nothing behind; one that is cut off leaves what the sweep finds by its upload row.

    Raises `ImportNotFound` (also when it is deleted meanwhile), `FailedPrecondition` (IMPORT_NOT_ENDED,
    NOTHING_TO_RETRY, VALIDATE_ONLY_IMPORT), `Exhausted`, `RequestIdReused` and `Unavailable`.
    """
    organization_id = wanted.name.organization_id
    async with creation.database.connection() as connection:
        pending = await count_pending(connection, organization_id)
        retried = await get_import(connection, *wanted.name)
    # read last: when a twin of this call has just taken the last place, its request id is there
    if (earlier := await _find_earlier(wanted, creation)) is not None:
        return await _answer_repeat(wanted, earlier, retried, creation)
    if retried is None:
        raise ImportNotFound(str(wanted.name))
    _check_retryable(wanted, retried)
    check_quota(pending, organization_id, creation)

    stowage = Stowage(organization_id, creation)
    try:
        async with stowage.kept():
            await stowage.fill(lambda: _copy(wanted, retried, stowage, creation))
            newcomer = _newcomer(wanted, retried, stowage)
            created = await settle(lambda: commit_import(newcomer, creation))
    except AnotherWasFirst:
        return await _answer_first(wanted, retried, creation)
    creation.nudges.changed(organization_id, created.uid)
    creation.nudges.work()
    return created


def _check_retryable(wanted: RetryImport, retried: Import) -> None:
    name = wanted.name
    if retried.validate_only:
        raise FailedPrecondition(f"{name} only rehearsed", reason="VALIDATE_ONLY_IMPORT", name=name)
    if not retried.status.has_ended:
        raise FailedPrecondition(f"{name} has not ended", reason="IMPORT_NOT_ENDED", name=name)
    rows = {Outcome.FAILED: retried.counts.failed, Outcome.NOT_PROCESSED: retried.not_processed_count}
    if not any(rows[outcome] for outcome in wanted.outcomes):
        said = " or ".join(outcome.name.lower().replace("_", " ") for outcome in sorted(wanted.outcomes))
        raise FailedPrecondition(f"{name} has no rows that are {said}", reason="NOTHING_TO_RETRY", name=name)


async def _copy(wanted: RetryImport, retried: Import, stowage: Stowage, creation: Creation) -> None:
    async with aclosing(_segments(wanted, retried, creation)) as segments:
        async for segment in segments:
            await creation.checkpoints.reach("splitting")
            await stowage.hand_over(segment)


async def _segments(
    wanted: RetryImport, retried: Import, creation: Creation
) -> AsyncGenerator[Segment, None]:
    """The segments of the retry, made one after the other. Raises `ImportNotFound`, `Unavailable`."""
    limits = creation.limits
    rows = RetriedRows(
        segment_rows=limits.segment_rows, segment_bytes=limits.segment_bytes, max_inputs=retried.inputs_size
    )
    from_segment, has_more = 0, True
    while has_more:
        sources, has_more = await next_result_segments(
            retried,
            database=creation.database,
            objects=creation.objects,
            from_segment=from_segment,
            outcomes=wanted.outcomes,
            unfinished=Outcome.NOT_PROCESSED in wanted.outcomes,
        )
        for source in sources:
            for segment in await _taken_from(source, rows, wanted, retried, creation):
                yield segment
            from_segment = source.segment + 1
    for segment in rows.finish():
        yield segment


async def _taken_from(
    source: ResultSegment, rows: RetriedRows, wanted: RetryImport, retried: Import, creation: Creation
) -> list[Segment]:
    """The segments that became full with the rows of one more segment of the import."""
    try:
        name = segment_object(retried.organization_id, retried.uid, source.segment)
        data = await creation.objects.get(name)
    except ObjectMissing:
        raise ImportNotFound(retried.name) from None  # deleted meanwhile

    def take() -> list[Segment]:
        header, lines = unpack(data)
        places = list(range(len(lines)))
        if source.is_done:
            codes = source.decoded().outcomes.codes
            places = [place for place in places if codes[place] in wanted.outcomes]
        return rows.add(header, lines, places)

    return await asyncio.to_thread(take)


def _newcomer(wanted: RetryImport, retried: Import, stowage: Stowage) -> Newcomer:
    request = wanted.request_id and CreationRequest(
        organization_id=wanted.name.organization_id,
        request_id=wanted.request_id,
        content_sha256=retry_content_hash(wanted.name, wanted.outcomes),
        document_sha256=source_hash(retried.uid),
        import_uid=stowage.uid,
        import_id=stowage.uid,
    )
    return Newcomer(
        organization_id=wanted.name.organization_id,
        uid=stowage.uid,
        import_id=stowage.uid,
        spec=msgspec.structs.replace(retried.spec, skip_errors=True, after=()),
        creator=wanted.creator,
        trace_context=wanted.trace_context,
        segments=stowage.segments,
        in_order=True,
        request=request or None,
        retry_of=retried,
    )


async def _find_earlier(wanted: RetryImport, creation: Creation) -> CreationRequest | None:
    if wanted.request_id is None:
        return None
    async with creation.database.connection() as connection:
        return await find_request(connection, wanted.name.organization_id, wanted.request_id)


async def _answer_repeat(
    wanted: RetryImport, earlier: CreationRequest, retried: Import | None, creation: Creation
) -> Import:
    """The earlier call's import. The one that it retries may be gone, but must not be another one by now."""
    content = retry_content_hash(wanted.name, wanted.outcomes)
    organization_id = wanted.name.organization_id
    same = await import_of_same(organization_id, earlier, content, creation)
    if retried is not None and source_hash(retried.uid) != earlier.document_sha256:
        raise RequestIdReused(
            f"this request id retried an earlier {wanted.name}",
            name=same.name,
            first_content_sha256=earlier.content_sha256.hex(),
            content_sha256=content.hex(),
        )
    return same


async def _answer_first(wanted: RetryImport, retried: Import, creation: Creation) -> Import:
    earlier = await _find_earlier(wanted, creation)
    if earlier is None:
        raise Unavailable("the request id was given up meanwhile; call again", reason="DATABASE_UNAVAILABLE")
    return await _answer_repeat(wanted, earlier, retried, creation)
