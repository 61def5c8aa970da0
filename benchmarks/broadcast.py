"""Ten thousand watchers of one process: what they take, and how soon all of them know.

The watchers are streams in one process of their own (`benchmarks.watchers`) over some channels; the changes are
committed by a third. Beside it a floor: the same bytes written to as many streams by a server that does nothing else.
"""

import asyncio
import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks import bare
from benchmarks.changes import Changes
from benchmarks.helpers import Helper, running_helper
from benchmarks.latency import HEARTBEAT, WATCH_IMPORT, WATCH_IMPORTS
from benchmarks.service import cpu_seconds, memory_bytes
from benchmarks.sizes import WatchingSize
from commerce.imports.v1 import imports_pb2
from imports_service.domain.names import ImportName


@dataclass(slots=True, kw_only=True)
class Figures:
    """What was measured of one way of watching; CPU in seconds per second, or in seconds where it says so."""

    watchers: int
    opened: int = 0
    open_seconds: float = 0.0
    open_cpu_seconds: float = 0.0
    refused: dict[str, int] = field(default_factory=dict)
    kib_each: float = 0.0
    idle_cpu: float = 0.0
    idle_client_cpu: float = 0.0
    heartbeats: int = 0
    told: list[int] = field(default_factory=list)
    """How many watchers were told of each change."""
    told_seconds: list[float] = field(default_factory=list)
    """From each commit until the last of them was."""
    half_seconds: list[float] = field(default_factory=list)
    """From each commit until half of them were."""
    told_cpu_seconds: list[float] = field(default_factory=list)
    told_client_cpu_seconds: list[float] = field(default_factory=list)
    ended: dict[str, int] = field(default_factory=dict)
    end_seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


class _Measurement:
    """The steps of one; `pid` is the server's."""

    def __init__(self, pid: int, watchers: Helper, size: WatchingSize) -> None:
        self._pid = pid
        self._watchers = watchers
        self._size = size
        self._idle_bytes = 0
        self.figures = Figures(watchers=size.watchers)

    async def open(self, target: str, method: str, requests: Sequence[bytes]) -> None:
        """All streams in one burst; then the memory they take when nothing happens."""
        figures, used = self.figures, cpu_seconds(self._pid)
        self._idle_bytes = memory_bytes(self._pid)
        opened = await self._watchers.ask(
            "open",
            target=target,
            method=method,
            requests=[request.hex() for request in requests],
            channels=self._size.channels,
            within=self._size.within,
        )
        figures.opened = len(opened["told"])
        figures.open_seconds = (max(opened["told"], default=0) - opened["began"]) / 1e9
        figures.open_cpu_seconds = cpu_seconds(self._pid) - used
        figures.refused = opened["ended"]
        await asyncio.sleep(self._size.settle_seconds)
        grown = memory_bytes(self._pid) - self._idle_bytes
        figures.kib_each = grown / 1024 / max(1, figures.opened)

    async def idle(self) -> None:
        """What they cost while nothing happens but heartbeats."""
        seconds, figures = self._size.idle_seconds, self.figures
        if not seconds:
            return
        used, client = cpu_seconds(self._pid), await self._watchers.ask("count")
        await asyncio.sleep(seconds)
        figures.idle_cpu = (cpu_seconds(self._pid) - used) / seconds
        client_after = await self._watchers.ask("count")
        figures.idle_client_cpu = (client_after["cpu_seconds"] - client["cpu_seconds"]) / seconds
        figures.heartbeats = client_after["others"] - client["others"]

    async def change(self, commit: Callable[[], Any]) -> None:
        """A change that everybody has to be told; `commit` says when it began, in ns."""
        figures, used, client = self.figures, cpu_seconds(self._pid), cpu_seconds(self._watchers.pid)
        began = await commit()
        count = 2 + len(figures.told)  # the first was what they began with
        told = await self._watchers.ask("wait", count=count, within=self._size.within)
        at = sorted(told["told"])
        figures.told.append(len(at))
        figures.told_seconds.append((at[-1] - began) / 1e9 if at else float("inf"))
        figures.half_seconds.append((at[len(at) // 2] - began) / 1e9 if at else float("inf"))
        figures.told_cpu_seconds.append(cpu_seconds(self._pid) - used)
        figures.told_client_cpu_seconds.append(cpu_seconds(self._watchers.pid) - client)

    async def end(self, stop: Callable[[], Any]) -> None:
        """A stop of the server; `stop` says when it began, in ns."""
        began = await stop()
        ends = await self._watchers.ask("wait_for_ends", within=self._size.within)
        self.figures.ended = ends["ended"]
        self.figures.end_seconds = (max(ends["ended_at"], default=0) - began) / 1e9


async def measure_ours(
    target: str,
    pid: int,
    names: Sequence[ImportName],
    changes: Changes,
    stop: Callable[[], Any],
    size: WatchingSize,
    *,
    of_organizations: bool = False,
) -> Figures:
    """Watchers spread evenly over the imports, of a service just started on `target`; it is stopped at the end.

    `of_organizations`: they watch all that their import's organization has, which must be that import alone.
    """
    watched = [names[number % len(names)] for number in range(size.watchers)]
    method = WATCH_IMPORTS if of_organizations else WATCH_IMPORT
    requests = [_request(name, of_organization=of_organizations) for name in watched]
    async with running_helper("benchmarks.watchers") as watchers:
        measurement = _Measurement(pid, watchers, size)
        await measurement.open(target, method, requests)
        await measurement.idle()
        await measurement.change(lambda: changes.start(names))
        for number in range(1, size.rounds):
            await asyncio.sleep(size.settle_seconds / 3)
            reference = f"reference {number}"
            await measurement.change(lambda reference=reference: changes.touch(names, reference))  # type: ignore[misc]
        await measurement.end(stop)
        return measurement.figures


def _request(name: ImportName, *, of_organization: bool) -> bytes:
    if of_organization:
        parent = f"organizations/{name.organization_id}"
        return imports_pb2.WatchImportsRequest(parent=parent).SerializeToString()
    return imports_pb2.WatchImportRequest(name=str(name)).SerializeToString()


async def measure_floor(message: bytes, size: WatchingSize) -> Figures:
    """The same of a bare server that writes `message`."""
    async with (
        running_helper("benchmarks.bare") as floor,
        running_helper("benchmarks.watchers") as watchers,
    ):
        await floor.ask("set_messages", first=message.hex(), heartbeat=HEARTBEAT.hex())
        measurement = _Measurement(floor.pid, watchers, size)
        await measurement.open(await floor.ask("address"), bare.METHOD, [b""] * size.watchers)
        await measurement.idle()
        for _ in range(size.rounds):
            await asyncio.sleep(size.settle_seconds / 3)
            await measurement.change(lambda: floor.ask("send", message=message.hex()))
        await measurement.end(lambda: floor.ask("stop"))
        return measurement.figures


def broadcast_table(measured: dict[str, Figures]) -> str:
    """As Markdown, a column for each way of watching; the first is the floor that others are divided by."""
    floor = next(iter(measured.values()))
    rows: list[tuple[str, Callable[[Figures], str]]] = [
        ("opened in one burst: refused", lambda f: f"{f.watchers - f.opened:,}"),
        ("opened in one burst: all have their snapshot after", lambda f: f"{f.open_seconds:.2f} s"),
        ("memory of the server, each", lambda f: f"{f.kib_each:.1f} KiB"),
        ("a transition: watchers told", lambda f: f"{f.told[0]:,}"),
        ("a transition: commit → half are told", lambda f: f"{f.half_seconds[0]:.2f} s"),
        ("a transition: commit → **all are told**", lambda f: f"{f.told_seconds[0]:.2f} s"),
        ("÷ floor", lambda f: f"{f.told_seconds[0] / floor.told_seconds[0]:.1f}"),
        ("the worst of all rounds", lambda f: f"{max(f.told_seconds):.2f} s"),
        ("CPU for it, server", lambda f: f"{f.told_cpu_seconds[0]:.2f} s"),
        ("CPU for it, clients", lambda f: f"{f.told_client_cpu_seconds[0]:.2f} s"),
        ("idle: heartbeats in the time", lambda f: f"{f.heartbeats:,}"),
        ("idle: CPU, server", lambda f: f"{f.idle_cpu:.1%}"),
        ("idle: CPU, clients", lambda f: f"{f.idle_client_cpu:.1%}"),
        ("a stop: all have ended after", lambda f: f"{f.end_seconds:.2f} s"),
        ("a stop: how", lambda f: ", ".join(f"{count:,} {code}" for code, count in f.ended.items())),
    ]
    lines = ["| | " + " | ".join(measured) + " |", "|---|" + "---|" * len(measured)]
    lines += [f"| {name} | " + " | ".join(show(f) for f in measured.values()) + " |" for name, show in rows]
    return "\n".join(lines)
