"""How long GetImport takes beside an import: while it is uploaded, worked through and closed."""

import asyncio
import statistics

import grpc

from benchmarks import documents
from benchmarks.helpers import Helper, running_helper
from benchmarks.latency import percentile
from benchmarks.lines import Figure, Line, Section, ours_at_most
from benchmarks.stage import Stage
from benchmarks.uploads import ended, new_organization, our_seconds, upload
from commerce.imports.v1 import imports_pb2_grpc


async def run(stage: Stage) -> Section:
    rows = stage.sizes.calls_import_rows
    document = documents.json_lines(rows)
    async with (
        stage.place("responsiveness") as place,
        place.service() as service,
        running_helper("benchmarks.calls") as caller,
    ):
        name = await _small_import(service.target)
        await caller.ask("begin", target=service.target, name=name)
        await asyncio.sleep(stage.sizes.idle_calls_seconds)
        idle = await _end(caller)
        await caller.ask("begin", target=service.target, name=name)
        seconds = await our_seconds(service.target, new_organization(), document)
        busy = await _end(caller)
    stage.say(f"{len(busy)} calls in {seconds:.1f} s of an import, {len(idle)} without one")
    return Section(
        title="Responsiveness",
        about=(
            f"GetImport, again and again with 10 ms between, by a process of its own: {len(busy):,} calls while the "
            f"service takes in, works through and closes {rows:,} SKUs, beside {len(idle):,} while it is idle."
        ),
        lines=[
            Line(
                what="GetImport beside an import, p99",
                ours=Figure(percentile(busy, 99), "ms"),
                beside=Figure(percentile(idle, 99), "ms", "idle"),
                target=ours_at_most(50),
            ),
            Line(
                what="GetImport beside an import, p50",
                ours=Figure(statistics.median(busy), "ms"),
                beside=Figure(statistics.median(idle), "ms", "idle"),
            ),
            Line(what="GetImport beside an import, the longest", ours=Figure(max(busy), "ms")),
        ],
        samples={"busy_ms": busy, "idle_ms": idle, "import_seconds": seconds},
    )


async def _small_import(target: str) -> str:
    """An import that has ended: it can be asked for before, while and after the large one is there."""
    async with grpc.aio.insecure_channel(target) as channel:
        stub: imports_pb2_grpc.ImportServiceAsyncStub = imports_pb2_grpc.ImportServiceStub(channel)
        created = await upload(stub, new_organization(), documents.json_lines(100))
        return (await ended(stub, created.name)).name


async def _end(caller: Helper) -> list[float]:
    return [float(milliseconds) for milliseconds in await caller.ask("end")]
