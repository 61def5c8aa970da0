"""Fakes that break a guarantee of updates, interruptions, deletions, retries and ends."""

from google.protobuf.empty_pb2 import Empty

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing import creation
from imports_client.testing.documents import Row
from imports_client.testing.imports import now
from imports_client.testing.names import new_uid, parse_name
from imports_client.testing.refused import Refused
from tests.conformance.mutants.mutant import Breakable, Context, breaks


@breaks("update/etag")
class EtagAlwaysMoves(Breakable):
    async def UpdateImport(self, request: pb.UpdateImportRequest, context: Context) -> pb.Import:
        answer = await super().UpdateImport(request, context)
        answer.etag = self.held(request.name).message.etag = new_uid()
        return answer


@breaks("update/etag")
class EtagNeverMoves(Breakable):
    async def UpdateImport(self, request: pb.UpdateImportRequest, context: Context) -> pb.Import:
        etag = self.held(request.name).message.etag
        answer = await super().UpdateImport(request, context)
        answer.etag = self.held(request.name).message.etag = etag
        return answer


@breaks("update/etag-of-course")
class UpdatedByItsEnd(Breakable):
    async def WaitImport(self, request: pb.WaitImportRequest, context: Context) -> pb.Import:
        answer = await super().WaitImport(request, context)
        answer.updated_at.CopyFrom(answer.completed_at)
        return answer


@breaks("update/etag-mismatch", "update/etag-of-another")
class EtagsDoNotMatter(Breakable):
    async def UpdateImport(self, request: pb.UpdateImportRequest, context: Context) -> pb.Import:
        request.ClearField("etag")
        return await super().UpdateImport(request, context)


@breaks("update/etag-of-another")
class FirstEtagsAreEqual(Breakable):
    async def CreateImport(self, request: pb.CreateImportRequest, context: Context) -> pb.Import:
        answer = await super().CreateImport(request, context)
        answer.etag = self.held(answer.name).message.etag = "1"
        return answer


@breaks("update/mask")
class MasksDoNotMatter(Breakable):
    async def UpdateImport(self, request: pb.UpdateImportRequest, context: Context) -> pb.Import:
        request.ClearField("update_mask")
        return await super().UpdateImport(request, context)


@breaks("interrupt/stops-rows")
class OneMoreRow(Breakable):
    async def InterruptImport(self, request: pb.InterruptImportRequest, context: Context) -> pb.Import:
        answer = await super().InterruptImport(request, context)
        held = self.held(request.name)
        held.finish_row()
        self.world.touch(held)
        return answer


@breaks("interrupt/again")
class AskedForAgain(Breakable):
    async def InterruptImport(self, request: pb.InterruptImportRequest, context: Context) -> pb.Import:
        answer = await super().InterruptImport(request, context)
        answer.interrupt_requested_at.CopyFrom(now())
        return answer


@breaks("interrupt/ended")
class EndedIsInterruptedEnough(Breakable):
    async def InterruptImport(self, request: pb.InterruptImportRequest, context: Context) -> pb.Import:
        held = self.held(request.name)
        return held.copy() if held.has_ended else await super().InterruptImport(request, context)


@breaks("end/too-many-errors")
class ErrorsDoNotMatter(Breakable):
    async def CreateImport(self, request: pb.CreateImportRequest, context: Context) -> pb.Import:
        request.spec.skip_errors = True
        return await super().CreateImport(request, context)


@breaks("deletion/not-in-progress")
class DeletesWhatRuns(Breakable):
    async def DeleteImport(self, request: pb.DeleteImportRequest, context: Context) -> Empty:
        name = parse_name(request.name)
        imports = self.world.organization(name.organization).imports
        held = imports.get(name.import_id)
        if held is None or held.message.status != pb.STATUS_IN_PROGRESS:
            return await super().DeleteImport(request, context)
        del imports[name.import_id]
        return Empty()


@breaks("deletion/missing")
class DeletesWhatIsNotThere(Breakable):
    async def DeleteImport(self, request: pb.DeleteImportRequest, context: Context) -> Empty:
        request.allow_missing = True
        return await super().DeleteImport(request, context)


@breaks("deletion/missing")
class NothingMayBeMissing(Breakable):
    async def DeleteImport(self, request: pb.DeleteImportRequest, context: Context) -> Empty:
        request.allow_missing = False
        return await super().DeleteImport(request, context)


@breaks("deletion/etag")
class DeletesByNameAlone(Breakable):
    async def DeleteImport(self, request: pb.DeleteImportRequest, context: Context) -> Empty:
        request.ClearField("etag")
        return await super().DeleteImport(request, context)


@breaks("retry/failed-rows")
class CountsRowsAnew(Breakable):
    async def RetryImport(self, request: pb.RetryImportRequest, context: Context) -> pb.Import:
        answer = await super().RetryImport(request, context)
        held = self.held(answer.name)
        held.rows = [Row(number, row.values, row.fault) for number, row in enumerate(held.rows, 1)]
        return answer


@breaks("retry/refused")
class NothingToRetryIsFine(Breakable):
    async def RetryImport(self, request: pb.RetryImportRequest, context: Context) -> pb.Import:
        try:
            return creation.retry(self.world, request)
        except Refused:
            return self.held(request.name).copy()


@breaks("retry/request-id")
class RetriesAlways(Breakable):
    async def RetryImport(self, request: pb.RetryImportRequest, context: Context) -> pb.Import:
        request.ClearField("request_id")
        return await super().RetryImport(request, context)


@breaks("retry/request-id")
class RetriesOnce(Breakable):
    async def RetryImport(self, request: pb.RetryImportRequest, context: Context) -> pb.Import:
        request.request_id = "once"
        return await super().RetryImport(request, context)
