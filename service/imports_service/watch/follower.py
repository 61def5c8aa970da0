"""One who watches all imports of an organization, as its feed knows it; and which progress is due to be told."""

from typing import NamedTuple

from imports_service.domain.imports import Import
from imports_service.watch.alarm import Alarm
from imports_service.watch.watched_import import WatchedImport

PROGRESS_AT_ONCE = 16
"""What is told is fixed when it is taken, so little is taken at once: a slow reader is to be told the newest."""


class _Told(NamedTuple):
    version: int
    edition: int | None
    """Of the progress; None when an event or a first snapshot was told, and not its progress by itself."""
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

    def has_been_told(self, uid: str) -> bool:
        """Whether the import matched when it was last told, and had not ended."""
        return uid in self._told

    def remember(self, snapshot: Import, now: float) -> None:
        """An event has told the import in this state, and it matches."""
        before = self._told.get(snapshot.uid, _Told(0, None, now + self._progress_seconds))
        self._told[snapshot.uid] = before._replace(version=snapshot.version)

    def told_first(self, snapshot: Import, now: float) -> None:
        """The first snapshot of the import was told."""
        self._told[snapshot.uid] = _Told(snapshot.version, ahead, now + self._progress_seconds)

    def forget(self, uid: str) -> None:
        """The import has ended, is gone, or does not match any more."""
        self._told.pop(uid, None)
        self._moved.pop(uid, None)

    def take_due(self, now: float) -> list[WatchedImport]:
        """Some of the imports that have moved since they were told, and may be told again."""
        due = []
        for uid, watched in list(self._moved.items()):
            told = self._told.get(uid)
            if told is not None and told.due > now:
                continue
            del self._moved[uid]
            if _is_news(watched, told):
                due.append(watched)
                if len(due) == PROGRESS_AT_ONCE:
                    break
        return due

    def next_due(self) -> float | None:
        """When progress may be told next; None when nothing has moved."""
        return min((self._due_of(uid) for uid in self._moved), default=None)

    def told_progress(self, watched: WatchedImport, now: float, *, matches: bool) -> None:
        """Its newest state was told; when it does not match any more it was told to leave."""
        if watched.snapshot is None or not matches:
            self._told.pop(watched.uid, None)
        else:
            due = now + self._progress_seconds
            self._told[watched.uid] = _Told(watched.snapshot.version, watched.edition, due)

    def _due_of(self, uid: str) -> float:
        told = self._told.get(uid)
        return told.due if told is not None else 0.0


def _is_news(watched: WatchedImport, told: _Told | None) -> bool:
    if watched.snapshot is None or not watched.is_live:
        return False
    return told is None or watched.snapshot.version > told.version or watched.edition != told.edition
