"""What a creation asks for, from the arguments of a call to the messages of the contract."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from google.protobuf.struct_pb2 import Struct

from commerce.imports.v1.imports_pb2 import CreateImportRequest, CsvOptions, Format, ImportSpec, InlineInputs


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
        request_id=new_request_id() if request_id is None else request_id,
        validate_only=validate_only,
        spec=ImportSpec(resource_type=resource_type, **spec),
    )


def new_request_id() -> str:
    return str(uuid.uuid4())


def inline(inputs: Iterable[Mapping[str, Any]]) -> InlineInputs:
    """Rows given as values."""
    items = []
    for each in inputs:
        items.append(Struct())
        items[-1].update(each)
    return InlineInputs(items=items)
