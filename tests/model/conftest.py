"""One service for all properties: each example keeps to an organization of its own."""

import logging
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
import structlog

from imports_service.objects.store import Objects
from imports_service.settings import Settings
from tests.clusters import Cluster
from tests.model.comparing import base_of
from tests.model.stage import Stage, open_stage
from tests.model.template import TEMPLATE
from tests.model.world import World


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(few_words: None, cluster: Cluster, open_bucket: Objects) -> AsyncIterator[Stage]:
    settings = Settings(grpc_listen="127.0.0.1:0", stop_grace_seconds=5.0)
    async with (
        cluster.clone() as database_url,
        open_stage(settings, database_url, open_bucket, TEMPLATE) as stage,
    ):
        yield stage


@pytest.fixture(scope="session")
def base() -> World:
    """The environment that every organization begins with, as the model has it."""
    return base_of(TEMPLATE)


@pytest.fixture(autouse=True, scope="module")
def few_words() -> Iterator[None]:
    """Thousands of calls say nothing of note; a document that fails shall be seen."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    yield
    structlog.reset_defaults()
