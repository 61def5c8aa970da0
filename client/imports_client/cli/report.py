"""What became of an import, for people: its counts, why it ended, and the rows that failed."""

from collections.abc import Iterable, Sequence
from itertools import islice

from rich.console import Console
from rich.table import Table

from commerce.imports.v1.imports_pb2 import (
    OUTCOME_FAILED,
    SEVERITY_ERROR,
    STATUS_INTERRUPTED,
    Import,
    ImportResult,
    Outcome,
    StatusReason,
)
from imports_client.cli.console import shown
from imports_client.cli.live import counts_text, status_word
from imports_client.connection import Imports


async def failed_results(imports: Imports, found: Import, at_most: int) -> list[ImportResult]:
    """The first failed rows with their issues, in row order. Asks only when there are any."""
    failed: list[ImportResult] = []
    if not found.errors_count or at_most <= 0:
        return failed
    async for result in imports.results(found.name, outcomes=[OUTCOME_FAILED]):
        failed.append(result)
        if len(failed) >= at_most:
            break
    return failed


def exit_status(found: Import) -> int:
    """1 when rows failed or the import was interrupted."""
    return int(found.errors_count > 0 or found.status == STATUS_INTERRUPTED)


def outcome_word(outcome: Outcome.ValueType) -> str:
    """`not processed` of OUTCOME_NOT_PROCESSED; a number of a later contract stays a number."""
    known = outcome in Outcome.values()
    return Outcome.Name(outcome).removeprefix("OUTCOME_").lower().replace("_", " ") if known else str(outcome)


def headline(found: Import) -> str:
    """One line: status, why, and counts."""
    words = [status_word(found.status)]
    if found.status_reason:
        reason = StatusReason.Name(found.status_reason).removeprefix("STATUS_REASON_").lower()
        words.append(f"({reason.replace('_', ' ')})")
    line = f"{' '.join(words)}: {counts_text(found) or 'no rows yet'}"
    if found.warnings_count:
        line += f" · {found.warnings_count:,} rows with warnings (`imports errors --warnings` shows them)"
    return line


def print_failed_rows(console: Console, failed: Sequence[ImportResult], *, out_of: int) -> None:
    """A table with a line per error, and how many rows it does not show."""
    if failed:
        console.print(_table(failed))
    if len(failed) < out_of:
        console.print(f"… and {out_of - len(failed):,} more failed rows", highlight=False)


def _table(failed: Iterable[ImportResult]) -> Table:
    table = Table("row", "key", "attribute", "code", "message", box=None, header_style="dim")
    for result in failed:
        errors = [issue for issue in result.issues if issue.severity == SEVERITY_ERROR]
        for issue in islice(errors, 20):
            cells = (f"{result.row_number:,}", result.key, issue.attribute, issue.code, issue.message)
            table.add_row(*map(shown, cells))
    return table
