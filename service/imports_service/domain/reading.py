"""What is found out about one row while it is read."""

from imports_service.domain.keys import printable
from imports_service.domain.rows import Issue
from imports_service.domain.values import Flaw


class Reading:
    """One row while it is read: what is to be said of it, and how many items it nests."""

    def __init__(self) -> None:
        self.issues: list[Issue] = []
        self.items = 0

    def say(self, path: str, flaw: Flaw) -> None:
        self.issues.append(flaw.of(printable(path)))
