"""Requests for exports: what is asked for, checked field by field."""

from datetime import UTC, datetime

from commerce.imports.v1 import resources_pb2 as pb
from imports_service.domain.errors import FailedPrecondition
from imports_service.domain.imports import Format
from imports_service.domain.names import parse_parent
from imports_service.domain.registry import Registry
from imports_service.domain.resource_type import ResourceType
from imports_service.rpc.exports import Export
from imports_service.rpc.resource_keys import check_names
from imports_service.rpc.specs import FORMATS
from imports_service.rpc.violations import Violations


def export_of(request: pb.ExportResourcesRequest, registry: Registry) -> Export:
    """What the request asks for.

    Raises `InvalidArgument` naming every field that is wrong (RESOURCE_TYPE_UNKNOWN where it is the type), and
    `FailedPrecondition` (NOT_DRY_EXPORTABLE).
    """
    organization_id = parse_parent(request.parent)
    resource_type = registry.require(request.resource_type, field="resource_type")
    violations = Violations()
    format_ = FORMATS.get(request.format)
    violations.expect(format_ is not None, "format", f"{request.format} is no format")
    keys = check_names(request.ids, request.keys, resource_type, violations)
    since = _time_of(request, violations)
    _check_parent(request.parent_resource_id, resource_type, violations)
    violations.refuse()
    if request.dry_data and not resource_type.dry_exportable:
        raise FailedPrecondition(
            f"{resource_type.name} travel inside their owners: export those with dry_data",
            reason="NOT_DRY_EXPORTABLE",
            resource_type=resource_type.name,
        )
    return Export(
        organization_id=organization_id,
        resource_type=resource_type,
        types=registry.types,
        format=format_ or Format.JSON,
        ids=tuple(request.ids),
        keys=tuple(keys),
        updated_since=since,
        parent_id=request.parent_resource_id or None,
        dry=request.dry_data,
    )


def _check_parent(parent_id: str, resource_type: ResourceType, violations: Violations) -> None:
    if parent_id:
        violations.expect_id(parent_id, "parent_resource_id")
        violations.expect(
            bool(resource_type.parent_type), "parent_resource_id", f"{resource_type.name} have no parent"
        )


def _time_of(request: pb.ExportResourcesRequest, violations: Violations) -> datetime | None:
    if not request.HasField("updated_since"):
        return None
    try:
        return request.updated_since.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        violations.expect(False, "updated_since", "is no moment between the years 1 and 9999")
        return None
