"""How much memory the service takes for documents of gigabytes, in every form, and for a million narrow rows.

The documents are made while they are sent. Each form has a service process of its own, which takes the smaller
document and then the larger one; its database and store are deleted before the next form begins.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial

import grpc

from benchmarks import documents
from benchmarks.helpers import ASKABLE, Helper
from benchmarks.lines import Figure, Line, Section, ours_at_most
from benchmarks.service import Service
from benchmarks.stage import Stage
from benchmarks.uploads import CSV, JSON, Format, ended, new_organization, upload
from commerce.imports.v1 import imports_pb2_grpc

MIB = 2**20
COUNTING = ("benchmarks.counting",)
ALLOWED_MIB = 300
ALLOWED_SEGMENTS = 4
ROOM = 4
"""Free bytes on the disk for each byte of the largest document: rows, log, segments and files of the import."""

Chunks = Callable[[], Iterator[bytes]]


class NoRoom(RuntimeError):
    """The disk has no room for the largest document."""


async def run(stage: Stage) -> Section:
    sizes = stage.sizes
    _require_room(stage)
    lines: list[Line] = []
    samples: dict[str, dict[str, float]] = {}
    forms: dict[str, tuple[Format, dict[str, Chunks]]] = {
        form: (
            CSV if form == "CSV" else JSON,
            {
                f"{_text(size)}, {form}": partial(make, size, sizes.wide_row_bytes)
                for size in sizes.document_bytes
            },
        )
        for form, make in documents.WIDE.items()
    }
    narrow: dict[str, Chunks] = {
        f"{sizes.large_rows:,} narrow rows, JSON Lines": lambda: _narrow(sizes.large_rows)
    }
    for number, (file_format, chunks) in enumerate([*forms.values(), (JSON, narrow)]):
        async with (
            stage.place(f"memory_{number}") as place,
            place.service(module=COUNTING, **ASKABLE) as service,
        ):
            idle = service.memory_bytes()
            for what, make in chunks.items():
                samples[what] = await _measure(stage, service, what, make, file_format)
                lines += _lines(what, idle, samples[what])
    return Section(
        title="Memory",
        about=(
            f"Documents of rows of {sizes.wide_row_bytes // 1_000} KB, uploaded, worked through and closed by one "
            "process; resident memory at its peak since the start. The larger document comes second."
        ),
        lines=lines,
        details=(
            "Segments are counted from when they are cut of the document, or unpacked, until their rows are let go, "
            "by their headers (`benchmarks/counting.py`)."
        ),
        samples=samples,
    )


async def _measure(
    stage: Stage, service: Service, what: str, make: Chunks, file_format: Format
) -> dict[str, float]:
    counted = Helper(service.process)
    await counted.ask("take_most")
    async with grpc.aio.insecure_channel(service.target) as channel:
        stub: imports_pb2_grpc.ImportServiceAsyncStub = imports_pb2_grpc.ImportServiceStub(channel)
        started = time.perf_counter()
        created = await upload(stub, new_organization(), make(), file_format)
        uploading = int(await counted.ask("take_most"))
        await ended(stub, created.name)
        seconds = time.perf_counter() - started
    working = int(await counted.ask("take_most"))
    peak = service.peak_bytes()
    stage.say(
        f"  {what:<40} {seconds:8.1f} s, peak {peak / MIB:,.0f} MiB, "
        f"at most {uploading} segments while it is uploaded, {working} later"
    )
    return {"seconds": seconds, "peak_bytes": peak, "uploading": uploading, "working": working}


def _lines(what: str, idle: int, measured: dict[str, float]) -> list[Line]:
    return [
        Line(
            what=f"{what}: memory at its peak, beside idle",
            ours=Figure(measured["peak_bytes"] / MIB, "MiB"),
            beside=Figure(idle / MIB, "MiB"),
            target=ours_at_most(ALLOWED_MIB),
        ),
        *(
            Line(
                what=f"{what}: segments in memory, at most, {when}",
                ours=Figure(measured[stage], "segments"),
                target=ours_at_most(ALLOWED_SEGMENTS),
            )
            for stage, when in (("uploading", "while it is uploaded"), ("working", "from then to the end"))
        ),
    ]


def _narrow(rows: int) -> Iterator[bytes]:
    """JSON Lines in chunks of a hundred kilobytes, made while they are sent."""
    for first in range(0, rows, 500):
        yield b"".join(documents.json_line(number) for number in range(first, min(first + 500, rows)))


def _require_room(stage: Stage) -> None:
    """Raises `NoRoom`, saying how much is needed."""
    needed = ROOM * max(stage.sizes.document_bytes)
    free = shutil.disk_usage(stage.directory).free
    if free < needed:
        raise NoRoom(f"{stage.directory} has {_text(free)} free, and {_text(needed)} are needed; set TMPDIR")


def _text(size: int) -> str:
    return f"{size / 2**30:.0f} GB" if size >= 2**30 else f"{size / 2**20:.0f} MB"
