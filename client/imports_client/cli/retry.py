"""`imports retry`: another try with the rows of an import that did not get through."""

from typing import Annotated

from cyclopts import Parameter

from commerce.imports.v1.imports_pb2 import OUTCOME_FAILED, OUTCOME_NOT_PROCESSED, Outcome
from imports_client.cli.following import follow, tell_name
from imports_client.cli.session import (
    DEFAULT_SERVER,
    AsJson,
    Name,
    Organization,
    RequestId,
    Rows,
    Server,
    ToTheEnd,
    full_name,
    session,
)


async def retry(
    name: Name,
    /,
    *,
    organization: Organization | None = None,
    server: Server = DEFAULT_SERVER,
    failed: Annotated[bool, Parameter(negative="", help="The rows that failed.")] = False,
    not_processed: Annotated[
        bool, Parameter(negative="", help="The rows whose turn never came; without either: both.")
    ] = False,
    request_id: RequestId = None,
    watch: ToTheEnd = True,
    rows: Rows = 20,
    json: AsJson = False,
) -> int:
    """Import the rows again that failed or were not processed, as they were first sent, and watch that."""
    chosen = {OUTCOME_FAILED: failed, OUTCOME_NOT_PROCESSED: not_processed}
    outcomes: list[Outcome.ValueType] = [outcome for outcome, is_chosen in chosen.items() if is_chosen]
    full = full_name(name, organization)
    async with session(server) as imports:
        child = await imports.retry(full, outcomes=outcomes, request_id=request_id)
        if watch:
            label = f"retry of {full.rsplit('/', 1)[-1]}"
            return await follow(imports, child, label=label, rows=rows, json=json)
    return tell_name(child, json=json)
