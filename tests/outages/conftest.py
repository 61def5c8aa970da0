"""Parts that may go away, shared by the tests of this directory: each leaves them running."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.servers import Servers, open_servers
from tests.sockets import remove_sockets


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def own_servers(run_dir: Path) -> AsyncIterator[Servers]:
    directory = Path(tempfile.mkdtemp(prefix="outages-", dir=run_dir))
    async with open_servers(directory, fsync=False) as servers:
        yield servers
    remove_sockets(directory)
