"""`imports download`: a file of an ended import, through the service and as it is stored."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from commerce.imports.v1.imports_pb2 import (
    FORMAT_CSV,
    IMPORT_FILE_ATTACHMENT,
    IMPORT_FILE_FAILED_INPUTS,
    DownloadImportFileRequest,
    Import,
)
from commerce.imports.v1.imports_pb2_grpc import ImportServiceStub
from imports_client.cli.receiving import check_target, receive, tell_received
from imports_client.cli.refused import WrongUsage
from imports_client.cli.session import (
    DEFAULT_SERVER,
    AsJson,
    Name,
    Organization,
    Server,
    full_name,
    session,
)
from imports_client.cli.targets import STDOUT


async def download(
    name: Name,
    /,
    *,
    organization: Organization | None = None,
    server: Server = DEFAULT_SERVER,
    failed: Annotated[
        bool, Parameter(negative="", help="The failed and not processed rows, to be mended.")
    ] = False,
    output: Annotated[
        str | None,
        Parameter(
            name=["--output", "-o"],
            allow_leading_hyphen=True,
            help="Where to write, `-` is standard output. Else a new file named like the import.",
        ),
    ] = None,
    json: AsJson = False,
) -> int:
    """Fetch the imported data (gzip) or the failed rows. Nothing is unpacked.

    With --json: `name`, `file` and `bytes` of what was written.
    """
    if output is not None:
        check_target(output, json=json)
    if output == STDOUT and not failed and sys.stdout.isatty():
        raise WrongUsage("the imported data is gzip, which is nothing for a terminal; give a file or a pipe")
    full = full_name(name, organization)
    request = DownloadImportFileRequest(
        name=full, file=IMPORT_FILE_FAILED_INPUTS if failed else IMPORT_FILE_ATTACHMENT
    )
    async with session(server) as imports:
        file = output if output is not None else _new_file(await imports.get(full), failed=failed)
        received = await receive(ImportServiceStub(imports.channel).DownloadImportFile(request), file)
    tell_received(received, file, {"name": full}, json=json)
    return 0


def _new_file(found: Import, *, failed: bool) -> str:
    """A name for the file. Raises `WrongUsage` when it is taken: rows may be being mended there."""
    extension = "csv" if found.format == FORMAT_CSV else "json"
    ending = f"-failed.{extension}" if failed else f".{extension}.gz"
    file = Path(found.name.rsplit("/", 1)[-1] + ending)
    if file.exists():
        raise WrongUsage(f"{file} is there already; say with --output what to write or replace")
    return str(file)
