"""An import from its document to its end, over everything that can happen on the way."""

import asyncio
import hashlib
import pickle
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from commerce.imports.v1 import imports_pb2 as pb
from imports_client import (
    DeadlineOver,
    DocumentSpent,
    ImportDeleted,
    ImportsError,
    Refused,
    ServiceAway,
    connect,
)
from tests.client.conftest import Serve
from tests.client.scripted import NAME, PARENT, STORY, WAIT_SECONDS, event, numbered
from tests.client.shelf import PENDING, URL, Shelf

DOCUMENT = b"code,name\n" + b"A,a\n" * 200_000
COMPLETED = event(pb.KIND_TRANSITION, pb.STATUS_COMPLETED)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


async def imported(
    shelf: Shelf, serve: Serve, document: Path | bytes | AsyncIterator[bytes] = DOCUMENT, **options: Any
) -> pb.Import:
    async with connect(await serve(shelf)) as imports, asyncio.timeout(WAIT_SECONDS):
        return await imports.import_and_wait(PARENT, "skus", document, **options)


async def pieces() -> AsyncIterator[bytes]:
    for start in range(0, len(DOCUMENT), 100_000):
        yield DOCUMENT[start : start + 100_000]


async def test_the_import_comes_with_its_logs_and_every_event_was_told(shelf: Shelf, serve: Serve) -> None:
    told: list[str] = []

    ended = await imported(shelf, serve, on_event=lambda each: told.append(each.resume_token))

    assert ended.attachment_url == URL
    assert told == [each.resume_token for each in STORY]


STOPPING = (grpc.StatusCode.UNAVAILABLE, "STOPPING", "stopping")
LOST = [
    STOPPING,
    (grpc.StatusCode.UNAVAILABLE, "", "connection refused"),
    (grpc.StatusCode.INTERNAL, "", "Received RST_STREAM with error code 2"),
    (grpc.StatusCode.RESOURCE_EXHAUSTED, "PENDING_IMPORTS_LIMIT", "too many"),
]


@pytest.mark.parametrize(
    ("kind", "code", "reason", "message"),
    [*(("a file", *lost) for lost in LOST), ("bytes", *STOPPING)],
)
@pytest.mark.parametrize("chunks", [0, 1, -1])  # -1: all, and only the answer is lost
async def test_a_document_that_can_be_read_again_is_sent_again_under_the_same_id(
    shelf: Shelf,
    serve: Serve,
    tmp_path: Path,
    kind: str,
    chunks: int,
    code: grpc.StatusCode,
    reason: str,
    message: str,
) -> None:
    file = tmp_path / "skus.csv"
    file.write_bytes(DOCUMENT)
    shelf.refusals = [(chunks, code, reason, message)] * 2

    ended = await imported(shelf, serve, file if kind == "a file" else DOCUMENT)

    assert ended.status == pb.STATUS_COMPLETED
    assert shelf.document == DOCUMENT
    assert len({header.request_id for header in shelf.headers}) == 1
    assert {header.document_sha256 for header in shelf.headers} == {hashlib.sha256(DOCUMENT).digest()}
    assert len(shelf.headers) == 3


async def test_pieces_that_were_taken_cannot_be_sent_again(shelf: Shelf, serve: Serve) -> None:
    shelf.refusals = [(1, grpc.StatusCode.UNAVAILABLE, "STOPPING", "stopping")]

    with pytest.raises(DocumentSpent) as caught:
        await imported(shelf, serve, pieces(), request_id="mine")

    assert (caught.value.request_id, caught.value.reason) == ("mine", "STOPPING")
    assert len(shelf.headers) == 1


async def test_pieces_wait_for_a_service_that_is_there(
    shelf: Shelf, serve: Serve, unused_tcp_port: int
) -> None:
    for _ in range(4):  # which address is asked first is left to chance
        async with connect(f"127.0.0.1:{unused_tcp_port},{await serve(shelf)}") as imports:
            ended = await imports.import_and_wait(PARENT, "skus", pieces(), timeout=WAIT_SECONDS)

        assert ended.status == pb.STATUS_COMPLETED
        assert shelf.document == DOCUMENT


async def test_a_refusal_has_its_reason_and_is_not_repeated(shelf: Shelf, serve: Serve) -> None:
    shelf.refusals = [(0, grpc.StatusCode.INVALID_ARGUMENT, "RESOURCE_TYPE_UNKNOWN", "no such type")] * 2

    with pytest.raises(Refused) as caught:
        await imported(shelf, serve)

    assert caught.value.reason == "RESOURCE_TYPE_UNKNOWN"
    assert len(shelf.headers) == 1


async def test_a_limit_that_does_not_pass_is_a_refusal_in_the_end(shelf: Shelf, serve: Serve) -> None:
    shelf.refusals = [(0, grpc.StatusCode.RESOURCE_EXHAUSTED, "PENDING_IMPORTS_LIMIT", "too many")] * 10_000

    with pytest.raises(Refused) as caught:
        await imported(shelf, serve, patience=0.2)

    assert caught.value.reason == "PENDING_IMPORTS_LIMIT"
    assert len(shelf.headers) > 1


async def test_nobody_there_is_given_up_after_patience(unused_tcp_port: int) -> None:
    async with connect(f"127.0.0.1:{unused_tcp_port}") as imports:
        with pytest.raises(ServiceAway) as caught:
            await imports.import_and_wait(PARENT, "skus", DOCUMENT, patience=0.3, request_id="mine")

    assert caught.value.request_id == "mine"


@pytest.mark.parametrize("found", [grpc.StatusCode.NOT_FOUND, grpc.StatusCode.PERMISSION_DENIED])
async def test_an_import_deleted_right_after_its_end_is_returned_as_it_ended(
    shelf: Shelf, serve: Serve, found: grpc.StatusCode
) -> None:
    shelf.found = found

    ended = await imported(shelf, serve)

    assert ended == STORY[-1].snapshot


async def test_another_import_of_the_name_is_not_returned(shelf: Shelf, serve: Serve) -> None:
    shelf.found = pb.Import(name=NAME, uid="another", status=pb.STATUS_COMPLETED)

    assert (await imported(shelf, serve)).uid == "u"


@pytest.mark.parametrize(
    "watches",
    [
        pytest.param([numbered([PENDING, event(pb.KIND_DELETED, pb.STATUS_PENDING)])], id="told"),
        pytest.param([grpc.StatusCode.NOT_FOUND], id="not there any more"),
        pytest.param(
            [[pb.ImportEvent(kind=pb.KIND_SNAPSHOT, snapshot=pb.Import(uid="another"))]],
            id="another one is there",
        ),
    ],
)
async def test_an_import_deleted_before_its_end_is_an_error(
    shelf: Shelf, serve: Serve, watches: list[list[pb.ImportEvent] | grpc.StatusCode]
) -> None:
    shelf.watches = watches

    with pytest.raises(ImportDeleted) as caught:
        await imported(shelf, serve)

    assert caught.value.name == NAME
    assert caught.value.last_import is not None


async def test_an_import_deleted_before_the_answer_to_its_upload_came_is_an_error(
    shelf: Shelf, serve: Serve
) -> None:
    lost = (-1, grpc.StatusCode.UNAVAILABLE, "", "connection reset")
    shelf.refusals = [lost, (0, grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED", "deleted")]

    with pytest.raises(ImportDeleted):
        await imported(shelf, serve)


async def test_a_token_that_expired_means_watching_anew(shelf: Shelf, serve: Serve) -> None:
    cut = numbered([PENDING, event(pb.KIND_PROGRESS, pb.STATUS_IN_PROGRESS)])
    shelf.watches = [cut, grpc.StatusCode.OUT_OF_RANGE, numbered([COMPLETED])]

    ended = await imported(shelf, serve, max_silence=0.3)

    assert ended.status == pb.STATUS_COMPLETED
    assert shelf.tokens == ["", "2", ""]


async def test_an_import_of_a_request_made_before_may_have_ended_already(shelf: Shelf, serve: Serve) -> None:
    shelf.created = COMPLETED.snapshot

    ended = await imported(shelf, serve, request_id="mine")

    assert ended.attachment_url == URL
    assert shelf.tokens == []


async def stuck(begun: asyncio.Event) -> AsyncIterator[bytes]:
    yield b"code\n"
    begun.set()
    await asyncio.Event().wait()


@pytest.mark.parametrize("what", ["the document", "the upload", "the watch"])
async def test_the_deadline_is_for_the_whole_of_it(shelf: Shelf, serve: Serve, what: str) -> None:
    shelf.answers_uploads = what == "the watch"
    shelf.watches = [numbered([PENDING])]
    document = stuck(asyncio.Event()) if what == "the document" else b"code\nA\n"
    begun = time.monotonic()

    with pytest.raises(DeadlineOver) as caught:
        await imported(shelf, serve, document, timeout=0.3)

    assert 0.29 <= time.monotonic() - begun < 5
    assert caught.value.request_id == shelf.headers[0].request_id
    assert caught.value.name == (NAME if what == "the watch" else PARENT)


async def test_an_end_that_was_seen_is_not_lost_to_the_deadline(shelf: Shelf, serve: Serve) -> None:
    shelf.found = None

    ended = await imported(shelf, serve, timeout=0.3)

    assert ended == STORY[-1].snapshot


async def test_every_error_can_be_told_and_sent_on(shelf: Shelf, serve: Serve) -> None:
    shelf.refusals = [(0, grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID", "import_id: bad")]
    with pytest.raises(ImportsError) as refused:
        await imported(shelf, serve, request_id="mine")
    shelf.watches = [grpc.StatusCode.NOT_FOUND]
    with pytest.raises(ImportsError) as deleted:
        await imported(shelf, serve, request_id="mine")

    for error in (refused.value, deleted.value):
        copy = pickle.loads(pickle.dumps(error))
        assert (str(copy), copy.request_id) == (str(error), "mine")
    assert str(refused.value) == f"{PARENT}: FIELD_INVALID: import_id: bad"
