"""The files of one PostgreSQL cluster: made once, owned by the account that the server runs as.

It starts nothing that stays: see `embedded.postgres`. It never upgrades a cluster of another major version.
"""

import asyncio
import contextlib
import os
import secrets
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import structlog

from imports_service.embedded.account import Account
from imports_service.embedded.binaries import Binaries
from imports_service.embedded.child import EmbeddedPartFailed, is_alive, wait_gone

log = structlog.get_logger()

USER = "imports"
DATABASE = "imports"
SERVER_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
HELD_SECONDS = 60.0
"""How long a backend that outlived its server may keep the shared memory, or an old server take to stop."""


@dataclass(frozen=True, slots=True)
class PostgresCluster:
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

    def keep_port(self, port: int) -> None:
        (self.state / "port").write_text(f"{port}\n")

    def url(self, port: int) -> str:
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{port}/{DATABASE}"

    def create(self, *, fsync: bool) -> None:
        """Make the cluster beside its place and move it there: half a cluster is never taken for one."""
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
            *([] if fsync else ["--no-sync"]),
        )
        single = [self.binaries.path("postgres"), "--single", "-D", str(unfinished), "postgres"]
        self._run(*single, stdin=f"CREATE DATABASE {DATABASE};\n")
        unfinished.rename(self.data)

    def require_same_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != str(self.binaries.major):
            raise EmbeddedPartFailed(
                f"{self.data} was made by PostgreSQL {made_by}, and this is {self.binaries.major}; set "
                f"IMPORTS_PG_BIN to the programs of {made_by}, move the data with pg_dump, or set "
                "IMPORTS_DATA_DIR to a new directory"
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
        lines = self._pid_file_lines()
        return int(lines[0]) if lines and lines[0].strip().isdigit() else None

    def is_taken_by(self, pid: int) -> bool:
        """Whether the server has got past its locks and its port."""
        return len(self._pid_file_lines()) >= 8 and self.server_pid() == pid

    def is_ready(self, pid: int) -> bool:
        """Whether the server says so in its pid file (line 8), as `pg_ctl` reads it."""
        return self.is_taken_by(pid) and self._pid_file_lines()[7].strip() == "ready"

    def _pid_file_lines(self) -> list[str]:
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


def prepare_state(data_dir: Path, account: Account | None, elsewhere: Path) -> Path:
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
            log.info(
                "data_dir is closed to the server's account", link=str(state), target=str(state.resolve())
            )
        if account is not None:
            account.own(state)
    state = state.resolve()
    if account is not None and not account.can_reach(state):
        raise EmbeddedPartFailed(
            f"account {account.name!r}, which PostgreSQL runs as because we are root, cannot reach "
            f"{state}; set IMPORTS_DATA_DIR to a directory that it can"
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
