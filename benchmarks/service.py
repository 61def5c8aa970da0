"""The service as a process of its own, and what it takes of the machine."""

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import psutil
from grpc_health.v1 import health_pb2, health_pb2_grpc

from imports_service.embedded.ports import free_port

START_SECONDS = 60.0
LAST_WORDS_BYTES = 4_000
SERVE = ("imports_service", "serve", "--embedded")
READY = b"imports-service ready: "


class ServiceFailed(RuntimeError):
    """The process ended, or was not ready in time; with its last words."""


class Service:
    """The service as a child process; `memory_bytes` and `peak_bytes` are resident."""

    def __init__(self, process: asyncio.subprocess.Process, target: str, log: Path) -> None:
        self.process = process
        self.target = target
        self.log = log

    @property
    def pid(self) -> int:
        return self.process.pid

    def memory_bytes(self) -> int:
        return memory_bytes(self.pid)

    def peak_bytes(self) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
        raise ValueError("this system does not tell peak memory")

    def stop(self) -> None:
        """SIGTERM, without waiting for the end."""
        if self.process.returncode is None:
            self.process.terminate()


@asynccontextmanager
async def running_service(
    settings: Mapping[str, str],
    directory: Path,
    *,
    checkout: Path | None = None,
    module: Sequence[str] = SERVE,
    **process: Any,
) -> AsyncIterator[Service]:
    """The service as a process of its own, of the checkout given or of this one; its log stays in `directory`.

    `module` and its arguments are what Python runs; `process` is passed on to asyncio's call. Raises
    `ServiceFailed`.
    """
    target = f"127.0.0.1:{free_port()}"
    environment = {"IMPORTS_DATA_DIR": str(directory), **settings, "IMPORTS_GRPC_LISTEN": target}
    if checkout is not None:
        environment["PYTHONPATH"] = os.pathsep.join(str(checkout / part) for part in ("client", "service"))

    async def ready(service: Service) -> None:
        await _healthy(service.target)

    async with _running(module, target, environment, directory, ready, process) as service:
        yield service


@asynccontextmanager
async def running_worker(settings: Mapping[str, str], directory: Path) -> AsyncIterator[Service]:
    """A process that takes no calls, as the settings have to say. Raises `ServiceFailed`."""

    async def ready(service: Service) -> None:
        if service.process.stdout is None:
            raise ValueError("what the process says is not read here")
        async for line in service.process.stdout:
            if READY in line:
                return
        await service.process.wait()

    async with _running(
        SERVE, "", settings, directory, ready, {"stdout": asyncio.subprocess.PIPE}
    ) as service:
        yield service


@asynccontextmanager
async def _running(
    module: Sequence[str],
    target: str,
    environment: Mapping[str, str],
    directory: Path,
    ready: Callable[[Service], Awaitable[None]],
    process: Mapping[str, Any],
) -> AsyncIterator[Service]:
    log = directory / f"service-{secrets.token_hex(3)}.log"
    with log.open("wb") as output:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *module,
            env={**os.environ, "IMPORTS_ADMIN_LISTEN": "", **environment},
            **{"stdout": output, "stderr": output, **process},
        )
    service = Service(child, target, log)
    try:
        await _until_ready(service, ready)
        yield service
    finally:
        service.stop()
        async with asyncio.timeout(START_SECONDS):
            await child.wait()


async def _until_ready(service: Service, ready: Callable[[Service], Awaitable[None]]) -> None:
    """Wait until `ready` has; an end of the process comes first where there is one."""
    try:
        async with asyncio.timeout(START_SECONDS), asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(_fail_at_the_end(service))
            await ready(service)
            watching.cancel()
    except (TimeoutError, ExceptionGroup) as error:
        last = service.log.read_bytes()[-LAST_WORDS_BYTES:].decode(errors="replace")
        raise ServiceFailed(f"the service is not ready; its last words:\n{last}") from error


async def _fail_at_the_end(service: Service) -> None:
    status = await service.process.wait()
    raise ServiceFailed(f"the process ended with {status}")


async def _healthy(target: str) -> None:
    async with grpc.aio.insecure_channel(target) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest()
        while True:
            answer = await stub.Check(request, wait_for_ready=True)
            if answer.status == health_pb2.HealthCheckResponse.SERVING:
                return
            await asyncio.sleep(0.1)


def memory_bytes(pid: int) -> int:
    """Resident memory of a process."""
    return int(psutil.Process(pid).memory_info().rss)


def cpu_seconds(pid: int) -> float:
    """What a process has used of the processors, user and system together."""
    used = psutil.Process(pid).cpu_times()
    return float(used.user + used.system)
