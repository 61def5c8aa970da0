"""A PostgreSQL server of our own on loopback, from first `initdb` to last checkpoint.

Its data survives restarts and `kill -9` of the server, of us, or of both. It never upgrades a data directory
made by another major version, and never listens anywhere but on 127.0.0.1.
"""

import asyncio
import contextlib
import os
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from imports_service.embedded.account import Account, unprivileged_account
from imports_service.embedded.binaries import Binaries, find_binaries
from imports_service.embedded.child import (
    Child,
    EmbeddedPartFailed,
    is_alive,
    log_tail,
    open_log,
    start_child,
    wait_gone,
)
from imports_service.embedded.ownership import owning
from imports_service.embedded.ports import free_port

USER = "imports"
DATABASE = "imports"
SERVER_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
READY_SECONDS = 300.0
"""Crash recovery after a large import may take minutes; a server that fails says so at once by ending."""
HELD_SECONDS = 60.0
"""How long a backend that outlived a killed server may keep its shared memory, or an old server may take to stop."""
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
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


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

    Raises `EmbeddedPartFailed` when the directory is in use, made by another version, or the server won't start.
    """
    data_dir = data_dir.absolute()
    with owning(data_dir / "postgres.lock", "the embedded PostgreSQL"):
        try:
            account = unprivileged_account()
        except LookupError as error:
            raise EmbeddedPartFailed(str(error)) from error
        state = await asyncio.to_thread(_prepare_state, data_dir, account, elsewhere)
        binaries = await asyncio.to_thread(find_binaries, bin_dir, account, copies=state)
        cluster = _Cluster(state, binaries, account)
        if not cluster.exists:
            await asyncio.to_thread(cluster.create)
        cluster.require_same_version()
        await cluster.wait_for_predecessor()
        server, port = await _start(cluster, fsync=fsync)
        try:
            await _wait_until_ready(cluster, server)
            yield EmbeddedPostgres(
                f"postgresql://{USER}:{cluster.password}@127.0.0.1:{port}/{DATABASE}", server
            )
        finally:
            await server.stop((signal.SIGINT, 60.0), (signal.SIGQUIT, 5.0))


@dataclass(frozen=True, slots=True)
class _Cluster:
    """The files of one server: `data` (PostgreSQL's own), `password`, `port`, `log`."""

    state: Path
    binaries: Binaries
    account: Account | None

    @property
    def data(self) -> Path:
        return self.state / "data"

    @property
    def log(self) -> Path:
        return self.state / "postgres.log"

    @property
    def exists(self) -> bool:
        return (self.data / "PG_VERSION").exists()

    @property
    def password(self) -> str:
        return (self.state / "password").read_text().strip()

    @property
    def kept_port(self) -> int | None:
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int((self.state / "port").read_text())
        return None

    def create(self) -> None:
        """Make the cluster beside its place and move it there, so that half a cluster is never taken for one."""
        unfinished = self.state / "data.unfinished"
        password = _new_secret_file(self.state / "password", self.account)
        self._run("rm", "-rf", str(unfinished))
        locale = ["--locale=C", "--encoding=UTF8"]
        if self.binaries.major >= 17:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._run(
            self.binaries.path("initdb"),
            f"--pgdata={unfinished}",
            f"--username={USER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--data-checksums",
            "--no-instructions",
            *locale,
        )
        self._run(
            self.binaries.path("postgres"), "--single", "-D", str(unfinished), "postgres",
            stdin=f"CREATE DATABASE {DATABASE};\n",
        )  # fmt: skip
        unfinished.rename(self.data)

    def require_same_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != str(self.binaries.major):
            raise EmbeddedPartFailed(
                f"{self.data} was made by PostgreSQL {made_by}, and this is {self.binaries.major}; set IMPORTS_PG_BIN "
                f"to the programs of {made_by}, move the data with pg_dump, or set IMPORTS_DATA_DIR to a new directory"
            )

    async def wait_for_predecessor(self) -> None:
        """A server whose owner was killed is stopping (Linux) or does not know it (elsewhere): see it off."""
        pid = self.server_pid()
        if pid is None or not is_alive(pid) or not await asyncio.to_thread(_serves, pid, self.data):
            return
        os.kill(pid, signal.SIGINT)
        if not await wait_gone(pid, within=HELD_SECONDS):
            raise EmbeddedPartFailed(
                f"an earlier PostgreSQL on {self.data} (process {pid}) does not stop; stop it first"
            )

    def server_pid(self) -> int | None:
        lines = self._pid_file()
        return int(lines[0]) if lines and lines[0].strip().isdigit() else None

    def is_ready(self, pid: int) -> bool:
        """Whether the server says so in its pid file (line 8), as `pg_ctl` reads it."""
        lines = self._pid_file()
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def _pid_file(self) -> list[str]:
        with contextlib.suppress(FileNotFoundError):
            return (self.data / "postmaster.pid").read_text().splitlines()
        return []

    def _run(self, *arguments: str, stdin: str = "") -> None:
        done = subprocess.run(
            arguments,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=SERVER_ENVIRONMENT,
            user=None if self.account is None else self.account.uid,
            group=None if self.account is None else self.account.gid,
            extra_groups=None if self.account is None else [],
        )
        if done.returncode:
            said = "\n".join(f"  {line}" for line in (done.stdout + done.stderr).splitlines()[-12:])
            raise EmbeddedPartFailed(f"{Path(arguments[0]).name} failed on {self.state}:\n{said}")


async def _start(cluster: _Cluster, *, fsync: bool) -> tuple[Child, int]:
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
            (cluster.state / "port").write_text(f"{port}\n")
            return server, port
        said = cluster.log.read_bytes()[offset:].decode(errors="replace")
        if PORT_TAKEN in said:
            port = free_port()
        elif any(obstacle in said for obstacle in PASSES_BY_ITSELF) and time.monotonic() < until:
            await asyncio.sleep(0.25)
        else:
            raise _not_started(cluster)


async def _takes_the_data(cluster: _Cluster, server: Child) -> bool:
    """Whether the server got past its locks and ports; False when it has ended instead."""
    async with _stopped_on_error(server):
        while server.is_running:
            if cluster.server_pid() == server.pid and len(cluster._pid_file()) >= 8:
                return True
            await asyncio.sleep(0.01)
    return False


async def _wait_until_ready(cluster: _Cluster, server: Child) -> None:
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


def _not_started(cluster: _Cluster) -> EmbeddedPartFailed:
    return EmbeddedPartFailed(
        f"PostgreSQL did not start on {cluster.data}; the end of {cluster.log}:\n{log_tail(cluster.log)}"
    )


def _prepare_state(data_dir: Path, account: Account | None, elsewhere: Path) -> Path:
    """The directory of the cluster, owned by the account; blocks for a few system calls."""
    state = data_dir / "postgres"
    if not state.exists():
        if account is None or account.can_reach(data_dir):
            state.mkdir(mode=0o700)
        else:
            # Opening somebody's home to all is not ours to do; a link keeps the place in sight.
            elsewhere.mkdir(parents=True, exist_ok=True)
            state.unlink(missing_ok=True)
            state.symlink_to(tempfile.mkdtemp(prefix="imports-postgres-", dir=elsewhere))
        if account is not None:
            account.own(state)
    state = state.resolve()
    if account is not None and not account.can_reach(state):
        raise EmbeddedPartFailed(
            f"account {account.name!r}, which PostgreSQL runs as because we are root, cannot reach {state}; set "
            "IMPORTS_DATA_DIR to a directory that it can"
        )
    return state


def _new_secret_file(path: Path, account: Account | None) -> Path:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(24))
    if account is not None:
        account.own(path)
    return path


def _serves(pid: int, data: Path) -> bool:
    """Whether the process is a PostgreSQL on `data`, not another one that has got the number since."""
    command_file = Path(f"/proc/{pid}/cmdline")
    try:
        if command_file.exists():
            command = command_file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        else:
            command = subprocess.run(
                ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)],
                capture_output=True,
                text=True,
                check=False,
            ).stdout
    except OSError:
        return False
    return str(data) in command
