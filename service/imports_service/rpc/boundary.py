"""Where a call enters and leaves: the one place where what went wrong is told to the caller.

A domain error becomes the status of its kind, see `rpc.statuses`. So does a message that is none of ours,
before any servicer sees it. Anything else is a bug: it is logged with its traceback and reaches the caller as
INTERNAL without a text of its own. A cancelled call is none of this module's business: its cancellation is
passed on.
"""

import asyncio
import inspect
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any, TypeAlias

import grpc
import structlog
from google.protobuf.message import DecodeError
from google.rpc import status_pb2
from grpc.aio import AbortError, InternalError, ServerInterceptor, ServicerContext
from grpc_status import rpc_status

from imports_service.domain import errors
from imports_service.rpc.statuses import name_of, refusal_in, rich_status

OWN_SERVICES = "/commerce.imports."

log = structlog.get_logger(__name__)


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
"""None: no such method."""
Context: TypeAlias = "ServicerContext[Any, Any]"
Handle = Callable[[Any, Context], Any]
Serve = Callable[[Any, Context], Awaitable[Any]]
Parse = Callable[[bytes], Any]


class Boundary(ServerInterceptor):
    """Wraps the handlers of our services, whatever their arity; they raise domain errors and return messages.

    Health and reflection are left alone: they answer in words of their own, and their streams last for ever.
    """

    def __init__(self, in_flight: InFlight) -> None:
        self._in_flight = in_flight
        self._wrapped: dict[str, Handler] = {}
        """By method: made once, not for each of thousands of open calls."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        method = handler_call_details.method
        if method in self._wrapped:
            return self._wrapped[method]
        handler = await continuation(handler_call_details)
        if handler is None or not method.startswith(OWN_SERVICES):
            return handler
        wrapped = self._wrapped[method] = self._wrap(handler, method)
        return wrapped

    def _wrap(self, handler: "grpc.RpcMethodHandler[Any, Any]", method: str) -> Handler:
        arity = _ARITIES[bool(handler.request_streaming), bool(handler.response_streaming)]
        handle: Handle = getattr(handler, arity)
        serve = _streaming(handle) if handler.response_streaming else _answering(handle)
        parsed = _ParsedStream if handler.request_streaming else _parsed_message
        make_handler: Callable[..., Handler] = getattr(grpc, f"{arity}_rpc_method_handler")
        return make_handler(
            self._guarded(serve, parsed, method),
            request_deserializer=_tolerant(handler.request_deserializer),
            response_serializer=_serializer(handler.response_serializer),
        )

    def _guarded(self, serve: Serve, parsed: Callable[[Any], Any], method: str) -> Serve:
        async def guarded(request: Any, context: Context) -> Any:
            with self._in_flight.call(), _logged(method) as ended:
                try:
                    answer = await serve(parsed(request), context)
                except BaseException as error:
                    status = _status_for(error, method)
                    if status is None:
                        raise
                    ended.code = name_of(status)
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


class _Unparsable:
    """Stands for a message that could not be parsed, until the call is guarded and can be refused."""


def _tolerant(parse: Parse | None) -> Parse | None:
    """The parser without its exceptions: what it raises, gRPC would answer in words of its own."""
    if parse is None:
        return None

    def parse_or_mark(data: bytes) -> Any:
        try:
            return parse(data)
        except DecodeError:
            return _Unparsable()

    return parse_or_mark


def _serializer(serialize: Callable[[Any], bytes] | None) -> Callable[[Any], bytes] | None:
    """The serializer, for handlers some of which have their answers as bytes already."""
    if serialize is None:
        return None

    def serialize_or_pass(response: Any) -> bytes:
        return response if isinstance(response, bytes) else serialize(response)

    return serialize_or_pass


def _parsed_message(request: Any) -> Any:
    if isinstance(request, _Unparsable):
        what = "the message is damaged, holds text that is not UTF-8, or is nested deeper than some 30 levels"
        raise errors.InvalidArgument(errors.FieldViolation("", what))
    return request


class _ParsedStream:
    """The messages of a stream; raises at the first that could not be parsed."""

    def __init__(self, requests: AsyncIterable[Any]) -> None:
        self._requests = aiter(requests)

    def __aiter__(self) -> "_ParsedStream":
        return self

    async def __anext__(self) -> Any:
        return _parsed_message(await anext(self._requests))


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
    with caller_may_be_gone():
        await context.write(response)


async def _abort(context: Context, status: status_pb2.Status) -> None:
    with caller_may_be_gone():
        await context.abort_with_status(rpc_status.to_status(status))


@contextmanager
def caller_may_be_gone() -> Iterator[None]:
    """For what is sent: it fails when the end of the call has overtaken it, and nobody is left to answer."""
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
