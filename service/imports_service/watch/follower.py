"""One who watches all imports of an organization, as its feed knows it; and which progress is due to be told."""

from typing import NamedTuple

from imports_service.domain.imports import Import
from imports_service.watch.alarm import Alarm, now
from imports_service.watch.watched_import import WatchedImport

PROGRESS_AT_ONCE = 16
"""What is told is fixed when it is taken, so little is taken at once: a slow reader is to be told the newest."""
PENDING_SECONDS = 2.0
"""Places in the queue are told at most so often: all that wait move up whenever one starts."""


class _Told(NamedTuple):
    version: int
    edition: int | None
    """Of the progress; None when that is not known."""
    due: float
    """From when on progress may be told again."""


class Follower:
    """Its alarm, and what its feed has marked as moved. Times are the loop's, in seconds.

    It remembers the matching imports that have not ended, by what it was last told of them.
    """

    def __init__(self, progress_seconds: float) -> None:
        self.alarm = Alarm()
        self._progress_seconds = progress_seconds
        self._moved: dict[str, WatchedImport] = {}
        self._told: dict[str, _Told] = {}

    def mark(self, watched: WatchedImport) -> None:
        """There may be progress of the import."""
        self._moved[watched.uid] = watched
        self.alarm.ring()

    def knows(self, uid: str) -> bool:
        """Whether the import matched when it was last told, and had not ended."""
        return uid in self._told

    def remember(self, snapshot: Import, watched: WatchedImport | None) -> None:
        """The import was told in this state, which matches; `watched` is what the process knows of it."""
        before = self._told.get(snapshot.uid)
        due = now() + self._progress_seconds if before is None else before.due
        edition = watched.edition if watched and watched.version == snapshot.version else None
        self._told[snapshot.uid] = _Told(snapshot.version, edition, due)

    def suppose(self, uid: str) -> None:
        """The import may have been told before this watch was resumed, in a state that nobody remembers."""
        self._told.setdefault(uid, _Told(0, None, 0.0))

    def told_progress(self, watched: WatchedImport) -> None:
        """The newest state of the import was told, which matches."""
        seconds = max(self._progress_seconds, PENDING_SECONDS if watched.is_pending else 0.0)
        self._told[watched.uid] = _Told(watched.version, watched.edition, now() + seconds)

    def forget(self, uid: str) -> None:
        """The import has ended, is gone, or does not match any more."""
        self._told.pop(uid, None)
        self._moved.pop(uid, None)

    def take_due(self) -> list[WatchedImport]:
        """Some of the imports that have moved since they were told, and may be told again."""
        time = now()
        due: list[WatchedImport] = []
        for uid, watched in list(self._moved.items()):
            if self._due_of(uid) > time:
                continue
            del self._moved[uid]
            if _is_news(watched, self._told.get(uid)):
                due.append(watched)
                if len(due) == PROGRESS_AT_ONCE:
                    break
        return due

    def next_due(self) -> float | None:
        """When progress may be told next; None when nothing has moved."""
        return min((self._due_of(uid) for uid in self._moved), default=None)

    def _due_of(self, uid: str) -> float:
        told = self._told.get(uid)
        return told.due if told is not None else 0.0


def _is_news(watched: WatchedImport, told: _Told | None) -> bool:
    if not watched.is_live:
        return False
    if told is None or watched.version > told.version:
        return True
    return watched.version == told.version and told.edition not in {None, watched.edition}
