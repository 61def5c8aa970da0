"""Fakes whose WatchImports breaks a guarantee."""

from collections.abc import AsyncGenerator, Iterable
from typing import Any

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.lists import matches
from imports_client.testing.world import Organization, World
from tests.conformance.mutants.mutant import (
    AllAltered,
    Alteration,
    Breakable,
    Context,
    Event,
    as_not_found,
    breaks,
    refusing,
    without_retry_info,
)


@breaks("organization/unfinished-then-synced", "organization/empty")
class NeverSynced(AllAltered):
    def alter_all(self, number: int, event: Event) -> Iterable[Event]:
        return [] if event.kind == pb.KIND_SYNCED else [event]


@breaks("organization/unfinished-then-synced")
class SyncedTooSoon(AllAltered):
    def alter_all(self, number: int, event: Event) -> Iterable[Event]:
        synced = Event(kind=pb.KIND_SYNCED, resume_token=event.resume_token)
        return [synced, event] if not number else [event]


@breaks("organization/unfinished-then-synced")
class EndedOnesToo(AllAltered):
    def alteration_of_all(self, request: pb.WatchImportsRequest) -> Alteration:
        held = self.world.organization(request.parent.rpartition("/")[2]).imports.values()
        ended = [each.copy() for each in held if each.has_ended]

        def alter(number: int, event: Event) -> Iterable[Event]:
            token = event.resume_token
            first = [Event(kind=pb.KIND_SNAPSHOT, snapshot=each, resume_token=token) for each in ended]
            return [event] if number else [*first, event]

        return alter


@breaks("organization/creation")
class CreationIsASnapshot(AllAltered):
    def alter_all(self, number: int, event: Event) -> Iterable[Event]:
        if event.kind == pb.KIND_TRANSITION and event.snapshot.status == pb.STATUS_PENDING:
            event.kind = pb.KIND_SNAPSHOT
        return [event]


@breaks("organization/creation")
class LaterOnesAreNotTold(AllAltered):
    def alteration_of_all(self, request: pb.WatchImportsRequest) -> Alteration:
        known: set[str] = set()
        is_synced = False

        def alter(number: int, event: Event) -> Iterable[Event]:
            nonlocal is_synced
            is_synced = is_synced or event.kind == pb.KIND_SYNCED
            if not event.HasField("snapshot"):
                return [event]
            if not is_synced:
                known.add(event.snapshot.name)
            return [event] if event.snapshot.name in known else []

        return alter


@breaks("organization/whole-course")
class UpdatesAreNotTold(AllAltered):
    def alter_all(self, number: int, event: Event) -> Iterable[Event]:
        return [] if event.kind == pb.KIND_SNAPSHOT else [event]


@breaks("organization/whole-course")
class TransitionsTwice(AllAltered):
    def alter_all(self, number: int, event: Event) -> Iterable[Event]:
        return [event, event] if event.kind == pb.KIND_TRANSITION else [event]


@breaks("organization/deleted")
class DeletionsAreNotTold(AllAltered):
    def alter_all(self, number: int, event: Event) -> Iterable[Event]:
        return [] if event.kind == pb.KIND_DELETED else [event]


@breaks("organization/one-order")
class OtherOrders(AllAltered):
    """Every second watcher is told the second of two events first."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._watches = 0

    def alteration_of_all(self, request: pb.WatchImportsRequest) -> Alteration:
        self._watches += 1
        swaps = self._watches % 2 == 0
        kept: list[Event] = []

        def alter(number: int, event: Event) -> Iterable[Event]:
            if not swaps or event.kind != pb.KIND_TRANSITION or number > 8:
                return [event]
            if not kept:
                kept.append(event)
                return []
            return [event, kept.pop()]

        return alter


@breaks("organization/places")
class EverybodyIsNext(AllAltered):
    def alter_all(self, number: int, event: Event) -> Iterable[Event]:
        event.progress.queue_position = 0
        return [event]


@breaks("organization/alone")
class OneForAll(Breakable):
    """All organizations are one."""

    def __init__(self, world: World, heartbeat_seconds: float) -> None:
        super().__init__(world, heartbeat_seconds)
        world.organizations = _Shared()


class _Shared(dict[str, Organization]):
    def setdefault(self, key: str, default: Organization) -> Organization:
        return super().setdefault("all", default)


@breaks("organization/malformed-parent")
class NoParentIsMalformed(Breakable):
    async def WatchImports(
        self, request: pb.WatchImportsRequest, context: Context
    ) -> AsyncGenerator[Event, None]:
        async for event in super().WatchImports(request, refusing(context, as_not_found)):
            yield event


class Unfiltered(Breakable):
    """Ignores a field of the filter."""

    field = ""

    async def WatchImports(
        self, request: pb.WatchImportsRequest, context: Context
    ) -> AsyncGenerator[Event, None]:
        request.filter.ClearField(self.field)  # type: ignore[arg-type]  # a name of the contract
        async for event in super().WatchImports(request, context):
            yield event


@breaks("filters/resource-type")
class OfAnyType(Unfiltered):
    field = "resource_types"


@breaks("filters/reference")
class OfAnyReference(Unfiltered):
    field = "reference"


@breaks("filters/reference-prefix", "filters/before-and-after-update")
class OfAnyPrefix(Unfiltered):
    field = "reference_prefix"


@breaks("filters/reference-prefix")
class PrefixIsAPattern(Breakable):
    async def WatchImports(
        self, request: pb.WatchImportsRequest, context: Context
    ) -> AsyncGenerator[Event, None]:
        request.filter.reference_prefix = request.filter.reference_prefix.rstrip("_%")
        async for event in super().WatchImports(request, context):
            yield event


@breaks("filters/status", "filters/invalid")
class OfAnyStatus(Unfiltered):
    field = "statuses"


@breaks("filters/status", "filters/before-and-after-update")
class NobodySeesItLeave(AllAltered):
    def alteration_of_all(self, request: pb.WatchImportsRequest) -> Alteration:
        def alter(number: int, event: Event) -> Iterable[Event]:
            is_told = not event.HasField("snapshot") or matches(event.snapshot, request.filter)
            return [event] if is_told else []

        return alter


@breaks("filters/rehearsals")
class RehearsalsToo(Unfiltered):
    field = "validate_only"


@breaks("filters/retries")
class RetriesOfAny(Unfiltered):
    field = "retry_of"


@breaks("filters/creation-time")
class CreatedAnytimeSince(Unfiltered):
    field = "created_since"


@breaks("filters/creation-time")
class CreatedAnytimeBefore(Unfiltered):
    field = "created_before"


@breaks("filters/with-errors")
class WithoutErrorsToo(Unfiltered):
    field = "with_errors"


@breaks("stopping/watch")
class NoRetryInfoForOne(Breakable):
    async def WatchImport(
        self, request: pb.WatchImportRequest, context: Context
    ) -> AsyncGenerator[Event, None]:
        async for event in super().WatchImport(request, refusing(context, without_retry_info)):
            yield event


@breaks("stopping/organization")
class NoRetryInfoForAll(Breakable):
    async def WatchImports(
        self, request: pb.WatchImportsRequest, context: Context
    ) -> AsyncGenerator[Event, None]:
        async for event in super().WatchImports(request, refusing(context, without_retry_info)):
            yield event


@breaks("stopping/wait")
class NoRetryInfoForWaits(Breakable):
    async def WaitImport(self, request: pb.WaitImportRequest, context: Context) -> pb.Import:
        return await super().WaitImport(request, refusing(context, without_retry_info))
