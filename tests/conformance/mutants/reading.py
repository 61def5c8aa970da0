"""Fakes that break a guarantee of reading, waiting and refusing."""

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.names import parse_parent
from imports_client.testing.refused import Refused, not_found
from imports_client.testing.waiting import wait_import
from tests.conformance.mutants.mutant import (
    Breakable,
    Context,
    as_not_found,
    breaks,
    refusing,
    without_details,
)


@breaks("wait/at-the-end")
class DoesNotWait(Breakable):
    async def WaitImport(self, request: pb.WaitImportRequest, context: Context) -> pb.Import:
        return self.held(request.name).copy()


@breaks("wait/before-the-deadline")
class WaitsTooLong(Breakable):
    async def WaitImport(self, request: pb.WaitImportRequest, context: Context) -> pb.Import:
        return await wait_import(self.world, request, 60)


@breaks("wait/deleted")
class AnswersWithTheDead(Breakable):
    async def WaitImport(self, request: pb.WaitImportRequest, context: Context) -> pb.Import:
        held = self.held(request.name)
        try:
            return await wait_import(self.world, request, 60)
        except Refused:
            return held.copy()


@breaks("list/order")
class OneOrderOnly(Breakable):
    async def ListImports(self, request: pb.ListImportsRequest, context: Context) -> pb.ListImportsResponse:
        request.ClearField("order_by")
        return await super().ListImports(request, context)


@breaks("list/pages")
class TotalOfThePage(Breakable):
    async def ListImports(self, request: pb.ListImportsRequest, context: Context) -> pb.ListImportsResponse:
        page = await super().ListImports(request, context)
        page.total_size = len(page.imports)
        return page


@breaks("list/pages")
class LosesOneAtEveryPage(Breakable):
    async def ListImports(self, request: pb.ListImportsRequest, context: Context) -> pb.ListImportsResponse:
        page = await super().ListImports(request, context)
        if request.page_token:
            del page.imports[:1]
        return page


@breaks("list/filter")
class RehearsalsAreListedAlways(Breakable):
    async def ListImports(self, request: pb.ListImportsRequest, context: Context) -> pb.ListImportsResponse:
        request.filter.ClearField("validate_only")
        return await super().ListImports(request, context)


@breaks("list/filter")
class FieldsAreOred(Breakable):
    async def ListImports(self, request: pb.ListImportsRequest, context: Context) -> pb.ListImportsResponse:
        if request.filter.reference_prefix:
            request.filter.ClearField("resource_types")
        return await super().ListImports(request, context)


@breaks("list/page-token")
class AnyPageToken(Breakable):
    async def ListImports(self, request: pb.ListImportsRequest, context: Context) -> pb.ListImportsResponse:
        request.ClearField("page_token")
        return await super().ListImports(request, context)


@breaks("list/unknown-organization")
class OrganizationsMustBeKnown(Breakable):
    async def ListImports(self, request: pb.ListImportsRequest, context: Context) -> pb.ListImportsResponse:
        if not self.world.organization(parse_parent(request.parent)).imports:
            await context.abort_with_status(not_found(request.parent).to_status())
        return await super().ListImports(request, context)


@breaks("filters/invalid")
class ListsAnyStatus(Breakable):
    async def ListImports(self, request: pb.ListImportsRequest, context: Context) -> pb.ListImportsResponse:
        request.filter.ClearField("statuses")
        return await super().ListImports(request, context)


@breaks("results/in-row-order")
class ResultsBackwards(Breakable):
    async def ListImportResults(
        self, request: pb.ListImportResultsRequest, context: Context
    ) -> pb.ListImportResultsResponse:
        page = await super().ListImportResults(request, context)
        results = list(reversed(page.results))
        del page.results[:]
        page.results.extend(results)
        return page


@breaks("results/while-running")
class ResultsEndTooSoon(Breakable):
    async def ListImportResults(
        self, request: pb.ListImportResultsRequest, context: Context
    ) -> pb.ListImportResultsResponse:
        page = await super().ListImportResults(request, context)
        if not self.held(request.parent).has_ended:
            page.ClearField("next_page_token")
        return page


@breaks("get/report")
class NoErrorsLog(Breakable):
    async def GetImport(self, request: pb.GetImportRequest, context: Context) -> pb.Import:
        answer = await super().GetImport(request, context)
        answer.ClearField("errors_log")
        return answer


@breaks("errors/not-found")
class EmptyImports(Breakable):
    async def GetImport(self, request: pb.GetImportRequest, context: Context) -> pb.Import:
        try:
            self.held(request.name)
        except Refused:
            return pb.Import(name=request.name)
        return await super().GetImport(request, context)


@breaks("errors/malformed-name")
class MalformedIsNotFound(Breakable):
    async def GetImport(self, request: pb.GetImportRequest, context: Context) -> pb.Import:
        return await super().GetImport(request, refusing(context, as_not_found))


@breaks("errors/details")
class BareRefusals(Breakable):
    async def GetImport(self, request: pb.GetImportRequest, context: Context) -> pb.Import:
        return await super().GetImport(request, refusing(context, without_details))
