"""kill -9 of any process at any moment: measured by `make chaos`, which takes its time; said here from its summary."""

import json
from pathlib import Path
from typing import Any, cast

from benchmarks.lines import Figure, Line, Section, ours_at_most
from benchmarks.stage import Stage


async def run(stage: Stage, summary: Path) -> Section:
    """`summary`: the JSON that `make chaos` has written last; its `violations` are a list or a number."""
    stage.say(f"reading {summary}")
    found = _read(summary)
    violations = found["violations"]
    count = len(violations) if isinstance(violations, list) else int(violations)
    facts = ", ".join(f"{name} {_said(value)}" for name, value in found.items() if name != "violations")
    return Section(
        title="Chaos",
        about=f"The last `make chaos`: {facts}.",
        lines=[
            Line(
                what="kill -9 of any process at any moment: something lost, twice or miscounted",
                ours=Figure(count, "violations"),
                target=ours_at_most(0),
            )
        ],
        samples=found,
    )


def _read(summary: Path) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(summary.read_text()))


def _said(value: object) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{name} {_said(each)}" for name, each in value.items()) + ")"
    return f"{value:,}" if isinstance(value, int | float) else str(value)
