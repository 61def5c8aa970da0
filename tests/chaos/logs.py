"""What processes have logged as a fault: an exception that nobody had thought of. However often a unit may be tried,
and however well a second try goes, such a thing must not happen because a part was away or a process was killed."""

import json
from collections import Counter
from pathlib import Path

OF_OTHERS = (
    "Task exception was never retrieved",
    "Future exception was never retrieved",
    "Resetting connection with an active transaction",
)
"""What libraries say of connections that broke off."""


def faults_logged(directory: Path) -> list[str]:
    """Each kind of fault once, with how often it was logged and where first."""
    counts: Counter[str] = Counter()
    places: dict[str, str] = {}
    for log in sorted(directory.glob("service-*.err")):
        for line in log.read_text(errors="replace").splitlines():
            if (fault := _fault_in(line)) is not None:
                counts[fault] += 1
                places.setdefault(fault, log.name)
    return [f"{count} x {fault}, first in {places[fault]}" for fault, count in counts.most_common()]


def _fault_in(line: str) -> str | None:
    try:
        logged = json.loads(line)
    except json.JSONDecodeError:
        return None  # what a process says when it can't start
    if not isinstance(logged, dict) or logged.get("level") not in {"error", "critical"}:
        return None
    event = str(logged.get("event"))
    if event.startswith(OF_OTHERS):
        return None
    what = str(logged.get("exception") or "").strip().splitlines()[-1:]
    return ": ".join([event.splitlines()[0], *what])
