"""WatchImport: the events of one import, to its end."""

from collections.abc import AsyncGenerator
from typing import NamedTuple

import grpc

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.changes import find
from imports_client.testing.events import bare_event, event_of, state_event
from imports_client.testing.imports import ENDED
from imports_client.testing.names import Name, parse_name
from imports_client.testing.pacing import Pause, State, Throttle, loop_time
from imports_client.testing.refused import Refused
from imports_client.testing.requests import invalid_resume_token, progress_seconds_of
from imports_client.testing.tokens import read_token, write_token
from imports_client.testing.world import NOWHERE, Recorded, World


class Place(NamedTuple):
    """What has been told: the events up to `seq`, and the states up to `version`, of the import `uid`."""

    uid: str
    seq: int
    version: int


async def watch_import(
    world: World, request: pb.WatchImportRequest, heartbeat_seconds: float
) -> AsyncGenerator[pb.ImportEvent, None]:
    """Yield the events. Raises `Refused`."""
    name = parse_name(request.name)
    interval = progress_seconds_of(request)
    watch = ImportWatch(world, name, interval, Pause(world, heartbeat_seconds))
    if request.resume_token:
        watch.resume(request.resume_token)
    else:
        yield watch.begin()
    async for event in watch.go_on():
        yield event


class ImportWatch:
    """One watch of one import: the place that it has reached, and what is due."""

    place: Place

    def __init__(self, world: World, name: Name, interval: float, pause: Pause) -> None:
        self.name = name
        self.organization = world.organization(name.organization)
        self._world = world
        self._pause = pause
        self._throttle = Throttle(interval, State(0, NOWHERE), loop_time())

    @property
    def token(self) -> str:
        return write_token(("watch-import", str(self.name)), *self.place)

    def begin(self) -> pb.ImportEvent:
        """The snapshot that a fresh watch begins with."""
        held = find(self._world, self.name)
        state = State.of(held, self.organization)
        self.place = Place(held.message.uid, self.organization.seq, state.version)
        self._throttle.tell(state, loop_time())
        self._pause.told()
        return state_event(pb.KIND_SNAPSHOT, self.token, held.copy(), state.standing)

    def resume(self, token: str) -> None:
        """Take up the place of a token."""
        self.place = place_of(token, self.name)
        if self.place.seq > self.organization.seq:
            raise invalid_resume_token()
        check_floor(self.place.seq, self.organization.floor)
        self._throttle.tell(State(self.place.version, NOWHERE), loop_time())

    async def go_on(self) -> AsyncGenerator[pb.ImportEvent, None]:
        """What was missed and what happens, until the import has ended or is gone."""
        while True:
            self._pause.look()
            missed = self.organization.events_after(self.place.seq, self.place.uid)
            for recorded in missed:
                yield self._tell(recorded)
                if is_last(recorded, is_gone=self.organization.by_uid(self.place.uid) is None):
                    return
            if missed:
                continue  # there may be more by now, and what the import is now may include it
            held = self.organization.by_uid(self.place.uid)
            if held is None or held.has_ended:
                return  # its last event was told by the watch that gave the token
            state = State.of(held, self.organization)
            due = self._throttle.due(state)
            if due is not None and loop_time() >= due:
                yield self._tell_progress(held.copy(), state)
            elif self._pause.is_silent:
                yield self._tell_heartbeat()
            else:
                await self._pause.wait(due)

    def _tell(self, recorded: Recorded) -> pb.ImportEvent:
        self.place = self.place._replace(seq=recorded.seq, version=recorded.version)
        held = self.organization.by_uid(self.place.uid)
        standing = self.organization.standing_of(held) if held else NOWHERE
        self._throttle.told = State(recorded.version, standing)
        self._pause.told()
        return event_of(recorded, self.token, standing)

    def _tell_progress(self, message: pb.Import, state: State) -> pb.ImportEvent:
        self.place = self.place._replace(version=state.version)
        self._throttle.tell(state, loop_time())
        self._pause.told()
        return state_event(pb.KIND_PROGRESS, self.token, message, state.standing)

    def _tell_heartbeat(self) -> pb.ImportEvent:
        """Its token is as new as the clock, so that a quiet import's never becomes too old."""
        self.place = self.place._replace(seq=self.organization.seq)
        self._pause.told()
        return bare_event(pb.KIND_HEARTBEAT, self.token)


def place_of(token: str, name: Name) -> Place:
    """The place of a token of a watch of this name. Raises `Refused` (RESUME_TOKEN_INVALID)."""
    try:
        match read_token(("watch-import", str(name)), token):
            case (str(uid), int(seq), int(version)):
                return Place(uid, seq, version)
    except ValueError:
        raise invalid_resume_token() from None
    raise invalid_resume_token()


def check_floor(seq: int, floor: int) -> None:
    """Raises `Refused` (RESUME_TOKEN_EXPIRED) when events after the place may be gone."""
    if seq < floor:
        raise Refused(
            grpc.StatusCode.OUT_OF_RANGE,
            "RESUME_TOKEN_EXPIRED",
            "the events after this token are gone; watch without a token",
        )


def is_last(recorded: Recorded, *, is_gone: bool) -> bool:
    """Whether the watch is over with the event; the end of an import that is gone is followed by its deletion."""
    if recorded.kind == pb.KIND_DELETED:
        return True
    return recorded.kind == pb.KIND_TRANSITION and recorded.after.status in ENDED and not is_gone
