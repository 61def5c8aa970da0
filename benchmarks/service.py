"""The service as a process of its own, and what it takes of the machine."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import psutil
from grpc_health.v1 import health_pb2, health_pb2_grpc

from imports_service.embedded.ports import free_port

START_SECONDS = 60.0
SERVE = ("imports_service", "serve", "--embedded")


class Service:
    """The service as a child process; `memory_bytes` and `peak_bytes` are resident."""

    def __init__(self, process: asyncio.subprocess.Process, target: str) -> None:
        self.process = process
        self.target = target

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
    database_url: str,
    data_dir: Path,
    *,
    checkout: Path | None = None,
    module: Sequence[str] = SERVE,
    settings: Mapping[str, str] | None = None,
    **process: Any,
) -> AsyncIterator[Service]:
    """The service as a process of its own, of the checkout given or of this one.

    `module` and its arguments are what Python runs; `process` is passed on to asyncio's call.
    """
    target = f"127.0.0.1:{free_port()}"
    environment = {
        **os.environ,
        "IMPORTS_DATABASE_URL": database_url,
        "IMPORTS_DATA_DIR": str(data_dir),
        "IMPORTS_GRPC_LISTEN": target,
        "IMPORTS_ADMIN_LISTEN": "",
        **(settings or {}),
    }
    if checkout is not None:
        environment["PYTHONPATH"] = os.pathsep.join(str(checkout / part) for part in ("client", "service"))
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", *module, env=environment, **process)
    service = Service(child, target)
    try:
        await _healthy(target)
        yield service
    finally:
        service.stop()
        async with asyncio.timeout(START_SECONDS):
            await child.wait()


async def _healthy(target: str) -> None:
    async with asyncio.timeout(START_SECONDS), grpc.aio.insecure_channel(target) as channel:
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
