"""What a run has done and what it has found: the one thing that all parts of a run write to, and its summary."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

LONGEST = 6_000
"""Characters of a violation that are kept."""


@dataclass
class Findings:
    """`counts`: imports, rows and watches by what became of them; `faults`: by kind."""

    began: float = field(default_factory=time.monotonic)
    faults: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """Time counts from here."""
        self.began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def violated(self, where: str, what: object) -> None:
        """A guarantee does not hold. `what` says how it shows."""
        said = f"at {self.seconds:.1f} s, {where}: {what}"
        self.violations.append(said if len(said) <= LONGEST else f"{said[:LONGEST]} ..")

    def line(self) -> str:
        """How far it is."""
        counts = self.counts
        return (
            f"{self.seconds:6.0f} s  faults {self.faults.total()}  imports {counts['imports']}  "
            f"rows {counts['rows']:,}  watches judged {counts['watches']}  violations {len(self.violations)}"
        )

    def summary(self, **facts: Any) -> dict[str, Any]:
        """For JSON: the facts given, and all that was counted."""
        return {
            **facts,
            "seconds": round(self.seconds, 1),
            "faults": dict(sorted(self.faults.items())),
            "counts": dict(sorted(self.counts.items())),
            "violations": self.violations,
        }


def text_of(summary: dict[str, Any]) -> str:
    """The summary for a reader."""
    lines = [
        f"chaos with seed {summary['seed']}: {summary['seconds']:.0f} s with the rest at the end",
        "faults",
    ]
    lines += [f"  {what:<40}{count:>8,}" for what, count in summary["faults"].items()]
    lines += ["what was done"]
    lines += [f"  {what:<40}{count:>8,}" for what, count in summary["counts"].items()]
    lines += [f"violations: {len(summary['violations'])}"]
    lines += [f"- {violation}" for violation in summary["violations"]]
    if summary["violations"]:
        lines.append(
            f"Look at {summary['directory']}: service-*.err are the logs of the processes, in the order of their "
            f"starts; database/ and store/ are as they were left. SEED={summary['seed']} draws the same load and "
            "the same faults, which may meet in another way."
        )
    return "\n".join(lines)


def first_words(error: BaseException) -> str:
    """What the first error in a group of groups says; the others follow from it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) if isinstance(error, AssertionError) else repr(error)
