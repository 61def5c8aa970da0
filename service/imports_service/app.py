"""The composition root: opens every part, starts what lives in a process, stops it all in order.

Two rings. The outer one (embedded servers, database, store, nudges) opens first and closes last; inside it
the server, the worker and the housekeeping live and die together. Nothing else opens or closes parts.
"""

import asyncio
import contextlib
import gc
import ipaddress
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator

import structlog

from imports_service.admin import AdminRefused, open_admin
from imports_service.checkpoints import Checkpoints
from imports_service.domain.registry import load_registry
from imports_service.domain.shapes import Shapes
from imports_service.embedded.parts import Parts, embedded_parts, fail_when_ended, named_parts
from imports_service.objects.store import open_objects
from imports_service.pulse import keep_asking
from imports_service.readiness import Phase, Readiness
from imports_service.rpc.server import serve as serve_calls
from imports_service.rpc.servicers import make_servicers
from imports_service.settings import Auth, Role, Settings
from imports_service.store.database import open_database
from imports_service.store.distribute import distribute
from imports_service.store.migrate import migrate, require_migrated
from imports_service.store.nudges import open_nudges
from imports_service.store.probe import open_probe
from imports_service.watch.feeds import open_feeds
from imports_service.worker.equipment import Equipment
from imports_service.worker.housekeeping import keep_house
from imports_service.worker.loop import run_worker

GARBAGE_THRESHOLD = 50_000
"""Objects made between two collections; the default of 700 costs a third of an import's time."""

log = structlog.get_logger()


class StartRefused(Exception):
    """The settings do not make a service; the message says what to set."""


async def run(settings: Settings, *, embedded: bool) -> None:
    """Serve until SIGTERM or SIGINT, with parts of our own where `embedded` and no setting names others.

    Raises `StartRefused`, `EmbeddedPartFailed`, `SchemaMismatch`, `Unavailable` when a part is out of reach.
    """
    refuse_bad_settings(settings, embedded=embedded)
    readiness = Readiness()
    with stop_on_signals() as stop:
        async with _admin(settings, readiness), _parts(settings, embedded=embedded) as parts:
            await serve(
                settings,
                parts,
                readiness=readiness,
                stop=stop,
                ready=lambda port: _announce(settings, port),
            )


async def serve(
    settings: Settings,
    parts: Parts,
    *,
    readiness: Readiness | None = None,
    stop: asyncio.Event,
    ready: Callable[[int | None], None],
) -> None:
    """Run one process's share of the service until `stop`; `ready` is told the port, if there is one.

    Raises `SchemaMismatch`, and `Unavailable` when a part cannot be reached.
    """
    readiness = readiness or Readiness()

    def announce(port: int | None) -> None:
        readiness.enter(Phase.SERVING)
        ready(port)

    async with (
        _equipment(settings, parts) as equipment,
        open_probe(parts.database_url, application_name=equipment.worker) as probe,
        asyncio.TaskGroup() as ring,
    ):
        _depend(readiness, equipment)
        guards = [ring.create_task(fail_when_ended(server), name=server.name) for server in parts.servers]
        guards += [
            ring.create_task(keep_asking(equipment.database.pulse, probe.ask), name="ask the database"),
            ring.create_task(
                keep_asking(equipment.objects.pulse, equipment.objects.ask), name="ask the store"
            ),
            ring.create_task(_tell_stop(readiness, stop), name="tell the stop"),
        ]
        async with asyncio.TaskGroup() as siblings:
            if settings.role is not Role.API:
                siblings.create_task(run_worker(equipment, stop), name="worker")
                siblings.create_task(keep_house(equipment, stop), name="housekeeping")
            if settings.role is not Role.WORKER:
                calls = _serve_calls(equipment, readiness=readiness, stop=stop, ready=announce)
                siblings.create_task(calls, name="server")
            else:
                announce(None)
        for guard in guards:
            guard.cancel()


async def _serve_calls(
    equipment: Equipment,
    *,
    readiness: Readiness,
    stop: asyncio.Event,
    ready: Callable[[int | None], None],
) -> None:
    store = equipment.objects.pulse
    async with open_feeds(
        equipment.database,
        equipment.nudges,
        stop=stop,
        max_running=equipment.settings.max_running_segments,
        store=store,
    ) as feeds:
        servicers = make_servicers(equipment, feeds)
        await serve_calls(equipment.settings, servicers, readiness=readiness, stop=stop, ready=ready)


def _depend(readiness: Readiness, equipment: Equipment) -> None:
    """Without nudges everything is told a second or two later, which is no reason to take no calls."""
    readiness.depends_on(equipment.database.pulse)
    readiness.depends_on(equipment.objects.pulse)
    readiness.depends_on(equipment.nudges.pulse, is_needed=False)
    if equipment.settings.role is not Role.API:
        readiness.depends_on(equipment.pulse)


async def _tell_stop(readiness: Readiness, stop: asyncio.Event) -> None:
    await stop.wait()
    readiness.enter(Phase.STOPPING)


def refuse_bad_settings(settings: Settings, *, embedded: bool) -> None:
    """Raises `StartRefused`, saying what to set."""
    if settings.auth is not Auth.INSECURE:
        raise StartRefused(f"IMPORTS_AUTH={settings.auth} comes later; this version serves `insecure` only")
    if not settings.allow_insecure_listen and not _is_loopback(settings.grpc_listen):
        raise StartRefused(
            f"IMPORTS_GRPC_LISTEN={settings.grpc_listen} is open to the network, and IMPORTS_AUTH=insecure "
            "lets everybody in; listen on 127.0.0.1, or set IMPORTS_ALLOW_INSECURE_LISTEN=true"
        )
    if settings.s3_bucket is None and (settings.s3_endpoint_url is not None or not embedded):
        missing = "" if settings.database_url or embedded else "IMPORTS_DATABASE_URL and "
        raise StartRefused(
            f"set {missing}IMPORTS_S3_BUCKET (with IMPORTS_S3_ENDPOINT_URL and AWS credentials where needed) "
            "or start with --embedded for parts of our own"
        )
    if settings.database_url is None and not embedded:
        raise StartRefused(
            "set IMPORTS_DATABASE_URL to a PostgreSQL database, or start with --embedded for one of our own"
        )


async def run_migrations(settings: Settings) -> list[str]:
    """Bring the database of the settings to this version; the names of what was applied.

    Raises `StartRefused` without a database, `SchemaMismatch` when an applied file was edited.
    """
    if settings.database_url is None:
        raise StartRefused("set IMPORTS_DATABASE_URL to the database to migrate")
    return await migrate(settings.database_url)


async def run_distribution(settings: Settings) -> list[str]:
    """Distribute the tables of the settings' database, a Citus coordinator; what was done, a line a table.

    Raises `StartRefused` without a database, `SchemaMismatch` before its migration, `DistributionRefused`.
    """
    if settings.database_url is None:
        raise StartRefused("set IMPORTS_DATABASE_URL to the database to distribute")
    return await distribute(settings.database_url)


@contextlib.contextmanager
def stop_on_signals() -> Iterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set, inside the block."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@contextlib.asynccontextmanager
async def _admin(settings: Settings, readiness: Readiness) -> AsyncIterator[None]:
    """The admin listener: open before the parts, so that a start can be followed, and until all of them are closed."""
    try:
        is_asked_for = "admin_listen" in settings.model_fields_set
        async with open_admin(settings.admin_listen, readiness, is_asked_for=is_asked_for) as address:
            if address is not None:
                print(f"imports-service admin: http://{address}/readyz", flush=True)
            yield
    except AdminRefused as refused:
        raise StartRefused(str(refused)) from refused


@contextlib.asynccontextmanager
async def _parts(settings: Settings, *, embedded: bool) -> AsyncIterator[Parts]:
    if not embedded:
        yield named_parts(settings)
        return
    async with embedded_parts(settings) as parts:
        for name in await migrate(parts.database_url):
            log.info("migrated", migration=name)
        yield parts


@contextlib.asynccontextmanager
async def _equipment(settings: Settings, parts: Parts) -> AsyncIterator[Equipment]:
    """The outer ring: every connection of the process, checked, closed in the reverse order."""
    worker = f"imports-{socket.gethostname()[:24]}-{os.getpid()}-{secrets.token_hex(4)}"
    registry = load_registry()
    async with (
        open_database(
            parts.database_url,
            connections=settings.database_connections,
            application_name=worker,
            lease=settings.lease,
        ) as database,
        open_objects(
            bucket=parts.bucket,
            endpoint_url=parts.endpoint_url,
            public_endpoint_url=parts.public_endpoint_url,
            region=parts.region,
            access_key=parts.access_key,
            secret_key=parts.secret_key,
        ) as objects,
        open_nudges(parts.listen_url, application_name=worker) as nudges,
    ):
        await require_migrated(database)
        if parts.store_is_ours:
            await objects.make_bucket()
        await objects.check()
        yield Equipment(
            worker=worker,
            settings=settings,
            database=database,
            objects=objects,
            nudges=nudges,
            registry=registry,
            shapes=Shapes(registry),
            checkpoints=Checkpoints(settings.stop_at),
        )


def _announce(settings: Settings, port: int | None) -> None:
    """One line that says where calls are taken; what there is by now stays, and is not collected again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD, 20, 100)
    host = settings.grpc_listen.rpartition(":")[0]
    where = f"listening on {host}:{port}" if port is not None else "working"
    print(f"imports-service ready: {where} (role {settings.role})", flush=True)


def _is_loopback(listen: str) -> bool:
    host = listen.rpartition(":")[0].strip("[]")
    if listen.startswith("unix:") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
