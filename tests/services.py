"""The service under test: whole, in this process, or as real processes that may be killed."""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from commerce.imports.v1 import imports_pb2_grpc, resource_types_pb2_grpc, resources_pb2_grpc
from imports_service import app
from imports_service.embedded.parts import Parts
from imports_service.settings import Settings
from tests.eventually import eventually

READY = "imports-service ready: "
STOP_SECONDS = 30.0


class Client:
    """A channel to a service, and its stubs."""

    def __init__(self, address: str, options: Sequence[tuple[str, Any]] = ()) -> None:
        self.address = address
        self.channel = grpc.aio.insecure_channel(address, options=options)
        self.imports = imports_pb2_grpc.ImportServiceStub(self.channel)
        self.resource_types = resource_types_pb2_grpc.ResourceTypeServiceStub(self.channel)
        self.resources = resources_pb2_grpc.ResourceServiceStub(self.channel)


@contextlib.asynccontextmanager
async def client_of(address: str) -> AsyncIterator[Client]:
    """Stubs of the service at `address`, for the time of the block."""
    client = Client(address)
    try:
        yield client
    finally:
        await client.channel.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The whole service in this process. Setting `stop` is what SIGTERM does."""

    address: str
    client: Client
    settings: Settings
    parts: Parts
    stop: asyncio.Event

    @property
    def imports(self) -> "imports_pb2_grpc.ImportServiceAsyncStub":
        return self.client.imports

    @property
    def resource_types(self) -> "resource_types_pb2_grpc.ResourceTypeServiceAsyncStub":
        return self.client.resource_types

    @property
    def resources(self) -> "resources_pb2_grpc.ResourceServiceAsyncStub":
        return self.client.resources


@contextlib.asynccontextmanager
async def running_service(settings: Settings, parts: Parts) -> AsyncIterator[Service]:
    """The composition root's inner part on a free port; fails the test if it ends before it is told to."""
    stop = asyncio.Event()
    port: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
    # A task of its own: the fixture's set-up and tear-down are not the same task, and a task group needs one.
    task = asyncio.create_task(app.serve(settings, parts, stop=stop, ready=port.set_result), name="service")
    try:
        either: list[asyncio.Future[Any]] = [task, port]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED, timeout=STOP_SECONDS)
        if task.done():
            await task
        async with client_of(f"127.0.0.1:{port.result()}") as client:
            yield Service(address=client.address, client=client, settings=settings, parts=parts, stop=stop)
    finally:
        stop.set()
        async with asyncio.timeout(STOP_SECONDS):
            await task


class ServiceProcess:
    """A real process of the service, with what it said on standard output and standard error.

    `module` is what it runs: a test may plant a fault in the service before.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        directory: Path,
        number: int,
        *arguments: str,
        module: str = "imports_service",
    ) -> None:
        self.output = directory / f"service-{number}.out"
        self.errors = directory / f"service-{number}.err"
        with self.output.open("wb") as output, self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "error", "-m", module, "serve", *arguments],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def address(self) -> str:
        """Where it takes calls; only after it is ready."""
        found = re.search(READY + r"listening on (\S+)", self.output.read_text())
        assert found is not None, "the process is not ready, or a worker"
        return found[1]

    async def said(self, text: str, *, within: float = 60.0) -> str:
        """The first line of standard output that has `text` in it. Fails at once when the process ends."""

        def find() -> str | None:
            for line in self.output.read_text().splitlines():
                if text in line:
                    return line
            if (status := self.process.poll()) is not None:
                raise RuntimeError(f"the process ended with {status}:\n{self.errors.read_text()[-4000:]}")
            return None

        line = await eventually(find, within, f"the line {text!r} of process {self.pid}")
        assert line is not None
        return line

    async def has_ended(self, *, within: float = STOP_SECONDS) -> int:
        """Its exit status, negative for a signal."""
        await eventually(lambda: self.process.poll() is not None, within, f"the end of process {self.pid}")
        return self.process.returncode

    async def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        await self.has_ended()

    async def terminate(self) -> int:
        """SIGTERM, and its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return await self.has_ended()


def plain_environment() -> dict[str, str]:
    """The environment of this run without any setting of the service, a free port for calls, and none for admins."""
    foreign = ("IMPORTS_", "AWS_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**inherited, "IMPORTS_GRPC_LISTEN": "127.0.0.1:0", "IMPORTS_ADMIN_LISTEN": ""}


def environment_of(settings: Settings, parts: Parts) -> dict[str, str]:
    """The environment of a process on the same parts, with the settings that tests make short."""
    return {
        **plain_environment(),
        "IMPORTS_DATABASE_URL": parts.database_url,
        "IMPORTS_S3_ENDPOINT_URL": parts.endpoint_url or "",
        "IMPORTS_S3_BUCKET": parts.bucket,
        "IMPORTS_S3_REGION": parts.region,
        "IMPORTS_DATABASE_CONNECTIONS": str(settings.database_connections),
        "IMPORTS_STOP_GRACE_SECONDS": str(settings.stop_grace_seconds),
        "AWS_ACCESS_KEY_ID": parts.access_key or "",
        "AWS_SECRET_ACCESS_KEY": parts.secret_key or "",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
