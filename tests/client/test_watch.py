"""A watch is resumed over everything that can happen to a stream, against a service that plays a script."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing

import grpc
import pytest
import pytest_asyncio
from google.rpc.error_details_pb2 import ErrorInfo
from hypothesis import strategies as st

from commerce.imports.v1 import imports_pb2 as pb
from imports_client import DeadlineOver, Refused, ResumeTokenExpired, ServiceAway, connect
from tests.client.conftest import ConnectTo, Context, Partial, refuse
from tests.client.scripted import (
    NAME,
    PARENT,
    STORY,
    UNKNOWN_KIND,
    WAIT_SECONDS,
    Cut,
    How,
    Script,
    event,
    numbered,
    replicas,
)
from tests.client.watched import TOKENS, tokens_seen, watched, watching
from tests.eventually import eventually
from tests.model.properties import holds


class Refusing(Partial):
    """Tells one event and refuses, or refuses at once."""

    def __init__(self, code: grpc.StatusCode, reason: str, *, told: int = 1) -> None:
        self.code, self.reason, self.told = code, reason, told
        self.streams = 0

    async def WatchImport(  # noqa: N802
        self, request: pb.WatchImportRequest, context: Context
    ) -> AsyncIterator[pb.ImportEvent]:
        self.streams += 1
        for each in STORY[: self.told]:
            yield each
        await refuse(context, self.code, "no", ErrorInfo(reason=self.reason, domain="imports.commerce"))


@pytest.mark.parametrize("how", How)
@pytest.mark.parametrize("told", [0, 1, 3])
async def test_a_watch_goes_on_after_the_last_event_that_it_told(how: How, told: int) -> None:
    script = Script(STORY, [Cut(told, how)])

    seen = await watched(script, max_silence=0.3)

    assert seen == TOKENS
    assert [token for _, token in script.streams] == ["", TOKENS[told - 1] if told else ""]


async def test_the_last_event_ends_the_watch_however_the_stream_ends() -> None:
    script = Script(STORY, [Cut(len(STORY), How.AWAY)])

    assert await watched(script) == TOKENS
    assert len(script.streams) == 1


async def test_deletion_ends_the_watch() -> None:
    events = numbered([STORY[0], event(pb.KIND_DELETED, pb.STATUS_PENDING)])

    assert await watched(Script(events, [Cut(2, How.SILENCE)]), max_silence=0.3) == ["1", "2"]


async def test_an_import_that_had_ended_before_ends_its_watch() -> None:
    events = numbered([event(pb.KIND_SNAPSHOT, pb.STATUS_INTERRUPTED)])

    assert await watched(Script(events)) == ["1"]


async def test_an_ok_that_comes_too_early_is_a_lost_stream_also_to_a_token_of_before() -> None:
    script = Script(STORY, [Cut(0, How.OK), Cut(0, How.OK)])
    script.events = STORY[:4]  # by GetImport it has not ended
    script.cuts.append(Cut(1, How.OK))

    async with watching(script, resume_token="2") as events:
        first = await anext(events)
        script.events = STORY
        rest = [each.resume_token async for each in events]

    assert [first.resume_token, *rest] == TOKENS[2:]


async def test_the_token_of_the_last_event_leads_to_the_end_without_an_event() -> None:
    assert await watched(Script(STORY), resume_token=TOKENS[-1], patience=0.0) == []


async def test_what_happened_between_an_early_ok_and_the_end_is_told() -> None:
    # The stream is cut, the import ends, and GetImport says so: what the token missed is still to come.
    assert await watched(Script(STORY, [Cut(0, How.OK)]), resume_token="3") == TOKENS[3:]


async def test_kinds_of_a_later_contract_are_passed_on() -> None:
    async with replicas(Script(STORY)) as target, connect(target) as imports:
        kinds = [int(each.kind) async for each in imports.watch(NAME)]

    assert UNKNOWN_KIND in kinds


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, "RESUME_TOKEN_INVALID"),
        (grpc.StatusCode.NOT_FOUND, "IMPORT_NOT_FOUND"),
        (grpc.StatusCode.PERMISSION_DENIED, "ORGANIZATION_FORBIDDEN"),
        (grpc.StatusCode.UNAUTHENTICATED, "CREDENTIALS_INVALID"),
        (grpc.StatusCode.UNIMPLEMENTED, "NOT_YET"),
        (grpc.StatusCode.FAILED_PRECONDITION, ""),
        (grpc.StatusCode.INTERNAL, "INTERNAL"),
        (grpc.StatusCode.UNKNOWN, "FAULT"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, ""),
    ],
)
async def test_a_refusal_ends_the_watch_at_once_and_keeps_its_reason(
    connect_to: ConnectTo, code: grpc.StatusCode, reason: str
) -> None:
    servicer = Refusing(code, reason)
    imports = await connect_to(servicer)

    with pytest.raises(Refused) as caught:
        await tokens_seen(imports)

    error = caught.value
    assert isinstance(error, grpc.aio.AioRpcError)
    assert isinstance(error.__cause__, grpc.aio.AioRpcError)
    assert (error.code(), error.reason, error.name, error.resume_token) == (code, reason, NAME, "1")
    assert error.last_import == STORY[0].snapshot
    assert servicer.streams == 1


async def test_a_token_too_old_is_told_and_not_passed_over(connect_to: ConnectTo) -> None:
    imports = await connect_to(Refusing(grpc.StatusCode.OUT_OF_RANGE, "RESUME_TOKEN_EXPIRED", told=0))

    with pytest.raises(ResumeTokenExpired) as caught:
        await tokens_seen(imports, "old")

    assert caught.value.resume_token == "old"


async def test_a_watch_gives_up_when_the_service_stays_away(unused_tcp_port: int) -> None:
    async with connect(f"127.0.0.1:{unused_tcp_port}") as imports:
        begun = time.monotonic()
        with pytest.raises(ServiceAway) as caught:
            await tokens_seen(imports, "7", patience=0.3)

    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert caught.value.resume_token == "7"
    assert time.monotonic() - begun >= 0.3


async def test_patience_is_for_the_time_since_the_first_loss() -> None:
    script = Script(STORY, [Cut(1, How.AWAY)])

    async with watching(script, patience=0.25) as events:
        await anext(events)
        until = time.monotonic() + 0.3  # the caller takes longer over the event than patience lasts
        await eventually(lambda: time.monotonic() > until)
        rest = [each.resume_token async for each in events]

    assert rest == TOKENS[1:]


async def test_patience_begins_anew_with_each_event() -> None:
    events = numbered([STORY[3]] * 10 + [STORY[-1]])
    script = Script(events, [Cut(1, How.AWAY)] * 10)  # after each a pause of 0.05 s at the least

    assert len(await watched(script, patience=0.3)) == len(events)


async def test_the_deadline_ends_a_watch_that_is_silent() -> None:
    script = Script(STORY, [Cut(1, How.SILENCE)])

    with pytest.raises(DeadlineOver) as caught:
        await watched(script, timeout=0.3)

    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert caught.value.resume_token == "1"


async def test_the_deadline_ends_a_watch_between_two_tries(unused_tcp_port: int) -> None:
    async with connect(f"127.0.0.1:{unused_tcp_port}") as imports:
        begun = time.monotonic()
        with pytest.raises(DeadlineOver) as caught:
            await tokens_seen(imports, timeout=0.3)
        took = time.monotonic() - begun

    assert isinstance(caught.value.__cause__, grpc.aio.AioRpcError)
    assert caught.value.__cause__.code() is grpc.StatusCode.UNAVAILABLE
    assert 0.29 <= took < 5


async def test_leaving_a_watch_ends_the_call() -> None:
    script = Script(STORY, [Cut(1, How.SILENCE)])

    async with replicas(script) as target, connect(target) as imports:
        async with aclosing(imports.watch(NAME)) as events:
            await anext(events)
        async with asyncio.timeout(WAIT_SECONDS):
            await script.left.wait()


async def test_cancelling_whoever_waits_for_an_event_ends_the_call() -> None:
    script = Script(STORY, [Cut(1, How.SILENCE)])

    async with replicas(script) as target, connect(target) as imports, asyncio.TaskGroup() as group:
        waiting = group.create_task(tokens_seen(imports))
        async with asyncio.timeout(WAIT_SECONDS):
            await script.opened.wait()
            waiting.cancel()
            await script.left.wait()

    assert len(script.streams) == 1


async def test_a_watch_of_an_organization_goes_on_over_everything_and_has_no_end() -> None:
    events = numbered([*STORY, event(pb.KIND_SYNCED), event(pb.KIND_DELETED, pb.STATUS_COMPLETED), *STORY])
    script = Script(events, [Cut(1, How.OK), Cut(3, How.RESET), Cut(6, How.SILENCE)])
    seen: list[str] = []

    async with (
        replicas(script, 2) as target,
        connect(target) as imports,
        aclosing(imports.watch_imports(PARENT, max_silence=0.3)) as told,
        asyncio.timeout(WAIT_SECONDS),
    ):
        async for each in told:
            seen.append(each.resume_token)
            if len(seen) == len(events):
                break

    assert seen == [each.resume_token for each in events]


@pytest_asyncio.fixture(loop_scope="session")
async def loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


KINDS = st.sampled_from(STORY[:-1])
CUTS = st.lists(st.builds(Cut, st.integers(0, 3), st.sampled_from(How)), min_size=1, max_size=5)
PLAYS = st.tuples(
    st.lists(KINDS, min_size=4, max_size=12),
    CUTS,
    st.integers(1, 2),
    st.integers(0, 8),
    st.sampled_from([STORY[-1], None]),
)
Play = tuple[list[pb.ImportEvent], list[Cut], int, int, pb.ImportEvent | None]


def test_whatever_happens_to_its_streams_a_watch_tells_all_events_once_and_in_order(
    loop: asyncio.AbstractEventLoop,
) -> None:
    async def example(play: Play) -> None:
        told, cuts, count, start, last = play
        events = numbered([*told, last or event(pb.KIND_DELETED, pb.STATUS_PENDING)])
        token = str(start) if 0 < start < len(events) else ""

        seen = await watched(Script(events, list(cuts)), count, token, max_silence=0.1)

        assert seen == [each.resume_token for each in events[int(token or 0) :]]

    holds(loop, PLAYS, example, examples=25)
