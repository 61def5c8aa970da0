"""How long an import of one row waits behind another organization's million rows."""

import asyncio
import random
import statistics

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from benchmarks import documents
from benchmarks.lines import Figure, Line, Section, ours_at_most
from benchmarks.stage import Stage
from benchmarks.uploads import ended, new_organization, upload
from commerce.imports.v1 import imports_pb2, imports_pb2_grpc

PAUSE_SECONDS = (0.1, 0.5)
"""Between two small imports: not in step with anything that the service does."""


class TooFast(RuntimeError):
    """The large import has ended before the small ones: they waited behind nothing."""


async def run(stage: Stage) -> Section:
    rows = stage.sizes.large_rows
    waited: list[float] = []
    took: list[float] = []
    async with (
        stage.place("fairness") as place,
        place.service() as service,
        grpc.aio.insecure_channel(service.target) as channel,
    ):
        stub: imports_pb2_grpc.ImportServiceAsyncStub = imports_pb2_grpc.ImportServiceStub(channel)
        stage.say(f"uploading {rows:,} rows")
        large = await upload(stub, new_organization(), documents.json_lines(rows))
        await _until_started(stub, large.name)
        for _ in range(stage.sizes.small_imports):
            await asyncio.sleep(random.uniform(*PAUSE_SECONDS))
            small = await ended(stub, (await upload(stub, new_organization(), documents.json_lines(1))).name)
            waited.append(_seconds(small.created_at, small.started_at))
            took.append(_seconds(small.created_at, small.completed_at))
        stage.say(f"  {len(waited)} small imports started after {max(waited):.2f} s at most")
        behind = await stub.GetImport(imports_pb2.GetImportRequest(name=large.name))
        if stage.sizes.is_full and behind.status != imports_pb2.STATUS_IN_PROGRESS:
            raise TooFast(f"the import of {rows:,} rows has ended already")
    return Section(
        title="Fairness",
        about=(
            f"{len(waited)} imports of one row, one after the other and each of an organization of its own, while one "
            f"service process works through {rows:,} rows of another; from `created_at`, by the database's clock."
        ),
        lines=[
            Line(what="started after, the longest", ours=Figure(max(waited), "s"), target=ours_at_most(1)),
            Line(what="started after, the median", ours=Figure(statistics.median(waited), "s")),
            Line(what="completed after, the longest", ours=Figure(max(took), "s")),
        ],
        samples={"started_after_seconds": waited, "completed_after_seconds": took},
    )


async def _until_started(stub: "imports_pb2_grpc.ImportServiceAsyncStub", name: str) -> None:
    async for event in stub.WatchImport(imports_pb2.WatchImportRequest(name=name)):
        if event.snapshot.status != imports_pb2.STATUS_PENDING:
            return


def _seconds(since: Timestamp, until: Timestamp) -> float:
    return (until.ToNanoseconds() - since.ToNanoseconds()) / 1e9
