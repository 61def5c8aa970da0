"""One service and one shop for the tests of a module: rows that fail leave nothing behind."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from imports_service.embedded.objects import EmbeddedObjects
from imports_service.objects.store import Objects
from imports_service.settings import Settings
from tests.clusters import Cluster
from tests.rows.shop import Shop
from tests.rpc.shared import shared_service
from tests.services import Service


@pytest.fixture(scope="module")
def settings() -> Settings:
    return Settings(grpc_listen="127.0.0.1:0", stop_grace_seconds=5.0)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(
    settings: Settings, cluster: Cluster, open_bucket: Objects, object_server: EmbeddedObjects
) -> AsyncIterator[Service]:
    async with shared_service(settings, cluster, open_bucket, object_server) as service:
        yield service


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop(service: Service) -> Shop:
    shop = Shop(service)
    await shop.fill()
    return shop
