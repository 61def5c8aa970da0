"""Runs the command line as a shell would: a process, its pipes and its exit status."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

COMMAND = Path(sys.executable).with_name("imports")


def environment(server: str) -> dict[str, str]:
    """Where the service is and whose imports are meant; tables of 120 columns."""
    inherited = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    return inherited | {
        "IMPORTS_SERVER": server,
        "IMPORTS_ORGANIZATION": "acme",
        "COLUMNS": "120",
        "LC_ALL": "C.UTF-8",
    }


class Ended(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


async def imports(
    *arguments: str, server: str = "127.0.0.1:1", stdin: bytes = b"", directory: Path | None = None
) -> Ended:
    """Run the command to its end in a directory."""
    process = await asyncio.create_subprocess_exec(
        str(COMMAND),
        *arguments,
        env=environment(server),
        cwd=directory,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        out, err = await process.communicate(stdin)
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())
