"""What a rehearsal found out, for people: whether the real run would get through, and what it would change."""

from collections.abc import Iterable, Sequence
from contextlib import aclosing

from google.protobuf.struct_pb2 import Value
from rich.console import Console
from rich.table import Table

from commerce.imports.v1.imports_pb2 import (
    OUTCOME_CREATED,
    OUTCOME_UPDATED,
    STATUS_COMPLETED,
    Change,
    Import,
    ImportResult,
)
from imports_client.cli.console import shown
from imports_client.cli.plain import as_line, value_as_plain
from imports_client.cli.report import outcome_word
from imports_client.connection import Imports

CHANGES_OF_A_ROW = 5
VALUE_CHARACTERS = 40
NOTHING = "–"


async def changed_results(imports: Imports, found: Import, at_most: int) -> list[ImportResult]:
    """Rows that would change something, in row order: what is there already comes before what would be new."""
    changed: list[ImportResult] = []
    counts = {OUTCOME_UPDATED: found.updated_count, OUTCOME_CREATED: found.created_count}
    for outcome, count in counts.items():
        left = min(at_most - len(changed), count)
        if left <= 0:
            continue
        async with aclosing(imports.results(found.name, outcomes=[outcome])) as results:
            async for result in results:
                changed.append(result)
                left -= 1
                if left <= 0:
                    break
    return sorted(changed, key=lambda result: result.row_number)


def verdict(found: Import) -> str:
    """One line: what the counts of a rehearsal mean for the real run."""
    if found.threshold_exceeded and not found.skip_errors:
        return (
            "a rehearsal, nothing was written; the real run would be interrupted:"
            " more than 10 % of the rows fail (--skip-errors goes on)"
        )
    if found.status == STATUS_COMPLETED:
        return "a rehearsal, nothing was written; the real run would get to the last row"
    return "a rehearsal, nothing is written"


def print_changes(console: Console, changed: Sequence[ImportResult], *, out_of: int) -> None:
    """A table with a line per change, and how many rows it does not show."""
    if changed:
        console.print(_table(changed))
    if len(changed) < out_of:
        console.print(f"… and {out_of - len(changed):,} more rows that change something", highlight=False)


def _table(changed: Iterable[ImportResult]) -> Table:
    table = Table("row", "key", "outcome", "attribute", "old", "new", box=None, header_style="dim")
    for result in changed:
        row = (f"{result.row_number:,}", result.key, outcome_word(result.outcome))
        for change in result.changes[:CHANGES_OF_A_ROW] or [Change()]:
            old = _value_text(change.old_value) if change.HasField("old_value") else NOTHING
            new = _value_text(change.new_value) if change.HasField("new_value") else NOTHING
            cells = (*row, change.attribute, f"{old} →", new) if change.attribute else row
            table.add_row(*map(shown, cells))
        if len(result.changes) > CHANGES_OF_A_ROW:
            table.add_row("", "", "", f"… and {len(result.changes) - CHANGES_OF_A_ROW} more")
    return table


def _value_text(value: Value) -> str:
    """The value as JSON, so that "1" and 1 can be told apart, cut to what fits beside another."""
    text = as_line(value_as_plain(value))
    return text if len(text) <= VALUE_CHARACTERS else f"{text[: VALUE_CHARACTERS - 1]}…"
