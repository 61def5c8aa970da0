"""Parts that may go away, shared by the tests of this directory: each leaves them running."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.outages.standing import Standing, standing
from tests.sockets import remove_sockets


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def own_parts(run_dir: Path) -> AsyncIterator[Standing]:
    directory = Path(tempfile.mkdtemp(prefix="outages-", dir=run_dir))
    directory.chmod(0o711)
    async with standing(directory) as both:
        yield both
    remove_sockets(directory)
