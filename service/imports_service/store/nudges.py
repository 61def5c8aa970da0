"""Wakes whoever waits for an import to change, or for work, in this process and in the others.

A nudge carries no state and may be lost, merged or repeated: who is woken reads the tables, and must not wait
for ever. One connection of the process listens and sends. NOTIFY never stands in a transaction that writes:
PostgreSQL commits such transactions one at a time, cluster-wide. While the connection is away everything else
goes on, and after it has come back everything may have changed: all are woken.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple

import asyncpg
import structlog

from imports_service.pulse import Pulse
from imports_service.store.database import DRIVER_ERRORS
from imports_service.store.statements import SQL

CHANNEL = "imports"
PAUSE_SECONDS = 0.02
"""A nudge leaves at once when none left within this time, else at its end with all that came meanwhile."""
KEEPALIVE_SECONDS = 15.0
ANSWER_SECONDS = 5.0
"""How long the database may take to connect or to answer before the connection counts as lost."""
MAX_BACKOFF_SECONDS = 5.0
MAX_PAYLOAD_BYTES = 7_900
"""PostgreSQL refuses a payload of 8,000 bytes."""
MAX_WAITING = 20_000
"""When more lines than this wait (the connection is away), one that wakes everybody takes their place."""

WORK = "w"
EVERYTHING = "*"
CHANGED = "i"
PROGRESSED = "p"

log = structlog.get_logger(__name__)


class Nudge(NamedTuple):
    """What may have changed in an organization: an import, or with None any. `is_progress`: only its counts."""

    uid: str | None
    is_progress: bool = False


Listener = Callable[[Nudge], None]
"""Called in the middle of whatever nudges; must neither wait nor fail."""

ANYTHING = Nudge(None)


class Nudges:
    """The nudges of one process. `subscribe` and the senders never wait and never fail."""

    def __init__(self) -> None:
        self.work_wanted = asyncio.Event()
        """Set when a unit may be ready. Clear it before a claim, wait for it after an empty one."""
        self.is_connected = False
        """Whether nudges of other processes arrive; while they do not, readers rely on looking again."""
        self.pulse = Pulse("listener")
        self._listeners: dict[str, set[Listener]] = {}
        self._outgoing: dict[str, None] = {}
        self._something_to_do = asyncio.Event()

    @contextmanager
    def subscribe(self, organization_id: str, listener: Listener) -> Iterator[None]:
        """Tell the listener what may have changed in the organization, inside the block."""
        self._listeners.setdefault(organization_id, set()).add(listener)
        try:
            yield
        finally:
            listeners = self._listeners[organization_id]
            listeners.remove(listener)
            if not listeners:
                del self._listeners[organization_id]

    def changed(self, organization_id: str, uid: str) -> None:
        """Say that a recorded change of the import has been committed."""
        self._nudge(f"{CHANGED}:{organization_id}:{uid}")

    def progressed(self, organization_id: str, uid: str) -> None:
        """Say that rows of the import have been committed, and nothing that an event records."""
        self._nudge(f"{PROGRESSED}:{organization_id}:{uid}")

    def work(self) -> None:
        """Say that a unit may have become ready."""
        self._nudge(WORK)

    def wake_all(self) -> None:
        """Wake everybody in this process: nobody knows what was missed."""
        self.work_wanted.set()
        for listeners in list(self._listeners.values()):
            for listener in list(listeners):
                listener(ANYTHING)

    def _nudge(self, line: str) -> None:
        self._wake(line)
        if len(self._outgoing) >= MAX_WAITING:
            self._outgoing = {EVERYTHING: None, WORK: None}
        self._outgoing[line] = None
        self._something_to_do.set()

    def _wake(self, line: str) -> None:
        if line == EVERYTHING:
            self.wake_all()
        elif line == WORK:
            self.work_wanted.set()
        else:
            kind, _, rest = line.partition(":")
            organization_id, _, uid = rest.partition(":")
            if listeners := self._listeners.get(organization_id):
                nudge = Nudge(uid, is_progress=kind == PROGRESSED)
                for listener in list(listeners):
                    listener(nudge)

    async def keep_connected(self, listen_url: str, application_name: str) -> None:
        """Listen and send until cancelled, through any number of lost connections."""
        failures = 0
        while True:
            try:
                async with listening(listen_url, application_name, self._received) as connection:
                    failures = 0
                    connection.add_termination_listener(lambda _: self._something_to_do.set())
                    self.is_connected = True
                    self.pulse.answered()
                    self.wake_all()
                    self._something_to_do.set()  # what could not be sent before
                    await self._send_what_comes(connection)
            except DRIVER_ERRORS as error:
                failures += 1
                log.warning("nudges are away", error=repr(error), failures=failures)
                self.pulse.failed(repr(error))
            finally:
                self.is_connected = False
            # jittered, so that a restarted database is not met by every process at once
            backoff = min(MAX_BACKOFF_SECONDS, 0.1 * 2 ** min(failures, 10))
            await asyncio.sleep(backoff * random.uniform(0.5, 1.0))

    def _received(self, payload: str) -> None:
        for line in payload.split("\n"):
            self._wake(line)

    async def _send_what_comes(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        """Returns when the connection is lost."""
        while not connection.is_closed():
            if await is_set_within(self._something_to_do, KEEPALIVE_SECONDS):
                self._something_to_do.clear()
                await self._send(connection)
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                await connection.execute("SELECT 1", timeout=ANSWER_SECONDS)

    async def _send(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        lines, self._outgoing = self._outgoing, {}
        if not lines or connection.is_closed():
            self._outgoing = lines
            return
        try:
            await connection.execute(SQL.send_nudges, CHANNEL, payloads(lines), timeout=ANSWER_SECONDS)
        except BaseException:
            self._outgoing = {**lines, **self._outgoing}
            raise


@asynccontextmanager
async def open_nudges(listen_url: str, *, application_name: str) -> AsyncGenerator[Nudges, None]:
    """The nudges of this process, connected in the background for as long as the block lasts.

    `listen_url` reaches PostgreSQL without a transaction pooler. Entering does not wait for the connection.
    """
    nudges = Nudges()
    async with asyncio.TaskGroup() as tasks:
        kept = tasks.create_task(nudges.keep_connected(listen_url, application_name), name="nudges")
        try:
            yield nudges
        finally:
            kept.cancel()


def payloads(lines: Iterable[str]) -> list[str]:
    """The lines joined into as few payloads as PostgreSQL takes."""
    joined: list[str] = []
    size = MAX_PAYLOAD_BYTES
    for line in lines:
        if size + 1 + len(line) > MAX_PAYLOAD_BYTES:
            joined.append(line)
            size = len(line)
        else:
            joined[-1] += "\n" + line
            size += 1 + len(line)
    return joined


@asynccontextmanager
async def listening(
    listen_url: str, application_name: str, received: Callable[[str], None]
) -> "AsyncGenerator[asyncpg.Connection[asyncpg.Record], None]":
    """A connection that gives what others send to `received`. Raises the driver's errors."""
    connection = await asyncpg.connect(
        listen_url,
        timeout=ANSWER_SECONDS,
        statement_cache_size=0,
        server_settings={"application_name": application_name},
    )
    # asked now: what has arrived may be given out after the connection was lost
    own_pid = connection.get_server_pid()

    def pass_on(_: Any, sender_pid: int, channel: str, payload: object) -> None:
        if sender_pid != own_pid:  # the watchers of this process were woken before its own left
            received(str(payload))

    try:
        await connection.add_listener(CHANNEL, pass_on)
        yield connection
    finally:
        connection.terminate()


async def is_set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the event, at most so long; whether it is set."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
