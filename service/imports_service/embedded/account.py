"""The operating system's account that a server runs as: PostgreSQL refuses to run as root.

Never creates an account and never changes the mode of a directory that is not ours.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Account:
    """A user without privileges, with its own group only."""

    name: str
    uid: int
    gid: int

    def own(self, path: Path) -> None:
        os.chown(path, self.uid, self.gid)

    def can_reach(self, path: Path) -> bool:
        """Whether the mode bits of every directory on the way, and of the path, let this account pass."""
        resolved = path.resolve()
        return all(self._may_pass(place.stat()) for place in (resolved, *resolved.parents))

    def _may_pass(self, status: os.stat_result) -> bool:
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def unprivileged_account() -> Account | None:
    """Whom to run a server as: None (ourselves) unless we are root; then `nobody`, or some other account.

    Raises `LookupError` when root is the only account there is.
    """
    if os.geteuid() != 0:
        return None
    entries = [entry for entry in pwd.getpwall() if entry.pw_uid != 0]
    if not entries:
        raise LookupError("PostgreSQL does not run as root, and there is no other account")
    # initdb insists on an entry in the passwd file; of the group only its number matters.
    entry = next((entry for entry in entries if entry.pw_name == "nobody"), entries[-1])
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
