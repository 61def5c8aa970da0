"""What a feed is to read next, and when."""

from collections.abc import Callable, Iterable, Sequence

from imports_service.watch.alarm import Alarm, now
from imports_service.watch.news import Wants
from imports_service.watch.questions import Question, Questions

PROGRESS_SECONDS = 0.1
"""Progress is read at most so often, which is the shortest interval that a watcher may ask for."""


class Agenda:
    """Questions and events are read at once, progress and the queue of pending imports after a while.

    `seq`: the number up to which all events have been read; None before the first reading, which a question brings.
    """

    def __init__(self) -> None:
        self.seq: int | None = None
        self._alarm = Alarm()
        self.questions = Questions(self._alarm)
        self._moved: set[str] = set()
        self._wants_events = False
        self._wants_queue = False
        self._progress_at = 0.0

    def read_progress(self, uids: Iterable[str]) -> None:
        """Read the imports, which may have moved."""
        self._moved.update(uids)
        self._alarm.ring()

    def read_events(self) -> None:
        """Read the events since the last reading."""
        self._wants_events = True
        self._alarm.ring()

    def read_queue(self) -> None:
        """Read in which order pending imports will have their turn."""
        self._wants_queue = True
        self._alarm.ring()

    async def next(self) -> Sequence[Question]:
        """Wait until something is due; the questions that it is to answer."""
        while (due := self._due()) is None or due > now():
            await self._alarm.rest(due)
        return self.questions.take()

    def take(self, questions: Sequence[Question], version_of: Callable[[str], int]) -> Wants:
        """All that is due, which is off the agenda then. `version_of`: what is known of an import."""
        moved: set[str] = set()
        is_queue_due = False
        if self._progress_at <= now():
            self._progress_at = now() + PROGRESS_SECONDS
            moved, self._moved = self._moved, moved
            is_queue_due, self._wants_queue = self._wants_queue, False
        wants = Wants(
            import_ids=list({question.import_id for question in questions if question.import_id is not None}),
            places=[question.place for question in questions if question.place is not None],
            asks_clock=bool(questions),
            asks_all=any(question.is_about_all for question in questions),
            versions={uid: version_of(uid) for uid in moved},
            events=self._wants_events,
            queue=is_queue_due,
        )
        self._wants_events = False
        return wants

    def _due(self) -> float | None:
        if self.questions.are_waiting or (self._wants_events and self.seq is not None):
            return 0.0
        return self._progress_at if self._moved or self._wants_queue else None
