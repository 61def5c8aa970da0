"""Follows an import that a command has just made to its end, and tells what became of it."""

import sys
from contextlib import aclosing

import grpc

from commerce.imports.v1.imports_pb2 import Import
from imports_client.cli.account import account_of
from imports_client.cli.console import open_console
from imports_client.cli.live import LiveImport
from imports_client.cli.plain import as_plain, print_json
from imports_client.cli.report import exit_status
from imports_client.connection import Imports
from imports_client.watching import PATIENCE_SECONDS


def tell_name(created: Import, *, json: bool) -> int:
    """For commands that are told not to watch: the name alone, for the next command. Returns 0."""
    if json:
        print_json(as_plain(created))
    else:
        print(created.name)
    return 0


async def follow(imports: Imports, created: Import, *, label: str, rows: int, json: bool) -> int:
    """Watch the import under a label until it has ended. Returns the exit status.

    Where that fails, its name goes to standard error before what is raised is told.
    """
    console = open_console(quiet=json)
    try:
        with LiveImport(console, label) as live:
            async with aclosing(imports.watch(created.name)) as events:
                async for event in events:
                    live.show(event)
        account = await account_of(imports, created.name, rows, patience=PATIENCE_SECONDS)
    except grpc.aio.AioRpcError:
        print(f"created, but cannot be watched: {created.name}", file=sys.stderr)
        raise
    if json:
        print_json(account.as_plain())
    else:
        account.print_headline(console)
        account.print_rows(console)
    return exit_status(account.found)
