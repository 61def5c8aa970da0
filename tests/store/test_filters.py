"""What a filter means is said twice, in SQL for lists and in Python for watches: both mean the same."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import uuid4

import pytest
from hypothesis import strategies as st
from msgspec.structs import replace

from imports_service.domain.imports import ImportSpec, Status
from imports_service.domain.queries import ImportFilter, ImportOrder
from imports_service.store import watches
from imports_service.store.database import Connection, Database
from imports_service.store.imports import NewImport, count_imports, insert_import, list_imports
from tests.model.properties import EXAMPLES, SECONDS, holds
from tests.store.builders import NOW

INPUTS_SIZE = 10
MOST = 5


class Seen(NamedTuple):
    """What filters look at in an import."""

    resource_type: str
    reference: str | None
    retry_of: str | None
    validate_only: bool
    status: Status
    failed: int
    created_at: datetime


TYPES = st.sampled_from(["skus", "prices"])
PREFIXES = st.text("aé%_\\", min_size=1, max_size=2)
REFERENCES = st.builds(str.__add__, st.just("") | PREFIXES, st.just("") | PREFIXES)
RETRIED = st.sampled_from(["organizations/acme/imports/a", "organizations/acme/imports/b"])
STATUSES = st.sampled_from(Status)
TIMES = st.integers(0, 3).map(lambda minute: NOW + timedelta(minutes=minute))
IMPORTS = st.builds(
    Seen,
    TYPES,
    st.none() | REFERENCES,
    st.none() | RETRIED,
    st.booleans(),
    STATUSES,
    st.integers(0, 1),
    TIMES,
)
CONDITIONS = {
    "statuses": st.lists(STATUSES, max_size=2).map(tuple),
    "resource_types": st.lists(TYPES, max_size=2).map(tuple),
    "reference": REFERENCES,
    "reference_prefix": PREFIXES,
    "retry_of": RETRIED,
    "validate_only": st.booleans(),
    "with_errors": st.booleans(),
    "created_since": TIMES,
    "created_before": TIMES,
}
FEW_CONDITIONS = st.sets(st.sampled_from(sorted(CONDITIONS)), max_size=3).flatmap(
    lambda names: st.fixed_dictionaries({name: CONDITIONS[name] for name in sorted(names)})
)
FILTERS = FEW_CONDITIONS.map(lambda conditions: replace(ImportFilter(), **conditions))


@pytest.fixture
async def loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


async def store(connection: Connection, organization_id: str, seen: Seen) -> None:
    uid = str(uuid4())
    new = NewImport(
        organization_id=organization_id,
        uid=uid,
        import_id=uid,
        etag="first",
        spec=ImportSpec(resource_type=seen.resource_type, reference=seen.reference),
        creator="insecure",
        inputs_size=INPUTS_SIZE,
        segments=1,
        in_order=False,
        turn=0,
        retry_of=seen.retry_of,
        validate_only=seen.validate_only,
    )
    await insert_import(connection, new)
    await connection.execute(
        "UPDATE import SET status = $2, errors_count = $3, not_processed_count = $4, created_at = $5,"
        " closing = 'fault' WHERE uid = $1",
        uid,
        seen.status.value,
        seen.failed,
        INPUTS_SIZE - seen.failed,
        seen.created_at,
    )


@pytest.mark.timeout(SECONDS)
def test_lists_and_watches_agree_on_which_imports_match(
    loop: asyncio.AbstractEventLoop, database: Database
) -> None:
    async def example(drawn: tuple[Sequence[Seen], Sequence[ImportFilter]]) -> None:
        stored, filters = drawn
        organization_id = str(uuid4())
        async with database.transaction() as connection:
            for seen in stored:
                await store(connection, organization_id, seen)
            everything = await list_imports(connection, organization_id, ImportFilter())
            assert len(everything) == len(stored)
            for filter in filters:
                matching = [import_ for import_ in everything if filter.matches(import_)]
                uids = {import_.uid for import_ in matching}
                unfinished = {import_.uid for import_ in matching if not import_.status.has_ended}
                assert await count_imports(connection, organization_id, filter) == len(uids)
                for order in ImportOrder:
                    listed = await list_imports(connection, organization_id, filter, order)
                    assert {import_.uid for import_ in listed} == uids
                listed = await watches.list_unfinished(connection, organization_id, filter, None, 2 * MOST)
                assert {import_.uid for import_ in listed} == unfinished

    several = st.lists(IMPORTS, min_size=1, max_size=MOST)
    holds(loop, st.tuples(several, st.lists(FILTERS, min_size=1, max_size=5)), example, examples=EXAMPLES)
