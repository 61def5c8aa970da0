"""kill -9 of any process at any moment: `make chaos` measures it, which takes its time; here its summary is said."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.lines import Figure, Line, Section, ours_at_most
from benchmarks.stage import Stage


async def run(stage: Stage, summary: Path) -> Section:
    """`summary`: what `make chaos JSON=..` has written."""
    stage.say(f"reading {summary}")
    return section(json.loads(_read(summary)))


def section(found: Mapping[str, Any]) -> Section:
    """Of the summary: its seed and seconds, and its faults and counts by name."""
    told = {name: found[name] for name in ("seed", "seconds", "faults", "counts", "violations")}
    return Section(
        title="Chaos",
        about=(
            f"`make chaos SECONDS={found['load_seconds']:.0f} SEED={found['seed']}`: {found['seconds']:,.0f} s "
            f"with the rest at the end. Faults: {_counted(found['faults'])}. "
            f"Done and judged: {_counted(found['counts'])}. Read later, on:"
        ),
        lines=[
            Line(
                what="kill -9 of any process at any moment: something lost, twice or miscounted",
                ours=Figure(len(found["violations"]), "violations"),
                target=ours_at_most(0),
            )
        ],
        samples=told,
    )


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in counts.items())


def _read(path: Path) -> str:
    return path.read_text()
