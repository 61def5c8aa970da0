"""Documents and wishes for them, valid unless a test says otherwise."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping

import pytest

from imports_service.commands.creation import CreateImport
from imports_service.domain.imports import ImportSpec

ORGANIZATION = "acme"


def sku_rows(count: int) -> list[dict[str, str | bool]]:
    return [
        {"code": f"SKU-{number:04}", "name": f"Shirt {number}", "do_not_ship": True}
        for number in range(1, count + 1)
    ]


def address_rows(count: int) -> list[dict[str, str]]:
    return [
        {
            "line_1": f"Via Roma {number}",
            "city": "Prato",
            "country_code": "IT",
            "state_code": "PO",
            "phone": "+39 0574 000",
            "first_name": "Ada",
            "last_name": "Marin",
        }
        for number in range(1, count + 1)
    ]


def json_lines(rows: Iterable[Mapping[str, str | bool]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def skus(count: int) -> bytes:
    return json_lines(sku_rows(count))


async def chunked(document: bytes, size: int = 100) -> AsyncIterator[bytes]:
    for start in range(0, len(document), size):
        yield document[start : start + size]


async def never_read() -> AsyncIterator[bytes]:
    yield pytest.fail("the document is read although it is not needed")


def wish(
    *,
    resource_type: str = "skus",
    import_id: str | None = None,
    request_id: str | None = None,
    document_sha256: bytes | None = None,
    reference: str | None = None,
    organization_id: str = ORGANIZATION,
) -> CreateImport:
    return CreateImport(
        organization_id=organization_id,
        spec=ImportSpec(resource_type=resource_type, reference=reference),
        creator="insecure",
        import_id=import_id,
        request_id=request_id,
        document_sha256=document_sha256,
    )
