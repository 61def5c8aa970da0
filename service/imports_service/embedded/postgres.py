"""A PostgreSQL server of our own on loopback, from first `initdb` to last checkpoint.

Its data survives restarts and `kill -9` of the server, of us, or of both. It never upgrades a data directory
made by another major version, and never listens anywhere but on 127.0.0.1.
"""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from imports_service.embedded.account import unprivileged_account
from imports_service.embedded.binaries import find_binaries
from imports_service.embedded.child import Child, EmbeddedPartFailed, log_tail, open_log, start_child
from imports_service.embedded.cluster import HELD_SECONDS, SERVER_ENVIRONMENT, PostgresCluster, prepare_state
from imports_service.embedded.ownership import owning
from imports_service.embedded.ports import free_port

READY_SECONDS = 300.0
"""Crash recovery after a large import may take minutes; a server that fails says so at once by ending."""
PASSES_BY_ITSELF = ("pre-existing shared memory block", 'lock file "postmaster.pid" already exists')
PORT_TAKEN = "could not bind IPv4 address"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    # The defaults checkpoint every few seconds in a large import, which costs a fifth of the speed.
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "shared_preload_libraries": "pg_stat_statements",
    "lc_messages": "C",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """A running server: `url` opens its database `imports`; `server` ends when the server does."""

    url: str
    server: Child


@contextlib.asynccontextmanager
async def embedded_postgres(
    data_dir: Path, *, bin_dir: Path | None = None, fsync: bool = True, elsewhere: Path = Path("/var/lib")
) -> AsyncIterator[EmbeddedPostgres]:
    """Run PostgreSQL on `data_dir` inside the block; the first time makes the cluster.

    As root the server runs as an account without privileges; if that account cannot pass into `data_dir`, the
    cluster lives in a directory of its own under `elsewhere`, and `data_dir/postgres` is a link to it.
    `fsync=False` gives up durability over power loss, for tests.

    Raises `EmbeddedPartFailed` when the directory is in use, made by another version, or no server starts.
    """
    with owning(data_dir / "postgres.lock", "the embedded PostgreSQL") as home:
        try:
            account = unprivileged_account()
        except LookupError as error:
            raise EmbeddedPartFailed(str(error)) from error
        state = await asyncio.to_thread(prepare_state, home, account, elsewhere)
        binaries = await asyncio.to_thread(find_binaries, bin_dir, account, copies=state)
        cluster = PostgresCluster(state, binaries, account)
        if not cluster.exists:
            await asyncio.to_thread(cluster.create, fsync=fsync)
        cluster.require_same_version()
        await cluster.wait_for_predecessor()
        server, port = await _start(cluster, fsync=fsync)
        try:
            await _wait_until_ready(cluster, server)
            yield EmbeddedPostgres(cluster.url(port), server)
        finally:
            await server.stop((signal.SIGINT, 60.0), (signal.SIGQUIT, 5.0))


async def _start(cluster: PostgresCluster, *, fsync: bool) -> tuple[Child, int]:
    """Start the server; again when what stands in its way goes by itself."""
    until = time.monotonic() + HELD_SECONDS
    open_log(cluster.log)
    port = free_port(preferred=cluster.kept_port)
    while True:
        settings = {**SETTINGS, "port": str(port), **({} if fsync else NOT_DURABLE)}
        offset = cluster.log.stat().st_size
        server = start_child(
            "PostgreSQL",
            [cluster.binaries.path("postgres"), "-D", str(cluster.data)]
            + [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")],
            environment=SERVER_ENVIRONMENT,
            log=cluster.log,
            death_signal=signal.SIGINT,
            account=cluster.account,
        )
        if await _takes_the_data(cluster, server):
            cluster.keep_port(port)
            return server, port
        said = cluster.log.read_bytes()[offset:].decode(errors="replace")
        if PORT_TAKEN in said:
            port = free_port()
        elif any(obstacle in said for obstacle in PASSES_BY_ITSELF) and time.monotonic() < until:
            await asyncio.sleep(0.25)
        else:
            raise _not_started(cluster)


async def _takes_the_data(cluster: PostgresCluster, server: Child) -> bool:
    """Whether the server got past its locks and ports; False when it has ended instead."""
    async with _stopped_on_error(server):
        while server.is_running:
            if cluster.is_taken_by(server.pid):
                return True
            await asyncio.sleep(0.01)
    return False


async def _wait_until_ready(cluster: PostgresCluster, server: Child) -> None:
    until = time.monotonic() + READY_SECONDS
    while not cluster.is_ready(server.pid):
        if not server.is_running or time.monotonic() > until:
            raise _not_started(cluster)
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def _stopped_on_error(server: Child) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        await server.stop((signal.SIGINT, 10.0))
        raise


def _not_started(cluster: PostgresCluster) -> EmbeddedPartFailed:
    return EmbeddedPartFailed(
        f"PostgreSQL did not start on {cluster.data}; the end of {cluster.log}:\n{log_tail(cluster.log)}"
    )
