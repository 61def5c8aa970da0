"""What every command shares: how to reach the service, how options are called, how names are completed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import grpc
from cyclopts import Parameter

from imports_client.cli.refused import CallRefused
from imports_client.connection import DEFAULT_TARGET, Imports, connect
from imports_client.refusals import refusal_of

Server = Annotated[str, Parameter(env_var="IMPORTS_SERVER", help="Where the service listens.")]
Organization = Annotated[str, Parameter(env_var="IMPORTS_ORGANIZATION", help="Whose imports.")]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="Write JSON for scripts to stdout.")]
Rows = Annotated[int, Parameter(help="Show at most so many failed rows.")]

DEFAULT_SERVER = DEFAULT_TARGET


@asynccontextmanager
async def session(server: str) -> AsyncIterator[Imports]:
    """A connection whose errors become `CallRefused`."""
    try:
        async with connect(server) as imports:
            yield imports
    except grpc.aio.AioRpcError as error:
        refusal = refusal_of(error)
        message = refusal.message
        if refusal.code is grpc.StatusCode.UNAVAILABLE and not refusal.reason:
            message = f"nobody answers at {server}; is the service running? (--server, IMPORTS_SERVER)"
        raise CallRefused(
            refusal.code.name, refusal.reason, message, refusal.violations, refusal.facts
        ) from error


def full_name(name: str, organization: str | None) -> str:
    """`organizations/{organization}/imports/{import}` of a whole name or of its last part.

    Raises `CallRefused` when the organization is not known.
    """
    if "/" in name:
        return name
    if not organization:
        raise CallRefused(
            "USAGE", "", f"whose import is {name!r}? Give --organization or the whole name", (), {}
        )
    return f"organizations/{organization}/imports/{name}"
