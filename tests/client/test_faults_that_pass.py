"""Which ends of a call are no answers, how often and where the client asks again, and when it stops."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo

from commerce.imports.v1 import imports_pb2 as pb
from imports_client import ConnectionClosed, ServiceAway, connect
from tests.client.conftest import ConnectTo, Context, Partial, Serve, refuse
from tests.client.scripted import (
    NAME,
    PARENT,
    STORY,
    WAIT_SECONDS,
    Cut,
    How,
    Script,
    event,
    numbered,
    replicas,
)
from tests.client.shelf import PENDING
from tests.client.watched import TOKENS, tokens_seen, watched

COMPLETED = event(pb.KIND_TRANSITION, pb.STATUS_COMPLETED)


class Ending(Partial):
    """Ends its first watch after an event, with a code and words of its own and no details."""

    def __init__(self, code: grpc.StatusCode, words: str) -> None:
        self.ends = [(code, words)]

    async def WatchImport(  # noqa: N802
        self, request: pb.WatchImportRequest, context: Context
    ) -> AsyncIterator[pb.ImportEvent]:
        if self.ends:
            yield STORY[0]
            await context.abort(*self.ends.pop())
        for each in STORY[int(request.resume_token or 0) :]:
            yield each


class Pausing(Partial):
    """Refuses for the moment, and says after how many seconds to come back.

    Of several that share a set, only the one that is asked first is `stopping`.
    """

    def __init__(self, seconds: float, stopping: set["Pausing"] | None = None) -> None:
        self.delay = Duration()
        self.delay.FromTimedelta(timedelta(seconds=seconds))
        self.asked = 0
        self.stopping = set() if stopping is None else stopping

    async def GetImport(self, request: pb.GetImportRequest, context: Context) -> pb.Import:  # noqa: N802
        self.asked += 1
        if self.stopping and self not in self.stopping:
            return pb.Import(name=NAME)
        self.stopping.add(self)
        again = RetryInfo(retry_delay=self.delay)
        await refuse(context, grpc.StatusCode.UNAVAILABLE, "stopping", ErrorInfo(reason="STOPPING"), again)
        raise AssertionError


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (grpc.StatusCode.UNKNOWN, "context canceled"),  # by a handler of grpc-go whose server stops
        (grpc.StatusCode.UNKNOWN, "Application error processing RPC"),  # by grpc-java
        (grpc.StatusCode.UNKNOWN, "Exception was thrown by handler."),  # by grpc-dotnet
        (grpc.StatusCode.INTERNAL, "server is shutting down"),
        (grpc.StatusCode.CANCELLED, "by a proxy"),
    ],
)
async def test_an_end_without_a_reason_of_the_service_is_no_answer(
    connect_to: ConnectTo, code: grpc.StatusCode, words: str
) -> None:
    imports = await connect_to(Ending(code, words))

    assert await tokens_seen(imports) == TOKENS


async def test_a_replica_is_asked_once_without_patience(connect_to: ConnectTo) -> None:
    pausing = Pausing(seconds=5)
    imports = await connect_to(pausing)

    with pytest.raises(ServiceAway):
        await imports.get(NAME)

    assert pausing.asked == 1


async def test_a_service_that_asks_for_no_pause_is_given_one(connect_to: ConnectTo) -> None:
    pausing = Pausing(seconds=0)
    imports = await connect_to(pausing)

    with pytest.raises(ServiceAway):
        await imports.get(NAME, patience=0.4)

    assert 1 < pausing.asked < 10


async def test_a_replica_that_asks_for_a_pause_does_not_delay_the_next(serve: Serve) -> None:
    stopping: set[Pausing] = set()
    both = [Pausing(8, stopping), Pausing(8, stopping)]

    async with connect(",".join([await serve(each) for each in both])) as imports, asyncio.timeout(4):
        await imports.get(NAME)

    assert [each.asked for each in both] == [1, 1]


async def test_the_service_is_away_and_no_deadline_is_over_when_a_proxy_ends_calls() -> None:
    script = Script(STORY, [Cut(1, How.CUT_BY_A_PROXY)] + [Cut(0, How.CUT_BY_A_PROXY)] * 50)

    with pytest.raises(ServiceAway):
        await watched(script, patience=0.2)


async def test_an_infinite_timeout_is_none(connect_to: ConnectTo) -> None:
    imports = await connect_to(Ending(grpc.StatusCode.UNAVAILABLE, ""))

    assert await tokens_seen(imports, timeout=float("inf")) == TOKENS


async def test_a_deletion_after_the_end_is_told_when_the_stream_is_lost_between_them() -> None:
    events = numbered([PENDING, COMPLETED, event(pb.KIND_DELETED, pb.STATUS_COMPLETED)])

    assert await watched(Script(events, [Cut(1, How.AWAY)]), resume_token="1") == ["2", "3"]


async def test_an_end_that_was_told_is_not_lost_with_the_stream_behind_it() -> None:
    script = Script(numbered([PENDING, COMPLETED]), [Cut(1, How.AWAY), Cut(0, How.AWAY)])

    assert await watched(script, resume_token="1", patience=0.0) == ["2"]
    assert await watched(script, resume_token="1") == ["2"]


async def test_who_watches_a_connection_that_is_closed_here_is_told_and_not_cancelled() -> None:
    script = Script(STORY, [Cut(1, How.SILENCE)])
    async with replicas(script) as target:
        async with connect(target) as imports:
            waiting = asyncio.create_task(tokens_seen(imports))
            async with asyncio.timeout(WAIT_SECONDS):
                await script.opened.wait()
        with pytest.raises(ConnectionClosed):
            await waiting


async def test_who_waits_for_the_next_try_is_told_that_the_connection_is_closed(unused_tcp_port: int) -> None:
    async with connect(f"127.0.0.1:{unused_tcp_port}") as imports:
        waiting = asyncio.create_task(tokens_seen(imports))
        with pytest.raises(ServiceAway):
            await imports.get(NAME, patience=0.1)
    with pytest.raises(ConnectionClosed):
        await waiting


async def test_a_list_has_patience_with_each_page(connect_to: ConnectTo) -> None:
    class Restarting(Partial):
        is_away = True

        async def ListImports(  # noqa: N802
            self, request: pb.ListImportsRequest, context: Context
        ) -> pb.ListImportsResponse:
            self.is_away = not self.is_away
            if not self.is_away:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "restarting")
            last = request.page_token == "1"
            return pb.ListImportsResponse(imports=[pb.Import()], next_page_token="" if last else "1")

    imports = await connect_to(Restarting())

    assert len([each async for each in imports.list(PARENT, patience=WAIT_SECONDS)]) == 2
