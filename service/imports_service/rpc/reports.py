"""What GetImport shows beside the import itself: logs, summary, and URLs of its files, signed afresh."""

import asyncio
from collections.abc import Callable, Sequence

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.domain.imports import Import
from imports_service.domain.outcomes import decode_outcomes, decode_summary
from imports_service.domain.report import Report, ReportBuilder, decode_report
from imports_service.objects.store import Objects
from imports_service.rpc.convert import add_report, message_of_import
from imports_service.store.database import Connection
from imports_service.store.outcomes import StoredOutcomes, read_outcomes, read_report

PREVIEW_SEGMENTS = 8
"""How many segments with issues a preview is made of, while the import runs."""
AT_ONCE_BYTES = 2_048
"""Of a stored report, or of outcomes: a millisecond's work at most."""


async def message_with_report(connection: Connection, found: Import) -> pb.Import:
    """The import with logs and summary; while it runs, a preview of the first segments with issues."""
    if not (found.counts.failed or found.counts.warnings):  # then no row has an issue
        return _filled(found, ReportBuilder().report())
    stored = await read_report(connection, found.organization_id, found.uid)
    if stored is not None:
        return await _made(len(stored), lambda: _filled(found, decode_report(stored)))
    outcomes = await read_outcomes(
        connection, found.organization_id, found.uid, limit=PREVIEW_SEGMENTS, only_with_issues=True
    )
    if found.status.has_ended and (late := await read_report(connection, found.organization_id, found.uid)):
        # its closing had been given up, and its outcomes have moved between the two looks
        return await _made(len(late), lambda: _filled(found, decode_report(late)))
    size = sum(len(one.encoded.outcomes) + len(one.encoded.issues or b"") for one in outcomes)
    return await _made(size, lambda: _filled(found, _preview(outcomes)))


async def _made(size: int, make: Callable[[], pb.Import]) -> pb.Import:
    """What is made of so many bytes. Little is made at once: beside an import a thread waits longer for the interpreter
    than that takes.
    """
    return make() if size <= AT_ONCE_BYTES else await asyncio.to_thread(make)


async def add_urls(message: pb.Import, found: Import, objects: Objects) -> None:
    """Put URLs of the files that there are into the message; each is valid for 5 minutes."""
    extension = found.spec.format.value
    if found.attachment is not None:
        message.attachment_url = await objects.presign(
            found.attachment, download_name=f"{found.import_id}.{extension}.gz"
        )
    if found.failed_inputs is not None:
        message.failed_inputs_url = await objects.presign(
            found.failed_inputs, download_name=f"{found.import_id}-failed.{extension}"
        )


def _filled(found: Import, report: Report) -> pb.Import:
    message = message_of_import(found)
    add_report(message, report)
    return message


def _preview(segments: Sequence[StoredOutcomes]) -> Report:
    builder = ReportBuilder()
    for segment in segments:
        builder.add_summary(decode_summary(segment.encoded.summary))
        if builder.wants_issues:
            builder.add(decode_outcomes(segment.encoded.outcomes, segment.encoded.issues))
    return builder.report()
