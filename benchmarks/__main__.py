"""Measures the service beside floors and peers, in one run on one PostgreSQL: what `make bench` runs.

    python -m benchmarks [--only PART ..] [--rows 100000] [--pairs 5] [--watchers 10000] [--beside ../before]

Prints each part's table when it has it. A run of the full size also writes RESULTS.md, where the parts that were not
run keep their tables, and results.json beside it. Exit status: 1 when a part failed; a target that is missed is said.
"""

import argparse
import asyncio
import dataclasses
import sys
import tempfile
import traceback
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

from benchmarks import report
from benchmarks.lines import Section
from benchmarks.machine import circumstances
from benchmarks.parts import (
    chaos,
    fairness,
    memory,
    peers,
    responsiveness,
    scale,
    throughput,
    watching,
    workers,
)
from benchmarks.sizes import QUICK, Sizes
from benchmarks.stage import Stage, running_stage

HERE = Path(__file__).parent
RESULTS, JSON = HERE / "RESULTS.md", HERE / "results.json"
Part = Callable[[Stage], Awaitable[Section]]

PARTS: Mapping[str, Part] = {
    "throughput": throughput.run,
    "scale": scale.run,
    "peers": peers.run,
    "workers": workers.run,
    "fairness": fairness.run,
    "responsiveness": responsiveness.run,
    "watching": watching.run,
    "memory": memory.run,
}
"""In the order in which they are run; `chaos` comes last, from its file."""


async def measure(arguments: argparse.Namespace, sizes: Sizes, directory: Path) -> int:
    """Run the parts wanted, each written down as soon as it has its figures; the exit status."""
    sections: dict[str, Section] = {}
    failed: list[str] = []
    async with running_stage(directory, sizes, partial(print, flush=True)) as stage:
        measured = circumstances(await stage.postgres_version())
        stage.say(str(measured))
        for name, part in _wanted(arguments).items():
            stage.say(f"== {name}")
            try:
                section = sections[name] = await part(stage)
            except Exception:
                traceback.print_exc()
                failed.append(name)
                continue
            block = report.block(section, measured)
            print(f"\n{block}\n", flush=True)
            figures = {name: report.part_json(section, measured)}
            if sizes.is_full:
                report.write_results(RESULTS, {name: block})
                report.write_json(JSON, figures)
            if arguments.json is not None:
                report.write_json(arguments.json, figures)
    print(report.summary(sections))
    if arguments.chaos is None and not arguments.only:
        print("chaos: not measured here; `make chaos JSON=file`, then `make bench ONLY=chaos CHAOS=file`")
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def _wanted(arguments: argparse.Namespace) -> dict[str, Part]:
    parts: dict[str, Part] = {**PARTS, "throughput": partial(throughput.run, beside=arguments.beside)}
    if arguments.chaos is not None:
        parts["chaos"] = partial(chaos.run, summary=arguments.chaos)
    return {name: part for name, part in parts.items() if not arguments.only or name in arguments.only}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=[*PARTS, "chaos"], metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="small sizes, to see whether it works")
    parser.add_argument("--rows", type=int, help="of an import, instead of 100,000")
    parser.add_argument("--pairs", type=int, help="rounds that count, instead of 5")
    parser.add_argument("--watchers", type=int, help="instead of 10,000")
    parser.add_argument("--beside", type=_path, help="another checkout whose service takes its turn")
    parser.add_argument("--chaos", type=_path, help="the summary that `make chaos` has written")
    parser.add_argument("--json", type=_path, help="another file for the figures, whatever the size")
    return parser.parse_args()


def _path(path: str) -> Path:
    return Path(path).resolve()


def _sizes(arguments: argparse.Namespace) -> Sizes:
    sizes = QUICK if arguments.quick else Sizes()
    if arguments.rows:
        sizes = dataclasses.replace(sizes, rows=arguments.rows)
    if arguments.pairs:
        sizes = dataclasses.replace(sizes, pairs=arguments.pairs)
    if arguments.watchers:
        watching = dataclasses.replace(sizes.watching, watchers=arguments.watchers)
        sizes = dataclasses.replace(sizes, watching=watching)
    return sizes


def main() -> None:
    arguments = _arguments()
    if arguments.only and "chaos" in arguments.only and arguments.chaos is None:
        print("`make chaos` measures this; give its summary: make bench ONLY=chaos CHAOS=file")
        sys.exit(2)
    with tempfile.TemporaryDirectory(prefix="imports-bench-") as directory:
        Path(directory).chmod(0o711)  # as root PostgreSQL runs as another account, which has to get in
        status = asyncio.run(measure(arguments, _sizes(arguments), Path(directory)))
    sys.exit(status)


if __name__ == "__main__":
    main()
