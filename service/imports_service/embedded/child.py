"""A server process of ours: it cannot outlive us, is told to stop step by step, and has its log at hand.

It knows nothing of what the process serves. Starting forks, and must happen on the main thread: Linux sends
the "your parent has died" signal when the *thread* that forked is gone.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from imports_service.embedded.account import Account

PR_SET_PDEATHSIG = 1
LOG_BYTES_KEPT = 8 * 1024 * 1024
POLL_SECONDS = 0.01


class EmbeddedPartFailed(Exception):
    """An embedded part cannot be had; the message says what failed, why, and what can be done about it."""


class Child:
    """One running server process. Whoever starts it awaits `stop`."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    async def wait(self, *, poll_seconds: float = 1.0) -> int:
        """The exit status, as soon as there is one."""
        while (status := self._process.poll()) is None:  # noqa: ASYNC110 (no event tells of it everywhere)
            await asyncio.sleep(poll_seconds)
        return status

    async def stop(self, *steps: tuple[signal.Signals, float]) -> None:
        """Send each signal in turn and wait so many seconds for the end; SIGKILL comes after the last."""
        for step, seconds in (*steps, (signal.SIGKILL, 10.0)):
            if not self.is_running:
                return
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(step)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.wait(poll_seconds=POLL_SECONDS)

    def log_tail(self, lines: int = 12) -> str:
        return log_tail(self.log, lines)


def start_child(
    name: str,
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    log: Path,
    death_signal: signal.Signals,
    account: Account | None = None,
) -> Child:
    """Start a process that writes to `log`, as `account`, and gets `death_signal` when we are gone (Linux).

    Raises `EmbeddedPartFailed` when it cannot be executed.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("embedded parts are started from the main thread")
    tell_when_parent_dies = _death_notice(death_signal)
    with log.open("ab") as sink, warnings.catch_warnings():
        # Later Pythons warn of any fork beside threads; between fork and exec we make two system calls.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            process = subprocess.Popen(
                list(arguments),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env=dict(environment),
                start_new_session=True,
                preexec_fn=tell_when_parent_dies,  # noqa: PLW1509
                user=None if account is None else account.uid,
                group=None if account is None else account.gid,
                extra_groups=None if account is None else [],
            )
        except OSError as error:
            raise EmbeddedPartFailed(f"{name} could not be started: {error}") from error
    return Child(name, process, log)


def open_log(log: Path) -> None:
    """Make room in a log that has grown: what it held moves to `<log>.1`."""
    if log.exists() and log.stat().st_size > LOG_BYTES_KEPT:
        log.replace(log.with_name(log.name + ".1"))
    log.touch(mode=0o600)


def log_tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log, indented for a message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 16_384))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(f"  {line}" for line in text.splitlines()[-lines:])


async def wait_gone(pid: int, *, within: float) -> bool:
    """Whether the process, which need not be a child of ours, is gone in time."""
    until = time.monotonic() + within
    while is_alive(pid):
        if time.monotonic() > until:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _death_notice(death_signal: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()
    number = int(death_signal)

    def tell_when_parent_dies() -> None:
        prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return tell_when_parent_dies
