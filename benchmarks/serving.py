"""The service as `imports-service serve --embedded` runs it, which also changes imports of its own when it is told to.

    python -m benchmarks.serving

For what a change costs that the process makes which serves the watch: its nudge does not travel.
"""

import asyncio
from typing import Any

import uvloop

from benchmarks.changes import Changes
from benchmarks.helpers import answer
from imports_service import app
from imports_service.domain.names import ImportName
from imports_service.logs import configure_logs
from imports_service.settings import Settings


async def main() -> None:
    made: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    names = vars(app)
    make_servicers = names["make_servicers"]

    def note_parts(parts: Any, *rest: Any, **named: Any) -> Any:
        made.set_result(parts)
        return make_servicers(parts, *rest, **named)

    names["make_servicers"] = note_parts  # the composition root gives its parts to nobody else

    async def update(*, organization_id: str, import_id: str, reference: str) -> int:
        parts = await made
        changes = Changes(parts.database, parts.nudges)
        return await changes.update(ImportName(organization_id, import_id), reference)

    async with asyncio.TaskGroup() as tasks:
        answering = tasks.create_task(answer({"update": update}))
        await app.run(Settings(), embedded=True)
        answering.cancel()


if __name__ == "__main__":
    configure_logs()
    uvloop.run(main())
