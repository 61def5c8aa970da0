"""WatchImports: the events of an organization's imports, until the caller leaves."""

from collections.abc import AsyncGenerator
from typing import NamedTuple

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.events import bare_event, event_of, state_event
from imports_client.testing.import_watch import check_floor
from imports_client.testing.imports import FakeImport
from imports_client.testing.lists import matches
from imports_client.testing.names import parse_parent
from imports_client.testing.pacing import Pause, State, Throttle, loop_time
from imports_client.testing.requests import check_filter, invalid_resume_token, progress_seconds_of
from imports_client.testing.tokens import Bond, digest_of, read_token, write_token
from imports_client.testing.world import NOWHERE, Recorded, World

LISTED = "~"
"""The place behind all uids: the first snapshots have been told."""


class Place(NamedTuple):
    """What has been told: events up to `seq`, and of the first snapshots those of imports up to `listed`."""

    seq: int
    listed: str


async def watch_imports(
    world: World, request: pb.WatchImportsRequest, heartbeat_seconds: float
) -> AsyncGenerator[pb.ImportEvent, None]:
    """Yield the events. Raises `Refused`."""
    parent = parse_parent(request.parent)
    check_filter(request.filter)
    interval = progress_seconds_of(request)
    bond = ("watch-imports", parent, digest_of(request.filter))
    watch = OrganizationWatch(world, parent, request.filter, interval, Pause(world, heartbeat_seconds), bond)
    watch.begin(request.resume_token)
    async for event in watch.catch_up():
        yield event
    async for event in watch.go_on():
        yield event


class OrganizationWatch:
    """One watch of an organization: the place that it has reached, and what is due of each import."""

    place: Place

    def __init__(
        self,
        world: World,
        parent: str,
        filter: pb.ImportFilter,
        interval: float,
        pause: Pause,
        bond: Bond,
    ) -> None:
        self.organization = world.organization(parent)
        self._filter = filter
        self._interval = interval
        self._pause = pause
        self._bond = bond
        self._throttles: dict[str, Throttle] = {}
        self._told_matching: dict[str, bool] = {}
        """Whether what was last told of an import matches."""

    @property
    def token(self) -> str:
        return write_token(self._bond, *self.place)

    def begin(self, token: str) -> None:
        """Take up the place of a token, or that before everything that is there."""
        self.place = self._place_of(token) if token else Place(self.organization.seq, "")
        if self.place.seq > self.organization.seq:
            raise invalid_resume_token()
        check_floor(self.place.seq, self.organization.floor)

    async def catch_up(self) -> AsyncGenerator[pb.ImportEvent, None]:
        """The first snapshots and what was missed, then SYNCED."""
        while True:
            self._pause.look()
            if missed := self._missed():
                for event in missed:
                    yield event
                continue  # there may be more by now, and a snapshot would include it
            following = self._next_to_list() if self.place.listed != LISTED else None
            if following is None:
                break
            yield self._tell_first(following)
        self.place = Place(self.place.seq, LISTED)
        self._pause.told()
        yield bare_event(pb.KIND_SYNCED, self.token)

    async def go_on(self) -> AsyncGenerator[pb.ImportEvent, None]:
        """What happens from now on."""
        while True:
            self._pause.look()
            if news := self._missed() or self._progress():
                for event in news:
                    yield event
            elif self._pause.is_silent:
                self._pause.told()
                yield bare_event(pb.KIND_HEARTBEAT, self.token)
            else:
                await self._pause.wait(self._next_progress())

    def _missed(self) -> list[pb.ImportEvent]:
        """The events of imports that have been listed, after the place, as far as the filter lets them through."""
        told = []
        for recorded in self.organization.events_after(self.place.seq):
            self.place = self.place._replace(seq=recorded.seq)
            if recorded.after.uid <= self.place.listed and self._lets_through(recorded):
                told.append(self._tell(recorded))
        return told

    def _lets_through(self, recorded: Recorded) -> bool:
        before = recorded.before
        return matches(recorded.after, self._filter) or (before is not None and matches(before, self._filter))

    def _next_to_list(self) -> FakeImport | None:
        return next(
            (
                held
                for held in self._unfinished()
                if held.message.uid > self.place.listed and matches(held.message, self._filter)
            ),
            None,
        )

    def _tell_first(self, held: FakeImport) -> pb.ImportEvent:
        self.place = Place(self.organization.seq, held.message.uid)
        state = State.of(held, self.organization)
        self._note(held.message, state)
        return state_event(pb.KIND_SNAPSHOT, self.token, held.copy(), state.standing)

    def _tell(self, recorded: Recorded) -> pb.ImportEvent:
        held = self.organization.by_uid(recorded.after.uid)
        standing = self.organization.standing_of(held) if held else NOWHERE
        throttle = self._throttles.get(recorded.after.uid)
        if throttle is None:
            self._note(recorded.after, State(recorded.version, standing))
        else:
            throttle.told = State(recorded.version, standing)
            self._told_matching[recorded.after.uid] = matches(recorded.after, self._filter)
        self._pause.told()
        return event_of(recorded, self.token, standing)

    def _note(self, message: pb.Import, state: State) -> None:
        self._throttles[message.uid] = Throttle(self._interval, state, loop_time())
        self._told_matching[message.uid] = matches(message, self._filter)
        self._pause.told()

    def _progress(self) -> list[pb.ImportEvent]:
        """The progress of one import, of which it may be told now; no more, since an event may come before others."""
        for held in self._unfinished():
            state, throttle = State.of(held, self.organization), self._throttle_of(held)
            due = throttle.due(state)
            if due is None or loop_time() < due or not self._is_of_interest(held):
                continue
            throttle.tell(state, loop_time())
            self._told_matching[held.message.uid] = matches(held.message, self._filter)
            self._pause.told()
            return [state_event(pb.KIND_PROGRESS, self.token, held.copy(), state.standing)]
        return []

    def _next_progress(self) -> float | None:
        """When there will be progress to tell, if it is known."""
        dues = [
            self._throttle_of(held).due(State.of(held, self.organization))
            for held in self._unfinished()
            if self._is_of_interest(held)
        ]
        return min((due for due in dues if due is not None), default=None)

    def _is_of_interest(self, held: FakeImport) -> bool:
        """Whether it matches, or did when it was told last: a watcher sees it leave."""
        return self._told_matching.get(held.message.uid, False) or matches(held.message, self._filter)

    def _throttle_of(self, held: FakeImport) -> Throttle:
        return self._throttles.setdefault(
            held.message.uid, Throttle(self._interval, State(0, NOWHERE), loop_time())
        )

    def _unfinished(self) -> list[FakeImport]:
        return [held for held in self.organization.imports.values() if not held.has_ended]

    def _place_of(self, token: str) -> Place:
        try:
            match read_token(self._bond, token):
                case (int(seq), str(listed)):
                    return Place(seq, listed)
        except ValueError:
            raise invalid_resume_token() from None
        raise invalid_resume_token()
