"""Whether what a watch told, through all its resumes, is what happened. Pure; written from the contract.

`Wrong` is what no further event can mend; `Missing` is what may still come, and is judged again until time is up.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from commerce.imports.v1 import imports_pb2 as pb
from tests.watch_properties.history import Change, History, Kind, concerns, matches, state_of

KINDS = {
    pb.KIND_TRANSITION: Kind.TRANSITION,
    pb.KIND_SNAPSHOT: Kind.SNAPSHOT,
    pb.KIND_DELETED: Kind.DELETED,
}


class Missing(AssertionError):
    """Something was not told, or not yet."""


class Wrong(Exception):
    """Something was told that must not have been told, or not there."""


@dataclass
class Call:
    """One call of a watch. All changes up to `opened_after` were committed before it was opened."""

    opened_after: int
    has_ended_ok: bool = False


@dataclass
class Watched:
    """All that one watch has told, call after call, each resumed with the token of the last event before it.

    `wanted` is None for a watch of one import. `settled_at`: what was committed by the time that the beginning was
    known to be over, which is the SYNCED of a watch of many and the first event of a watch of one.
    """

    wanted: pb.ImportFilter | None
    import_id: str = ""
    refusals: list[tuple[int, int]] = field(default_factory=list)
    """Between which changes there was no import to watch, as the service said."""
    calls: list[Call] = field(default_factory=list)
    told: list[tuple[int, pb.ImportEvent]] = field(default_factory=list)
    """The number of the call, and the event."""
    settled_at: int | None = None
    settled_by: int | None = None
    """Its place in `told`."""

    @property
    def token(self) -> str:
        return self.told[-1][1].resume_token if self.told else ""

    @property
    def is_over(self) -> bool:
        return bool(self.calls) and self.calls[-1].has_ended_ok

    def tell(self, event: pb.ImportEvent) -> bool:
        """Take an event; whether the beginning is over with it, so that `settle` has to be called."""
        self.told.append((len(self.calls) - 1, event))
        is_settled = self.wanted is None or event.kind == pb.KIND_SYNCED
        return is_settled and self.settled_at is None

    def settle(self, last: int) -> None:
        """Note what has been committed by now."""
        self.settled_at, self.settled_by = last, len(self.told) - 1

    def up_to(self, place: int) -> "Watched":
        """The watch of one who heard the events up to that place, and then nothing more."""
        told = self.told[: place + 1]
        calls = [Call(call.opened_after) for call in self.calls[: told[-1][0] + 1]]
        is_settled = self.settled_by is not None and self.settled_by <= place
        return Watched(
            self.wanted,
            self.import_id,
            [],
            calls,
            list(told),
            self.settled_at if is_settled else None,
            self.settled_by if is_settled else None,
        )


def judge(history: History, watched: Watched) -> None:
    """Raises `Wrong` or `Missing` unless the watch told exactly what it had to, up to the end of the history."""
    heard = _Heard(history, watched)
    if watched.wanted is None:
        _judge_one(history, watched, heard)
    else:
        _judge_many(history, watched, watched.wanted, heard)


class _Heard:
    """The events held against the changes that they tell of: each one by itself, and their order."""

    def __init__(self, history: History, watched: Watched) -> None:
        self._history, self._wanted = history, watched.wanted
        self.begun_with: dict[str, Change] = {}
        """What the snapshot that an import was begun with includes."""
        self.recorded: dict[int, int] = {}
        """The changes told, by number, with their places."""
        self.synced: dict[int, int] = {}
        """The places of SYNCED by call."""
        self._last = 0
        self._included: dict[str, int] = {}
        self._done: dict[str, tuple[int, float]] = {}
        for place, (call, event) in enumerate(watched.told):
            self._hear(place, call, event)

    def _hear(self, place: int, call: int, event: pb.ImportEvent) -> None:
        if not 0 < len(event.resume_token.encode()) <= 256:
            raise Wrong(f"{place}: a token of {len(event.resume_token.encode())} bytes")
        has_import = event.kind not in {pb.KIND_SYNCED, pb.KIND_HEARTBEAT}
        if event.HasField("snapshot") != has_import or event.HasField("progress") != has_import:
            raise Wrong(f"{place}: a snapshot or progress too much or too little")
        if event.kind == pb.KIND_SYNCED:
            if self._wanted is None or call in self.synced:
                raise Wrong(f"{place}: SYNCED that nobody expects")
            self.synced[call] = place
        if has_import:
            self._hear_import(place, event)

    def _hear_import(self, place: int, event: pb.ImportEvent) -> None:
        uid = event.snapshot.uid
        change = self._history.change_of(event)
        if change is None:
            raise Wrong(f"{place}: an import in a state in which it never was")
        if event.kind == pb.KIND_PROGRESS:
            if change.number != self._included.get(uid):
                raise Wrong(f"{place}: progress that does not belong after what was told before it")
            if change.told.has_ended or not self._is_wanted(change):
                raise Wrong(f"{place}: progress of an import that has ended or does not match")
        elif self._begins(event, change):
            self.begun_with[uid] = change
        else:
            self._hear_change(place, event, change)
        self._included[uid] = change.number
        self._hear_counts(place, event)

    def _begins(self, event: pb.ImportEvent, change: Change) -> bool:
        """Whether it is the snapshot with which a watch begins to tell of an import."""
        if event.kind != pb.KIND_SNAPSHOT or event.snapshot.uid in self._included:
            return False
        if self._wanted is None:
            return True
        return not self.synced and not change.told.has_ended and self._is_wanted(change)

    def _is_wanted(self, change: Change) -> bool:
        return self._wanted is None or matches(self._wanted, change.after)

    def _hear_change(self, place: int, event: pb.ImportEvent, change: Change) -> None:
        if KINDS[event.kind] is not change.kind:
            raise Wrong(f"{place}: not the kind of change {change.number}")
        if change.number in self.recorded:
            raise Wrong(f"{place}: change {change.number} is told a second time")
        if change.number <= max(self._last, self._included.get(event.snapshot.uid, 0)):
            raise Wrong(f"{place}: change {change.number} is told too late")
        if self._wanted is not None and not concerns(self._wanted, change):
            raise Wrong(f"{place}: change {change.number} does not match")
        previous = change.before.status if change.kind is Kind.TRANSITION and change.before else "unspecified"
        if pb.Status.Name(event.previous_status).removeprefix("STATUS_").lower() != previous:
            raise Wrong(f"{place}: another previous status than change {change.number}")
        if state_of(event.snapshot) != change.told:
            raise Wrong(f"{place}: another import than that of change {change.number}")
        self.recorded[change.number] = place
        self._last = change.number

    def _hear_counts(self, place: int, event: pb.ImportEvent) -> None:
        message = event.snapshot
        done = (message.processed_count + message.errors_count, event.progress.percent)
        rows, percent = self._done.get(message.uid, (0, 0.0))
        if done[0] < rows or done[1] < percent or not 0.0 <= done[1] <= 100.0:
            raise Wrong(f"{place}: went back from {rows} rows, {percent} % to {done[0]} rows, {done[1]} %")
        self._done[message.uid] = done


def _judge_one(history: History, watched: Watched, heard: _Heard) -> None:
    _judge_refusals(history, watched)
    if not watched.told:
        if _is_absent(history, watched.import_id, len(history.changes)):
            return
        raise Missing("nothing was told")
    if watched.told[0][1].kind != pb.KIND_SNAPSHOT:
        raise Wrong("the first event is no snapshot")
    uid = watched.told[0][1].snapshot.uid
    if any(event.HasField("snapshot") and event.snapshot.uid != uid for _, event in watched.told):
        raise Wrong("another import was told")
    changes = history.by_uid[uid]
    first = changes.index(heard.begun_with[uid])
    opened_after, settled_at = _beginning(watched)
    is_too_old = first + 1 < len(changes) and changes[first + 1].number <= opened_after
    if is_too_old or (settled_at is not None and changes[first].number > settled_at):
        raise Wrong(f"the snapshot at the beginning is not of then: change {changes[first].number}")
    told = list(heard.recorded)
    allowed = list(_endings(changes, first, watched))
    if not any(told == numbers[: len(told)] for numbers in allowed):
        raise Wrong(f"told were the changes {told} and not {' or '.join(map(str, allowed))}")
    if watched.is_over and told not in allowed:
        raise Wrong(f"the watch ended after the changes {told} and not {' or '.join(map(str, allowed))}")
    if not watched.is_over:
        raise Missing(f"told were the changes {told}, and the watch has not ended")


def _judge_refusals(history: History, watched: Watched) -> None:
    for first, last in watched.refusals:
        within = [place for place, change in enumerate(history.changes, 1) if first < change.number <= last]
        before = sum(change.number <= first for change in history.changes)
        if not any(_is_absent(history, watched.import_id, place) for place in [before, *within]):
            raise Wrong(f"the import was not found between the changes {first} and {last}")


def _is_absent(history: History, import_id: str, place: int) -> bool:
    """Whether there was no import of that name after so many changes."""
    changes = [change for change in history.changes[:place] if change.told.import_id == import_id]
    return not changes or changes[-1].kind is Kind.DELETED


def _endings(changes: Sequence[Change], first: int, watched: Watched) -> Iterator[list[int]]:
    """What a watch of one import that began after change `first` may have told when it ends."""
    after = [change.number for change in changes[first + 1 :]]
    is_deleted = changes[-1].kind is Kind.DELETED
    if is_deleted:
        yield after
    was_resumed_after = is_deleted and len(watched.calls) > 1
    if was_resumed_after and watched.calls[-1].opened_after >= changes[-1].number:
        return  # who resumes after the deletion hears of it
    end = next((place for place, change in enumerate(changes) if change.ends), len(changes))
    yield [change.number for change in changes[first + 1 : end + 1]]


def _judge_many(history: History, watched: Watched, wanted: pb.ImportFilter, heard: _Heard) -> None:
    if watched.is_over:
        raise Wrong("the watch of an organization ended")
    opened_after, settled_at = _beginning(watched)
    until = settled_at if settled_at is not None else max((c.number for c in history.changes), default=0)
    for uid, changes in history.by_uid.items():
        begun_with = heard.begun_with.get(uid)
        told = [change.number for change in changes if change.number in heard.recorded]
        beginnings = [opened_after]
        beginnings += [change.number for change in changes if opened_after < change.number <= until]
        expected = [_expected(changes, wanted, beginning) for beginning in beginnings]
        if (begun_with, told) in expected:
            continue
        listing = " or ".join(
            f"{'a snapshot with ' + str(start.number) + ', ' if start else ''}{numbers}"
            for start, numbers in expected
        )
        said = (
            f"of import {uid[-4:]} {'a snapshot with ' + str(begun_with.number) if begun_with else ''} {told}"
        )
        if any(begun_with in {start, None} and told == numbers[: len(told)] for start, numbers in expected):
            raise Missing(f"told were {said} and not {listing}")
        raise Wrong(f"told were {said} and not {listing}")
    _check_synced(watched, heard)


def _expected(
    changes: Sequence[Change], wanted: pb.ImportFilter, beginning: int
) -> tuple[Change | None, list[int]]:
    """What a watch that begins after the change of that number tells of one import: its snapshot, and its changes."""
    before = [change for change in changes if change.number <= beginning]
    state = before[-1].after if before else None
    is_there = state is not None and not state.has_ended and matches(wanted, state)
    told = [change.number for change in changes if change.number > beginning and concerns(wanted, change)]
    return (before[-1] if is_there else None), told


def _check_synced(watched: Watched, heard: _Heard) -> None:
    for call, place in heard.synced.items():
        for number, told_at in heard.recorded.items():
            if number <= watched.calls[call].opened_after and told_at > place:
                raise Wrong(f"{place}: SYNCED before change {number}, which was missed")
    if len(watched.calls) - 1 not in heard.synced:
        raise Missing("SYNCED was not told")


def _beginning(watched: Watched) -> tuple[int, int | None]:
    """The numbers between which the watch began."""
    first_call = watched.told[0][0] if watched.told else -1
    return watched.calls[first_call].opened_after, watched.settled_at


def report(history: History, watched: Watched) -> str:
    """What happened and what was told, side by side for a reader."""
    lines = ["what happened:", *(f"  {change}" for change in history.changes)]
    wanted = "one import" if watched.wanted is None else f"all with {{{str(watched.wanted).strip()!r}}}"
    lines.append(f"what a watch of {wanted} told:")
    last_call = -1
    for place, (call, event) in enumerate(watched.told):
        if call != last_call:
            lines.append(f"  call {call}, opened after change {watched.calls[call].opened_after}")
            last_call = call
        change = history.change_of(event) if event.HasField("snapshot") else None
        number = f" with change {change.number}" if change else ""
        lines.append(f"  {place:>4} {pb.Kind.Name(event.kind).removeprefix('KIND_')}{_of(event)}{number}")
    if watched.is_over:
        lines.append("  the end, OK")
    return "\n".join(lines)


def _of(event: pb.ImportEvent) -> str:
    if not event.HasField("snapshot"):
        return ""
    state = state_of(event.snapshot)
    return f" of {event.snapshot.uid[-4:]} {state.import_id} {state.status} {state.counts}"
