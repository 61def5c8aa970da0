"""`imports watch`: follow one import to its end, or all imports of an organization."""

from contextlib import aclosing
from datetime import timedelta
from typing import Annotated

from cyclopts import Parameter

from imports_client.cli.account import account_of
from imports_client.cli.console import open_console
from imports_client.cli.live import LiveImport
from imports_client.cli.plain import as_plain, print_json
from imports_client.cli.refused import WrongUsage
from imports_client.cli.report import exit_status
from imports_client.cli.session import (
    DEFAULT_SERVER,
    AsJson,
    Organization,
    Rows,
    Server,
    full_name,
    session,
)
from imports_client.cli.watch_all import is_organization, tell_all
from imports_client.watching import PATIENCE_SECONDS


async def watch(
    name: Annotated[
        str, Parameter(help="The import's id or its whole name; organizations/acme: all imports of acme.")
    ],
    /,
    *,
    organization: Organization | None = None,
    server: Server = DEFAULT_SERVER,
    resume_token: Annotated[str, Parameter(help="Go on after the event that had this token.")] = "",
    progress_interval: Annotated[
        float | None, Parameter(help="Seconds between two reports, at least 0.1.")
    ] = None,
    rows: Rows = 20,
    json: AsJson = False,
) -> int:
    """Watch an import to its end. With --json: one event a line.

    Of an organization: all that happens to its imports, until Ctrl-C.
    """
    interval = None if progress_interval is None else _interval(progress_interval)
    console = open_console(quiet=json)
    if is_organization(name):
        async with session(server) as imports:
            watching = imports.watch_imports(name, resume_token=resume_token, progress_interval=interval)
            async with aclosing(watching) as events:
                await tell_all(events, console, json=json)
        return 0
    full = full_name(name, organization)
    async with session(server) as imports:
        with LiveImport(console, full.rsplit("/", 1)[-1]) as live:
            watching = imports.watch(full, resume_token=resume_token, progress_interval=interval)
            async with aclosing(watching) as events:
                async for event in events:
                    live.show(event)
                    if json:
                        print_json(as_plain(event))
        account = await account_of(imports, full, 0 if json else rows, patience=PATIENCE_SECONDS)
    if not json:
        account.print_headline(console)
        account.print_rows(console)
    return exit_status(account.found)


def _interval(seconds: float) -> timedelta:
    """Raises `WrongUsage` for what is no time."""
    try:
        return timedelta(seconds=seconds)
    except (ValueError, OverflowError) as error:
        raise WrongUsage(f"--progress-interval: {seconds:g} s is no time that can be waited") from error
