"""Where a call enters and leaves: the one place that turns what went wrong into a status.

A domain error becomes the status of its kind with `ErrorInfo` and what else its kind calls for. Anything
else is a bug: it is logged with its traceback and reaches the caller as INTERNAL without a text of its own.
A cancelled call is none of this module's business: its cancellation is passed on.
"""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any, TypeAlias

import grpc
import structlog
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc import StatusCode
from grpc.aio import AbortError, InternalError, ServerInterceptor, ServicerContext
from grpc_status import rpc_status

from imports_service.domain import errors

ERROR_DOMAIN = "imports.commerce"
OWN_SERVICES = "/commerce.imports."

STATUS_OF_KIND: dict[type[errors.ImportsError], StatusCode] = {
    errors.InvalidArgument: StatusCode.INVALID_ARGUMENT,
    errors.NotFound: StatusCode.NOT_FOUND,
    errors.AlreadyExists: StatusCode.ALREADY_EXISTS,
    errors.Conflict: StatusCode.ABORTED,
    errors.FailedPrecondition: StatusCode.FAILED_PRECONDITION,
    errors.OutOfRange: StatusCode.OUT_OF_RANGE,
    errors.Exhausted: StatusCode.RESOURCE_EXHAUSTED,
    errors.Unavailable: StatusCode.UNAVAILABLE,
    errors.NotYet: StatusCode.UNIMPLEMENTED,
    errors.ImportsError: StatusCode.INTERNAL,
}

# Details travel in trailers, and a client drops a call whose trailers exceed 8 KiB. Base64 makes 4 of 3
# bytes, and a character beyond ASCII takes up to 12 in `grpc-message`.
MAX_MESSAGE_BYTES = 256
MAX_FACT_BYTES = 160
MAX_VIOLATIONS = 8

log = structlog.get_logger(__name__)


def status_of(error: errors.ImportsError) -> StatusCode:
    """The status of the error's nearest ancestor in `STATUS_OF_KIND`."""
    return next(STATUS_OF_KIND[kind] for kind in type(error).__mro__ if kind in STATUS_OF_KIND)


def rich_status(error: errors.ImportsError) -> status_pb2.Status:
    """The error as `google.rpc.Status`: code, message and details, small enough for trailers."""
    status = status_pb2.Status(
        code=_number_of(status_of(error)), message=_shortened(str(error), MAX_MESSAGE_BYTES)
    )
    for detail in _details(error):
        status.details.add().Pack(detail)
    return status


def _details(error: errors.ImportsError) -> Iterator[Message]:
    yield error_details_pb2.ErrorInfo(
        reason=error.reason,
        domain=ERROR_DOMAIN,
        metadata={name: _shortened(fact, MAX_FACT_BYTES) for name, fact in error.facts.items()},
    )
    if isinstance(error, errors.InvalidArgument):
        yield error_details_pb2.BadRequest(
            field_violations=[
                error_details_pb2.BadRequest.FieldViolation(
                    field=_shortened(violation.field, MAX_FACT_BYTES),
                    description=_shortened(violation.description, MAX_MESSAGE_BYTES),
                )
                for violation in error.violations[:MAX_VIOLATIONS]
            ]
        )
    if isinstance(error, errors.Exhausted):
        yield error_details_pb2.QuotaFailure(
            violations=[
                error_details_pb2.QuotaFailure.Violation(
                    subject=error.subject, description=_shortened(str(error), MAX_MESSAGE_BYTES)
                )
            ]
        )
    if isinstance(error, errors.Exhausted | errors.Unavailable):
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromNanoseconds(round(error.retry_after_seconds * 1e9))
        yield retry


def _number_of(code: StatusCode) -> code_pb2.Code.ValueType:
    return code_pb2.Code.Value(code.name)


def _name_of(status: status_pb2.Status) -> str:
    return str(code_pb2.Code.Name(code_pb2.Code.ValueType(status.code)))


def _shortened(text: str, most_bytes: int) -> str:
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= most_bytes:
        return encoded.decode()
    return encoded[: most_bytes - 3].decode(errors="ignore") + "…"


def refusal_in(error: BaseException) -> errors.ImportsError | None:
    """The domain error that it is, or the first of a task group's; None when a bug is among them."""
    if isinstance(error, BaseExceptionGroup):
        refusals = [refusal_in(inner) for inner in error.exceptions]
        return refusals[0] if all(refusals) else None
    return error if isinstance(error, errors.ImportsError) else None


class InFlight:
    """The calls being served, with the clean-up of ended ones, for which `server.stop` does not wait."""

    def __init__(self) -> None:
        self.count = 0
        self._none_left = asyncio.Event()
        self._none_left.set()

    @contextmanager
    def call(self) -> Iterator[None]:
        self.count += 1
        self._none_left.clear()
        try:
            yield
        finally:
            self.count -= 1
            if not self.count:
                self._none_left.set()

    async def wait_until_none(self) -> None:
        await self._none_left.wait()


Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any] | None"
Context: TypeAlias = "ServicerContext[Any, Any]"
Handle = Callable[[Any, Context], Any]
Serve = Callable[[Any, Context], Awaitable[Any]]


class Boundary(ServerInterceptor):
    """Wraps the handlers of our services, whatever their arity; they raise domain errors and return messages.

    Health and reflection are left alone: they answer in words of their own, and their streams last for ever.
    """

    def __init__(self, in_flight: InFlight) -> None:
        self._in_flight = in_flight

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or not method.startswith(OWN_SERVICES):
            return handler
        arity = _ARITIES[bool(handler.request_streaming), bool(handler.response_streaming)]
        handle: Handle = getattr(handler, arity)
        serve = _streaming(handle) if handler.response_streaming else _answering(handle)
        make_handler: Callable[..., Handler] = getattr(grpc, f"{arity}_rpc_method_handler")
        return make_handler(
            self._guarded(serve, method),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _guarded(self, serve: Serve, method: str) -> Serve:
        async def guarded(request: Any, context: Context) -> Any:
            with self._in_flight.call(), _logged(method) as ended:
                try:
                    answer = await serve(request, context)
                except BaseException as error:
                    status = _status_for(error, method)
                    if status is None:
                        raise
                    ended.code = _name_of(status)
                    await _abort(context, status)
                else:
                    ended.code = "OK"
                    return answer

        return guarded


_ARITIES = {
    (False, False): "unary_unary",
    (False, True): "unary_stream",
    (True, False): "stream_unary",
    (True, True): "stream_stream",
}


def _answering(handle: Handle) -> Serve:
    async def answer(request: Any, context: Context) -> Any:
        return await handle(request, context)

    return answer


def _streaming(handle: Handle) -> Serve:
    async def stream(request: Any, context: Context) -> None:
        responses = handle(request, context)
        if not inspect.isasyncgen(responses):
            await responses  # a handler that writes for itself
            return
        async with aclosing(responses):
            async for response in responses:
                await _write(context, response)

    return stream


async def _write(context: Context, response: Any) -> None:
    with _caller_may_be_gone():
        await context.write(response)


async def _abort(context: Context, status: status_pb2.Status) -> None:
    with _caller_may_be_gone():
        await context.abort_with_status(rpc_status.to_status(status))


@contextmanager
def _caller_may_be_gone() -> Iterator[None]:
    """What is sent fails so when the end of the call has overtaken it; there is nobody left to answer."""
    try:
        yield
    except InternalError as gone:
        raise asyncio.CancelledError("the caller is gone") from gone


def _status_for(error: BaseException, method: str) -> status_pb2.Status | None:
    """What to tell the caller; None when the error has to be passed on as it is."""
    if isinstance(error, AbortError) or _ends_the_call(error):
        return None
    if isinstance(error, asyncio.CancelledError | Exception | BaseExceptionGroup):
        refusal = refusal_in(error)
        if refusal is None:
            log.error("unforeseen error", method=method, exc_info=error)
            refusal = errors.ImportsError("internal error")
        return rich_status(refusal)
    return None


def _ends_the_call(error: BaseException) -> bool:
    """Whether it is the call's own cancellation, or a write that found the caller gone.

    A cancellation of something within the call must not get out: the caller would wait for a status for ever.
    """
    if not isinstance(error, asyncio.CancelledError):
        return False
    task = asyncio.current_task()
    return isinstance(error.__cause__, InternalError) or (task is not None and task.cancelling() > 0)


class _Ended:
    code = "CANCELLED"


@contextmanager
def _logged(method: str) -> Iterator[_Ended]:
    """Logs the call when it ends: its method, its code and how long it took."""
    began = time.monotonic()
    ended = _Ended()
    try:
        yield ended
    finally:
        seconds = time.monotonic() - began
        log.info("call", method=method, code=ended.code, milliseconds=round(seconds * 1_000, 1))
