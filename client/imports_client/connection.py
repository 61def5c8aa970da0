"""A connection to the service and the calls that callers make most.

What is not here is a call of the generated stubs on `Imports.channel`.
"""

import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import grpc
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

from commerce.imports.v1.imports_pb2 import (
    CreateImportRequest,
    CsvOptions,
    Format,
    GetImportRequest,
    Import,
    ImportEvent,
    ImportFilter,
    ImportResult,
    ImportSpec,
    InlineInputs,
    ListImportResultsRequest,
    ListImportsRequest,
    Outcome,
    RetryImportRequest,
)
from commerce.imports.v1.imports_pb2_grpc import ImportServiceStub
from commerce.imports.v1.resources_pb2 import ExportResourcesRequest, ResourceKey
from commerce.imports.v1.resources_pb2_grpc import ResourceServiceStub
from imports_client.channel import DEFAULT_TARGET, open_channel
from imports_client.documents import Document, sha256_of
from imports_client.uploading import send
from imports_client.watching import watch_import

if TYPE_CHECKING:  # the types of the stubs know it, the stubs themselves do not
    from commerce.imports.v1.imports_pb2_grpc import ImportServiceAsyncStub
    from commerce.imports.v1.resources_pb2_grpc import ResourceServiceAsyncStub

CALL_SECONDS = 30.0


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


class ExportFields(TypedDict, total=False):
    """The optional fields of `ExportResourcesRequest`: see the contract."""

    format: Format.ValueType
    ids: Sequence[str]
    keys: Sequence[ResourceKey]
    updated_since: Timestamp
    dry_data: bool
    parent_resource_id: str


class Imports:
    """The calls, on one channel. Errors are `grpc.aio.AioRpcError`; `refusals.refusal_of` reads their details.

    `parent` is `organizations/{organization}`, `name` is `organizations/{organization}/imports/{import}`.
    Timeouts are in seconds.
    """

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.channel = channel
        self._stub: ImportServiceAsyncStub = ImportServiceStub(channel)
        self._resources: ResourceServiceAsyncStub = ResourceServiceStub(channel)

    async def create(
        self,
        parent: str,
        resource_type: str,
        inputs: bytes | Iterable[Mapping[str, Any]],
        *,
        import_id: str = "",
        request_id: str | None = None,
        validate_only: bool = False,
        timeout: float = CALL_SECONDS,
        **spec: Unpack[SpecFields],
    ) -> Import:
        """Create an import from a small document or from values; it is pending when this returns.

        A `request_id` is made up if none is given, so that no try can make a second import.
        """
        request = _creation(parent, resource_type, import_id, request_id, validate_only, spec)
        if isinstance(inputs, bytes):
            request.document = inputs
        else:
            request.inputs.CopyFrom(InlineInputs(items=[_struct(each) for each in inputs]))
        return await self._stub.CreateImport(request, timeout=timeout)

    async def upload(
        self,
        parent: str,
        resource_type: str,
        document: Document,
        *,
        import_id: str = "",
        request_id: str | None = None,
        validate_only: bool = False,
        timeout: float | None = None,
        **spec: Unpack[SpecFields],
    ) -> Import:
        """Create an import from a document of any size, read as it is sent.

        Raises what reading the document raises; nothing is imported then. A broken upload is started anew by
        the caller, with the same `request_id` when it is not known whether it arrived.
        """
        header = _creation(parent, resource_type, import_id, request_id, validate_only, spec)
        # To the service a sender that vanishes can look like the end of the document; with the hash it cannot.
        header.document_sha256 = await sha256_of(document)
        return await send(self._stub.UploadImport(timeout=timeout), header, document)

    async def get(self, name: str, *, timeout: float = CALL_SECONDS) -> Import:
        """The import with its logs, summary and fresh URLs."""
        return await self._stub.GetImport(GetImportRequest(name=name), timeout=timeout)

    async def list(
        self,
        parent: str,
        *,
        filter: ImportFilter | None = None,
        order_by: str = "",
        timeout: float = CALL_SECONDS,
    ) -> AsyncGenerator[Import, None]:
        """All imports that match, page after page as they are asked for. `timeout` is for one page."""
        request = ListImportsRequest(parent=parent, filter=filter, order_by=order_by, page_size=200)
        while True:
            page = await self._stub.ListImports(request, timeout=timeout)
            for each in page.imports:
                yield each
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def results(
        self, name: str, *, outcomes: Iterable[Outcome.ValueType] = (), timeout: float = CALL_SECONDS
    ) -> AsyncGenerator[ImportResult, None]:
        """What became of each row, in row order, as far as the import has come. `timeout` is for one page."""
        request = ListImportResultsRequest(parent=name, outcomes=list(outcomes), page_size=500)
        while True:
            page = await self._stub.ListImportResults(request, timeout=timeout)
            for each in page.results:
                yield each
            # An empty page with a token: the import has not come further yet.
            if not page.next_page_token or page.next_page_token == request.page_token or not page.results:
                return
            request.page_token = page.next_page_token

    async def retry(
        self,
        name: str,
        *,
        outcomes: Iterable[Outcome.ValueType] = (),
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> Import:
        """Create an import of the failed and/or not processed rows of one that has ended; both without `outcomes`.

        A `request_id` is made up if none is given, so that no try can make a second retry. Many rows take a while.
        """
        request = RetryImportRequest(
            name=name,
            outcomes=list(outcomes),
            request_id=str(uuid.uuid4()) if request_id is None else request_id,
        )
        return await self._stub.RetryImport(request, timeout=timeout)

    def watch(
        self,
        name: str,
        *,
        resume_token: str = "",
        progress_interval: timedelta | None = None,
        timeout: float | None = None,
        patience: float = 60.0,
    ) -> AsyncGenerator[ImportEvent, None]:
        """The import's events until its end, resumed when the service goes away: see
        `watching.watch_import`."""
        return watch_import(
            self._stub,
            name,
            resume_token=resume_token,
            progress_interval=progress_interval,
            timeout=timeout,
            patience=patience,
        )

    async def export(
        self,
        parent: str,
        resource_type: str,
        *,
        timeout: float | None = None,
        **asked: Unpack[ExportFields],
    ) -> AsyncGenerator[bytes, None]:
        """The resources of a type as a document that `upload` takes back, piece by piece as it is asked for.

        It is complete when it ends without an error; else discard what came. `timeout` is for all of it.
        """
        request = ExportResourcesRequest(parent=parent, resource_type=resource_type, **asked)
        call = self._resources.ExportResources(request, timeout=timeout)
        try:
            async for response in call:
                yield response.chunk
        finally:
            call.cancel()  # for a caller who has seen enough

    async def import_and_wait(
        self,
        parent: str,
        resource_type: str,
        document: Document,
        *,
        on_event: Callable[[ImportEvent], None] | None = None,
        timeout: float | None = None,
        **spec: Unpack[SpecFields],
    ) -> Import:
        """Upload a document, watch the import to its end and return it, logs and URLs included.

        Failed rows are no error: look at `status` and `errors_count`. `timeout` is for the upload and for the
        watch each. Raises NOT_FOUND when the import is deleted meanwhile.
        """
        created = await self.upload(parent, resource_type, document, timeout=timeout, **spec)
        async with aclosing(self.watch(created.name, timeout=timeout)) as events:
            async for event in events:
                if on_event is not None:
                    on_event(event)
        return await self.get(created.name)


@asynccontextmanager
async def connect(
    target: str = DEFAULT_TARGET, *, credentials: grpc.ChannelCredentials | None = None
) -> AsyncIterator[Imports]:
    """The calls on a channel of their own, closed at the end. Without `credentials` nothing is encrypted.

    Connecting happens with the first call, which fails with UNAVAILABLE when nobody is there.
    """
    async with open_channel(target, credentials) as channel:
        yield Imports(channel)


def _creation(
    parent: str,
    resource_type: str,
    import_id: str,
    request_id: str | None,
    validate_only: bool,
    spec: SpecFields,
) -> CreateImportRequest:
    return CreateImportRequest(
        parent=parent,
        import_id=import_id,
        request_id=str(uuid.uuid4()) if request_id is None else request_id,
        validate_only=validate_only,
        spec=ImportSpec(resource_type=resource_type, **spec),
    )


def _struct(values: Mapping[str, Any]) -> Struct:
    struct = Struct()
    struct.update(values)
    return struct
