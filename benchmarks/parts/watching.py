"""What watching costs: from a commit to the watcher, and ten thousand watchers of one process.

Each figure stands beside its floor, on one database. Each watch is read by a client in another process.
"""

import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import NamedTuple

from benchmarks.broadcast import Figures, broadcast_table, measure_floor, measure_ours
from benchmarks.changes import Changes
from benchmarks.latency import Milliseconds, latency_table, measure_latency, percentile
from benchmarks.lines import Figure, Line, Section, ours_at_most, ratio_at_most
from benchmarks.sizes import WatchingSize
from benchmarks.stage import Place, Stage
from commerce.imports.v1 import imports_pb2
from imports_service.store.database import open_database
from imports_service.store.nudges import open_nudges

MESSAGE_BYTES = 450
"""About what an event of ours takes."""
FLOOR = "*floor*"
RAW = "raw"


class Layout(NamedTuple):
    """Over what the watchers are spread: organizations, and imports in each."""

    organizations: int
    each: int
    of_organizations: bool = False
    """By WatchImports."""


LAYOUTS = {
    "1,000 imports": Layout(1, 1_000),
    "100 organizations": Layout(100, 10),
    "one import": Layout(1, 1),
    "one organization": Layout(1, 1, of_organizations=True),
}


async def run(stage: Stage) -> Section:
    size, samples = stage.sizes.watching, stage.sizes.samples
    async with stage.place("watching") as place, opened_changes(place.database_url) as changes:
        stage.say(f"{samples} commits of each kind to one watcher")
        latency = await measure_latency(place, changes, samples=samples, warm_up=stage.sizes.warm_up_samples)
        broadcast = {FLOOR: await measure_floor(_message(), size)}
        for name in stage.sizes.layouts:
            stage.say(f"{size.watchers:,} watchers, {name}")
            broadcast[name] = await measure_layout(place, changes, LAYOUTS[name], size)
    return section(latency, broadcast, size)


def section(latency: Milliseconds, broadcast: dict[str, Figures], size: WatchingSize) -> Section:
    floor, *layouts = broadcast
    samples = len(latency[RAW])
    return Section(
        title="Watching",
        about=(
            f"One watcher, {samples} commits of each kind taking turns at 60 to 90 ms; and {size.watchers:,} watchers "
            f"of one process over {size.channels} channels, opened in one burst by one client process."
        ),
        lines=[
            *(line for kind in latency if kind != RAW for line in _latency_lines(kind, latency)),
            *(line for name in layouts for line in _broadcast_lines(name, broadcast[name], broadcast[floor])),
        ],
        details=(
            "*raw*: COMMIT on one connection, `pg_notify` on another, a listener in another process, SELECT of the row,"
            " one write on a bare grpc.aio stream, received; *ours*: the command UpdateImport. The clock starts before "
            f"COMMIT is sent.\n\n{latency_table(latency)}\n\n"
            "*floor*: a bare grpc.aio server that writes the same bytes. The change is one commit, of all the imports "
            f"watched; `one organization` is WatchImports.\n\n{broadcast_table(broadcast)}"
        ),
        samples={
            "latency_ms": latency,
            "broadcast": {name: figures.as_json() for name, figures in broadcast.items()},
        },
    )


def _latency_lines(kind: str, latency: Milliseconds) -> list[Line]:
    def figure(of: str, part: int) -> Figure:
        return Figure(percentile(latency[of], part), "ms", RAW if of == RAW else "")

    what = f"commit → watcher, the change made in {kind}"
    return [
        Line(what=f"{what}, p50", ours=figure(kind, 50), beside=figure(RAW, 50), target=ratio_at_most(3)),
        Line(what=f"{what}, p99", ours=figure(kind, 99), beside=figure(RAW, 99), target=ours_at_most(50)),
    ]


def _broadcast_lines(name: str, ours: Figures, floor: Figures) -> list[Line]:
    what = f"{ours.watchers:,} watchers, {name}"
    return [
        Line(
            what=f"{what}: all are told of a transition after",
            ours=Figure(_all_told_seconds(ours), "s"),
            beside=Figure(_all_told_seconds(floor), "s", "floor"),
            target=ours_at_most(1.5),
        ),
        Line(
            what=f"{what}: memory each",
            ours=Figure(ours.kib_each, "KiB"),
            beside=Figure(floor.kib_each, "KiB", "floor"),
            target=ours_at_most(40),
        ),
        Line(
            what=f"{what}: refused when opened in one burst",
            ours=Figure(ours.watchers - ours.opened, "watchers"),
            target=ours_at_most(0),
        ),
    ]


def _all_told_seconds(figures: Figures) -> float:
    """Never, when somebody was not."""
    return figures.told_seconds[0] if figures.told[0] == figures.watchers else float("inf")


@asynccontextmanager
async def opened_changes(url: str) -> AsyncIterator[Changes]:
    """Changes made by this process, as a worker's process would make them."""
    lease = timedelta(seconds=30)
    async with (
        open_database(url, connections=4, application_name="bench", lease=lease) as database,
        open_nudges(url, application_name="bench") as nudges,
    ):
        yield Changes(database, nudges)


async def measure_layout(place: Place, changes: Changes, layout: Layout, size: WatchingSize) -> Figures:
    """A service of its own, so that memory is not what the layout before has left."""
    prefix = f"bench-{secrets.token_hex(4)}"
    names = await changes.create(
        [f"{prefix}-{number}" for number in range(layout.organizations)], layout.each
    )
    async with place.service(is_to_be_stopped=True) as service:

        async def stop() -> int:
            began = time.monotonic_ns()
            service.stop()
            return began

        return await measure_ours(
            service.target, service.pid, names, changes, stop, size, of_organizations=layout.of_organizations
        )


def _message() -> bytes:
    event = imports_pb2.ImportEvent(kind=imports_pb2.KIND_TRANSITION)
    event.snapshot.reference = "x" * (MESSAGE_BYTES - event.ByteSize())
    return event.SerializeToString()
