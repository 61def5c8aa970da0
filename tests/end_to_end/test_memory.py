"""The service takes documents of any size in flat memory, whatever their form."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from commerce.imports.v1 import imports_pb2
from tests.services import ServiceProcess, client_of

MIB = 1024 * 1024
ALLOWED = 150 * MIB
TEXT = "All work and no play makes a long description. " * 1_100
ROWS = 128 * MIB // (len(TEXT) + 60)


def row(number: int) -> bytes:
    """A SKU of 50 KB."""
    return json.dumps({"code": f"C{number}", "name": "n", "description": TEXT, "do_not_ship": True}).encode()


def json_lines() -> Iterator[bytes]:
    for number in range(ROWS):
        yield row(number) + b"\n"


def array_without_line_breaks() -> Iterator[bytes]:
    for number in range(ROWS):
        yield (b"," if number else b"[") + row(number)
    yield b"]"


def lines_with_a_giant() -> Iterator[bytes]:
    yield row(0) + b"\n"
    yield b'{"code": "giant", "name": "'
    for _ in range(100):
        yield b"x" * MIB
    yield b'"}\n' + row(1) + b"\n"


def array_with_a_giant() -> Iterator[bytes]:
    yield b"[" + row(0) + b', {"code": "giant", "name": "'
    for _ in range(100):
        yield b"x" * MIB
    yield b'"},' + row(1) + b"]"


def csv_with_a_giant() -> Iterator[bytes]:
    yield b"code,name,do_not_ship\nA,a,true\ngiant,"
    for _ in range(100):
        yield b"x" * MIB
    yield b",true\nB,b,true\n"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("document", [json_lines, array_without_line_breaks])
async def test_a_large_upload_stays_within_150_mib_of_idle(document, spawn_service):
    process = await spawn_service()
    idle = resident(process)

    created = await upload(process, document, imports_pb2.FORMAT_JSON)
    ended = await wait(process, created.name)

    assert (ended.status, ended.created_count) == (imports_pb2.STATUS_COMPLETED, ROWS)
    assert peak(process) - idle < ALLOWED


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("document", "file_format"),
    [
        (lines_with_a_giant, imports_pb2.FORMAT_JSON),
        (array_with_a_giant, imports_pb2.FORMAT_JSON),
        (csv_with_a_giant, imports_pb2.FORMAT_CSV),
    ],
)
async def test_a_row_of_100_mb_is_a_row_issue_and_is_never_held(document, file_format, spawn_service):
    process = await spawn_service()
    idle = resident(process)

    created = await upload(process, document, file_format, skip_errors=True)
    ended = await wait(process, created.name)

    assert (ended.created_count, ended.errors_count) == (2, 1)
    assert ended.issue_summary[0].code == "too_long"
    assert list(ended.issue_summary[0].first_rows) == [2]
    assert peak(process) - idle < ALLOWED


async def upload(
    process: ServiceProcess,
    document: Callable[[], Iterator[bytes]],
    file_format: int,
    *,
    skip_errors: bool = False,
) -> imports_pb2.Import:
    async def parts() -> AsyncIterator[imports_pb2.UploadImportRequest]:
        spec = imports_pb2.ImportSpec(resource_type="skus", skip_errors=skip_errors)
        spec.format = imports_pb2.Format.ValueType(file_format)
        header = imports_pb2.CreateImportRequest(parent="organizations/acme", spec=spec)
        yield imports_pb2.UploadImportRequest(header=header)
        for piece in document():
            yield imports_pb2.UploadImportRequest(chunk=piece)

    async with client_of(process.address) as client:
        return await client.imports.UploadImport(parts(), timeout=120)


async def wait(process: ServiceProcess, name: str) -> imports_pb2.Import:
    async with client_of(process.address) as client:
        await client.imports.WaitImport(imports_pb2.WaitImportRequest(name=name), timeout=120)
        return await client.imports.GetImport(imports_pb2.GetImportRequest(name=name))


def resident(process: ServiceProcess) -> int:
    return _status(process, "VmRSS")


def peak(process: ServiceProcess) -> int:
    return _status(process, "VmHWM")


def _status(process: ServiceProcess, line: str) -> int:
    for text in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if text.startswith(f"{line}:"):
            return int(text.split()[1]) * 1024
    raise AssertionError(f"this system does not tell {line}")
