"""What every command shares: how to reach the service, how options are called, how names are completed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Literal

import grpc
from cyclopts import Parameter

from commerce.imports.v1.imports_pb2 import FORMAT_CSV, FORMAT_JSON, Format
from imports_client.channel import DEFAULT_TARGET, addresses_in
from imports_client.cli.refused import CallRefused, WrongUsage
from imports_client.connection import Imports, connect
from imports_client.refusals import refusal_of

Server = Annotated[
    str, Parameter(env_var="IMPORTS_SERVER", help="Where the service listens, or several with commas.")
]
Organization = Annotated[str, Parameter(env_var="IMPORTS_ORGANIZATION", help="Whose imports.")]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="Write JSON for scripts to stdout.")]
Name = Annotated[str, Parameter(help="The import's id or its whole name.")]
RequestId = Annotated[str | None, Parameter(help="Makes the same command harmless to repeat.")]
ResourceType = Annotated[
    str, Parameter(name=["--type", "-t"], help="What the rows are: skus, prices (see `imports types`).")
]
Rows = Annotated[int, Parameter(help="Show at most so many failed rows, and changed ones of a rehearsal.")]
ToTheEnd = Annotated[bool, Parameter(help="Watch the import to its end.")]

FormatWord = Literal["json", "csv"]

DEFAULT_SERVER = DEFAULT_TARGET
FORMATS: dict[str, Format.ValueType] = {"json": FORMAT_JSON, "csv": FORMAT_CSV}


@asynccontextmanager
async def session(server: str) -> AsyncIterator[Imports]:
    """A connection whose errors become `CallRefused`. Raises `WrongUsage` for what is no address."""
    try:
        addresses_in(server)
    except ValueError as error:
        raise WrongUsage(f"--server, IMPORTS_SERVER: {error}") from None
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

    Raises `WrongUsage` when the organization is not known.
    """
    if "/" in name:
        return name
    if not organization:
        raise WrongUsage(f"whose import is {name!r}? Give --organization or the whole name")
    return f"organizations/{organization}/imports/{name}"
