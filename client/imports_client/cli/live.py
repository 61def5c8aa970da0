"""The live view of a running import: a bar on a terminal, one line per transition anywhere else.

Shows what it is told by the events of a watch and never asks the service itself.
"""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from commerce.imports.v1.imports_pb2 import (
    KIND_SNAPSHOT,
    KIND_TRANSITION,
    STATUS_COMPLETED,
    STATUS_INTERRUPTED,
    Import,
    ImportEvent,
    Status,
)
from imports_client.events import has_ended

_STYLES: dict[Status.ValueType, str] = {STATUS_COMPLETED: "green", STATUS_INTERRUPTED: "red"}
LABEL_COLUMNS = 27
COLUMNS_FOR_COUNTS = 120


def status_word(status: Status.ValueType) -> str:
    """`in_progress` of STATUS_IN_PROGRESS; a number of a later contract stays a number."""
    known = status in Status.values()
    return Status.Name(status).removeprefix("STATUS_").lower() if known else str(status)


def counts_text(found: Import) -> str:
    """`1,996 created · 4 failed`: the outcomes that there are."""
    counts = {
        "created": found.created_count,
        "updated": found.updated_count,
        "unchanged": found.unchanged_count,
        "failed": found.errors_count,
        "not processed": found.not_processed_count,
    }
    return " · ".join(f"{count:,} {outcome}" for outcome, count in counts.items() if count)


def rows_per_second(found: Import) -> float:
    """Over the whole run of an ended import; 0 when it never started or took no time."""
    ended_at = found.completed_at if found.HasField("completed_at") else found.interrupted_at
    if not found.HasField("started_at") or not ended_at.seconds:
        return 0.0
    seconds = (ended_at.ToNanoseconds() - found.started_at.ToNanoseconds()) / 1e9
    return (found.processed_count + found.errors_count) / seconds if seconds > 0 else 0.0


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.fields["speed"]
        return Text(f"{speed:>9,.0f} rows/s" if speed else " " * 16, style="cyan")


class LiveImport:
    """Shows one import under a label while it is entered. `show` every event as it comes."""

    def __init__(self, console: Console, label: str) -> None:
        self._console = console
        self._label = label
        self._status: Status.ValueType | None = None
        self._last: Import | None = None
        self._is_wide = is_wide = console.width >= COLUMNS_FOR_COUNTS
        columns: list[ProgressColumn] = [
            TextColumn("{task.description}", markup=False),
            TextColumn("[{task.fields[style]}]{task.fields[status]:<11}"),
            BarColumn(bar_width=20 if is_wide else 10),
            TextColumn("{task.percentage:>3.0f} %"),
            _Speed(),
        ]
        if is_wide:
            columns.append(TextColumn("{task.fields[counts]}", markup=False))
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._progress.add_task(
            f"{label:<{LABEL_COLUMNS}}", total=None, status="sending", style="blue", speed=0.0, counts=""
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
        if self._last is not None and self._console.is_terminal and not self._is_wide:
            self._console.print(f"  {counts_text(self._last)}", markup=False, highlight=False)

    def show(self, event: ImportEvent) -> None:
        """Heartbeats and the like change nothing."""
        if not event.HasField("snapshot"):
            return
        found = self._last = event.snapshot
        speed = rows_per_second(found) if has_ended(found.status) else event.progress.rows_per_second
        self._progress.update(
            self._task,
            total=found.inputs_size or None,
            completed=found.processed_count + found.errors_count,
            status=status_word(found.status),
            style=_STYLES.get(found.status, "blue"),
            speed=speed,
            counts=counts_text(found),
        )
        if event.kind in {KIND_SNAPSHOT, KIND_TRANSITION} and found.status != self._status:
            self._status = found.status
            self._tell(found)

    def _tell(self, found: Import) -> None:
        if self._console.is_terminal:
            return
        size = f"{found.inputs_size:,} rows"
        parts = [f"{self._label}: {status_word(found.status)}", size, counts_text(found)]
        self._console.print(", ".join(part for part in parts if part), markup=False, highlight=False)
