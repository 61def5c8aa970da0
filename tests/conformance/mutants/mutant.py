"""The list of broken fakes, and what they are made of: streams that are altered, refusals that are changed."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from typing import Any, NamedTuple, TypeVar

import grpc
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status as RpcStatus
from grpc_status import rpc_status

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.changes import find
from imports_client.testing.imports import FakeImport
from imports_client.testing.names import parse_name
from imports_client.testing.servicer import FakeImportService

Context = Any
Event = pb.ImportEvent
Servicer = TypeVar("Servicer", bound=type[FakeImportService])


class Mutant(NamedTuple):
    """A fake that breaks the guarantee of this name, and maybe others."""

    guarantee: str
    servicer: type[FakeImportService]


MUTANTS: list[Mutant] = []


def breaks(*guarantees: str) -> Callable[[Servicer], Servicer]:
    """Enter a fake as one that breaks these guarantees."""

    def enter(servicer: Servicer) -> Servicer:
        MUTANTS.extend(Mutant(guarantee, servicer) for guarantee in guarantees)
        return servicer

    return enter


class Breakable(FakeImportService):
    """A fake that is going to be broken."""

    def held(self, name: str) -> FakeImport:
        """The import of the name, in the fake's own hands."""
        return find(self.world, parse_name(name))


class OneAltered(Breakable):
    """WatchImport sends what `alter` makes of its events."""

    async def WatchImport(
        self, request: pb.WatchImportRequest, context: Context
    ) -> AsyncGenerator[Event, None]:
        async for event in altered(super().WatchImport(request, context), self.alteration(request)):
            yield event

    def alteration(self, request: pb.WatchImportRequest) -> "Alteration":
        return self.alter

    def alter(self, number: int, event: Event) -> Iterable[Event]:
        """What is sent in place of the event, which is the watch's first, second, ... (from 0)."""
        return [event]


class AllAltered(Breakable):
    """WatchImports sends what `alter` makes of its events."""

    async def WatchImports(
        self, request: pb.WatchImportsRequest, context: Context
    ) -> AsyncGenerator[Event, None]:
        async for event in altered(super().WatchImports(request, context), self.alteration_of_all(request)):
            yield event

    def alteration_of_all(self, request: pb.WatchImportsRequest) -> "Alteration":
        return self.alter_all

    def alter_all(self, number: int, event: Event) -> Iterable[Event]:
        """As `OneAltered.alter`."""
        return [event]


Alteration = Callable[[int, Event], Iterable[Event]]


async def altered(events: AsyncIterator[Event], alter: Alteration) -> AsyncGenerator[Event, None]:
    """Every event through the alteration."""
    number = 0
    async for event in events:
        for each in alter(number, event):
            yield each
        number += 1


def refusing(context: Context, change: Callable[[RpcStatus], None]) -> Context:
    """The context, changing the statuses with which calls are refused."""
    return _Refusing(context, change)


class _Refusing:
    def __init__(self, context: Context, change: Callable[[RpcStatus], None]) -> None:
        self._context = context
        self._change = change

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    async def abort_with_status(self, status: grpc.Status) -> None:
        metadata = dict(status.trailing_metadata)
        rich = RpcStatus.FromString(metadata["grpc-status-details-bin"])
        self._change(rich)
        await self._context.abort_with_status(rpc_status.to_status(rich))


def without_details(status: RpcStatus) -> None:
    """Code and message alone."""
    del status.details[:]


def without_retry_info(status: RpcStatus) -> None:
    """The reason stays."""
    kept = [detail for detail in status.details if detail.Is(ErrorInfo.DESCRIPTOR)]
    del status.details[:]
    status.details.extend(kept)


def as_not_found(status: RpcStatus) -> None:
    """INVALID_ARGUMENT becomes NOT_FOUND."""
    if status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]:
        status.code = grpc.StatusCode.NOT_FOUND.value[0]
