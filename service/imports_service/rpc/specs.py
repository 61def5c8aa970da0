"""Requests to create an import: what is asked for, checked field by field, but for the document itself."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from google.protobuf.struct_pb2 import Struct

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.commands.creation import CreateImport, Source
from imports_service.domain.errors import FieldViolation, InvalidArgument
from imports_service.domain.imports import CsvOptions, Format, ImportSpec
from imports_service.domain.names import ImportName, is_import_id, parse_import_name, parse_parent
from imports_service.domain.registry import Registry
from imports_service.rpc.structs import plain
from imports_service.rpc.violations import Violations

FORMATS = {pb.FORMAT_UNSPECIFIED: Format.JSON, pb.FORMAT_JSON: Format.JSON, pb.FORMAT_CSV: Format.CSV}
MAX_METADATA_BYTES = 64 * 1024
MAX_STRUCT_BYTES = 8 * MAX_METADATA_BYTES  # no JSON of the allowed length makes a longer Struct
MAX_METADATA_DEPTH = 16
MAX_REQUEST_ID_CHARACTERS = 64
MAX_NULL_MARKER_CHARACTERS = 64
SHA256_BYTES = 32
MAX_AFTER = 10
_TOO_LARGE = f"takes more than {MAX_METADATA_BYTES} bytes as JSON"
# with a quote or a line break between cells no CSV could be told apart
NO_DELIMITERS = frozenset('"\r\n\0\ufeff')


def creation_of(
    request: pb.CreateImportRequest,
    registry: Registry,
    *,
    creator: str,
    trace_context: str | None = None,
    at: str = "",
) -> CreateImport:
    """What the request asks for; `at` is the path of the request within the message (`header.`).

    Raises `InvalidArgument` naming every field that is wrong (RESOURCE_TYPE_UNKNOWN where it is the type).
    """
    organization_id = parse_parent(request.parent, field=f"{at}parent")
    violations = Violations()
    _check_request(request, violations, at)
    spec = _spec_of(request.spec, organization_id, violations, f"{at}spec")
    violations.refuse()
    _check_type(request.spec, registry, f"{at}spec")
    return CreateImport(
        organization_id=organization_id,
        spec=spec,
        creator=creator,
        source=Source.INPUTS if request.WhichOneof("source") == "inputs" else Source.DOCUMENT,
        import_id=request.import_id or None,
        request_id=request.request_id or None,
        document_sha256=request.document_sha256 or None,
        trace_context=trace_context,
        validate_only=request.validate_only,
    )


def check_source(request: pb.CreateImportRequest) -> None:
    """CreateImport's own rule: rows are there, and inputs are JSON. Raises `InvalidArgument`."""
    source = request.WhichOneof("source")
    if source is None:
        raise InvalidArgument(FieldViolation("document", "give either document or inputs"))
    if source == "document":
        return
    if request.spec.format == pb.FORMAT_CSV:
        raise InvalidArgument(FieldViolation("inputs", "are always JSON; send CSV as a document"))
    if request.document_sha256:
        raise InvalidArgument(FieldViolation("document_sha256", "goes with a document only"))
    if not request.inputs.items:
        raise InvalidArgument(FieldViolation("inputs", "has no rows"), reason="DOCUMENT_EMPTY")


def check_request_id(request_id: str, violations: Violations, field: str) -> None:
    """Empty, or 1 to 64 printable ASCII characters."""
    is_well_formed = len(request_id) <= MAX_REQUEST_ID_CHARACTERS and all(" " <= c <= "~" for c in request_id)
    violations.expect(is_well_formed, field, "must be 1 to 64 printable ASCII characters")


def metadata_of(given: Struct, violations: Violations, field: str) -> dict[str, Any]:
    """What is kept with an import: bounded, and something that JSON and PostgreSQL can say."""
    if not violations.expect(given.ByteSize() <= MAX_STRUCT_BYTES, field, _TOO_LARGE):
        return {}
    metadata = plain(given)
    if not violations.expect(
        _depth_of(metadata) <= MAX_METADATA_DEPTH, field, f"is nested deeper than {MAX_METADATA_DEPTH} levels"
    ):
        return {}
    if violations.expect(all(map(_can_be_kept, _leaves_of(metadata))), field, "holds NUL, NaN or infinity"):
        violations.expect(len(msgspec.json.encode(metadata)) <= MAX_METADATA_BYTES, field, _TOO_LARGE)
    return metadata


def _check_request(request: pb.CreateImportRequest, violations: Violations, at: str) -> None:
    violations.expect(
        not request.import_id or is_import_id(request.import_id),
        f"{at}import_id",
        "must be 1 to 63 of a-z, 0-9 and `-`, with no `-` at either end",
    )
    check_request_id(request.request_id, violations, f"{at}request_id")
    violations.expect(
        len(request.document_sha256) in {0, SHA256_BYTES}, f"{at}document_sha256", "must be 32 bytes"
    )


def _spec_of(spec: pb.ImportSpec, organization_id: str, violations: Violations, at: str) -> ImportSpec:
    format_ = FORMATS.get(spec.format)
    violations.expect(format_ is not None, f"{at}.format", f"{spec.format} is no format")
    if spec.parent_resource_id:
        violations.expect_id(spec.parent_resource_id, f"{at}.parent_resource_id")
    violations.expect(not spec.cleanup_records, f"{at}.cleanup_records", "is not supported")
    violations.expect_text(spec.reference, f"{at}.reference")
    violations.expect_text(spec.reference_origin, f"{at}.reference_origin")
    return ImportSpec(
        resource_type=spec.resource_type,
        format=format_ or Format.JSON,
        parent_resource_id=spec.parent_resource_id or None,
        skip_errors=spec.skip_errors,
        reference=spec.reference or None,
        reference_origin=spec.reference_origin or None,
        metadata=metadata_of(spec.metadata, violations, f"{at}.metadata"),
        csv_options=_csv_options_of(spec, violations, f"{at}.csv_options"),
        after=_after_of(spec.after, organization_id, violations, f"{at}.after"),
    )


def _after_of(names: Sequence[str], organization_id: str, violations: Violations, at: str) -> tuple[str, ...]:
    """Names of imports of the organization, each once, at most `MAX_AFTER`."""
    if not violations.expect(len(names) <= MAX_AFTER, at, f"has more than {MAX_AFTER} names"):
        return ()
    for place, name in enumerate(names):
        named = _import_name(name)
        if violations.expect(
            named is not None, f"{at}[{place}]", "must be organizations/{organization}/imports/{import}"
        ):
            is_own = named is not None and named.organization_id == organization_id
            violations.expect(is_own, f"{at}[{place}]", "is an import of another organization")
        violations.expect(name not in names[:place], f"{at}[{place}]", "is named twice")
    return tuple(names)


def _import_name(name: str) -> ImportName | None:
    try:
        return parse_import_name(name)
    except InvalidArgument:
        return None


def _csv_options_of(spec: pb.ImportSpec, violations: Violations, at: str) -> CsvOptions:
    if not spec.HasField("csv_options"):
        return CsvOptions()
    violations.expect(spec.format == pb.FORMAT_CSV, at, "goes with FORMAT_CSV only")
    options = spec.csv_options
    delimiter = options.delimiter or ","
    violations.expect(
        len(delimiter) == 1 and delimiter not in NO_DELIMITERS,
        f"{at}.delimiter",
        "must be one character, neither a quote nor a line break",
    )
    if not options.HasField("null_marker"):
        return CsvOptions(delimiter=delimiter)
    marker = options.null_marker
    violations.expect(
        0 < len(marker) <= MAX_NULL_MARKER_CHARACTERS and "\0" not in marker,
        f"{at}.null_marker",
        "must be 1 to 64 characters",
    )
    return CsvOptions(delimiter=delimiter, null_marker=marker)


def _check_type(spec: pb.ImportSpec, registry: Registry, at: str) -> None:
    resource_type = registry.require(spec.resource_type, field=f"{at}.resource_type")
    if spec.parent_resource_id and not resource_type.parent_type:
        raise InvalidArgument(
            FieldViolation(f"{at}.parent_resource_id", f"{resource_type.name} have no parent")
        )


def _depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max((_depth_of(inner) for inner in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((_depth_of(inner) for inner in value), default=0)
    return 0


def _leaves_of(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from _leaves_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves_of(inner)
    else:
        yield value


def _can_be_kept(leaf: Any) -> bool:
    if isinstance(leaf, str):
        return "\0" not in leaf
    return not isinstance(leaf, float) or math.isfinite(leaf)
