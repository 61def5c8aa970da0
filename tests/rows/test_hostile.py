"""Wrong rows and wrong documents end as issues and refusals: never as a crash, a hang or half of a row."""

import json
import math
from collections.abc import AsyncIterator, Iterable
from typing import Any

import grpc
import pytest
import pytest_asyncio

from commerce.imports.v1 import imports_pb2 as pb
from commerce.imports.v1 import resources_pb2
from imports_service.rpc.structs import struct_of
from tests.rows.hostile import (
    FORMS,
    MIB,
    Document,
    Row,
    made_documents,
    made_rows,
    nested,
    read_documents,
    read_rows,
)
from tests.rows.shop import Shop, array_of, difference, verdict_of
from tests.rpc.refusals import refusal_of, upload

ROWS = [*read_rows(), *made_rows()]
DOCUMENTS = [*read_documents(), *made_documents()]
TYPES = list(dict.fromkeys(row.type for row in ROWS))
CHUNK = 512 * 1024

# What only an inline source can say; JSON has no words for these numbers.
INLINE: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    (
        "numbers that are none",
        {"code": "MUG", "weight": math.nan, "pieces_per_pack": math.inf, "metadata": {"a": [-math.inf]}},
        ("invalid weight", "invalid pieces_per_pack", "invalid metadata"),
    ),
    ("NaN where a text belongs", {"code": "MUG", "name": math.nan}, ("wrong_type name",)),
    (
        "the largest double",
        {"code": "MUG", "pieces_per_pack": 1.7976931348623157e308},
        ("out_of_range pieces_per_pack",),
    ),
    ("a row without anything", {}, ("required code", "required name", "required shipping_category_id")),
]


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def the_service_still_answers(shop: Shop) -> AsyncIterator[None]:
    yield
    request = resources_pb2.GetResourceRequest(parent=shop.parent, resource_type="skus", id="sku-backpack")
    assert (await shop.service.resources.GetResource(request, timeout=5)).id == "sku-backpack"


def rows_of(name: str, form: str, *, taken: bool) -> list[Row]:
    """The rows of a type that can be sent in a form, objects first: the first line must be one."""
    rows = [row for row in ROWS if row.type == name and row.can_be(form) and row.verdict.taken is taken]
    return sorted(rows, key=lambda row: not row.is_object)


def source_of(rows: list[Row], form: str) -> dict[str, Any]:
    """The source of an import of the rows."""
    if form == "inline":
        return {"inputs": pb.InlineInputs(items=[struct_of(json.loads(row.json)) for row in rows])}
    lines = [row.line for row in rows]
    return {"document": array_of(lines) if form == "array" else "\n".join(lines).encode()}


async def differences_of(shop: Shop, name: str, form: str, rows: list[Row]) -> list[str]:
    done = await shop.imported(pb.ImportSpec(resource_type=name), **source_of(rows, form))
    results = await shop.results(done)
    said: list[str] = []
    for row, result in zip(rows, results, strict=True):
        said += difference(row.why, row.verdict, result)
    return said


def refused_groups() -> list[Any]:
    return [(form, name) for form in FORMS for name in TYPES if rows_of(name, form, taken=False)]


def taken_groups() -> list[Any]:
    return [(form, name) for form in FORMS for name in TYPES if rows_of(name, form, taken=True)]


@pytest.mark.parametrize(("form", "name"), refused_groups())
async def test_wrong_rows_fail_each_for_its_reason_and_write_nothing(
    shop: Shop, form: str, name: str
) -> None:
    before = await shop.resources()

    differences = await differences_of(shop, name, form, rows_of(name, form, taken=False))

    assert not differences, "\n".join(differences)
    assert await shop.resources() == before


@pytest.mark.parametrize(("form", "name"), taken_groups())
async def test_odd_rows_are_taken_with_a_warning_at_most(shop: Shop, form: str, name: str) -> None:
    differences = await differences_of(shop, name, form, rows_of(name, form, taken=True))

    assert not differences, "\n".join(differences)


async def test_what_only_inline_inputs_can_say(shop: Shop) -> None:
    before = await shop.resources()
    inputs = pb.InlineInputs(items=[struct_of(values) for _, values, _ in INLINE])

    results = await shop.results(await shop.imported(pb.ImportSpec(resource_type="skus"), inputs=inputs))

    differences: list[str] = []
    for (why, _, issues), result in zip(INLINE, results, strict=True):
        differences += difference(why, verdict_of(issues), result)
    assert not differences, "\n".join(differences)
    assert await shop.resources() == before


async def test_inline_inputs_of_more_levels_than_a_message_can_have_are_refused(shop: Shop) -> None:
    before = await count_imports(shop)
    row = struct_of({"code": "MUG", "metadata": nested(45)}).SerializeToString()
    inputs = field(pb.InlineInputs.ITEMS_FIELD_NUMBER, row)
    spec = pb.ImportSpec(resource_type="skus").SerializeToString()
    message = (
        field(pb.CreateImportRequest.PARENT_FIELD_NUMBER, shop.parent.encode())
        + field(pb.CreateImportRequest.SPEC_FIELD_NUMBER, spec)
        + field(pb.CreateImportRequest.INPUTS_FIELD_NUMBER, inputs)
    )
    path = "/commerce.imports.v1.ImportService/CreateImport"
    create: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = shop.service.client.channel.unary_unary(path)

    refusal = await refusal_of(create(message))

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")
    assert await count_imports(shop) == before


def field(number: int, content: bytes) -> bytes:
    """A field of a message on the wire, which says its length in groups of seven bits."""
    length = len(content)
    groups = []
    while length >= 128:
        groups.append(length % 128 + 128)
        length //= 128
    return bytes([number << 3 | 2, *groups, length]) + content


async def sent(shop: Shop, document: Document) -> pb.Import:
    """The document by one call, or as an upload where it is too large for one."""
    header = pb.CreateImportRequest(parent=shop.parent, spec=document.spec)
    if document.inline:
        header.inputs.items.append(struct_of(json.loads(document.body)))
    elif len(document.body) < 2 * MIB:
        header.document = document.body
    else:
        places = range(0, len(document.body), CHUNK)
        chunks = [document.body[place : place + CHUNK] for place in places]
        return await shop.service.imports.UploadImport(upload(header, *chunks), timeout=30)
    return await shop.service.imports.CreateImport(header, timeout=30)


async def count_imports(shop: Shop) -> int:
    listed = await shop.service.imports.ListImports(pb.ListImportsRequest(parent=shop.parent, page_size=1))
    return listed.total_size


def titles(documents: list[Document]) -> list[Any]:
    return [
        pytest.param(document, id=f"{pb.Format.Name(document.format)[7:].lower()}: {document.why}")
        for document in documents
    ]


@pytest.mark.parametrize("document", titles([d for d in DOCUMENTS if d.refused]))
async def test_a_document_that_is_none_is_refused_and_leaves_nothing(shop: Shop, document: Document) -> None:
    before = await count_imports(shop)

    refusal = await refusal_of(sent(shop, document))

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, document.refused)
    for name in document.names:
        assert name in refusal.facts["columns"]
    assert await count_imports(shop) == before


@pytest.mark.parametrize("document", titles([d for d in DOCUMENTS if not d.refused]))
async def test_wrong_rows_of_a_document_fail_alone(shop: Shop, document: Document) -> None:
    before = await shop.resources()

    results = await shop.results(await shop.ended(await sent(shop, document)))

    differences: list[str] = []
    for verdict, result in zip(document.verdicts, results, strict=True):
        differences += difference(f"row {result.row_number}", verdict, result)
    assert not differences, "\n".join(differences)
    if all(result.outcome in {pb.OUTCOME_FAILED, pb.OUTCOME_UNCHANGED} for result in results):
        assert await shop.resources() == before


def codes_of(issues: Iterable[str]) -> set[str]:
    return {issue.partition(" ")[0] for issue in issues}


def test_the_tables_are_large_and_say_precisely_what_is_wrong() -> None:
    wrong = [set(row.verdict.errors) for row in ROWS if not row.verdict.taken]
    wrong += [set(issues) for _, _, issues in INLINE]
    wrong += [{error for verdict in document.verdicts for error in verdict.errors} for document in DOCUMENTS]
    refused = [document for document in DOCUMENTS if document.refused]

    assert len([issues for issues in wrong if issues]) + len(refused) >= 150
    assert len([issues for issues in wrong if codes_of(issues) == {"invalid"}]) <= 20
    whys = [(row.type, row.why) for row in ROWS] + [(document.format, document.why) for document in DOCUMENTS]
    assert len(set(whys)) == len(whys), "two cases of one name"


async def test_after_all_that_good_rows_are_taken(shop: Shop) -> None:
    done = await shop.imported(
        pb.ImportSpec(resource_type="skus"), document=b'{"code": "LAST", "name": "Last", "do_not_ship": true}'
    )

    assert (done.created_count, done.errors_count) == (1, 0)
