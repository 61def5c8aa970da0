"""Starts the owner of an embedded part as a process of its own, and sees that it and its server are gone."""

import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from imports_service.embedded.child import is_alive
from tests.eventually import eventually

HOLDER = Path(__file__).with_name("holder.py")


@dataclass(frozen=True, slots=True)
class Held:
    """The owner, the process id of its server, and how to reach that."""

    owner: subprocess.Popen[bytes]
    server_pid: int
    url: str

    async def kill_owner(self) -> None:
        """SIGKILL the owner and wait for its server to go as well."""
        self.owner.kill()
        self.owner.wait()
        await eventually(lambda: not is_alive(self.server_pid), 10, "the end of the server without an owner")


@contextlib.asynccontextmanager
async def held(
    part: str, directory: Path, *, account: str | None = None, python_path: Path | None = None
) -> AsyncIterator[Held]:
    """An owner of `part` on `directory`, killed at the end of the block."""
    said, complaints = directory.parent / f"{part}.said", directory.parent / f"{part}.complaints"
    with said.open("wb") as output, complaints.open("wb") as errors:
        owner = subprocess.Popen(
            [sys.executable, str(HOLDER), part, str(directory), *([account] if account else [])],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env={**os.environ, **({"PYTHONPATH": str(python_path)} if python_path else {})},
        )
    try:

        def announced() -> str:
            if owner.poll() is not None:
                raise RuntimeError(f"the owner ended:\n{complaints.read_text()}")
            return said.read_text()

        line = await eventually(announced, 60, f"the start of {part}")
        pid, _, url = line.strip().partition(" ")
        yield Held(owner, int(pid), url)
    finally:
        owner.kill()
        owner.wait()
        if said.read_text():
            server_pid = int(said.read_text().split()[0])
            await eventually(lambda: not is_alive(server_pid), 10, "the end of the server")
