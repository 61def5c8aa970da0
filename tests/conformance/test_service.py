"""The service keeps what the contract guarantees: the same checks as of the fake."""

import contextlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from imports_client.testing.conformance import GUARANTEES, Subject, check
from imports_service.embedded.objects import EmbeddedObjects
from imports_service.embedded.parts import Parts
from imports_service.objects.store import Objects
from imports_service.settings import Settings
from tests.clusters import Cluster
from tests.conformance.subjects import REAL_HEARTBEAT_SECONDS, RealSubject


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def subject(
    cluster: Cluster, open_bucket: Objects, object_server: EmbeddedObjects
) -> AsyncIterator[Subject]:
    settings = Settings(
        grpc_listen="127.0.0.1:0",
        stop_grace_seconds=5.0,
        segment_rows=5,
        watch_heartbeat_seconds=REAL_HEARTBEAT_SECONDS,
    )
    async with contextlib.AsyncExitStack() as stack:
        database_url = await stack.enter_async_context(cluster.clone())
        parts = Parts(
            database_url=database_url,
            listen_url=database_url,
            bucket=open_bucket.bucket,
            endpoint_url=object_server.endpoint_url,
            public_endpoint_url=None,
            region=object_server.region,
            access_key=object_server.access_key,
            secret_key=object_server.secret_key,
        )
        subject = RealSubject(settings, parts, stack)
        await subject.start()
        yield subject
        await subject.hold_work()


@pytest.mark.parametrize("name", GUARANTEES)
async def test_the_service_keeps(name: str, subject: Subject) -> None:
    await check(GUARANTEES[name], subject)
