"""An import from its document to its end. The end is known as soon as it was seen; what comes after it, files and logs,
is not worth losing it for."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

import grpc
from google.protobuf.duration_pb2 import Duration

from commerce.imports.v1.imports_pb2 import CreateImportRequest, GetImportRequest, Import, ImportEvent
from imports_client.documents import Document
from imports_client.errors import CallFailed, ImportDeleted, Place, Refused, ResumeTokenExpired
from imports_client.events import has_ended
from imports_client.tries import CALL_SECONDS, FIRST_PAUSE, Tries, answer_of
from imports_client.uploading import upload
from imports_client.watching import import_watched, watched

OnEvent = Callable[[ImportEvent], None]


async def import_and_wait(
    tries: Tries,
    header: CreateImportRequest,
    document: Document,
    *,
    is_own_id: bool,
    on_event: OnEvent | None,
    interval: Duration | None,
    max_silence: float,
) -> Import:
    """The import after its end: see `Imports.import_and_wait`. `header` has a request id, which is nobody else's if
    `is_own_id`. The calls that follow the upload have its deadline."""
    place = tries.place
    created = await _created(tries, header, document, is_own_id=is_own_id)
    place.name, place.last_import = created.name, created
    ended = created
    if not has_ended(created.status):  # else it is the answer to a request that was made before
        ended = await _followed(tries, on_event or (lambda _: None), interval, max_silence)
    return await _with_logs(tries, ended, min(CALL_SECONDS, max_silence))


async def _created(
    tries: Tries, header: CreateImportRequest, document: Document, *, is_own_id: bool
) -> Import:
    try:
        return await upload(tries, header, document)
    except Refused as error:
        if is_own_id and error.reason == "REQUEST_ID_REUSED":  # an earlier try had arrived
            raise ImportDeleted("created, and deleted before it was seen to end", tries.place) from error
        raise


async def _followed(tries: Tries, on_event: OnEvent, interval: Duration | None, max_silence: float) -> Import:
    """The import as its last event tells it."""
    place = tries.place
    uid = place.last_import.uid if place.last_import else ""
    while True:
        try:
            async with aclosing(_watched_from(place, tries, interval, max_silence)) as events:
                async for event in events:
                    _check_uid(event, uid, place)
                    place.move_to(event)
                    on_event(event)
        except ResumeTokenExpired:
            if not place.resume_token:
                raise
            place.resume_token = ""  # only its end is wanted, so a watch from now does as well
            await asyncio.sleep(FIRST_PAUSE)
        except Refused as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                raise ImportDeleted("deleted before it was seen to end", place) from error
            raise
        else:
            last = place.last_import
            if last is None or not has_ended(last.status):
                raise ImportDeleted("deleted before its end", place)
            return last


def _watched_from(
    place: Place, tries: Tries, interval: Duration | None, max_silence: float
) -> AsyncGenerator[ImportEvent, None]:
    """Has a place of its own: what it tells may be of another import."""
    own = replace(place)
    return watched(import_watched(own, interval), lambda: tries.anew(own), max_silence)


def _check_uid(event: ImportEvent, uid: str, place: Place) -> None:
    """Raises `ImportDeleted` when the name is another import's by now."""
    found = event.snapshot.uid
    if uid and found and found != uid:
        raise ImportDeleted("deleted before it was seen to end; its name is another import's now", place)


async def _with_logs(tries: Tries, ended: Import, longest: float) -> Import:
    """As GetImport has it; as the watch told it where that cannot be had any more. A try takes at most `longest`
    seconds, and the first is where the end was told."""
    request = GetImportRequest(name=ended.name)
    try:
        found = await answer_of(
            tries.anew(tries.place),
            lambda replica, seconds: replica.imports.GetImport(request, timeout=seconds),
            longest=longest,
        )
    except CallFailed:
        return ended
    return found if found.uid == ended.uid and has_ended(found.status) else ended
