"""What leaves the service when a call goes wrong."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from structlog.testing import capture_logs

from imports_service.domain import errors
from imports_service.rpc.statuses import ERROR_DOMAIN, STATUS_OF_KIND, rich_status, status_of
from tests.eventually import eventually
from tests.rpc.tiny_server import SERVICE, Tiny, details_of, tiny_server

ErrorInfo = error_details_pb2.ErrorInfo


def kinds(kind: type[errors.ImportsError] = errors.ImportsError) -> Iterator[type[errors.ImportsError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from kinds(narrower)


def raising(error: BaseException) -> Tiny:
    async def answer(request: bytes, context: Any) -> bytes:
        raise error

    return Tiny(answer=answer)


async def refused(tiny: Tiny) -> grpc.aio.AioRpcError:
    async with tiny_server(tiny) as stub:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.answer(b"", timeout=5)
    return caught.value


@pytest.mark.parametrize("kind", list(kinds()))
def test_every_domain_error_has_a_status_of_its_kind(kind: type[errors.ImportsError]) -> None:
    error = kind.__new__(kind)

    assert status_of(error) is not grpc.StatusCode.INTERNAL or kind is errors.ImportsError
    assert any(issubclass(kind, known) for known in STATUS_OF_KIND)


def test_no_two_errors_share_a_reason() -> None:
    own = [kind.reason for kind in kinds() if "reason" in vars(kind)]

    assert len(own) == len(set(own))
    assert all(reason.isupper() and len(reason) <= 63 for reason in own)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(
            errors.ImportNotFound("organizations/o/imports/i"), grpc.StatusCode.NOT_FOUND, id="not found"
        ),
        pytest.param(errors.EtagMismatch("changed"), grpc.StatusCode.ABORTED, id="conflict"),
        pytest.param(errors.ImportIdTaken("i"), grpc.StatusCode.ALREADY_EXISTS, id="taken"),
        pytest.param(errors.OutOfRange("gone"), grpc.StatusCode.OUT_OF_RANGE, id="out of range"),
    ],
)
async def test_a_domain_error_reaches_the_caller_with_reason_and_facts(
    error: errors.ImportsError, code: grpc.StatusCode
) -> None:
    caught = await refused(raising(error))

    info = details_of(caught)[ErrorInfo]
    assert (caught.code(), caught.details()) == (code, str(error))
    assert (info.reason, info.domain, dict(info.metadata)) == (error.reason, ERROR_DOMAIN, error.facts)


async def test_an_invalid_argument_names_its_fields() -> None:
    violation = errors.FieldViolation("spec.format", "is not a format")

    caught = await refused(raising(errors.InvalidArgument(violation)))

    request = details_of(caught)[error_details_pb2.BadRequest]
    assert [(found.field, found.description) for found in request.field_violations] == [violation]


async def test_a_quota_says_whose_it_is_and_when_to_come_back() -> None:
    error = errors.Exhausted("too many", subject="organizations/acme", retry_after_seconds=2.5)

    details = details_of(await refused(raising(error)))

    assert details[error_details_pb2.QuotaFailure].violations[0].subject == "organizations/acme"
    assert details[error_details_pb2.RetryInfo].retry_delay.ToMilliseconds() == 2_500


async def test_what_is_away_says_when_to_come_back() -> None:
    error = errors.Unavailable("no database", reason="DATABASE_UNAVAILABLE")

    details = details_of(await refused(raising(error)))

    assert details[error_details_pb2.RetryInfo].retry_delay.ToMilliseconds() == 1_000


async def test_an_unforeseen_error_is_logged_once_and_keeps_its_text_to_itself() -> None:
    with capture_logs() as logs:
        caught = await refused(raising(ValueError("a secret")))

    assert (caught.code(), caught.details()) == (grpc.StatusCode.INTERNAL, "internal error")
    assert details_of(caught)[ErrorInfo].reason == "INTERNAL"
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["unforeseen error"]


async def test_a_refusal_out_of_a_task_group_is_a_refusal() -> None:
    group = ExceptionGroup(
        "tasks", [ExceptionGroup("inner", [errors.ImportNotFound("organizations/o/imports/i")])]
    )

    assert (await refused(raising(group))).code() is grpc.StatusCode.NOT_FOUND


async def test_a_bug_beside_a_refusal_is_a_bug() -> None:
    group = ExceptionGroup("tasks", [errors.ImportNotFound("organizations/o/imports/i"), KeyError("x")])

    assert (await refused(raising(group))).code() is grpc.StatusCode.INTERNAL


async def test_a_cancellation_of_something_within_does_not_hang_the_caller() -> None:
    caught = await refused(raising(asyncio.CancelledError()))

    assert caught.code() is grpc.StatusCode.INTERNAL


async def test_details_fit_into_trailers_whatever_they_hold() -> None:
    error = errors.InvalidArgument(
        [errors.FieldViolation(f"document {number}" * 50, "列" * 5_000) for number in range(500)],
        columns="列" * 100_000,
    )

    caught = await refused(raising(error))

    assert caught.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert details_of(caught)[ErrorInfo].reason == "FIELD_INVALID"
    assert rich_status(error).ByteSize() < 5_000


async def test_a_stream_ends_with_the_status_of_its_error() -> None:
    async def stream(request: bytes, context: Any) -> AsyncIterator[bytes]:
        yield b"first"
        raise errors.OutOfRange("gone")

    received = []
    async with tiny_server(Tiny(stream=stream)) as stub:
        call = stub.stream(b"", timeout=5)
        received.append(await call.read())
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()

    assert (received, caught.value.code()) == ([b"first"], grpc.StatusCode.OUT_OF_RANGE)


async def test_a_handler_may_write_for_itself() -> None:
    async def stream(request: bytes, context: Any) -> None:
        await context.write(b"first")
        await context.write(b"second")

    async with tiny_server(Tiny(stream=stream)) as stub:
        call = stub.stream(b"", timeout=5)
        assert [message async for message in call] == [b"first", b"second"]


async def test_an_upload_is_refused_in_the_middle() -> None:
    async def collect(requests: AsyncIterator[bytes], context: Any) -> bytes:
        async for _ in requests:
            raise errors.ImportIdTaken("i")
        return b""

    over = asyncio.Event()

    async def unfinished() -> AsyncIterator[bytes]:
        yield b"chunk"
        await over.wait()  # grpc.aio loses the status of a call that ends while its caller is writing

    async with tiny_server(Tiny(collect=collect)) as stub:
        call = stub.collect(unfinished(), timeout=5)
        call.add_done_callback(lambda _: over.set())
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call

    assert caught.value.code() is grpc.StatusCode.ALREADY_EXISTS


async def test_a_caller_that_goes_away_ends_the_handler_and_no_error_is_logged() -> None:
    ended = asyncio.Event()

    async def stream(request: bytes, context: Any) -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 100_000
        finally:
            ended.set()

    tiny = Tiny(stream=stream)
    with capture_logs() as logs:
        async with tiny_server(tiny) as stub:
            call = stub.stream(b"")
            await call.read()
            call.cancel()
            async with asyncio.timeout(5):
                await ended.wait()
            await eventually(lambda: tiny.in_flight.count == 0, within=5, what="the call has ended")

    assert [entry for entry in logs if entry["log_level"] == "error"] == []
    assert [entry["code"] for entry in logs if entry["event"] == "call"] == ["CANCELLED"]


async def test_every_call_leaves_one_line() -> None:
    async def answer(request: bytes, context: Any) -> bytes:
        return b""

    with capture_logs() as logs:
        async with tiny_server(Tiny(answer=answer)) as stub:
            await stub.answer(b"", timeout=5)

    (line,) = [entry for entry in logs if entry["event"] == "call"]
    assert (line["method"], line["code"]) == (f"/{SERVICE}/Answer", "OK")
    assert line["milliseconds"] >= 0
