"""Environments to export from, and what came of exports."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from commerce.imports.v1 import imports_pb2 as pb
from commerce.imports.v1 import resources_pb2
from imports_service.domain.resources import WrittenResource
from imports_service.store.database import Database
from tests.services import Service
from tests.store.builders import stored

JSON, CSV = pb.FORMAT_JSON, pb.FORMAT_CSV


async def chunks_of(
    service: Service, organization: str, resource_type: str, **asked: Any
) -> list[resources_pb2.ExportResourcesResponse]:
    request = resources_pb2.ExportResourcesRequest(
        parent=f"organizations/{organization}", resource_type=resource_type, **asked
    )
    return [chunk async for chunk in service.resources.ExportResources(request, timeout=60)]


async def exported(service: Service, organization: str, resource_type: str, **asked: Any) -> bytes:
    """The document."""
    return b"".join([each.chunk for each in await chunks_of(service, organization, resource_type, **asked)])


async def rows_of(
    service: Service, organization: str, resource_type: str, **asked: Any
) -> list[dict[str, Any]]:
    """The rows of a JSON export, each of which stands in a line of its own."""
    document = (await exported(service, organization, resource_type, **asked)).decode()
    rows: list[dict[str, Any]] = json.loads(document)
    assert len(document.split("\n")) == len(rows) + 3
    return rows


async def records_of(
    service: Service, organization: str, resource_type: str, **asked: Any
) -> list[dict[str, str]]:
    """The records of a CSV export, without their empty cells."""
    document = await exported(service, organization, resource_type, format=CSV, **asked)
    records = list(csv.DictReader(io.StringIO(document.decode(), newline="")))
    return [{name: cell for name, cell in record.items() if cell} for record in records]


async def imported(
    service: Service,
    organization: str,
    resource_type: str,
    document: bytes | Sequence[Mapping[str, Any]],
    **spec: Any,
) -> pb.Import:
    """The import of the document, ended."""
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    created = await service.imports.CreateImport(
        pb.CreateImportRequest(
            parent=f"organizations/{organization}",
            spec=pb.ImportSpec(resource_type=resource_type, **spec),
            document=content,
        )
    )
    await service.imports.WaitImport(pb.WaitImportRequest(name=created.name), timeout=60)
    return await service.imports.GetImport(pb.GetImportRequest(name=created.name))


def counts_of(ended: pb.Import) -> dict[str, int]:
    """What became of the rows, and of warnings what there is; zeros are left out."""
    counts = {
        "created": ended.created_count,
        "updated": ended.updated_count,
        "unchanged": ended.unchanged_count,
        "failed": ended.errors_count,
        "not processed": ended.not_processed_count,
        "warned": ended.warnings_count,
    }
    return {name: count for name, count in counts.items() if count}


async def seed(
    database: Database,
    organization: str,
    resource_type: str,
    resources: Mapping[str, Mapping[str, Any]],
    **fixed: Any,
) -> None:
    """Resources by id as they are stored; `_key` and `_owner` among their values are columns of their own."""
    await stored(
        database,
        [
            WrittenResource(
                resource_type,
                resource_id,
                values.get("_key"),
                values.get("_owner"),
                json.dumps(
                    {name: value for name, value in values.items() if name not in {"_key", "_owner"}}
                ).encode(),
            )
            for resource_id, values in resources.items()
        ],
        organization_id=organization,
        **fixed,
    )
