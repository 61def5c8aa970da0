"""`imports list`: the imports of an organization."""

from collections.abc import Sequence
from contextlib import aclosing
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.table import Table

from commerce.imports.v1.imports_pb2 import Import, ImportFilter, Status
from imports_client.cli.console import open_console, shown
from imports_client.cli.live import counts_text, status_word
from imports_client.cli.plain import as_plain, print_json
from imports_client.cli.session import DEFAULT_SERVER, AsJson, Organization, Server, session

_COLUMNS = ("import", "type", "status", "rows", "outcomes", "created (UTC)", "reference")
StatusWord = Literal["pending", "in_progress", "completed", "interrupted"]


async def list_imports(
    *,
    organization: Organization,
    server: Server = DEFAULT_SERVER,
    status: Annotated[Sequence[StatusWord], Parameter(negative="", help="Only these; may be repeated.")] = (),
    resource_type: Annotated[
        Sequence[str], Parameter(name=["--type", "-t"], negative="", help="Only these; may be repeated.")
    ] = (),
    reference: Annotated[str, Parameter(help="Only those of this reference.")] = "",
    limit: Annotated[int, Parameter(help="At most so many.")] = 50,
    json: AsJson = False,
) -> int:
    """List imports, newest first. With --json: one import a line."""
    wanted = ImportFilter(
        statuses=[Status.Value(f"STATUS_{word.upper()}") for word in status],
        resource_types=resource_type,
        reference=reference,
    )
    found: list[Import] = []
    async with (
        session(server) as imports,
        aclosing(imports.list(f"organizations/{organization}", filter=wanted)) as listed,
    ):
        async for each in listed:
            if len(found) >= limit:
                break
            found.append(each)
    if json:
        for each in found:
            print_json(as_plain(each))
    else:
        open_console().print(_table(found))
    return 0


def _table(found: Sequence[Import]) -> Table:
    table = Table(*_COLUMNS, box=None, header_style="dim")
    for each in found:
        cells = (
            each.name.rsplit("/", 1)[-1],
            each.resource_type,
            status_word(each.status),
            f"{each.inputs_size:,}",
            counts_text(each),
            f"{each.created_at.ToDatetime():%Y-%m-%d %H:%M:%S}",
            each.reference,
        )
        table.add_row(*map(shown, cells))
    return table
