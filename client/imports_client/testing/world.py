"""All that the fake holds, and the recording of what happens in it. Everything is done within one event loop, so that
between two awaits nothing changes."""

import asyncio
from typing import NamedTuple

from google.protobuf.timestamp_pb2 import Timestamp

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.documents import Fault
from imports_client.testing.imports import FakeImport, now
from imports_client.testing.refused import Refused


class Recorded(NamedTuple):
    """A change that no watcher misses. `seq` is its place among those of its organization.

    `before` is the import before the change, None when it was just created; a filter matches either.
    """

    seq: int
    kind: pb.Kind.ValueType
    before: pb.Import | None
    after: pb.Import
    version: int
    at: Timestamp

    @property
    def previous_status(self) -> pb.Status.ValueType:
        is_first = self.kind != pb.KIND_TRANSITION or self.before is None
        return pb.STATUS_UNSPECIFIED if is_first or self.before is None else self.before.status


class Request(NamedTuple):
    """What a request id stands for: the hash of a creation's content, and the import that it made.

    `source_uid`: of a retry, the import that it retried.
    """

    content: str
    name: str
    uid: str
    source_uid: str = ""


class Standing(NamedTuple):
    """How a pending import stands: how many are before it, and whether it waits for others to end."""

    ahead: int
    is_waiting: bool


NOWHERE = Standing(0, False)
"""Of an import that is not pending, or gone."""


class Organization:
    """The imports of an organization, its events and its request ids. Events up to `floor` may be gone."""

    def __init__(self) -> None:
        self.imports: dict[str, FakeImport] = {}
        """By import id, the oldest first."""
        self.events: list[Recorded] = []
        self.requests: dict[str, Request] = {}
        self.seq = 0
        self.floor = 0

    def by_uid(self, uid: str) -> FakeImport | None:
        return next((each for each in self.imports.values() if each.message.uid == uid), None)

    def events_after(self, seq: int, uid: str | None = None) -> list[Recorded]:
        """The recorded events after a place, of one import or of all, in order."""
        return [each for each in self.events if each.seq > seq and uid in {None, each.after.uid}]

    def pending(self) -> list[FakeImport]:
        return [each for each in self.imports.values() if each.message.status == pb.STATUS_PENDING]

    def is_waiting(self, held: FakeImport) -> bool:
        """Whether it is pending because of imports that have not ended. Its own interruption waits for nothing."""
        if held.message.status != pb.STATUS_PENDING or held.closing_reason is not None:
            return False
        awaited = [self.by_uid(uid) for uid in held.after]
        return any(each is not None and not each.has_ended for each in awaited)

    def standing_of(self, held: FakeImport) -> Standing:
        """How it stands while it is pending. Those that wait are before nobody else."""
        if held.message.status != pb.STATUS_PENDING:
            return NOWHERE
        is_waiting = self.is_waiting(held)
        own = is_waiting, held.message.uid
        return Standing(
            sum((self.is_waiting(each), each.message.uid) < own for each in self.pending()), is_waiting
        )


class World:
    """All organizations, and a wake-up for whoever waits for a change."""

    def __init__(self, *, max_pending_imports: int) -> None:
        self.organizations: dict[str, Organization] = {}
        self.max_pending_imports = max_pending_imports
        self.faults: dict[int, Fault] = {}
        """Which rows fail in imports that are created from now on, by their numbers."""
        self.refusals: dict[str, list[Refused]] = {}
        """What the next calls are refused with, by the name of the call."""
        self.connections = 0
        """How often all that was open has been cut off."""
        self.changed = asyncio.Event()
        """Set at the next change, and replaced by a new one then: take it before looking."""

    def organization(self, organization: str) -> Organization:
        """The organization; any well-formed id exists."""
        return self.organizations.setdefault(organization, Organization())

    def record(
        self, kind: pb.Kind.ValueType, organization: str, before: pb.Import | None, held: FakeImport
    ) -> None:
        """Record the change that led to the import as it is."""
        held.version += 1
        place = self.organization(organization)
        place.seq += 1
        place.events.append(Recorded(place.seq, kind, before, held.copy(), held.version, now()))
        self.wake()

    def touch(self, held: FakeImport) -> None:
        """Note that counts moved: progress, which is not recorded."""
        held.version += 1
        self.wake()

    def wake(self) -> None:
        """Let all who wait look again."""
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    def refuse_if_asked(self, call: str) -> None:
        """Raises the `Refused` that is laid up for the call, if there is one."""
        if waiting := self.refusals.get(call):
            raise waiting.pop(0)

    def cut_connections(self) -> None:
        """End every open stream and every wait, as a server does that stops."""
        self.connections += 1
        self.wake()

    def forget_events(self) -> None:
        """What the retention of events does to those there are."""
        for organization in self.organizations.values():
            organization.events.clear()
            organization.floor = organization.seq
