"""A watch as a check sees it: what has come, what comes next, and how it ends."""

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import grpc

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.refusals import Refusal, refusal_of
from imports_client.testing.conformance.guarantees import Broken

if TYPE_CHECKING:
    WatchCall = grpc.aio.UnaryStreamCall[Any, pb.ImportEvent]

RECORDED = frozenset({pb.KIND_SNAPSHOT, pb.KIND_TRANSITION, pb.KIND_DELETED})


class Watching:
    """One open watch. Whatever is waited for comes within `patience` seconds, or `Broken` is raised."""

    def __init__(self, call: "WatchCall", patience: float) -> None:
        self.seen: list[pb.ImportEvent] = []
        """All that has come, in order."""
        self._call = call
        self._patience = patience

    @property
    def token(self) -> str:
        """The token of the last event."""
        return self.seen[-1].resume_token

    async def next(self) -> pb.ImportEvent:
        """The next event, whatever it is."""
        try:
            event = await self._read()
        except grpc.aio.AioRpcError as error:
            raise Broken(f"the watch ended with {error.code().name}: {error.details()}") from error
        if event is None:
            raise Broken(f"the watch ended after {outline(self.seen)}")
        return event

    async def until(self, is_it: Callable[[pb.ImportEvent], object], what: str) -> pb.ImportEvent:
        """The next event that is the one; those before it are in `seen`."""
        try:
            async with asyncio.timeout(self._patience):
                while not is_it(event := await self.next()):
                    pass
        except TimeoutError:
            raise Broken(f"{what} did not come; there were {outline(self.seen)}") from None
        return event

    async def until_kind(self, kind: pb.Kind.ValueType) -> pb.ImportEvent:
        """The next event of the kind."""
        return await self.until(lambda event: event.kind == kind, pb.Kind.Name(kind))

    async def until_status(self, status: pb.Status.ValueType, name: str = "") -> pb.ImportEvent:
        """The next TRANSITION to the status, of the import of the name where there are several."""
        return await self.until(
            lambda event: (
                event.kind == pb.KIND_TRANSITION
                and event.snapshot.status == status
                and name in {"", event.snapshot.name}
            ),
            f"the TRANSITION to {pb.Status.Name(status)}",
        )

    async def rest(self) -> list[pb.ImportEvent]:
        """What comes until the watch ends OK."""
        before = len(self.seen)
        try:
            async with asyncio.timeout(self._patience):
                while await self._read() is not None:
                    pass
        except TimeoutError:
            raise Broken(f"the watch did not end; there were {outline(self.seen)}") from None
        except grpc.aio.AioRpcError as error:
            raise Broken(f"the watch ended with {error.code()}: {error.details()}") from error
        return self.seen[before:]

    async def refusal(self) -> Refusal:
        """What the watch ends with, which is not OK."""
        try:
            async with asyncio.timeout(self._patience):
                while await self._read() is not None:
                    pass
        except TimeoutError:
            raise Broken(f"the watch did not end; there were {outline(self.seen)}") from None
        except grpc.aio.AioRpcError as error:
            return refusal_of(error)
        raise Broken(f"the watch ended OK after {outline(self.seen)}")

    def close(self) -> None:
        """Leave it."""
        self._call.cancel()

    async def _read(self) -> pb.ImportEvent | None:
        try:
            async with asyncio.timeout(self._patience):
                event = await self._call.read()
        except TimeoutError:
            raise Broken(f"nothing came any more; there were {outline(self.seen)}") from None
        if not isinstance(event, pb.ImportEvent):
            return None
        self.seen.append(event)
        return event


def recorded(events: Iterable[pb.ImportEvent]) -> list[pb.ImportEvent]:
    """What every watcher has to be told, without progress, heartbeats and SYNCED."""
    return [event for event in events if event.kind in RECORDED]


def essence(event: pb.ImportEvent) -> tuple[object, ...]:
    """What has to be the same however often a recorded event is told."""
    return (
        event.kind,
        event.snapshot.name,
        event.previous_status,
        event.snapshot.SerializeToString(deterministic=True),
        event.occurred_at.ToNanoseconds(),
    )


def essences(events: Iterable[pb.ImportEvent]) -> list[tuple[object, ...]]:
    """The essences of the recorded ones."""
    return [essence(event) for event in recorded(events)]


def outline(events: Iterable[pb.ImportEvent]) -> str:
    """The events in short, for messages."""
    return ", ".join(_short(event) for event in events) or "nothing"


def _short(event: pb.ImportEvent) -> str:
    kind = pb.Kind.Name(event.kind).removeprefix("KIND_")
    if not event.HasField("snapshot"):
        return kind
    return f"{kind} {pb.Status.Name(event.snapshot.status).removeprefix('STATUS_').lower()}"
