"""`imports errors`: what was said of the rows of an import, counted and row by row."""

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from contextlib import aclosing
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from commerce.imports.v1.imports_pb2 import OUTCOME_FAILED, SEVERITY_ERROR, Import, ImportResult
from imports_client.cli.console import open_console, shown
from imports_client.cli.plain import as_plain, print_json
from imports_client.cli.report import headline
from imports_client.cli.session import (
    DEFAULT_SERVER,
    AsJson,
    Name,
    Organization,
    Server,
    full_name,
    session,
)
from imports_client.connection import Imports

ROWS_OF_A_TABLE = 200  # a table is as wide as its widest row, so it has to be held


async def errors(
    name: Name,
    /,
    *,
    organization: Organization | None = None,
    server: Server = DEFAULT_SERVER,
    warnings: Annotated[
        bool, Parameter(negative="", help="Rows with warnings too; looks through all rows.")
    ] = False,
    rows: Annotated[int, Parameter(help="Show at most so many rows.")] = 20,
    all: Annotated[bool, Parameter(negative="", help="Show all rows, however many.")] = False,
    json: AsJson = False,
) -> int:
    """Show what was said of an import's rows: how often, then row by row. Exit status 0 however it ended.

    With --json: a line {"import": ..} with the `issue_summary`, then lines {"result": ..}.
    """
    at_most = None if all else rows
    async with session(server) as imports:
        found = await imports.get(full_name(name, organization))
        async with aclosing(_results(imports, found, at_most, warnings=warnings)) as results:
            if json:
                print_json({"import": as_plain(found)})
                async for result in results:
                    print_json({"result": as_plain(result)})
            else:
                await _print(found, results, warnings=warnings)
    return 0


async def _results(
    imports: Imports, found: Import, at_most: int | None, *, warnings: bool
) -> AsyncGenerator[ImportResult, None]:
    """The rows to show, in row order. Asks only when there are any."""
    left = found.errors_count + found.warnings_count if warnings else found.errors_count
    if at_most is not None:
        left = min(left, at_most)
    if left <= 0:
        return
    # Rows cannot be asked for by their warnings, which any outcome may have.
    async with aclosing(
        imports.results(found.name, outcomes=[] if warnings else [OUTCOME_FAILED])
    ) as results:
        async for result in results:
            if not result.issues:
                continue
            yield result
            left -= 1
            if not left:
                return


async def _print(found: Import, results: AsyncIterable[ImportResult], *, warnings: bool) -> None:
    console = open_console()
    console.print(f"{found.name}\n{headline(found)}", markup=False, highlight=False)
    if found.issue_summary:
        console.print(_summary(found))
    if found.issue_summary_truncated:
        console.print("… and more kinds of issues", highlight=False)
    count = 0
    batch: list[ImportResult] = []
    async for result in results:
        batch.append(result)
        count += 1
        if len(batch) >= ROWS_OF_A_TABLE:
            console.print(_table(batch))
            batch = []
    if batch:
        console.print(_table(batch))
    if count < found.errors_count:
        console.print(f"… of {found.errors_count:,} failed rows (--all shows them)", highlight=False)
    if found.warnings_count and not warnings:
        console.print(
            f"rows with warnings: {found.warnings_count:,} (--warnings shows them)", highlight=False
        )


def _summary(found: Import) -> Table:
    table = Table("issues", "severity", "attribute", "code", "first rows", "message", box=None)
    table.header_style = "dim"
    for each in found.issue_summary:
        first_rows = ", ".join(f"{number:,}" for number in each.first_rows)
        cells = (f"{each.count:,}", _severity(each.severity), each.attribute, each.code, first_rows)
        table.add_row(*map(shown, (*cells, each.sample_message)))
    return table


def _table(batch: Sequence[ImportResult]) -> Table:
    table = Table("row", "key", "severity", "attribute", "code", "message", box=None, header_style="dim")
    for result in batch:
        for issue in result.issues:
            cells = (f"{result.row_number:,}", result.key, _severity(issue.severity), issue.attribute)
            table.add_row(*map(shown, (*cells, issue.code, issue.message)))
    return table


def _severity(severity: int) -> str:
    return "error" if severity == SEVERITY_ERROR else "warning"
