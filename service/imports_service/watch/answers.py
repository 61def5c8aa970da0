"""Answers what new watchers have asked, all from one reading."""

from collections.abc import Callable, Sequence

from imports_service.domain.imports import Event
from imports_service.store.watches import Found, Missed
from imports_service.watch.alarm import Alarm
from imports_service.watch.events import Recorded
from imports_service.watch.news import MISSED_AT_ONCE
from imports_service.watch.past import forgotten, looked_up
from imports_service.watch.questions import Answer, Question
from imports_service.watch.watched_import import WatchedImport


def answer_questions(
    found: Found,
    missed: Sequence[Missed],
    questions: Sequence[Question],
    watch: Callable[[Alarm, str], WatchedImport],
) -> None:
    """Answer each question whose watcher is still there.

    `missed` is in the order of those questions that give a place, or empty when nobody has missed anything. `watch`
    makes an alarm ring from now on when the import of that uid changes.
    """
    by_id = {reading.snapshot.import_id: reading for reading in found.readings}
    by_uid = {reading.snapshot.uid: reading for reading in found.readings}
    shared: dict[int, Recorded] = {}
    missing = iter(missed)
    for question in questions:
        nothing = Missed(found.floor, [])
        been = next(missing, nothing) if question.place is not None else nothing
        if not question.is_wanted:
            continue
        if question.place is not None and question.place[1] < been.floor:
            question.refuse(forgotten(been.floor))
            continue
        reading = by_uid.get(question.place[0]) if question.place else by_id.get(question.import_id or "")
        watched = None
        if reading is not None and question.alarm is not None:
            watched = watch(question.alarm, reading.snapshot.uid)
        question.answer(
            Answer(
                seq=found.seq,
                reading=reading,
                watched=watched,
                missed=[_shared(event, shared) for event in been.events],
                is_all=len(been.events) < MISSED_AT_ONCE,
            )
        )


def _shared(event: Event, shared: dict[int, Recorded]) -> Recorded:
    """The same value for all who have missed the same event."""
    recorded = shared.get(event.seq)
    if recorded is None:
        recorded = shared[event.seq] = looked_up(event)
    return recorded
