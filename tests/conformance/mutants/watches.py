"""Fakes whose WatchImport breaks a guarantee."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from contextlib import suppress

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing import changes, course
from imports_client.testing.imports import ENDED
from imports_client.testing.names import parse_name
from imports_client.testing.refused import Refused
from tests.conformance.mutants.mutant import (
    Alteration,
    Breakable,
    Context,
    Event,
    OneAltered,
    as_not_found,
    breaks,
    refusing,
)


@breaks("watch/snapshot-first")
class NoSnapshot(OneAltered):
    def alter(self, number: int, event: Event) -> Iterable[Event]:
        return [event] if number else []


@breaks("watch/ended-import")
class SnapshotTwice(OneAltered):
    def alter(self, number: int, event: Event) -> Iterable[Event]:
        return [event, event] if event.kind == pb.KIND_SNAPSHOT else [event]


@breaks("watch/plain-snapshots")
class WithLogs(OneAltered):
    def alter(self, number: int, event: Event) -> Iterable[Event]:
        event.snapshot.errors_log.update({"row 1": {"base": ["is no JSON"]}})
        return [event]


@breaks("watch/plain-snapshots")
class ListedWithSummary(Breakable):
    async def ListImports(self, request: pb.ListImportsRequest, context: Context) -> pb.ListImportsResponse:
        page = await super().ListImports(request, context)
        for each in page.imports:
            each.issue_summary.add(code="malformed")
        return page


@breaks("watch/progress-with-every-snapshot")
class NoProgressInTransitions(OneAltered):
    def alter(self, number: int, event: Event) -> Iterable[Event]:
        if event.kind == pb.KIND_TRANSITION:
            event.ClearField("progress")
        return [event]


@breaks("watch/progress-with-every-snapshot")
class NoPlaceInTheQueue(OneAltered):
    def alter(self, number: int, event: Event) -> Iterable[Event]:
        event.progress.queue_position = 0
        return [event]


@breaks("watch/not-found", "deletion/fresh-watch")
class NothingToTellOfNothing(Breakable):
    async def WatchImport(
        self, request: pb.WatchImportRequest, context: Context
    ) -> AsyncGenerator[Event, None]:
        with suppress(Refused):
            self.held(request.name)
            async for event in super().WatchImport(request, context):
                yield event


@breaks("watch/malformed-name")
class NoNameIsMalformed(Breakable):
    async def WatchImport(
        self, request: pb.WatchImportRequest, context: Context
    ) -> AsyncGenerator[Event, None]:
        async for event in super().WatchImport(request, refusing(context, as_not_found)):
            yield event


@breaks("watch/leaving-changes-nothing")
class WatchersOwnTheWork(Breakable):
    async def WatchImport(
        self, request: pb.WatchImportRequest, context: Context
    ) -> AsyncGenerator[Event, None]:
        try:
            async for event in super().WatchImport(request, context):
                yield event
        finally:
            with suppress(Refused):
                changes.interrupt(self.world, pb.InterruptImportRequest(name=request.name))


@breaks("transitions/each-once-in-order")
class NoPreviousStatus(OneAltered):
    def alter(self, number: int, event: Event) -> Iterable[Event]:
        event.ClearField("previous_status")
        return [event]


@breaks("transitions/each-once-in-order")
class TransitionTwice(OneAltered):
    def alter(self, number: int, event: Event) -> Iterable[Event]:
        return [event, event] if event.snapshot.status == pb.STATUS_IN_PROGRESS else [event]


@breaks("transitions/each-once-in-order", "resume/from-every-token")
class TransitionSkipped(OneAltered):
    def alter(self, number: int, event: Event) -> Iterable[Event]:
        is_start = event.kind == pb.KIND_TRANSITION and event.snapshot.status == pb.STATUS_IN_PROGRESS
        return [] if is_start and number < 2 else [event]


@breaks("transitions/terminal-last")
class HeartbeatAtTheEnd(OneAltered):
    def alter(self, number: int, event: Event) -> Iterable[Event]:
        if event.kind != pb.KIND_TRANSITION or event.snapshot.status not in ENDED:
            return [event]
        return [event, Event(kind=pb.KIND_HEARTBEAT, resume_token=event.resume_token)]


@breaks("transitions/terminal-last")
class NoReason(OneAltered):
    def alter(self, number: int, event: Event) -> Iterable[Event]:
        event.snapshot.ClearField("status_reason")
        return [event]


@breaks("transitions/of-their-moment")
class AsItIsNow(OneAltered):
    def alteration(self, request: pb.WatchImportRequest) -> Alteration:
        def alter(number: int, event: Event) -> Iterable[Event]:
            if event.kind == pb.KIND_TRANSITION:
                event.snapshot.CopyFrom(self.held(request.name).message)
            return [event]

        return alter


@breaks("transitions/interrupted-while-pending")
class StartedToBeInterrupted(Breakable):
    async def InterruptImport(self, request: pb.InterruptImportRequest, context: Context) -> pb.Import:
        held = self.held(request.name)
        if held.message.status == pb.STATUS_PENDING:
            course.start(self.world, held)
        return await super().InterruptImport(request, context)


@breaks("transitions/update-is-a-snapshot", "transitions/interrupt-request-is-a-snapshot")
class OneSnapshotOnly(OneAltered):
    def alter(self, number: int, event: Event) -> Iterable[Event]:
        return [] if number and event.kind == pb.KIND_SNAPSHOT else [event]


@breaks("transitions/update-is-a-snapshot")
class EveryUpdateIsTold(Breakable):
    async def UpdateImport(self, request: pb.UpdateImportRequest, context: Context) -> pb.Import:
        before = self.held(request.name).message.etag
        answer = await super().UpdateImport(request, context)
        held = self.held(request.name)
        if held.message.etag == before:
            self.world.record(pb.KIND_SNAPSHOT, parse_name(request.name).organization, held.copy(), held)
        return answer


@breaks("transitions/interrupt-request-is-a-snapshot")
class InterruptIsProgress(OneAltered):
    def alter(self, number: int, event: Event) -> Iterable[Event]:
        if number and event.snapshot.HasField("interrupt_requested_at") and event.kind == pb.KIND_SNAPSHOT:
            event.kind = pb.KIND_PROGRESS
        return [event]


@breaks("resume/counts-at-the-end")
class NoCountsForLatecomers(OneAltered):
    def alteration(self, request: pb.WatchImportRequest) -> Alteration:
        def alter(number: int, event: Event) -> Iterable[Event]:
            if request.resume_token:
                event.snapshot.ClearField("errors_count")
            return [event]

        return alter


@breaks("deletion/while-watched")
class NotDeleted(OneAltered):
    def alter(self, number: int, event: Event) -> Iterable[Event]:
        return [] if event.kind == pb.KIND_DELETED else [event]


@breaks("deletion/while-watched")
class DeletedWithoutSnapshot(OneAltered):
    def alter(self, number: int, event: Event) -> Iterable[Event]:
        if event.kind == pb.KIND_DELETED:
            event.snapshot.Clear()
        return [event]


@breaks("deletion/resume")
class GoneIsGone(Breakable):
    async def WatchImport(
        self, request: pb.WatchImportRequest, context: Context
    ) -> AsyncGenerator[Event, None]:
        try:
            self.held(request.name)
        except Refused as refused:
            await context.abort_with_status(refused.to_status())
        async for event in super().WatchImport(request, context):
            yield event


@breaks("transitions/slow-reader")
class QueueOfTwo(Breakable):
    """Keeps the newest two events for a reader who is slow."""

    async def WatchImport(
        self, request: pb.WatchImportRequest, context: Context
    ) -> AsyncGenerator[Event, None]:
        kept: deque[Event] = deque(maxlen=2)
        there_is = asyncio.Event()
        events = super().WatchImport(request, context)

        async def pump() -> None:
            async for event in events:
                kept.append(event)
                there_is.set()

        async with asyncio.TaskGroup() as tasks:
            pumping = tasks.create_task(pump())
            while kept or not pumping.done():
                while kept:
                    yield kept.popleft()
                there_is.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.01):
                        await there_is.wait()
