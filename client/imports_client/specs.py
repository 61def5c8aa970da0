"""What a creation asks for, from the arguments of a call to the messages of the contract."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypedDict

from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import Struct

from commerce.imports.v1.imports_pb2 import CreateImportRequest, CsvOptions, Format, ImportSpec, InlineInputs
from imports_client.errors import Place, Refused
from imports_client.refusals import field_refused

SHORTEST_INTERVAL = timedelta(milliseconds=100)
LONGEST_INTERVAL = timedelta(hours=1)


class SpecFields(TypedDict, total=False):
    """The optional fields of `ImportSpec`: see the contract."""

    format: Format.ValueType
    parent_resource_id: str
    skip_errors: bool
    reference: str
    reference_origin: str
    metadata: Struct
    csv_options: CsvOptions
    after: Sequence[str]


def creation(
    parent: str,
    resource_type: str,
    import_id: str,
    request_id: str | None,
    validate_only: bool,
    spec: SpecFields,
) -> CreateImportRequest:
    """Without a document. A `request_id` is made up if none is given, so that no try can make a second import."""
    return CreateImportRequest(
        parent=parent,
        import_id=import_id,
        request_id=request_id or new_request_id(),
        validate_only=validate_only,
        spec=ImportSpec(resource_type=resource_type, **spec),
    )


def new_request_id() -> str:
    return str(uuid.uuid4())


def interval_of(progress_interval: timedelta | None, place: Place) -> Duration | None:
    """As the service takes it. Raises `Refused` for what it refuses: it would say so only after the creation."""
    if progress_interval is None:
        return None
    if not isinstance(progress_interval, timedelta):
        raise TypeError(f"progress_interval must be a timedelta, not {progress_interval!r}")
    if not SHORTEST_INTERVAL <= progress_interval <= LONGEST_INTERVAL:
        raise Refused(field_refused("progress_interval", "must be from 100 ms to 1 h"), place)
    interval = Duration()
    interval.FromTimedelta(progress_interval)
    return interval


def inline(inputs: Iterable[Mapping[str, Any]]) -> InlineInputs:
    """Rows given as values."""
    items = []
    for each in inputs:
        items.append(Struct())
        items[-1].update(each)
    return InlineInputs(items=items)
