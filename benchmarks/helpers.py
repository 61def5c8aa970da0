"""Processes of the benchmark that are told what to do and answer, a JSON line at a time.

Whoever is measured, whoever measures and whoever causes what is measured must not share an event loop. All times are
`time.monotonic_ns`, which is one clock for all processes of a machine.
"""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

LONGEST_LINE_BYTES = 16 * 1024 * 1024
STOP_SECONDS = 30.0
CHECKOUT = Path(__file__).parent.parent
ANSWER = b"= "
"""What a line begins with that is an answer; a process may have other things to say."""

Answer = Callable[..., Awaitable[object]]


class Helper:
    """The side that asks; one question at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @property
    def pid(self) -> int:
        return self.process.pid

    async def ask(self, command: str, **arguments: object) -> Any:
        """What the process answers. Raises `RuntimeError` when it ends instead; it has said why on stderr."""
        if self.process.stdin is None or self.process.stdout is None:
            raise ValueError("the process was not started to be asked")
        self.process.stdin.write(json.dumps([command, arguments]).encode() + b"\n")
        await self.process.stdin.drain()
        while line := await self.process.stdout.readline():
            if line.startswith(ANSWER):
                return json.loads(line[len(ANSWER) :])
        raise RuntimeError(f"the process ended at {command!r}")


ASKABLE: Mapping[str, Any] = {
    "stdin": asyncio.subprocess.PIPE,
    "stdout": asyncio.subprocess.PIPE,
    "limit": LONGEST_LINE_BYTES,
}
"""How a process is started that is to be asked."""


@asynccontextmanager
async def running_helper(module: str, *arguments: str) -> AsyncIterator[Helper]:
    """The module as a process, killed at the end: nothing that it has is wanted then."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, cwd=CHECKOUT, **ASKABLE
    )
    try:
        yield Helper(process)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()


async def answer(commands: Mapping[str, Answer]) -> None:
    """The side that is asked: answer until nobody asks any more."""
    reader = asyncio.StreamReader(limit=LONGEST_LINE_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer
    )
    while line := await reader.readline():
        command, arguments = json.loads(line)
        print(ANSWER.decode() + json.dumps(await commands[command](**arguments)), flush=True)
