"""A scene on the run's PostgreSQL and store, and workers that a test starts itself."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest_asyncio

from imports_service.embedded.parts import Parts
from imports_service.settings import Role, Settings
from tests.chaos.findings import Findings
from tests.chaos.fleet import ENVIRONMENT
from tests.chaos.run import open_scene
from tests.chaos.scene import Scene
from tests.services import ServiceProcess, environment_of


class StartWorker(Protocol):
    """Starts a worker, with these faults of `planted` and these settings on top; not ready yet."""

    def __call__(self, planted: str = "", **environment: str) -> ServiceProcess: ...


@pytest_asyncio.fixture(loop_scope="session")
async def scene(parts: Parts, run_dir: Path) -> AsyncIterator[Scene]:
    """An api process and no worker."""
    directory = Path(tempfile.mkdtemp(dir=run_dir))
    async with open_scene(parts, directory, Findings(), asyncio.Event(), servers=1, workers=0) as scene:
        yield scene


@pytest_asyncio.fixture(loop_scope="session")
async def start_worker(settings: Settings, parts: Parts, run_dir: Path) -> AsyncIterator[StartWorker]:
    directory = Path(tempfile.mkdtemp(dir=run_dir))
    async with contextlib.AsyncExitStack() as stack:
        started: list[ServiceProcess] = []

        def start(planted: str = "", **environment: str) -> ServiceProcess:
            whole = environment_of(settings, parts) | ENVIRONMENT | {"IMPORTS_ROLE": Role.WORKER.value}
            module = "tests.chaos.planted" if planted else "imports_service"
            whole |= {"IMPORTS_WORKER_SEGMENTS": "1", "PLANTED": planted, **environment}
            process = ServiceProcess(whole, directory, len(started), module=module)
            started.append(process)
            stack.push_async_callback(process.kill)
            return process

        yield start
