"""Nothing that an import does holds the event loop for long: splitting, decoding, folding, writing and closing go in
steps, and others get their turn between."""

import time
from collections.abc import AsyncIterator

import msgspec
import pytest

from commerce.imports.v1 import imports_pb2 as pb
from tests.end_to_end.watched_loop import NOTES, Callback
from tests.services import READY, ServiceProcess, client_of, environment_of

ROWS = 50_000
ALLOWED_SECONDS = 0.020
CHUNK_BYTES = 256 * 1024
SECONDS = 60.0


@pytest.mark.timeout(4 * SECONDS)
async def test_no_step_of_an_import_takes_more_than_20_ms_of_the_loop(settings, parts, tmp_path):
    notes = tmp_path / "notes.json"
    environment = environment_of(settings, parts) | {NOTES: str(notes)}
    process = ServiceProcess(environment, tmp_path, 1, module="tests.end_to_end.watched_loop")
    try:
        await process.said(READY)
        began = time.time()
        async with client_of(process.address) as client:
            for form, document in ((pb.FORMAT_JSON, json_lines()), (pb.FORMAT_CSV, csv_document())):
                spec = pb.ImportSpec(resource_type="skus", format=form)
                header = pb.CreateImportRequest(parent=f"organizations/acme-{form}", spec=spec)
                created = await client.imports.UploadImport(upload(header, document), timeout=SECONDS)
                ended = await client.imports.WaitImport(
                    pb.WaitImportRequest(name=created.name), timeout=SECONDS
                )
                assert (ended.status, ended.created_count) == (pb.STATUS_COMPLETED, ROWS)
        until = time.time()
        assert await process.terminate() == 0
    finally:
        await process.kill()

    callbacks = msgspec.json.decode(notes.read_bytes(), type=list[Callback])
    assert callbacks  # what the start of a service takes is worth a note
    too_long = [one for one in callbacks if began < one.began < until and one.seconds > ALLOWED_SECONDS]
    assert not too_long, "\n".join(f"{one.seconds * 1000:.0f} ms: {one.what}" for one in too_long)


def json_lines() -> bytes:
    return b"".join(
        b'{"code":"SKU%d","name":"No. %d","description":"Of our %dth collection","pieces_per_pack":%d,'
        b'"weight":%d.5,"unit_of_weight":"gr","hs_tariff_number":"%08d","do_not_ship":true}\n'
        % (number, number, number % 90, number % 12 + 1, number % 900, number)
        for number in range(ROWS)
    )


def csv_document() -> bytes:
    return (
        b"code,name,description,pieces_per_pack,weight,unit_of_weight,hs_tariff_number,do_not_ship\n"
        + b"".join(
            b"SKU%d,No. %d,Of our %dth collection,%d,%d.5,gr,%08d,true\n"
            % (number, number, number % 90, number % 12 + 1, number % 900, number)
            for number in range(ROWS)
        )
    )


async def upload(header: pb.CreateImportRequest, document: bytes) -> AsyncIterator[pb.UploadImportRequest]:
    yield pb.UploadImportRequest(header=header)
    for start in range(0, len(document), CHUNK_BYTES):
        yield pb.UploadImportRequest(chunk=document[start : start + CHUNK_BYTES])
