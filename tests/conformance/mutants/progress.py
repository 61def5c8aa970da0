"""Fakes whose progress or heartbeats break a guarantee."""

from collections.abc import AsyncGenerator, Iterable

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.imports import ENDED
from tests.conformance.mutants.mutant import (
    AllAltered,
    Alteration,
    Breakable,
    Context,
    Event,
    OneAltered,
    breaks,
)


@breaks("progress/interval-bounds")
class AnyInterval(Breakable):
    async def WatchImport(
        self, request: pb.WatchImportRequest, context: Context
    ) -> AsyncGenerator[Event, None]:
        request.ClearField("progress_interval")
        async for event in super().WatchImport(request, context):
            yield event


@breaks("progress/interval-bounds")
class AnyIntervalForAll(Breakable):
    async def WatchImports(
        self, request: pb.WatchImportsRequest, context: Context
    ) -> AsyncGenerator[Event, None]:
        request.ClearField("progress_interval")
        async for event in super().WatchImports(request, context):
            yield event


def _as_progress(event: Event) -> Event:
    told = Event()
    told.CopyFrom(event)
    told.kind = pb.KIND_PROGRESS
    told.ClearField("previous_status")
    return told


def _flooded(event: Event) -> Iterable[Event]:
    """Whatever is told is told as progress as well, again and again."""
    return [event, *[_as_progress(event)] * 40] if event.kind == pb.KIND_TRANSITION else [event]


@breaks("progress/throttled")
class Unthrottled(OneAltered):
    def alter(self, number: int, event: Event) -> Iterable[Event]:
        is_start = event.snapshot.status == pb.STATUS_IN_PROGRESS
        return _flooded(event) if is_start else [event]


@breaks("progress/throttled")
class UnthrottledForAll(AllAltered):
    def alter_all(self, number: int, event: Event) -> Iterable[Event]:
        is_start = event.snapshot.status == pb.STATUS_IN_PROGRESS
        return _flooded(event) if is_start else [event]


@breaks("progress/newest")
class ProgressOfYesterday(AllAltered):
    def alteration_of_all(self, request: pb.WatchImportsRequest) -> Alteration:
        last = Event()

        def alter(number: int, event: Event) -> Iterable[Event]:
            newest = Event()
            newest.CopyFrom(event)
            if event.kind == pb.KIND_PROGRESS:
                event.snapshot.CopyFrom(last.snapshot)
            if event.HasField("snapshot"):
                last.CopyFrom(newest)
            return [event]

        return alter


@breaks("progress/counts")
class MoreRowsThanThereAre(OneAltered):
    def alter(self, number: int, event: Event) -> Iterable[Event]:
        if event.snapshot.status in ENDED:
            event.snapshot.not_processed_count += 1
        return [event]


@breaks("progress/counts")
class ProgressGoesBack(AllAltered):
    def alter_all(self, number: int, event: Event) -> Iterable[Event]:
        if event.kind != pb.KIND_TRANSITION or event.snapshot.status not in ENDED:
            return [event]
        before = Event()
        before.CopyFrom(event)
        before.kind = pb.KIND_PROGRESS
        event.progress.percent -= 1
        return [before, event]


@breaks("progress/pending")
class SilentQueue(OneAltered):
    def alter(self, number: int, event: Event) -> Iterable[Event]:
        is_pending = event.snapshot.status == pb.STATUS_PENDING
        return [] if event.kind == pb.KIND_PROGRESS and is_pending else [event]


@breaks("progress/pending")
class SilentQueueOfAll(AllAltered):
    def alter_all(self, number: int, event: Event) -> Iterable[Event]:
        is_pending = event.snapshot.status == pb.STATUS_PENDING
        return [] if event.kind == pb.KIND_PROGRESS and is_pending else [event]


@breaks("progress/after-its-events")
class ProgressRunsAhead(OneAltered):
    def alter(self, number: int, event: Event) -> Iterable[Event]:
        return [_as_progress(event), event] if event.kind == pb.KIND_TRANSITION else [event]


@breaks("progress/after-its-events")
class ProgressRunsAheadForAll(AllAltered):
    def alter_all(self, number: int, event: Event) -> Iterable[Event]:
        return [_as_progress(event), event] if event.kind == pb.KIND_TRANSITION else [event]


@breaks("heartbeats/after-silence")
class NoHeartbeat(OneAltered):
    def alter(self, number: int, event: Event) -> Iterable[Event]:
        return [] if event.kind == pb.KIND_HEARTBEAT else [event]


@breaks("heartbeats/after-silence")
class TwoHeartbeatsForAll(AllAltered):
    def alter_all(self, number: int, event: Event) -> Iterable[Event]:
        return [event, event] if event.kind == pb.KIND_HEARTBEAT else [event]


class _OldToken:
    """Heartbeats with the token of the first event, or of the last one that was none."""

    def __init__(self, *, of_first: bool) -> None:
        self._of_first = of_first
        self._token = ""

    def __call__(self, number: int, event: Event) -> Iterable[Event]:
        if event.kind == pb.KIND_HEARTBEAT:
            event.resume_token = self._token
        elif not (self._of_first and self._token):
            self._token = event.resume_token
        return [event]


@breaks("heartbeats/usable-token")
class HeartbeatOfTheBeginning(OneAltered):
    def alteration(self, request: pb.WatchImportRequest) -> Alteration:
        return _OldToken(of_first=True)


@breaks("heartbeats/usable-token")
class HeartbeatOfTheBeginningOfAll(AllAltered):
    def alteration_of_all(self, request: pb.WatchImportsRequest) -> Alteration:
        return _OldToken(of_first=True)


@breaks("heartbeats/young-token")
class HeartbeatGrowsOld(OneAltered):
    def alteration(self, request: pb.WatchImportRequest) -> Alteration:
        return _OldToken(of_first=False)


@breaks("heartbeats/past-what-is-filtered-out")
class HeartbeatOfAllGrowsOld(AllAltered):
    def alteration_of_all(self, request: pb.WatchImportsRequest) -> Alteration:
        return _OldToken(of_first=False)
