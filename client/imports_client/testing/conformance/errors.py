"""What every refusal carries."""

from collections.abc import Awaitable
from typing import Any

import grpc
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from grpc_status import rpc_status

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.conformance.guarantees import Broken, expect, expect_equal, guarantee
from imports_client.testing.conformance.scene import Scene

DOMAIN = "imports.commerce"


def calls_of(scene: Scene, name: str) -> dict[str, Awaitable[object]]:
    """One of every call that takes an import's name."""
    imports = scene.imports
    return {
        "GetImport": imports.GetImport(pb.GetImportRequest(name=name)),
        "UpdateImport": imports.UpdateImport(pb.UpdateImportRequest(name=name)),
        "InterruptImport": imports.InterruptImport(pb.InterruptImportRequest(name=name)),
        "RetryImport": imports.RetryImport(pb.RetryImportRequest(name=name)),
        "DeleteImport": imports.DeleteImport(pb.DeleteImportRequest(name=name)),
        "WaitImport": imports.WaitImport(pb.WaitImportRequest(name=name), timeout=scene.patience),
        "ListImportResults": imports.ListImportResults(pb.ListImportResultsRequest(parent=name)),
    }


@guarantee("errors/not-found", "Every call of an import that is not there is NOT_FOUND IMPORT_NOT_FOUND.")
async def not_found(scene: Scene) -> None:
    for call, outcome in calls_of(scene, f"{scene.parent}/imports/none").items():
        refusal = await scene.refused(outcome)
        expect_equal(
            (refusal.code.name, refusal.reason), ("NOT_FOUND", "IMPORT_NOT_FOUND"), f"the refusal of {call}"
        )


@guarantee(
    "errors/malformed-name", "Every call of a name that is none is INVALID_ARGUMENT, naming the field."
)
async def malformed_name(scene: Scene) -> None:
    for call, outcome in calls_of(scene, f"{scene.parent}/imports/UPPER").items():
        refusal = await scene.refused(outcome)
        fields = [field for field, _ in refusal.violations]
        expect_equal(
            (refusal.code.name, refusal.reason, fields),
            ("INVALID_ARGUMENT", "FIELD_INVALID", ["parent" if call == "ListImportResults" else "name"]),
            f"the refusal of {call}",
        )


@guarantee(
    "errors/details",
    "Every refusal carries an ErrorInfo of the domain imports.commerce, and INVALID_ARGUMENT a BadRequest.",
)
async def details(scene: Scene) -> None:
    ended = await scene.ended()
    imports = scene.imports
    calls: dict[str, Any] = {
        **calls_of(scene, f"{scene.parent}/imports/none"),
        "a malformed name": imports.GetImport(pb.GetImportRequest(name="none")),
        "an empty creation": imports.CreateImport(pb.CreateImportRequest(parent=scene.parent)),
        "an empty upload": imports.UploadImport(iter(())),
        "a negative page": imports.ListImports(pb.ListImportsRequest(parent=scene.parent, page_size=-1)),
        "an interruption": imports.InterruptImport(pb.InterruptImportRequest(name=ended.name)),
        "a retry": imports.RetryImport(pb.RetryImportRequest(name=ended.name)),
        "another etag": imports.DeleteImport(pb.DeleteImportRequest(name=ended.name, etag="other")),
        "a watch": imports.WatchImport(pb.WatchImportRequest(name=ended.name, resume_token="x")),
        "a watch of all": imports.WatchImports(pb.WatchImportsRequest(parent="none")),
    }
    for what, call in calls.items():
        code, kinds, domains = await _details_of(call)
        expect(ErrorInfo in kinds, f"the refusal of {what} has no ErrorInfo")
        expect_equal(domains, {DOMAIN}, f"the domain in the refusal of {what}")
        if code is grpc.StatusCode.INVALID_ARGUMENT:
            expect(BadRequest in kinds, f"the refusal of {what} has no BadRequest")


async def _details_of(call: Any) -> tuple[grpc.StatusCode, set[type], set[str]]:
    try:
        await (call.read() if isinstance(call, grpc.aio.UnaryStreamCall) else call)
    except grpc.aio.AioRpcError as error:
        status = rpc_status.from_call(error)  # type: ignore[arg-type]  # it has all that is read
        kinds: set[type] = set()
        domains: set[str] = set()
        for detail in status.details if status else ():
            info = ErrorInfo()
            if detail.Unpack(info):
                kinds.add(ErrorInfo)
                domains.add(info.domain)
            elif detail.Is(BadRequest.DESCRIPTOR):
                kinds.add(BadRequest)
        return error.code(), kinds, domains
    raise Broken("a call was answered and not refused")
