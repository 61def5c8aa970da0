"""What new watchers ask of a feed, gathered so that one read answers them all."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from imports_service.store.watches import Reading
from imports_service.watch.alarm import Alarm
from imports_service.watch.events import Recorded
from imports_service.watch.watched_import import WatchedImport

ANSWERED_AT_ONCE = 500


class Answer(NamedTuple):
    """The organization's clock, and of the same moment what was asked for.

    `reading`: the import, None when there is none; `watched`: the same as the feed follows it from now on. `missed`:
    the events after the place that was given; all of them when `is_all`.
    """

    seq: int
    reading: Reading | None = None
    watched: WatchedImport | None = None
    missed: Sequence[Recorded] = ()
    is_all: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One watcher's. `import_id` or `place` (uid, number of the last event told) say of which import, none of all.

    `alarm` rings when the import changes.
    """

    future: "asyncio.Future[Answer]"
    alarm: Alarm | None = None
    import_id: str | None = None
    place: tuple[str, int] | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether the watcher is still there."""
        return not self.future.done()

    @property
    def is_about_all(self) -> bool:
        return self.import_id is None and self.place is None

    def answer(self, answer: Answer) -> None:
        """Only while it is wanted, like `refuse`."""
        self.future.set_result(answer)

    def refuse(self, error: Exception) -> None:
        self.future.set_exception(error)


class Questions:
    """Those of one feed that wait. The feed is woken by each."""

    def __init__(self, woken: Alarm) -> None:
        self._woken = woken
        self._waiting: list[Question] = []

    @property
    def are_waiting(self) -> bool:
        return bool(self._waiting)

    async def import_named(self, import_id: str, alarm: Alarm) -> Answer:
        """The import of that id as it is now. Raises `Unavailable`."""
        return await self._ask(Question(_future(), alarm, import_id=import_id))

    async def import_since(self, uid: str, seq: int, alarm: Alarm) -> Answer:
        """The import of that uid as it is now, and what it has gone through since.

        Raises `Unavailable` and `OutOfRange`.
        """
        return await self._ask(Question(_future(), alarm, place=(uid, seq)))

    async def all_imports(self) -> Answer:
        """The clock as it is now; the feed then knows all imports that have not ended. Raises `Unavailable`."""
        return await self._ask(Question(_future()))

    def refuse_all(self, refusal: Callable[[], Exception]) -> None:
        """Whoever waits is told why it will not be answered."""
        waiting, self._waiting = self._waiting, []
        refuse(waiting, refusal)

    def take(self) -> list[Question]:
        """The questions to be answered next, without those whose watcher has left."""
        taken, self._waiting = self._waiting[:ANSWERED_AT_ONCE], self._waiting[ANSWERED_AT_ONCE:]
        return [question for question in taken if question.is_wanted]

    async def _ask(self, question: Question) -> Answer:
        self._waiting.append(question)
        self._woken.ring()
        return await question.future


def refuse(questions: Sequence[Question], refusal: Callable[[], Exception]) -> None:
    """Tell those who still wait why there is no answer; each its own, since an error that is raised keeps where."""
    for question in questions:
        if question.is_wanted:
            question.refuse(refusal())


def _future() -> "asyncio.Future[Answer]":
    return asyncio.get_running_loop().create_future()
