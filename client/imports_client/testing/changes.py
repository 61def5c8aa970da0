"""Updating, interrupting and deleting imports."""

import grpc

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.imports import FakeImport, now
from imports_client.testing.names import Name, new_uid, parse_name
from imports_client.testing.refused import Refused, invalid, not_found, precondition
from imports_client.testing.requests import check_notes
from imports_client.testing.world import World

UPDATABLE = ("reference", "reference_origin", "metadata")


def find(world: World, name: Name) -> FakeImport:
    """The import of the name. Raises `Refused` (IMPORT_NOT_FOUND)."""
    found = world.organization(name.organization).imports.get(name.import_id)
    if found is None:
        raise not_found(str(name))
    return found


def update(world: World, request: pb.UpdateImportRequest) -> pb.Import:
    """Change what is asked for; nothing is told where nothing differs. Raises `Refused`."""
    name = parse_name(request.name)
    check_notes(request)
    paths = _paths_of(request)
    found = find(world, name)
    _check_etag(found, request.etag)
    before, wanted = found.copy(), found.copy()
    for path in paths:
        if path == "metadata":
            wanted.ClearField("metadata")
            if request.metadata.fields:
                wanted.metadata.CopyFrom(request.metadata)
        else:
            setattr(wanted, path, getattr(request, path))
    if wanted != before:
        wanted.etag = new_uid()
        wanted.updated_at.CopyFrom(now())
        found.message = wanted
        world.record(pb.KIND_SNAPSHOT, name.organization, before, found)
    return found.copy()


def interrupt(world: World, request: pb.InterruptImportRequest) -> pb.Import:
    """Ask for the import's end: no further row is taken up. Raises `Refused` (IMPORT_ENDED)."""
    name = parse_name(request.name)
    found = find(world, name)
    if found.has_ended:
        raise precondition("IMPORT_ENDED", f"{name} has ended", str(name))
    is_closing = found.closing_reason is not None or not found.rows_left
    if not is_closing:
        before = found.copy()
        found.closing_reason = pb.STATUS_REASON_REQUESTED
        found.message.interrupt_requested_at.CopyFrom(now())
        world.record(pb.KIND_SNAPSHOT, name.organization, before, found)
    return found.copy()


def delete(world: World, request: pb.DeleteImportRequest) -> None:
    """Remove an import that is not in progress. Raises `Refused`."""
    name = parse_name(request.name)
    imports = world.organization(name.organization).imports
    if name.import_id not in imports and request.allow_missing:
        return
    found = find(world, name)
    _check_etag(found, request.etag)
    if found.message.status == pb.STATUS_IN_PROGRESS:
        raise precondition("IMPORT_IN_PROGRESS", f"{name} is in progress; interrupt it first", str(name))
    del imports[name.import_id]
    world.record(pb.KIND_DELETED, name.organization, found.copy(), found)


def _paths_of(request: pb.UpdateImportRequest) -> tuple[str, ...]:
    mask = tuple(request.update_mask.paths)
    if not mask:
        given = (request.reference, request.reference_origin, request.metadata.fields)
        return tuple(path for path, value in zip(UPDATABLE, given, strict=True) if value)
    if mask == ("*",):
        return UPDATABLE
    if foreign := [path for path in mask if path not in UPDATABLE]:
        raise invalid("update_mask", f"{', '.join(foreign)}: only {', '.join(UPDATABLE)} can change")
    return mask


def _check_etag(found: FakeImport, etag: str) -> None:
    if etag and etag != found.message.etag:
        name = found.message.name
        raise Refused(
            grpc.StatusCode.ABORTED,
            "ETAG_MISMATCH",
            f"{name} has changed since it was read",
            facts={"name": name, "etag": found.message.etag},
        )
