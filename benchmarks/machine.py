"""On what, when and of which commit was measured: without that no figure means anything."""

import os
import platform
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

CHECKOUT = Path(__file__).parent.parent
GENERATED = ("benchmarks/RESULTS.md", "benchmarks/results.json")
"""What a run writes: it changes nothing of what is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """`load`: how many processes wanted a core in the minute before, 0 on an idle machine."""

    date: str
    commit: str
    cores: int
    memory_gib: int
    python: str
    postgres: str
    load: float

    def __str__(self) -> str:
        return (
            f"{self.date}, commit {self.commit}, {self.cores} cores, {self.memory_gib} GiB, Python {self.python}, "
            f"PostgreSQL {self.postgres}, load {self.load:.1f} before"
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def circumstances(postgres: str) -> Circumstances:
    """Those of now; `postgres` is the server's version."""
    return Circumstances(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        commit=_commit(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(psutil.virtual_memory().total / 2**30),
        python=platform.python_version(),
        postgres=postgres,
        load=os.getloadavg()[0],
    )


def _commit() -> str:
    """The commit checked out, and whether there is more than that; `unknown` outside of a repository."""
    try:
        commit = _git("rev-parse", "--short=10", "HEAD")
        others = [f":(exclude){path}" for path in GENERATED]
        changes = _git("status", "--porcelain", "--", ".", *others)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit} + changes" if changes else commit


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=CHECKOUT, check=True, capture_output=True, text=True
    ).stdout.strip()
