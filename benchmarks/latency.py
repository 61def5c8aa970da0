"""From a commit to the client that watches: ours beside *raw*, one watcher each, taking turns in one run.

*raw*: COMMIT on one connection, `pg_notify` on another, a listener in another process, SELECT of the row, one write on
a bare grpc.aio stream, received by a client. *ours*: the service's own command UpdateImport, once in a process that
does not serve the watch (its nudge travels through PostgreSQL) and once in the one that does. The clock starts just
before COMMIT is sent and stops when the client has the message; messages are equally long.
"""

import asyncio
import random
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg

from benchmarks import bare
from benchmarks.changes import Changes
from benchmarks.helpers import ASKABLE, Helper, running_helper
from benchmarks.stage import Place
from commerce.imports.v1 import imports_pb2
from imports_service.domain.names import ImportName

WATCH_IMPORT = "/commerce.imports.v1.ImportService/WatchImport"
WATCH_IMPORTS = "/commerce.imports.v1.ImportService/WatchImports"
PAUSE_SECONDS = (0.06, 0.09)
"""Between two commits: longer than nudges wait for each other, and not in step with any poll."""
PATIENCE_SECONDS = 30.0
SERVING = ("benchmarks.serving",)
HEARTBEAT = imports_pb2.ImportEvent(
    kind=imports_pb2.KIND_HEARTBEAT, resume_token="x" * 60
).SerializeToString()

Milliseconds = dict[str, list[float]]


class _Client:
    """One stream, received in a process of its own."""

    def __init__(self, helper: Helper) -> None:
        self._helper = helper
        self._count = 1

    async def open(self, target: str, method: str, request: bytes) -> None:
        opened = await self._helper.ask(
            "open",
            target=target,
            method=method,
            requests=[request.hex()],
            channels=1,
            within=PATIENCE_SECONDS,
        )
        if len(opened["told"]) != 1:
            raise RuntimeError(f"the watch was refused: {opened}")

    async def received_at(self) -> int:
        """When the next message came, in ns."""
        self._count += 1
        told = await self._helper.ask("wait", count=self._count, within=PATIENCE_SECONDS)
        if len(told["told"]) != 1:
            raise RuntimeError(f"message {self._count} did not come: {told}")
        return int(told["told"][0])

    async def last_message(self) -> bytes:
        return bytes.fromhex((await self._helper.ask("count"))["last"])


class _Raw:
    """The two connections of the floor's writer."""

    def __init__(
        self,
        writer: "asyncpg.Connection[asyncpg.Record]",
        nudger: "asyncpg.Connection[asyncpg.Record]",
    ) -> None:
        self._writer = writer
        self._nudger = nudger
        self.message = b""

    async def change(self) -> int:
        await self._writer.execute("BEGIN")
        await self._writer.execute(bare.UPDATE, self.message)
        committing_at = time.monotonic_ns()
        await self._writer.execute("COMMIT")
        await self._nudger.execute("SELECT pg_notify($1, '1')", bare.CHANNEL)
        return committing_at


@asynccontextmanager
async def _raw_connections(url: str) -> AsyncIterator[_Raw]:
    writer, nudger = await asyncpg.connect(url), await asyncpg.connect(url)
    try:
        await writer.execute(bare.CREATE_TABLE)
        await writer.execute("INSERT INTO floor_watch VALUES (1, 1, '')")
        yield _Raw(writer, nudger)
    finally:
        await writer.close()
        await nudger.close()


async def measure_latency(place: Place, changes: Changes, *, samples: int, warm_up: int) -> Milliseconds:
    """So many milliseconds of each kind, by its name; `raw` is the floor."""
    [name] = await changes.create(["latency"], 1)
    async with (
        _raw_connections(place.database_url) as raw,
        place.service(module=SERVING, **ASKABLE) as service,
        running_helper("benchmarks.bare", place.database_url) as floor,
        running_helper("benchmarks.watchers") as our_watchers,
        running_helper("benchmarks.watchers") as raw_watchers,
    ):
        ours, theirs = _Client(our_watchers), _Client(raw_watchers)
        request = imports_pb2.WatchImportRequest(name=str(name))
        await ours.open(service.target, WATCH_IMPORT, request.SerializeToString())
        raw.message = await ours.last_message()
        await floor.ask("set_messages", first=raw.message.hex(), heartbeat=HEARTBEAT.hex())
        await theirs.open(await floor.ask("address"), bare.METHOD, b"")
        serving = Helper(service.process)
        turns: dict[str, tuple[_Client, Callable[[int], Awaitable[int]]]] = {
            "raw": (theirs, lambda _: raw.change()),
            "another process": (ours, lambda turn: changes.update(name, f"reference {turn}")),
            "the same process": (ours, lambda turn: _update_in(serving, name, f"reference {turn}.")),
        }
        return await _take_turns(turns, samples, warm_up)


async def _update_in(serving: Helper, name: ImportName, reference: str) -> int:
    answer = await serving.ask(
        "update", organization_id=name.organization_id, import_id=name.import_id, reference=reference
    )
    return int(answer)


async def _take_turns(
    turns: dict[str, tuple[_Client, Callable[[int], Awaitable[int]]]], samples: int, warm_up: int
) -> Milliseconds:
    measured: Milliseconds = {kind: [] for kind in turns}
    for turn in range(samples + warm_up):
        for kind, (client, change) in turns.items():
            committed_at = await change(turn)
            await asyncio.sleep(random.uniform(*PAUSE_SECONDS))
            received_at = await client.received_at()
            if turn >= warm_up:
                measured[kind].append((received_at - committed_at) / 1e6)
    return measured


def latency_table(measured: Milliseconds) -> str:
    """As Markdown; the ratio is that of the medians."""
    floor = statistics.median(measured["raw"])
    lines = ["| commit → watcher | p50 ms | p90 ms | p99 ms | ÷ raw |", "|---|---|---|---|---|"]
    for kind, figures in measured.items():
        p50, p90, p99 = (percentile(figures, part) for part in (50, 90, 99))
        name = "*raw*" if kind == "raw" else f"ours, the change made in {kind}"
        lines.append(f"| {name} | {p50:.2f} | {p90:.2f} | {p99:.2f} | {p50 / floor:.2f} |")
    return "\n".join(lines)


def percentile(figures: list[float], part: int) -> float:
    return statistics.quantiles(figures, n=100, method="inclusive")[part - 1]
