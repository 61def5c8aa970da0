"""What `import_and_wait` finds out before it imports, whom it asks at the end, and what its errors tell."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import grpc
import pytest

from commerce.imports.v1 import imports_pb2 as pb
from imports_client import DeadlineOver, ImportDeleted, Refused, connect
from tests.client.conftest import Context, Serve
from tests.client.scripted import PARENT, STORY, WAIT_SECONDS, numbered
from tests.client.shelf import PENDING, URL, Requests, Shelf

DOCUMENT = b"code,name\nA,a\n"
INTERVALS = [timedelta(milliseconds=10), timedelta(hours=2), timedelta(0), timedelta.max]


@pytest.mark.parametrize("interval", INTERVALS)
async def test_a_progress_interval_that_is_refused_leaves_no_import_behind(
    serve: Serve, interval: timedelta
) -> None:
    shelf = Shelf()

    async with connect(await serve(shelf)) as imports:
        with pytest.raises(Refused) as caught:
            await imports.import_and_wait(PARENT, "skus", DOCUMENT, progress_interval=interval)
        with pytest.raises(Refused):
            imports.watch_imports(PARENT, progress_interval=interval)

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.reason == "FIELD_INVALID"
    assert caught.value.violations == (("progress_interval", "must be from 100 ms to 1 h"),)
    assert shelf.headers == []


async def test_a_progress_interval_in_seconds_leaves_no_import_behind(serve: Serve) -> None:
    shelf = Shelf()

    async with connect(await serve(shelf)) as imports:
        with pytest.raises(TypeError, match="timedelta"):
            await imports.import_and_wait(PARENT, "skus", DOCUMENT, progress_interval=0.5)  # type: ignore[arg-type]

    assert shelf.headers == []


async def test_an_error_never_tells_of_another_import_that_has_the_name_by_now(serve: Serve) -> None:
    shelf = Shelf()
    other = pb.ImportEvent(kind=pb.KIND_SNAPSHOT, resume_token="x", snapshot=pb.Import(uid="another"))
    shelf.watches = [[other]]

    async with connect(await serve(shelf)) as imports:
        with pytest.raises(ImportDeleted) as caught:
            await imports.import_and_wait(PARENT, "skus", DOCUMENT, timeout=WAIT_SECONDS)

    assert caught.value.last_import == shelf.created
    assert caught.value.resume_token == ""


async def test_the_deadline_that_is_over_is_told_as_it_was_given(serve: Serve) -> None:
    shelf = Shelf()
    shelf.watches = [numbered([PENDING])]

    async with connect(await serve(shelf)) as imports:
        with pytest.raises(DeadlineOver, match=r"within 0\.3 s"):
            await imports.import_and_wait(PARENT, "skus", DOCUMENT, timeout=0.3)


async def test_a_token_too_old_is_known_by_its_code_alone(serve: Serve) -> None:
    class Forgetful(Shelf):
        async def WatchImport(  # noqa: N802
            self, request: pb.WatchImportRequest, context: Context
        ) -> AsyncIterator[pb.ImportEvent]:
            self.tokens.append(request.resume_token)
            if request.resume_token:
                await context.abort(grpc.StatusCode.OUT_OF_RANGE, "too old")
            if len(self.tokens) == 1:
                yield STORY[0]
                await context.abort(grpc.StatusCode.UNAVAILABLE, "")
            yield STORY[-1]

    forgetful = Forgetful()

    async with connect(await serve(forgetful)) as imports:
        ended = await imports.import_and_wait(PARENT, "skus", DOCUMENT, timeout=WAIT_SECONDS)

    assert ended.attachment_url == URL
    assert forgetful.tokens == ["", "1", ""]


class Freezing(Shelf):
    """Two of them are replicas: the one that takes the upload does nothing any more after it."""

    def __init__(self, frozen: "set[Freezing]") -> None:
        super().__init__()
        self.frozen = frozen

    async def UploadImport(self, request_iterator: Requests, context: Context) -> pb.Import:  # noqa: N802
        self.frozen.add(self)
        return await super().UploadImport(request_iterator, context)

    async def WatchImport(  # noqa: N802
        self, request: pb.WatchImportRequest, context: Context
    ) -> AsyncIterator[pb.ImportEvent]:
        if self in self.frozen:
            await asyncio.Event().wait()
        for each in STORY:
            yield each

    async def GetImport(self, request: pb.GetImportRequest, context: Context) -> pb.Import:  # noqa: N802
        if self in self.frozen:
            await asyncio.Event().wait()
        return await super().GetImport(request, context)


async def test_the_logs_are_asked_of_the_replica_that_told_the_end(serve: Serve) -> None:
    frozen: set[Freezing] = set()
    targets = ",".join([await serve(Freezing(frozen)) for _ in range(2)])

    async with connect(targets) as imports, asyncio.timeout(5):
        ended = await imports.import_and_wait(PARENT, "skus", DOCUMENT, max_silence=0.5)

    assert len(frozen) == 1
    assert ended.attachment_url == URL


async def test_logs_that_nobody_sends_are_not_waited_for_longer_than_for_events(serve: Serve) -> None:
    shelf = Shelf()
    shelf.found = None  # it never answers

    async with connect(await serve(shelf)) as imports, asyncio.timeout(10):
        ended = await imports.import_and_wait(PARENT, "skus", DOCUMENT, max_silence=0.2, patience=0.0)

    assert ended == STORY[-1].snapshot
