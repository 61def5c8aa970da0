"""Fakes whose creations break a guarantee."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from google.protobuf.empty_pb2 import Empty

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing import creation
from imports_client.testing.documents import rows_of
from imports_client.testing.names import parse_name, parse_parent
from imports_client.testing.refused import Refused
from imports_client.testing.world import Request
from tests.conformance.mutants.mutant import Breakable, Context, breaks


@breaks("creation/pending")
class RunningAtOnce(Breakable):
    async def CreateImport(self, request: pb.CreateImportRequest, context: Context) -> pb.Import:
        answer = await super().CreateImport(request, context)
        answer.status = pb.STATUS_IN_PROGRESS
        return answer


@breaks("creation/pending")
class ChoosesTheId(Breakable):
    async def CreateImport(self, request: pb.CreateImportRequest, context: Context) -> pb.Import:
        request.ClearField("import_id")
        return await super().CreateImport(request, context)


@breaks("creation/upload")
class UploadsLoseTheirEnd(Breakable):
    async def UploadImport(
        self, request_iterator: AsyncIterator[pb.UploadImportRequest], context: Context
    ) -> pb.Import:
        header, document = await creation.read_upload(request_iterator)
        return creation.create(self.world, header, document.rpartition(b"\n")[0])


@breaks("creation/broken-upload")
class TakesWhatHasCome(Breakable):
    async def UploadImport(
        self, request_iterator: AsyncIterator[pb.UploadImportRequest], context: Context
    ) -> pb.Import:
        first = await anext(request_iterator)
        created = creation.create(self.world, first.header, b'{"code": "A"}')
        async for _ in request_iterator:
            pass
        return created


@breaks("creation/inputs")
class InputsAreOneRow(Breakable):
    async def CreateImport(self, request: pb.CreateImportRequest, context: Context) -> pb.Import:
        del request.inputs.items[1:]
        return await super().CreateImport(request, context)


@breaks(
    "creation/same-request",
    "creation/same-request-at-once",
    "creation/request-id-reused",
    "creation/inputs",
)
class NothingIsIdempotent(Breakable):
    async def CreateImport(self, request: pb.CreateImportRequest, context: Context) -> pb.Import:
        request.ClearField("request_id")
        return await super().CreateImport(request, context)


@breaks("creation/same-request")
class AnswersWithTheFirstAnswer(Breakable):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._answers: dict[str, pb.Import] = {}

    async def CreateImport(self, request: pb.CreateImportRequest, context: Context) -> pb.Import:
        answer = await super().CreateImport(request, context)
        return self._answers.setdefault(request.request_id, answer) if request.request_id else answer


@breaks("creation/same-request-at-once")
class LooksAndThenLeaps(Breakable):
    async def CreateImport(self, request: pb.CreateImportRequest, context: Context) -> pb.Import:
        requests = self.world.organization(parse_parent(request.parent)).requests
        is_known = request.request_id in requests
        await asyncio.sleep(0.02)  # as long as reading a document may take
        if not is_known:
            requests.pop(request.request_id, None)
        return await super().CreateImport(request, context)


@breaks("creation/request-id-reused")
class ContentDoesNotMatter(Breakable):
    async def CreateImport(self, request: pb.CreateImportRequest, context: Context) -> pb.Import:
        organization = self.world.organization(parse_parent(request.parent))
        earlier = organization.requests.get(request.request_id)
        if earlier is None:
            return await super().CreateImport(request, context)
        return creation.answer_repeat(organization, earlier, earlier.content)


@breaks("creation/request-id-of-a-deleted-import")
class DeletionForgets(Breakable):
    async def DeleteImport(self, request: pb.DeleteImportRequest, context: Context) -> Empty:
        for organization in self.world.organizations.values():
            organization.requests.clear()
        return await super().DeleteImport(request, context)


@breaks("creation/request-id-per-organization")
class RequestIdsAreGlobal(Breakable):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._requests: dict[str, Request] = {}

    async def CreateImport(self, request: pb.CreateImportRequest, context: Context) -> pb.Import:
        self.world.organization(parse_parent(request.parent)).requests = self._requests
        return await super().CreateImport(request, context)


@breaks("creation/id-taken")
class AnotherIdInstead(Breakable):
    async def CreateImport(self, request: pb.CreateImportRequest, context: Context) -> pb.Import:
        if request.import_id in self.world.organization(parse_parent(request.parent)).imports:
            request.ClearField("import_id")
        return await super().CreateImport(request, context)


@breaks("creation/id-taken", "deletion/name-taken-over")
class UidsAreUsedAgain(Breakable):
    async def CreateImport(self, request: pb.CreateImportRequest, context: Context) -> pb.Import:
        answer = await super().CreateImport(request, context)
        if request.import_id:
            answer.uid = self.held(answer.name).message.uid = "00000000-0000-7000-8000-000000000000"
        return answer


@breaks("creation/refused-documents")
class TakesAnyDocument(Breakable):
    async def CreateImport(self, request: pb.CreateImportRequest, context: Context) -> pb.Import:
        try:
            rows_of(request.document, request.spec)
        except Refused:
            request.document = b'{"code": "A"}'
        return await super().CreateImport(request, context)


@breaks("creation/refused-documents")
class ChecksumsDoNotMatter(Breakable):
    async def CreateImport(self, request: pb.CreateImportRequest, context: Context) -> pb.Import:
        if len(request.document_sha256) == 32:
            request.ClearField("document_sha256")
        return await super().CreateImport(request, context)


@breaks("creation/refused-fields")
class CutsReferences(Breakable):
    async def CreateImport(self, request: pb.CreateImportRequest, context: Context) -> pb.Import:
        request.spec.reference = request.spec.reference[:255]
        return await super().CreateImport(request, context)


@breaks("creation/refused-fields")
class TakesAnyType(Breakable):
    async def CreateImport(self, request: pb.CreateImportRequest, context: Context) -> pb.Import:
        request.spec.resource_type = "skus"
        return await super().CreateImport(request, context)


@breaks("creation/upload-protocol")
class SkipsLaterHeaders(Breakable):
    async def UploadImport(
        self, request_iterator: AsyncIterator[pb.UploadImportRequest], context: Context
    ) -> pb.Import:
        return await super().UploadImport(_one_header(request_iterator), context)


async def _one_header(
    requests: AsyncIterator[pb.UploadImportRequest],
) -> AsyncIterator[pb.UploadImportRequest]:
    is_first = True
    async for each in requests:
        if is_first or each.WhichOneof("part") != "header":
            yield each
        is_first = False


@breaks("after/waits", "after/unknown")
class WaitsForNothing(Breakable):
    async def CreateImport(self, request: pb.CreateImportRequest, context: Context) -> pb.Import:
        request.spec.ClearField("after")
        return await super().CreateImport(request, context)


@breaks("after/gone")
class WaitsForWhatIsGone(Breakable):
    async def DeleteImport(self, request: pb.DeleteImportRequest, context: Context) -> Empty:
        answer = await super().DeleteImport(request, context)
        for held in self.world.organization(parse_name(request.name).organization).pending():
            held.after = [held.message.uid] if held.after else []
        return answer
