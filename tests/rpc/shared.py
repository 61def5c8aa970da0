"""One service for the tests of a module, where each keeps to an organization of its own or leaves nothing behind."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from imports_service.embedded.objects import EmbeddedObjects
from imports_service.embedded.parts import Parts
from imports_service.objects.store import Objects
from imports_service.settings import Settings
from tests.clusters import Cluster
from tests.services import Service, running_service


@asynccontextmanager
async def shared_service(
    settings: Settings, cluster: Cluster, bucket: Objects, object_server: EmbeddedObjects
) -> AsyncGenerator[Service, None]:
    """The whole service on a database of its own and the run's bucket."""
    async with cluster.clone() as database_url:
        parts = Parts(
            database_url=database_url,
            listen_url=database_url,
            bucket=bucket.bucket,
            endpoint_url=object_server.endpoint_url,
            public_endpoint_url=None,
            region=object_server.region,
            access_key=object_server.access_key,
            secret_key=object_server.secret_key,
        )
        async with running_service(settings, parts) as service:
            yield service
