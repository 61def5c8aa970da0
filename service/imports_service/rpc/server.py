"""The gRPC server: what it is built of, and how it starts and stops.

It owns no work. Stopping it ends the calls and nothing else: imports go on wherever workers are.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import grpc
import structlog
from grpc_health.v1 import health
from grpc_reflection.v1alpha import reflection, reflection_pb2

from commerce.imports.v1 import (
    imports_pb2,
    imports_pb2_grpc,
    resource_types_pb2,
    resource_types_pb2_grpc,
    resources_pb2,
    resources_pb2_grpc,
)
from imports_service.readiness import Readiness
from imports_service.rpc.boundary import Boundary, InFlight
from imports_service.rpc.healths import Healths
from imports_service.settings import MIB, Settings

REFLECTION_V1 = "grpc.reflection.v1.ServerReflection"
SERVICES = (
    imports_pb2.DESCRIPTOR.services_by_name["ImportService"].full_name,
    resource_types_pb2.DESCRIPTOR.services_by_name["ResourceTypeService"].full_name,
    resources_pb2.DESCRIPTOR.services_by_name["ResourceService"].full_name,
)

LARGEST_ANSWER_BYTES = 16 * MIB
"""A row of 1 MiB of JSON, all digits and commas, makes a Struct of 6 MiB."""

log = structlog.get_logger(__name__)


def server_options(max_message_bytes: int) -> list[tuple[str, int]]:
    """The options of the server's channels; times in milliseconds."""
    return [
        # a second process on the port has to fail, not to take half of the calls
        ("grpc.so_reuseport", 0),
        # a peer that froze is dropped within ten seconds; without the last of the three a minute later
        ("grpc.keepalive_time_ms", 5_000),
        ("grpc.keepalive_timeout_ms", 5_000),
        ("grpc.http2.ping_timeout_ms", 5_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
        # thousands of watches may come over one channel, and open in one burst after a restart
        ("grpc.max_concurrent_streams", 100_000),
        ("grpc.server.max_pending_requests", 1_000_000),
        ("grpc.server.max_pending_requests_hard_limit", 1_000_000),
        ("grpc.max_receive_message_length", max_message_bytes),
        # pages and logs are cut well below what clients accept, 4 MiB; only one resource can be more than that
        ("grpc.max_send_message_length", LARGEST_ANSWER_BYTES),
    ]


class ListenRefused(Exception):
    """The address for calls cannot be had; the message names the setting."""


class Servicers:
    """The three services of the contract, as implemented by the caller."""

    def __init__(
        self,
        imports: imports_pb2_grpc.ImportServiceServicer,
        resource_types: resource_types_pb2_grpc.ResourceTypeServiceServicer,
        resources: resources_pb2_grpc.ResourceServiceServicer,
    ) -> None:
        self.imports = imports
        self.resource_types = resource_types
        self.resources = resources

    def add_to(self, server: grpc.aio.Server) -> None:
        imports_pb2_grpc.add_ImportServiceServicer_to_server(self.imports, server)
        resource_types_pb2_grpc.add_ResourceTypeServiceServicer_to_server(self.resource_types, server)
        resources_pb2_grpc.add_ResourceServiceServicer_to_server(self.resources, server)


@asynccontextmanager
async def open_server(
    settings: Settings, servicers: Servicers, healths: Healths | None = None
) -> AsyncGenerator[int, None]:
    """Serve while the block lasts; gives the port. In `settings.grpc_listen` port 0 takes a free one.

    Whoever passes `healths` says later whether the process is ready; it begins as ready. Raises `ListenRefused`.

    When the block is left, health says NOT_SERVING first, new calls are refused, those under way get
    `settings.stop_grace_seconds` to end, and what is left of them is cancelled and waited for.
    """
    in_flight = InFlight()
    server = grpc.aio.server(
        interceptors=[Boundary(in_flight)], options=server_options(settings.max_message_bytes)
    )
    servicers.add_to(server)
    healths = healths or Healths(SERVICES)
    healths.add_to(server)
    _add_reflection(server)
    try:
        port = server.add_insecure_port(settings.grpc_listen)
    except RuntimeError as error:
        raise ListenRefused(
            f"IMPORTS_GRPC_LISTEN={settings.grpc_listen} cannot be had: another process listens there, or it is no "
            "address of this machine; set another one"
        ) from error
    await server.start()
    await healths.say(is_ready=True)
    try:
        yield port
    finally:
        await healths.stop()
        await _close(server, in_flight, settings.stop_grace_seconds)


async def serve(
    settings: Settings,
    servicers: Servicers,
    *,
    readiness: Readiness,
    stop: asyncio.Event,
    ready: Callable[[int], None] = lambda port: None,
) -> None:
    """Serve until `stop` is set. `ready` is told the port as soon as calls are taken; health follows `readiness`."""
    healths = Healths(SERVICES)
    async with open_server(settings, servicers, healths) as port, asyncio.TaskGroup() as tasks:
        ready(port)
        following = tasks.create_task(healths.follow(readiness), name="health")
        await stop.wait()
        following.cancel()


def _add_reflection(server: grpc.aio.Server) -> None:
    servicer = reflection.aio.ReflectionServicer((*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME))
    handler = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    # v1 is v1alpha under another name, and no package serves it
    for name in (reflection.SERVICE_NAME, REFLECTION_V1):
        handlers = grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler})
        server.add_generic_rpc_handlers((handlers,))


async def _close(server: grpc.aio.Server, in_flight: InFlight, grace_seconds: float) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.stop(grace_seconds), name="refuse new calls")
        try:
            async with asyncio.timeout(grace_seconds):
                await in_flight.wait_until_none()
        except TimeoutError:
            log.warning("calls are cancelled at the end of the grace", calls=in_flight.count)
        # what is open still are health watches, which would wait for the whole grace
        await server.stop(None)
    await in_flight.wait_until_none()
