"""`imports show`: one import with all that is known of it."""

from rich.table import Table

from commerce.imports.v1.imports_pb2 import Import
from imports_client.cli.account import account_of
from imports_client.cli.console import open_console, shown
from imports_client.cli.plain import print_json
from imports_client.cli.session import (
    DEFAULT_SERVER,
    AsJson,
    Name,
    Organization,
    Rows,
    Server,
    full_name,
    session,
)

_TIMES = ("created_at", "started_at", "completed_at", "interrupted_at", "expires_at")
_TEXTS = ("reference", "parent_resource_id", "retry_of", "attachment_url", "failed_inputs_url")


async def show(
    name: Name,
    /,
    *,
    organization: Organization | None = None,
    server: Server = DEFAULT_SERVER,
    rows: Rows = 20,
    json: AsJson = False,
) -> int:
    """Show one import and its failed rows. Exit status 0 however the import ended."""
    async with session(server) as imports:
        account = await account_of(imports, full_name(name, organization), rows)
    if json:
        print_json(account.as_plain())
        return 0
    console = open_console()
    account.print_headline(console)
    console.print(_details(account.found))
    account.print_rows(console)
    return 0


def _details(found: Import) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_row("type", found.resource_type)
    table.add_row("rows", f"{found.inputs_size:,}")
    for moment, value in found.ListFields():
        if moment.name in _TIMES:
            table.add_row(moment.name.replace("_", " "), f"{value.ToDatetime():%Y-%m-%d %H:%M:%S} UTC")
    for field in _TEXTS:
        if text := getattr(found, field):
            table.add_row(field.replace("_", " "), shown(text, overflow="fold"))
    return table
