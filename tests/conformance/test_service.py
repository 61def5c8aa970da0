"""The service keeps what the contract guarantees: the same checks as of the fake."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from imports_client.testing.conformance import GUARANTEES, Subject, check
from imports_service.embedded.objects import EmbeddedObjects
from imports_service.objects.store import Objects
from tests.clusters import Cluster
from tests.conformance.subjects import real_subject


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def subject(
    cluster: Cluster, open_bucket: Objects, object_server: EmbeddedObjects
) -> AsyncIterator[Subject]:
    async with real_subject(cluster, open_bucket, object_server) as subject:
        yield subject


@pytest.mark.parametrize("name", GUARANTEES)
async def test_the_service_keeps(name: str, subject: Subject) -> None:
    await check(GUARANTEES[name], subject)
