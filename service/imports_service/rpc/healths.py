"""grpc.health.v1 of the server: every service serves while the process is ready, see `imports_service.readiness`."""

from collections.abc import Sequence
from contextlib import aclosing

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from imports_service.readiness import Readiness


class Healths:
    """The health of the server as a whole and of each of its services, which is one and the same."""

    def __init__(self, services: Sequence[str]) -> None:
        self._servicer = health.aio.HealthServicer()
        self._services = (health.OVERALL_HEALTH, *services)

    def add_to(self, server: grpc.aio.Server) -> None:
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    async def say(self, *, is_ready: bool) -> None:
        states = health_pb2.HealthCheckResponse
        for service in self._services:
            await self._servicer.set(service, states.SERVING if is_ready else states.NOT_SERVING)

    async def follow(self, readiness: Readiness) -> None:
        """Say whether the process is ready, until cancelled."""
        async with aclosing(readiness.states()) as states:
            async for is_ready in states:
                await self.say(is_ready=is_ready)

    async def stop(self) -> None:
        """NOT_SERVING from now on, whatever is said later."""
        await self._servicer.enter_graceful_shutdown()
