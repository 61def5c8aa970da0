"""Creating imports, from a document or as a retry; a known request id is answered with what it made."""

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.documents import Row, rows_of
from imports_client.testing.imports import FakeImport, now
from imports_client.testing.names import Name, new_uid, parse_name, parse_parent
from imports_client.testing.refused import Refused, already_exists, invalid, not_found, precondition
from imports_client.testing.requests import check_creation, check_request_id, outcomes_of
from imports_client.testing.world import Organization, Request, World

RETRYABLE = frozenset({pb.OUTCOME_FAILED, pb.OUTCOME_NOT_PROCESSED})
MAX_CHUNK_BYTES = 1024 * 1024


def create(world: World, request: pb.CreateImportRequest, document: bytes, at: str = "") -> pb.Import:
    """Create an import of the document, or answer with that of the same request id. Raises `Refused`."""
    organization_id = parse_parent(request.parent, f"{at}parent")
    check_creation(request, organization_id, at)
    sha256 = hashlib.sha256(document).digest()
    if request.document_sha256 and request.document_sha256 != sha256:
        raise invalid("document_sha256", "is not that of the document", reason="DOCUMENT_CHECKSUM")
    organization = world.organization(organization_id)
    content = _content(request, sha256)
    if earlier := organization.requests.get(request.request_id):
        return answer_repeat(organization, earlier, content)
    if request.import_id in organization.imports:
        name = str(Name(organization_id, request.import_id))
        raise already_exists("IMPORT_ID_TAKEN", f"{name} exists already", name=name)
    _check_quota(world, organization_id, organization)
    after = [_uid_of(organization, name) for name in request.spec.after]
    rows = rows_of(document, request.spec)
    message = _message_of(request.spec)
    message.validate_only = request.validate_only
    created = _add(world, organization_id, request.import_id, message, rows, after)
    _remember(organization, request.request_id, content, created)
    return created.copy()


def document_of(request: pb.CreateImportRequest) -> bytes:
    """The document of a CreateImport; of inputs, JSON Lines with sorted names. Raises `Refused`."""
    source = request.WhichOneof("source")
    if source is None:
        raise invalid("document", "give either document or inputs")
    if source == "document":
        return request.document
    if request.spec.format == pb.FORMAT_CSV:
        raise invalid("inputs", "are always JSON; send CSV as a document")
    if not request.inputs.items:
        raise invalid("inputs", "has no rows", reason="DOCUMENT_EMPTY")
    lines = (json.dumps(_plain(MessageToDict(item)), sort_keys=True) for item in request.inputs.items)
    return "".join(f"{line}\n" for line in lines).encode()


async def read_upload(
    requests: AsyncIterator[pb.UploadImportRequest],
) -> tuple[pb.CreateImportRequest, bytes]:
    """The header of an upload and its document. Raises `Refused` (UPLOAD_PROTOCOL)."""
    first = await anext(requests, None)
    if first is None or first.WhichOneof("part") != "header":
        raise _broken_protocol("header", "must be the first message")
    if source := first.header.WhichOneof("source"):
        raise _broken_protocol(f"header.{source}", "has no place in an upload; send chunks")
    chunks = []
    async for each in requests:
        if each.WhichOneof("part") != "chunk":
            raise _broken_protocol("header", "comes once; what follows it are chunks")
        if len(each.chunk) > MAX_CHUNK_BYTES:
            raise _broken_protocol("chunk", f"has more than {MAX_CHUNK_BYTES} bytes")
        chunks.append(each.chunk)
    return first.header, b"".join(chunks)


def retry(world: World, request: pb.RetryImportRequest) -> pb.Import:
    """Create an import of the failed and not processed rows of one that has ended. Raises `Refused`."""
    name = parse_name(request.name)
    outcomes = outcomes_of(request)
    if not outcomes <= RETRYABLE:
        raise invalid("outcomes", "can only be failed or not processed")
    check_request_id(request.request_id)
    organization = world.organization(name.organization)
    retried = organization.imports.get(name.import_id)
    wanted = outcomes or RETRYABLE
    content = _hash("retry", str(name), sorted(wanted))
    if earlier := organization.requests.get(request.request_id):
        if retried is not None and retried.message.uid != earlier.source_uid:
            raise _reused(earlier, content, "retried an earlier import of this name")
        return answer_repeat(organization, earlier, content)
    if retried is None:
        raise not_found(str(name))
    _check_quota(world, name.organization, organization)
    message = _message_of_retry(retried.message)
    created = _add(world, name.organization, "", message, _rows_to_retry(retried, wanted))
    _remember(organization, request.request_id, content, created, source_uid=retried.message.uid)
    return created.copy()


def answer_repeat(organization: Organization, earlier: Request, content: str) -> pb.Import:
    """The import that the request id made, as it is now. Raises `Refused` (REQUEST_ID_REUSED)."""
    if content != earlier.content:
        raise _reused(earlier, content, "made another import")
    found = organization.by_uid(earlier.uid)
    if found is None:
        raise _reused(earlier, content, "made an import that has been deleted")
    return found.copy()


def _rows_to_retry(retried: FakeImport, wanted: frozenset[int]) -> list[Row]:
    name = retried.message.name
    if retried.message.validate_only:
        raise precondition("VALIDATE_ONLY_IMPORT", f"{name} only rehearsed", name)
    if not retried.has_ended:
        raise precondition("IMPORT_NOT_ENDED", f"{name} has not ended", name)
    pairs = zip(retried.rows, retried.results, strict=True)
    rows = [row for row, result in pairs if result.outcome in wanted]
    if not rows:
        raise precondition("NOTHING_TO_RETRY", f"{name} has no such rows", name)
    return rows


def _uid_of(organization: Organization, name: str) -> str:
    found = organization.imports.get(parse_name(name).import_id)
    if found is None:
        raise not_found(name)
    return found.message.uid


def _add(
    world: World,
    organization_id: str,
    import_id: str,
    message: pb.Import,
    rows: list[Row],
    after: Sequence[str] = (),
) -> FakeImport:
    message.uid = new_uid()
    message.name = str(Name(organization_id, import_id or message.uid))
    message.etag = new_uid()
    message.status = pb.STATUS_PENDING
    message.inputs_size = len(rows)
    message.creator = "insecure"
    message.created_at.CopyFrom(now())
    message.updated_at.CopyFrom(message.created_at)
    planned = [Row(row.number, row.values, world.faults.get(row.number, row.fault)) for row in rows]
    created = FakeImport(message, planned, after)
    world.organization(organization_id).imports[import_id or message.uid] = created
    world.record(pb.KIND_TRANSITION, organization_id, None, created)
    return created


def _message_of(spec: pb.ImportSpec) -> pb.Import:
    """What an import repeats of its spec, defaults filled in."""
    message = pb.Import(
        resource_type=spec.resource_type,
        format=spec.format or pb.FORMAT_JSON,
        parent_resource_id=spec.parent_resource_id,
        skip_errors=spec.skip_errors,
        reference=spec.reference,
        reference_origin=spec.reference_origin,
        after=spec.after,
    )
    if spec.metadata.fields:
        message.metadata.CopyFrom(spec.metadata)
    if spec.format == pb.FORMAT_CSV:
        message.csv_options.CopyFrom(spec.csv_options)
        message.csv_options.delimiter = spec.csv_options.delimiter or ","
    return message


def _message_of_retry(retried: pb.Import) -> pb.Import:
    message = pb.Import(
        resource_type=retried.resource_type,
        format=retried.format,
        parent_resource_id=retried.parent_resource_id,
        skip_errors=True,
        reference=retried.reference,
        reference_origin=retried.reference_origin,
        retry_of=retried.name,
    )
    if retried.HasField("metadata"):
        message.metadata.CopyFrom(retried.metadata)
    if retried.HasField("csv_options"):
        message.csv_options.CopyFrom(retried.csv_options)
    return message


def _check_quota(world: World, organization_id: str, organization: Organization) -> None:
    if len(organization.pending()) >= world.max_pending_imports:
        raise Refused(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "PENDING_IMPORTS_LIMIT",
            f"{world.max_pending_imports} imports are pending",
            subject=f"organizations/{organization_id}",
            retry_seconds=1.0,
        )


def _content(request: pb.CreateImportRequest, document_sha256: bytes) -> str:
    message = _message_of(request.spec)
    message.after.sort()  # in whatever order
    spec = MessageToDict(message)
    return _hash("create", request.import_id, request.validate_only, spec, document_sha256.hex())


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _remember(
    organization: Organization, request_id: str, content: str, created: FakeImport, source_uid: str = ""
) -> None:
    if request_id:
        made = created.message
        organization.requests[request_id] = Request(content, made.name, made.uid, source_uid)


def _reused(earlier: Request, content: str, what: str) -> Refused:
    return already_exists(
        "REQUEST_ID_REUSED",
        f"this request id {what}: {earlier.name}",
        name=earlier.name,
        first_content_sha256=earlier.content,
        content_sha256=content,
    )


def _broken_protocol(field: str, description: str) -> Refused:
    return invalid(field, description, reason="UPLOAD_PROTOCOL")


def _plain(value: Any) -> Any:
    """Whole numbers of a Struct are integers."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
