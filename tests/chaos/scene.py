"""What the load of a run works with: the service, the eyes on it, and where it writes what it finds."""

import asyncio
from dataclasses import dataclass, field

from imports_client.connection import Imports
from tests.chaos.calls import Calls
from tests.chaos.documents import lines_of
from tests.chaos.findings import Findings
from tests.chaos.oracle import PatientOracle
from tests.chaos.rows import TEMPLATE
from tests.model.comparing import base_of
from tests.model.world import World
from tests.watch_properties.fleet import Fleet

CALL_SECONDS = 180.0
PATIENCE_SECONDS = 120.0
"""For calls through the client library: it asks again, at the other server, as long as the service is away."""

COPY_ORGANIZATION = """
INSERT INTO resource
SELECT $2, resource_type, id, key, owner_id, attributes, created_at, updated_at, last_import
FROM resource WHERE organization_id = $1
ON CONFLICT DO NOTHING
"""
FINGERPRINT = """
SELECT (
    SELECT format('%s resources, %s', count(*), sum(hashtextextended(resource::text, 0)))
    FROM resource WHERE organization_id = $1
) || (
    SELECT format(', %s imports, %s', count(*), sum(hashtextextended(concat_ws(
        ' ', uid, status, closing, created_count, updated_count, unchanged_count, errors_count, warnings_count,
        not_processed_count, attachment, failed_inputs
    ), 0)))
    FROM import WHERE organization_id = $1
)
"""


@dataclass
class Scene:
    """`stop`: no new imports are begun after it. `imports` is the client library; `template` names the organization
    that the others are copied from."""

    fleet: Fleet
    imports: Imports
    calls: Calls
    oracle: PatientOracle
    findings: Findings
    stop: asyncio.Event
    template: str = "template"
    base: World = field(default_factory=lambda: base_of(TEMPLATE))

    async def prepare(self) -> None:
        """Import what every organization begins with. Nothing may befall the service meanwhile."""
        for kind, rows in TEMPLATE:
            parent = f"organizations/{self.template}"
            ended = await self.imports.import_and_wait(parent, kind, lines_of(rows), timeout=CALL_SECONDS)
            assert ended.created_count == len(rows), ended

    async def furnish(self, organization_id: str) -> None:
        """Put into a new organization what every one begins with."""
        await self.oracle.execute(COPY_ORGANIZATION, self.template, organization_id)

    async def fingerprint(self, organization_id: str) -> str:
        """All that an organization has, in a few words: nothing of it changes after its last import has ended."""
        return str(await self.oracle.value(FINGERPRINT, organization_id))
