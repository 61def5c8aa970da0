"""What watching costs: from a commit to the watcher, and ten thousand watchers of one process.

    python -m benchmarks.watching --samples 300 --watchers 10000 [--only latency|broadcast] [--json FILE]

One run on one database (the PyPI wheel's PostgreSQL), each figure beside its floor. Prints tables.
"""

import argparse
import json
import secrets
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import uvloop

from benchmarks.broadcast import Figures, Size, broadcast_table, measure_floor, measure_ours
from benchmarks.changes import Changes
from benchmarks.latency import Milliseconds, latency_table, measure_latency
from benchmarks.service import running_service
from commerce.imports.v1 import imports_pb2
from imports_service.domain.names import ImportName
from imports_service.embedded.postgres import embedded_postgres
from imports_service.store.database import open_database
from imports_service.store.migrate import migrate
from imports_service.store.nudges import open_nudges

MESSAGE_BYTES = 450
"""About what an event of ours takes."""


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


@asynccontextmanager
async def opened_changes(url: str) -> AsyncIterator[Changes]:
    """Changes made by this process, as a worker's process would make them."""
    lease = timedelta(seconds=30)
    async with (
        open_database(url, connections=4, application_name="bench", lease=lease) as database,
        open_nudges(url, application_name="bench") as nudges,
    ):
        yield Changes(database, nudges)


async def measure_layout(url: str, directory: Path, changes: Changes, layout: Layout, size: Size) -> Figures:
    """A service of its own, so that memory is not what the layout before has left."""
    prefix = f"bench-{secrets.token_hex(4)}"
    names: list[ImportName] = await changes.create(
        [f"{prefix}-{number}" for number in range(layout.organizations)], layout.each
    )
    with (directory / "service.err").open("ab") as errors:
        async with running_service(url, directory / "data", stderr=errors) as service:

            async def stop() -> int:
                began = time.monotonic_ns()
                service.stop()
                return began

            return await measure_ours(
                service.target,
                service.pid,
                names,
                changes,
                stop,
                size,
                of_organizations=layout.of_organizations,
            )


async def measure(
    directory: Path, only: str | None, samples: int, size: Size, layouts: list[str]
) -> tuple[Milliseconds, dict[str, Figures]]:
    latency: Milliseconds = {}
    broadcast: dict[str, Figures] = {}
    async with embedded_postgres(directory / "pg") as postgres:
        await migrate(postgres.url)
        async with opened_changes(postgres.url) as changes:
            if only != "broadcast":
                latency = await measure_latency(postgres.url, directory, changes, samples=samples)
                print(f"\n{samples} of each, taking turns\n\n{latency_table(latency)}", flush=True)
            if only != "latency":
                broadcast["*floor*"] = await measure_floor(_message(), size)
                for name in layouts:
                    broadcast[name] = await measure_layout(
                        postgres.url, directory, changes, LAYOUTS[name], size
                    )
                print(
                    f"\n{size.watchers:,} watchers of one process, spread over\n\n{broadcast_table(broadcast)}"
                )
    return latency, broadcast


def _message() -> bytes:
    event = imports_pb2.ImportEvent(kind=imports_pb2.KIND_TRANSITION)
    event.snapshot.reference = "x" * (MESSAGE_BYTES - event.ByteSize())
    return event.SerializeToString()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--watchers", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--idle", type=float, default=30.0, help="seconds to watch idle watchers for")
    parser.add_argument("--only", choices=["latency", "broadcast"])
    parser.add_argument("--layouts", nargs="+", choices=list(LAYOUTS), default=list(LAYOUTS))
    parser.add_argument("--json", type=Path, help="a file for the figures")
    arguments = parser.parse_args()
    size = Size(watchers=arguments.watchers, rounds=arguments.rounds, idle_seconds=arguments.idle)
    with tempfile.TemporaryDirectory(prefix="imports-bench-") as directory:
        Path(directory).chmod(0o711)  # as root PostgreSQL runs as another account, which has to get in
        latency, broadcast = uvloop.run(
            measure(Path(directory), arguments.only, arguments.samples, size, arguments.layouts)
        )
    if arguments.json is not None:
        figures = {"latency_ms": latency, "broadcast": {name: f.as_json() for name, f in broadcast.items()}}
        arguments.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
