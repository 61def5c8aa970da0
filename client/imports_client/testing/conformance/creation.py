"""Creating imports: what is answered, what a request id stands for, what is refused."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.refusals import Refusal
from imports_client.testing.conformance.guarantees import expect, expect_equal, guarantee
from imports_client.testing.conformance.scene import TYPE, Scene, document

BREAKS = 5
"""How often an upload breaks off in each place: what is at stake is a race."""


def creation_of(scene: Scene, *, rows: int = 2, **fields: object) -> pb.CreateImportRequest:
    """A request of a document of so many rows, with these fields."""
    request = pb.CreateImportRequest(
        parent=scene.parent, spec=pb.ImportSpec(resource_type=TYPE), document=document(rows)
    )
    request.MergeFrom(pb.CreateImportRequest(**fields))  # type: ignore[arg-type]
    return request


async def upload_of(request: pb.CreateImportRequest) -> AsyncIterator[pb.UploadImportRequest]:
    """The same as an upload, in two chunks."""
    header = pb.CreateImportRequest()
    header.CopyFrom(request)
    header.ClearField("document")
    yield pb.UploadImportRequest(header=header)
    for chunk in (request.document[:5], request.document[5:]):
        yield pb.UploadImportRequest(chunk=chunk)


def expect_reused(refusal: Refusal, first: pb.Import) -> None:
    expect_equal((refusal.code.name, refusal.reason), ("ALREADY_EXISTS", "REQUEST_ID_REUSED"), "the refusal")
    expect_equal(refusal.facts.get("name"), first.name, "the name of the import that the id made")


@guarantee("creation/pending", "CreateImport answers at once with the import, pending, its rows counted.")
async def pending(scene: Scene) -> None:
    await scene.subject.hold_work()

    created = await scene.create(rows=3, reference="r", import_id="mine")
    got = await scene.get(created.name)

    expect_equal(created.name, f"{scene.parent}/imports/mine", "the name")
    expect_equal(created.status, pb.STATUS_PENDING, "the status")
    expect_equal((created.inputs_size, created.reference), (3, "r"), "the size and the reference")
    expect_equal(created.format, pb.FORMAT_JSON, "the format that was not said")
    expect(
        created.uid and created.etag and created.HasField("created_at"), "uid, etag or created_at is missing"
    )
    expect(not created.HasField("expires_at"), "it expires before its end")
    expect_equal((got.uid, got.etag), (created.uid, created.etag), "the uid and etag of GetImport")


@guarantee("creation/upload", "UploadImport makes the same import as CreateImport of the same bytes.")
async def upload(scene: Scene) -> None:
    await scene.subject.hold_work()
    request = creation_of(scene, rows=5)

    created = await scene.answered(scene.imports.CreateImport(request))
    uploaded = await scene.answered(scene.imports.UploadImport(upload_of(request)))

    for field in ("name", "uid", "etag", "created_at", "updated_at"):
        created.ClearField(field)
        uploaded.ClearField(field)
    expect_equal(uploaded, created, "the uploaded import")


@guarantee(
    "creation/inputs", "Inputs given as values are rows like those of a document; none at all are refused."
)
async def inputs(scene: Scene) -> None:
    await scene.subject.hold_work()
    values = pb.InlineInputs()
    for code in ("A", "B"):
        values.items.add().update({"code": code, "name": "name", "metadata": {"number": 1}})

    def creation_from(given: pb.InlineInputs | None) -> pb.CreateImportRequest:
        spec = pb.ImportSpec(resource_type=TYPE)
        return pb.CreateImportRequest(parent=scene.parent, request_id="once", spec=spec, inputs=given)

    created = await scene.answered(scene.imports.CreateImport(creation_from(values)))
    again = await scene.answered(scene.imports.CreateImport(creation_from(values)))

    expect_equal(created.inputs_size, 2, "how many rows there are")
    expect_equal(again.uid, created.uid, "the uid when the same is asked for again")
    for request, reason, field in (
        (creation_from(None), "FIELD_INVALID", "document"),
        (creation_from(pb.InlineInputs()), "DOCUMENT_EMPTY", "inputs"),
    ):
        refusal = await scene.refused(scene.imports.CreateImport(request))
        fields = [path for path, _ in refusal.violations]
        expect_equal((refusal.reason, fields), (reason, [field]), "the refusal")


@guarantee("creation/broken-upload", "An upload that breaks off leaves no import behind.")
async def broken_upload(scene: Scene) -> None:
    await scene.subject.hold_work()
    request, listing = creation_of(scene), pb.ListImportsRequest(parent=scene.parent)
    parts = [part async for part in upload_of(request)]
    for count in [*range(1, len(parts) + 1)] * BREAKS:
        call = scene.imports.UploadImport()
        for part in parts[:count]:
            await call.write(part)
        # on the same connection: by the answer what was sent before has probably arrived
        await scene.answered(scene.imports.ListImports(listing))
        call.cancel()

    created = await scene.answered(scene.imports.CreateImport(request))
    listed = await scene.answered(scene.imports.ListImports(listing))

    expect_equal([each.uid for each in listed.imports], [created.uid], "the imports that there are")


@guarantee(
    "creation/same-request",
    "The same request_id with the same content answers with the same import as it is.",
)
async def same_request(scene: Scene) -> None:
    await scene.subject.hold_work()
    request = creation_of(scene, request_id="once")

    first = await scene.answered(scene.imports.CreateImport(request))
    await scene.update(first.name, "changed")
    again = await scene.answered(scene.imports.CreateImport(request))
    uploaded = await scene.answered(scene.imports.UploadImport(upload_of(request)))
    listed = await scene.answered(scene.imports.ListImports(pb.ListImportsRequest(parent=scene.parent)))

    expect_equal((again.uid, again.reference), (first.uid, "changed"), "the import of the second call")
    expect_equal(uploaded.uid, first.uid, "the import of an upload of the same bytes")
    expect_equal(listed.total_size, 1, "how many imports there are")


@guarantee("creation/same-request-at-once", "Two calls with one request_id at the same time make one import.")
async def same_request_at_once(scene: Scene) -> None:
    await scene.subject.hold_work()
    request = creation_of(scene, request_id="once")

    async with asyncio.TaskGroup() as tasks:
        calls = [tasks.create_task(scene.answered(scene.imports.CreateImport(request))) for _ in range(4)]

    expect_equal(len({call.result().uid for call in calls}), 1, "how many imports were made")


@guarantee(
    "creation/request-id-reused", "A request_id with other content is ALREADY_EXISTS REQUEST_ID_REUSED."
)
async def request_id_reused(scene: Scene) -> None:
    await scene.subject.hold_work()
    first = await scene.answered(scene.imports.CreateImport(creation_of(scene, request_id="once")))

    for other in (
        creation_of(scene, rows=3, request_id="once"),
        creation_of(scene, request_id="once", import_id="another"),
        creation_of(scene, request_id="once", validate_only=True),
        creation_of(scene, request_id="once", spec=pb.ImportSpec(reference="r")),
    ):
        expect_reused(await scene.refused(scene.imports.CreateImport(other)), first)


@guarantee(
    "creation/request-id-of-a-deleted-import",
    "The request_id of a deleted import is REQUEST_ID_REUSED, whatever comes.",
)
async def request_id_of_a_deleted_import(scene: Scene) -> None:
    await scene.subject.hold_work()
    request = creation_of(scene, request_id="once")
    first = await scene.answered(scene.imports.CreateImport(request))
    await scene.delete(first.name)

    expect_reused(await scene.refused(scene.imports.CreateImport(request)), first)


@guarantee("creation/request-id-per-organization", "A request_id stands for nothing in another organization.")
async def request_id_per_organization(scene: Scene) -> None:
    await scene.subject.hold_work()
    other = scene.another()

    first = await scene.create(request_id="once")
    second = await other.create(request_id="once", rows=3)

    expect(first.uid != second.uid, "one import for two organizations")


@guarantee(
    "creation/id-taken",
    "A taken import_id is ALREADY_EXISTS IMPORT_ID_TAKEN; deletion frees it for another uid.",
)
async def id_taken(scene: Scene) -> None:
    await scene.subject.hold_work()
    request = creation_of(scene, import_id="mine")
    first = await scene.answered(scene.imports.CreateImport(request))

    refusal = await scene.refused(scene.imports.CreateImport(request))
    await scene.delete(first.name)
    second = await scene.answered(scene.imports.CreateImport(request))

    expect_equal((refusal.code.name, refusal.reason), ("ALREADY_EXISTS", "IMPORT_ID_TAKEN"), "the refusal")
    expect_equal(second.name, first.name, "the name of the next one")
    expect(second.uid != first.uid, "two imports have one uid")


@guarantee(
    "creation/refused-documents", "A document that is none is INVALID_ARGUMENT and leaves no import behind."
)
async def refused_documents(scene: Scene) -> None:
    await scene.subject.hold_work()
    csv = pb.ImportSpec(format=pb.FORMAT_CSV)
    for request, reason in (
        (creation_of(scene, document=b"[]"), "DOCUMENT_EMPTY"),
        (creation_of(scene, document=b"\n \n"), "DOCUMENT_EMPTY"),
        (creation_of(scene, document=b'[{"code": "A"}'), "DOCUMENT_MALFORMED"),
        (creation_of(scene, document=b'{"code": '), "DOCUMENT_MALFORMED"),
        (creation_of(scene, document=b"code"), "DOCUMENT_MALFORMED"),
        (creation_of(scene, document=b'[{"code": "\xff"}]'), "DOCUMENT_MALFORMED"),
        (creation_of(scene, document=b"code,code\nA,B\n", spec=csv), "HEADER_INVALID"),
        (creation_of(scene, document_sha256=hashlib.sha256(b"other").digest()), "DOCUMENT_CHECKSUM"),
    ):
        refusal = await scene.refused(scene.imports.CreateImport(request))
        field = "document_sha256" if reason == "DOCUMENT_CHECKSUM" else "document"
        fields = [path for path, _ in refusal.violations]
        expect_equal(
            (refusal.code.name, refusal.reason, fields),
            ("INVALID_ARGUMENT", reason, [field]),
            f"the refusal of {request.document!r}",
        )
    listed = await scene.answered(scene.imports.ListImports(pb.ListImportsRequest(parent=scene.parent)))
    expect_equal(listed.total_size, 0, "how many imports there are")


@guarantee("creation/refused-fields", "A field out of bounds is INVALID_ARGUMENT, naming the field.")
async def refused_fields(scene: Scene) -> None:
    for request, reason, field in (
        (creation_of(scene, import_id="Mine"), "FIELD_INVALID", "import_id"),
        (creation_of(scene, request_id="ä"), "FIELD_INVALID", "request_id"),
        (creation_of(scene, spec=pb.ImportSpec(reference="r" * 256)), "FIELD_INVALID", "spec.reference"),
        (
            creation_of(scene, spec=pb.ImportSpec(cleanup_records=True)),
            "FIELD_INVALID",
            "spec.cleanup_records",
        ),
        (
            creation_of(scene, spec=pb.ImportSpec(resource_type="none")),
            "RESOURCE_TYPE_UNKNOWN",
            "spec.resource_type",
        ),
        (creation_of(scene, document_sha256=b"short"), "FIELD_INVALID", "document_sha256"),
    ):
        refusal = await scene.refused(scene.imports.CreateImport(request))
        fields = [name for name, _ in refusal.violations]
        expect_equal(
            (refusal.code.name, refusal.reason, fields),
            ("INVALID_ARGUMENT", reason, [field]),
            f"the refusal of {field}",
        )


@guarantee(
    "creation/upload-protocol", "An upload that does not begin with its one header is UPLOAD_PROTOCOL."
)
async def upload_protocol(scene: Scene) -> None:
    header = pb.UploadImportRequest(header=pb.CreateImportRequest(parent=scene.parent))
    header.header.spec.resource_type = TYPE
    with_source = pb.UploadImportRequest(header=creation_of(scene))
    chunk = pb.UploadImportRequest(chunk=document(2))

    for parts in ([chunk], [header, header], [with_source], [header, chunk, header]):
        refusal = await scene.refused(scene.imports.UploadImport(_stream(parts)))
        expect_equal(
            (refusal.code.name, refusal.reason), ("INVALID_ARGUMENT", "UPLOAD_PROTOCOL"), "the refusal"
        )


async def _stream(parts: list[pb.UploadImportRequest]) -> AsyncIterator[pb.UploadImportRequest]:
    for part in parts:
        yield part
