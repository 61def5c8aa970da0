"""A stage for turns: organizations that come, run dry and come back, claims without any work, and a log of all of it.

`Turns` acts through the statements of the service; what it notes is only what is seen from outside: who has units
ready, and what was given to whom.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from imports_service.domain.imports import Import
from imports_service.store import lanes, units
from imports_service.store.database import Database
from imports_service.store.units import Claimed
from tests.store.builders import claimed_by, created_import

ENDED = """
UPDATE import SET status = 'completed', closing = 'completed', completed_at = now(), unchanged_count = inputs_size
WHERE organization_id = $1 AND uid = $2
"""


@dataclass
class Wait:
    """From the moment on at which an organization began to wait: what the others were given meanwhile."""

    given: Counter[str] = field(default_factory=Counter)


class Turns:
    """`given`: rows and organizations of all claims, in their order."""

    def __init__(self, database: Database) -> None:
        self.given: list[tuple[str, int]] = []
        self.waits: list[Wait] = []
        """Of organizations that had nothing to run, until their first unit."""
        self.running: list[Claimed] = []
        self._database = database
        self._ready: Counter[str] = Counter()
        self._left: dict[str, int] = {}
        self._organization: dict[str, str] = {}
        self._open: dict[str, Wait] = {}
        self._apart: dict[tuple[str, str], list[int]] = {}
        self._largest: defaultdict[str, int] = defaultdict(int)
        self.unfair: list[str] = []

    async def create(
        self, organization_id: str, *, segments: int = 1, rows: int = 1, in_order: bool = False
    ) -> Import:
        begins = not any(owner == organization_id for owner in self._organization.values())
        made = await created_import(
            self._database, organization_id, segments=segments, rows=rows, in_order=in_order
        )
        self._left[made.uid] = segments
        self._organization[made.uid] = organization_id
        self._ready[organization_id] += 1 if in_order else segments
        if begins:
            self._open[organization_id] = Wait()
        return made

    async def claim(self) -> Claimed | None:
        """The next unit; nobody finishes it before `finish`."""
        claimed = await claimed_by(self._database, "worker")
        if claimed is None:
            assert not +self._ready, f"nothing was given though {+self._ready} is ready"
            return None
        self._note(claimed)
        self.running.append(claimed)
        return claimed

    async def claim_many(self, number: int) -> list[str]:
        """Whose units the next claims are given."""
        claims = [await self.claim() for _ in range(number)]
        return [claimed.organization_id for claimed in claims if claimed is not None]

    async def finish(self, claimed: Claimed) -> None:
        """The unit is done; with its last one the import has ended."""
        self.running.remove(claimed)
        organization_id, uid = claimed.organization_id, claimed.import_uid
        self._left[uid] -= 1
        async with self._database.transaction() as connection:
            assert await units.fence(connection, claimed) is not None
            if claimed.in_order:
                await units.ready_next(connection, claimed)
            if not self._left[uid]:
                await connection.execute(ENDED, organization_id, uid)
                del self._organization[uid]
        if claimed.in_order and self._left[uid]:
            self._ready[organization_id] += 1
            async with self._database.transaction() as connection:
                await lanes.wake_lane(connection, organization_id)

    def _note(self, claimed: Claimed) -> None:
        organization_id, rows = claimed.organization_id, claimed.row_count
        self.given.append((organization_id, rows))
        self._largest[organization_id] = max(self._largest[organization_id], rows)
        if (wait := self._open.pop(organization_id, None)) is not None:
            self.waits.append(wait)
        for wait in self._open.values():
            wait.given[organization_id] += 1
        self._compare(organization_id, rows)
        self._ready[organization_id] -= 1
        if not self._ready[organization_id]:
            self._apart = {pair: span for pair, span in self._apart.items() if organization_id not in pair}

    def _compare(self, organization_id: str, rows: int) -> None:
        """Of any two that have had units ready all the while, neither gets ahead by more than a unit of each."""
        for other in +self._ready:
            if other == organization_id:
                continue
            first, second = pair = min(other, organization_id), max(other, organization_id)
            span = self._apart.setdefault(pair, [0, 0, 0])
            span[0] += rows if organization_id == first else -rows
            span[1:] = min(span[1], span[0]), max(span[2], span[0])
            if span[2] - span[1] > self._largest[first] + self._largest[second]:
                self.unfair.append(f"{first} and {second} are {span[2] - span[1]} rows apart")
