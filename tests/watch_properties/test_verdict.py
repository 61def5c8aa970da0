"""The judge itself: it takes what is right, and none of the ways in which a watch can be wrong."""

from collections.abc import Callable

import pytest

from commerce.imports.v1 import imports_pb2 as pb
from tests.watch_properties.history import Change, History, Kind, State
from tests.watch_properties.verdict import Call, Missing, Watched, Wrong, judge

SKUS = pb.ImportFilter(resource_types=["skus"])
Telling = list[pb.ImportEvent]


def state(name: str, status: str, *, etag: str = "first", kind: str = "skus", done: int = 0) -> State:
    return State(name, status, etag, False, kind, "", (done, 0, 0, 0, 0, 0))


PENDING, RUNNING = state("a", "pending"), state("a", "in_progress")
NOTED = state("a", "in_progress", etag="second", done=3)
DONE = state("a", "completed", etag="second", done=9)
OTHER = state("b", "pending", kind="prices")
NEXT = state("c", "pending")
CHANGES = [
    Change(1, Kind.TRANSITION, "uid-a", None, PENDING),
    Change(2, Kind.TRANSITION, "uid-a", PENDING, RUNNING),
    Change(3, Kind.TRANSITION, "uid-b", None, OTHER),
    Change(4, Kind.SNAPSHOT, "uid-a", RUNNING, NOTED),
    Change(5, Kind.TRANSITION, "uid-c", None, NEXT),
    Change(6, Kind.TRANSITION, "uid-a", NOTED, DONE),
    Change(7, Kind.DELETED, "uid-c", NEXT, None),
]
HISTORY = History(CHANGES)
KINDS = {
    Kind.TRANSITION: pb.KIND_TRANSITION,
    Kind.SNAPSHOT: pb.KIND_SNAPSHOT,
    Kind.DELETED: pb.KIND_DELETED,
}


def told(uid: str, now: State, kind: pb.Kind.ValueType, *, done: int | None = None) -> pb.ImportEvent:
    rows = now.counts[0] if done is None else done
    return pb.ImportEvent(
        resume_token="token",
        kind=kind,
        snapshot=pb.Import(
            name=f"organizations/acme/imports/{now.import_id}",
            uid=uid,
            etag=now.etag,
            status=pb.Status.Value(f"STATUS_{now.status.upper()}"),
            resource_type=now.resource_type,
            processed_count=rows,
            created_count=rows,
        ),
        progress=pb.Progress(percent=rows * 10),
    )


def change(number: int) -> pb.ImportEvent:
    """The event that tells of the change."""
    changed = CHANGES[number - 1]
    event = told(changed.uid, changed.told, KINDS[changed.kind])
    if changed.kind is Kind.TRANSITION and changed.before is not None:
        event.previous_status = pb.Status.Value(f"STATUS_{changed.before.status.upper()}")
    return event


def begun(number: int) -> pb.ImportEvent:
    """The snapshot of an import as that change left it."""
    changed = CHANGES[number - 1]
    return told(changed.uid, changed.told, pb.KIND_SNAPSHOT)


def progress(number: int, done: int) -> pb.ImportEvent:
    changed = CHANGES[number - 1]
    return told(changed.uid, changed.told, pb.KIND_PROGRESS, done=done)


SYNCED = pb.ImportEvent(resume_token="token", kind=pb.KIND_SYNCED)
HEARTBEAT = pb.ImportEvent(resume_token="token", kind=pb.KIND_HEARTBEAT)

ONE = [begun(1), HEARTBEAT, change(2), progress(2, 3), change(4), progress(4, 5), change(6)]
MANY = [begun(2), SYNCED, change(4), progress(4, 5), change(5), change(6), HEARTBEAT, change(7)]


def watched_one(*calls: Telling, after: int = 1) -> Watched:
    return watched(None, calls, after, is_over=True)


def watched_many(*calls: Telling, after: int = 2) -> Watched:
    return watched(SKUS, calls, after, is_over=False)


def watched(
    wanted: pb.ImportFilter | None, calls: tuple[Telling, ...], after: int, *, is_over: bool
) -> Watched:
    """A watch whose first call was opened after that change, and settled before the next one."""
    heard = Watched(wanted)
    for number, telling in enumerate(calls):
        heard.calls.append(Call(after if number == 0 else 0))
        for event in telling:
            if heard.tell(event):
                heard.settle(after)
    heard.calls[-1].has_ended_ok = is_over
    return heard


def without(number: int) -> Callable[[Telling], Telling]:
    return lambda telling: [event for event in telling if event != change(number)]


def twice(number: int) -> Callable[[Telling], Telling]:
    return lambda telling: [e for event in telling for e in [event] * (1 + (event == change(number)))]


def swapped(first: int, second: int) -> Callable[[Telling], Telling]:
    others = {first: second, second: first}
    by_event = {change(number).SerializeToString(): change(other) for number, other in others.items()}
    return lambda telling: [by_event.get(event.SerializeToString(), event) for event in telling]


def changed(place: int, event: pb.ImportEvent | None) -> Callable[[Telling], Telling]:
    """Another event in that place, or one less."""
    return lambda telling: [*telling[:place], *([event] if event else []), *telling[place + 1 :]]


def test_what_is_right_is_taken() -> None:
    judge(HISTORY, watched_one(ONE))
    judge(HISTORY, watched_one(ONE[:4], ONE[4:]))
    judge(HISTORY, watched_many(MANY))
    judge(HISTORY, watched_many(MANY[:1], [SYNCED, *MANY[2:5]], [change(6), SYNCED, *MANY[6:]]))


def test_a_snapshot_may_be_of_any_moment_while_the_watch_began() -> None:
    late = watched_many([begun(4), SYNCED, *MANY[3:]])
    late.settled_at = 4

    judge(HISTORY, late)


def test_whoever_heard_only_a_part_and_then_the_rest_heard_it_all() -> None:
    whole = watched_many(MANY)

    for place in range(1, len(MANY)):
        part = whole.up_to(place)
        part.calls.append(Call(0))
        for event in [*MANY[place + 1 :], SYNCED]:
            part.tell(event)
        judge(HISTORY, part)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(without(2), id="a transition is left out"),
        pytest.param(without(4), id="an update is left out"),
        pytest.param(without(6), id="the end is left out"),
        pytest.param(twice(2), id="a transition comes twice"),
        pytest.param(twice(6), id="the end comes twice"),
        pytest.param(swapped(2, 4), id="two changes come in the other order"),
        pytest.param(changed(0, None), id="no snapshot"),
        pytest.param(changed(0, begun(2)), id="a snapshot of later"),
        pytest.param(changed(1, SYNCED), id="synced"),
        pytest.param(changed(3, progress(1, 3)), id="progress of before"),
        pytest.param(changed(3, progress(4, 3)), id="progress of after"),
        pytest.param(changed(5, progress(4, 2)), id="progress goes back"),
        pytest.param(changed(4, told("uid-a", NOTED, pb.KIND_SNAPSHOT, done=1)), id="another count"),
        pytest.param(changed(4, change(5)), id="another import"),
        pytest.param(lambda telling: [*telling, HEARTBEAT, change(6)], id="something after the end"),
    ],
)
def test_a_watch_of_one_import_that_is_wrong_is_found(fault: Callable[[Telling], Telling]) -> None:
    with pytest.raises((Wrong, Missing)):
        judge(HISTORY, watched_one(fault(ONE)))


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(without(4), id="an update is left out"),
        pytest.param(without(5), id="a new import is left out"),
        pytest.param(without(6), id="the end is left out"),
        pytest.param(without(7), id="a deletion is left out"),
        pytest.param(twice(5), id="a new import comes twice"),
        pytest.param(twice(7), id="a deletion comes twice"),
        pytest.param(swapped(4, 5), id="changes of two imports come in the other order"),
        pytest.param(changed(0, None), id="no snapshot"),
        pytest.param(changed(0, begun(4)), id="a snapshot of later"),
        pytest.param(changed(1, None), id="no synced"),
        pytest.param(changed(3, SYNCED), id="synced twice"),
        pytest.param(changed(3, change(3)), id="an import that does not match"),
        pytest.param(changed(3, progress(3, 0)), id="progress of an import that does not match"),
        pytest.param(lambda telling: [telling[1], telling[0], *telling[2:]], id="a snapshot after synced"),
        pytest.param(lambda telling: [begun(1), *telling[1:]], id="a snapshot of before"),
    ],
)
def test_a_watch_of_many_imports_that_is_wrong_is_found(fault: Callable[[Telling], Telling]) -> None:
    with pytest.raises((Wrong, Missing)):
        judge(HISTORY, watched_many(fault(MANY)))


def test_a_change_that_a_resume_tells_only_after_synced_is_found() -> None:
    late = watched_many(MANY[:4], [SYNCED, *MANY[4:]])
    late.calls[-1].opened_after = 5

    with pytest.raises(Wrong):
        judge(HISTORY, late)
