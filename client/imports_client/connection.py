"""A connection to the service and the calls that callers make most.

What is not here is a call of the generated stubs on `Imports.channel`.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar, Unpack

import grpc

from commerce.imports.v1.imports_pb2 import (
    GetImportRequest,
    Import,
    ImportEvent,
    ImportFilter,
    ImportResult,
    ListImportResultsRequest,
    ListImportsRequest,
    Outcome,
    RetryImportRequest,
)
from commerce.imports.v1.resources_pb2 import ExportResourcesRequest
from imports_client.channel import DEFAULT_TARGET, addresses_in, open_channel
from imports_client.documents import Document
from imports_client.errors import Place
from imports_client.exporting import ExportFields, pieces_of_export
from imports_client.pages import imports_of, results_of
from imports_client.replicas import Replica, Replicas
from imports_client.specs import SpecFields, creation, inline, interval_of, new_request_id
from imports_client.tries import CALL_SECONDS, Tries, answer_of
from imports_client.uploading import upload
from imports_client.waiting import import_and_wait
from imports_client.watching import (
    PATIENCE_SECONDS,
    SILENCE_SECONDS,
    import_watched,
    imports_watched,
    watched,
)

Answer = TypeVar("Answer")


class Imports:
    """The calls. What they raise is an `errors.ImportsError`: `Refused`, `ServiceAway`, `DeadlineOver` and others.

    `parent` is `organizations/{organization}`, `name` is `organizations/{organization}/imports/{import}`.

    Times are in seconds, but for `progress_interval`. `timeout` bounds the whole call, whatever happens in it.
    `patience` is how long the service may be away before the call fails with `ServiceAway`: it is tried again, at the
    next replica if there are several, after pauses that grow to 5 s, and at no replica sooner than that has asked for.
    With 0 each replica is asked once.
    """

    def __init__(self, channel: grpc.aio.Channel, *others: grpc.aio.Channel) -> None:
        """Channels to replicas of the same service; the caller closes them."""
        self._replicas = Replicas((channel, *others))

    @property
    def channel(self) -> grpc.aio.Channel:
        """That of the replica that is asked now."""
        return self._replicas.current.channel

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
        patience: float = 0.0,
        **spec: Unpack[SpecFields],
    ) -> Import:
        """Create an import from a small document or from values; it is pending when this returns.

        A `request_id` is made up if none is given, so that no try can make a second import; errors have it too.
        """
        request = creation(parent, resource_type, import_id, request_id, validate_only, spec)
        if isinstance(inputs, bytes):
            request.document = inputs
        else:
            request.inputs.CopyFrom(inline(inputs))
        return await self._answer(
            lambda replica, seconds: replica.imports.CreateImport(request, timeout=seconds),
            Place(parent, request.request_id),
            timeout,
            patience,
        )

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
        patience: float = 0.0,
        **spec: Unpack[SpecFields],
    ) -> Import:
        """Create an import from a document of any size, read as it is sent.

        Raises what reading the document raises; nothing is imported then. A file or bytes are sent anew while
        `patience` lasts. Pieces that come only once cannot be: `DocumentSpent` once the first was taken. After an
        error other than `Refused` it may have arrived all the same: repeat with the error's `request_id`.
        """
        header = creation(parent, resource_type, import_id, request_id, validate_only, spec)
        tries = self._tries(Place(parent, header.request_id), timeout, patience)
        return await upload(tries, header, document)

    async def get(self, name: str, *, timeout: float = CALL_SECONDS, patience: float = 0.0) -> Import:
        """The import with its logs, summary and fresh URLs."""
        request = GetImportRequest(name=name)
        return await self._answer(
            lambda replica, seconds: replica.imports.GetImport(request, timeout=seconds),
            Place(name),
            timeout,
            patience,
        )

    def list(
        self,
        parent: str,
        *,
        filter: ImportFilter | None = None,
        order_by: str = "",
        timeout: float = CALL_SECONDS,
        patience: float = 0.0,
    ) -> AsyncGenerator[Import, None]:
        """All imports that match, page after page as asked for. `timeout` and `patience` are for one page."""
        request = ListImportsRequest(parent=parent, filter=filter, order_by=order_by, page_size=200)
        return imports_of(request, lambda: self._tries(Place(parent), timeout, patience))

    def results(
        self,
        name: str,
        *,
        outcomes: Iterable[Outcome.ValueType] = (),
        timeout: float = CALL_SECONDS,
        patience: float = 0.0,
    ) -> AsyncGenerator[ImportResult, None]:
        """What became of each row, in row order, as far as it has come. `timeout` and `patience` are for one page."""
        request = ListImportResultsRequest(parent=name, outcomes=[*outcomes], page_size=500)
        return results_of(request, lambda: self._tries(Place(name), timeout, patience))

    async def retry(
        self,
        name: str,
        *,
        outcomes: Iterable[Outcome.ValueType] = (),
        request_id: str | None = None,
        timeout: float | None = None,
        patience: float = 0.0,
    ) -> Import:
        """Create an import of the failed and/or not processed rows of one that has ended; both without `outcomes`.

        A `request_id` is made up if none is given, so that no try can make a second retry. Many rows take a while.
        """
        own_id = request_id or new_request_id()
        request = RetryImportRequest(name=name, outcomes=[*outcomes], request_id=own_id)
        return await self._answer(
            lambda replica, seconds: replica.imports.RetryImport(request, timeout=seconds),
            Place(name, own_id),
            timeout,
            patience,
        )

    def watch(
        self,
        name: str,
        *,
        resume_token: str = "",
        progress_interval: timedelta | None = None,
        timeout: float | None = None,
        patience: float = PATIENCE_SECONDS,
        max_silence: float = SILENCE_SECONDS,
    ) -> AsyncGenerator[ImportEvent, None]:
        """The import's events until its end or its deletion, resumed when the connection or the service goes away.

        Every recorded event comes once and in order, heartbeats and kinds of a later contract as well. Where nothing
        at all comes for `max_silence`, the connection is taken for dead; `patience` begins anew with each event.
        Raises `ResumeTokenExpired` rather than leave out what was missed; errors have the last event's `resume_token`.
        Wrap it in `contextlib.aclosing` if you may leave before the end; the call ends with it.
        """
        place = Place(name, resume_token=resume_token)
        watch = import_watched(place, interval_of(progress_interval, place))
        return watched(watch, lambda: self._tries(place, timeout, patience), max_silence)

    def watch_imports(
        self,
        parent: str,
        *,
        filter: ImportFilter | None = None,
        resume_token: str = "",
        progress_interval: timedelta | None = None,
        timeout: float | None = None,
        patience: float = PATIENCE_SECONDS,
        max_silence: float = SILENCE_SECONDS,
    ) -> AsyncGenerator[ImportEvent, None]:
        """The events of all imports of an organization that match, until you leave; otherwise as `watch`.

        It begins with a SNAPSHOT of every import that has not ended; SYNCED says that all have been told. A
        `resume_token` belongs to the filter that it came with.
        """
        place = Place(parent, resume_token=resume_token)
        watch = imports_watched(place, filter, interval_of(progress_interval, place))
        return watched(watch, lambda: self._tries(place, timeout, patience), max_silence)

    def export(
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
        return pieces_of_export(self._replicas, request, lambda: self._tries(Place(parent), timeout))

    async def import_and_wait(
        self,
        parent: str,
        resource_type: str,
        document: Document,
        *,
        import_id: str = "",
        request_id: str | None = None,
        validate_only: bool = False,
        on_event: Callable[[ImportEvent], None] | None = None,
        progress_interval: timedelta | None = None,
        timeout: float | None = None,
        patience: float = PATIENCE_SECONDS,
        max_silence: float = SILENCE_SECONDS,
        **spec: Unpack[SpecFields],
    ) -> Import:
        """Upload a document, watch the import to its end and return it, logs and URLs included.

        Completed or interrupted, with failed rows or without: all of that is returned, look at `status` and
        `errors_count`. `timeout` is for the whole of it. Logs and URLs are missing when the import was deleted right
        after its end, or could not be asked for any more.

        Raises a typed error only when there is no final import: `Refused`; `ImportDeleted` before its end;
        `ServiceAway`, `DeadlineOver`, `DocumentSpent`: the import may exist and go on, repeat with the error's
        `request_id` and the same document, or `watch` its `name` if `last_import` is set.
        """
        header = creation(parent, resource_type, import_id, request_id, validate_only, spec)
        place = Place(parent, header.request_id)
        return await import_and_wait(
            self._tries(place, timeout, patience),
            header,
            document,
            is_own_id=not request_id,
            on_event=on_event,
            interval=interval_of(progress_interval, place),
            max_silence=max_silence,
        )

    def _tries(self, place: Place, timeout: float | None, patience: float = 0.0) -> Tries:
        return Tries(self._replicas, place, timeout=timeout, patience=patience)

    async def _answer(
        self,
        ask: Callable[[Replica, float | None], Awaitable[Answer]],
        place: Place,
        timeout: float | None,
        patience: float,
    ) -> Answer:
        return await answer_of(self._tries(place, timeout, patience), ask)


@asynccontextmanager
async def connect(
    target: str = DEFAULT_TARGET, *, credentials: grpc.ChannelCredentials | None = None
) -> AsyncIterator[Imports]:
    """The calls on channels of their own, closed at the end. Without `credentials` nothing is encrypted.

    `target` is `host:port`, a name or an IP address, or several of them with commas between: replicas of one service,
    of which another is asked when one is gone. A name that stands for several addresses does the same. Connecting
    happens with the first call, which fails with `ServiceAway` when nobody is there. Raises ValueError without a
    target.
    """
    async with AsyncExitStack() as stack:
        channels = [
            await stack.enter_async_context(open_channel(each, credentials)) for each in addresses_in(target)
        ]
        yield Imports(*channels)
