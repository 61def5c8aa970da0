"""`imports interrupt`: end an import where it stands."""

from commerce.imports.v1.imports_pb2 import InterruptImportRequest
from commerce.imports.v1.imports_pb2_grpc import ImportServiceStub
from imports_client.cli.console import open_console
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
from imports_client.tries import CALL_SECONDS


async def interrupt(
    name: Name,
    /,
    *,
    organization: Organization | None = None,
    server: Server = DEFAULT_SERVER,
    json: AsJson = False,
) -> int:
    """Ask that an import end where it stands. Rows written before stay; `imports watch` tells the end."""
    request = InterruptImportRequest(name=full_name(name, organization))
    async with session(server) as imports:
        stub = ImportServiceStub(imports.channel)
        found = await stub.InterruptImport(request, timeout=CALL_SECONDS)
    if json:
        print_json(as_plain(found))
    else:
        open_console().print(f"{found.name}\ninterrupt requested while {headline(found)}", highlight=False)
    return 0
