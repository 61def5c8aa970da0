"""`imports export`: the resources of a type as a document that `imports create` takes back."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from commerce.imports.v1.resources_pb2 import ExportResourcesRequest, ResourceKey
from commerce.imports.v1.resources_pb2_grpc import ResourceServiceStub
from imports_client.cli.receiving import check_target, receive, tell_received
from imports_client.cli.refused import WrongUsage
from imports_client.cli.session import (
    DEFAULT_SERVER,
    FORMATS,
    AsJson,
    FormatWord,
    Organization,
    ResourceType,
    Server,
    session,
)
from imports_client.cli.targets import STDOUT
from imports_client.documents import guessed_format


async def export(
    file: Annotated[
        str, Parameter(allow_leading_hyphen=True, help="Where to write; `-` is standard output.")
    ] = STDOUT,
    /,
    *,
    resource_type: ResourceType,
    organization: Organization,
    server: Server = DEFAULT_SERVER,
    format: Annotated[
        FormatWord | None, Parameter(help="Else by the file's name; JSON when that does not say.")
    ] = None,
    dry: Annotated[
        bool, Parameter(negative="", help="For another organization: no ids, references by key.")
    ] = False,
    id: Annotated[Sequence[str], Parameter(negative="", help="Only this one; may be repeated.")] = (),
    key: Annotated[
        Sequence[str],
        Parameter(negative="", help="Only name=value; may be repeated, a name again begins the next key."),
    ] = (),
    updated_since: Annotated[
        datetime | None, Parameter(help="Only what changed then or later; UTC unless it says otherwise.")
    ] = None,
    parent_resource_id: Annotated[str, Parameter(help="Only those of this parent.")] = "",
    json: AsJson = False,
) -> int:
    """Write the resources of a type to a file, which is whole or not there, or to standard output.

    With --json: `resource_type`, `rows`, `file` and `bytes` of what was written.
    """
    check_target(file, json=json)
    request = ExportResourcesRequest(
        parent=f"organizations/{organization}",
        resource_type=resource_type,
        format=FORMATS[format] if format else guessed_format(file, b"["),
        ids=id,
        keys=keys_of(key),
        dry_data=dry,
        parent_resource_id=parent_resource_id,
    )
    if updated_since is not None:
        has_offset = updated_since.tzinfo is not None
        request.updated_since.FromDatetime(updated_since if has_offset else updated_since.replace(tzinfo=UTC))
    async with session(server) as imports:
        received = await receive(ResourceServiceStub(imports.channel).ExportResources(request), file)
    tell_received(received, file, {"resource_type": resource_type, "rows": received.rows}, json=json)
    return 0


def keys_of(parts: Sequence[str]) -> list[ResourceKey]:
    """The keys that `name=value` parts make, in order. Raises `WrongUsage`."""
    keys: list[ResourceKey] = []
    for part in parts:
        name, is_pair, value = part.partition("=")
        if not is_pair:
            raise WrongUsage(f"--key takes name=value, as in --key code=TSHIRT-M, and not {part!r}")
        if not keys or name in keys[-1].values:
            keys.append(ResourceKey())
        keys[-1].values[name] = value
    return keys
