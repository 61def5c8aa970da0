"""`imports delete`: remove an import with its results and files. Asks nothing."""

from typing import Annotated

from cyclopts import Parameter

from commerce.imports.v1.imports_pb2 import DeleteImportRequest
from commerce.imports.v1.imports_pb2_grpc import ImportServiceStub
from imports_client.cli.plain import print_json
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


async def delete(
    name: Name,
    /,
    *,
    organization: Organization | None = None,
    server: Server = DEFAULT_SERVER,
    allow_missing: Annotated[bool, Parameter(negative="", help="It may be gone already.")] = False,
    json: AsJson = False,
) -> int:
    """Delete an import that is pending or has ended. What it imported stays.

    With --json: the `name` of what is gone.
    """
    request = DeleteImportRequest(name=full_name(name, organization), allow_missing=allow_missing)
    async with session(server) as imports:
        await ImportServiceStub(imports.channel).DeleteImport(request, timeout=CALL_SECONDS)
    if json:
        print_json({"name": request.name})
    else:
        print(f"{request.name} is gone")
    return 0
