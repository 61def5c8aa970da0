"""Requests: for imports whose segments may run in parallel, or must not; some of their rows fail."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Struct

from commerce.imports.v1 import imports_pb2 as pb
from tests.watch_properties.steps import Create


def creation_of(step: Create, name: str) -> pb.CreateImportRequest:
    """The request for an import of that name."""
    parent, _, import_id = name.rpartition("/imports/")
    metadata = Struct()
    if step.is_wide:
        metadata.update({"note": "wide " * 4_000})
    spec = pb.ImportSpec(
        resource_type=step.kind, skip_errors=step.skip_errors, reference=step.reference, metadata=metadata
    )
    return pb.CreateImportRequest(
        parent=parent,
        import_id=import_id,
        spec=spec,
        document=b"".join(json.dumps(row).encode() + b"\n" for row in _rows(step)),
        validate_only=step.rehearsal,
        request_id=uuid4().hex,
    )


def update_of(name: str, reference: str) -> pb.UpdateImportRequest:
    """The request for another reference; an empty one takes it away."""
    return pb.UpdateImportRequest(name=name, reference=reference, update_mask=FieldMask(paths=["reference"]))


def _rows(step: Create) -> Iterator[dict[str, Any]]:
    for number in range(step.rows):
        is_bad = number % 100 < step.bad
        if step.kind == "skus":
            # a key in several segments keeps them in order
            code = f"{step.kind}-{number % 7 if step.in_order else number}"
            row: dict[str, Any] = {"code": code, "name": f"Shirt {number}", "do_not_ship": not is_bad}
        else:
            row = {"first_name": "Ida", "last_name": f"Number {number}", "line_1": f"{number} Harbour Road"}
            row |= {"city": "Bergen", "country_code": "NO", "phone": "+47 55 000000"}
            if step.in_order:
                row["id"] = f"{step.kind}-{number % 7}"
        if is_bad:
            row["name" if step.kind == "skus" else "city"] = 5
        yield row
