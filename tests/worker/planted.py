"""A worker that is killed by what it works on, as by a fault in a library; it comes back each time.

A row with POISON kills the process that decodes it, an import of a certain id the one that closes it. The first time
they wait until a row with NEIGHBOUR is at work beside them, and that one never ends; later they wait for a moment, so
that company would be seen. VENOM is poison that does not wait later on. Each kill is noted in the file PLANTED_LOG
first: what it was, and how many units were held. Segments with SLOW take a while, so that there is always company to be
had. While there is a file of that name with the suffix `.fixed`, nothing kills and nothing is slow.

Whoever starts the next life lets the leases of the last one lapse, so that nobody has to wait for that.
"""

import asyncio
import ctypes
import json
import os
import random
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import asyncpg

from imports_service.__main__ import run
from imports_service.domain.imports import Import
from imports_service.pipeline.segments import SegmentHeader
from imports_service.store.units import Claimed
from imports_service.worker import closing, files
from imports_service.worker.leases import Held, Leases
from imports_service.worker.segment import SegmentRunner
from imports_service.worker.supply import Segment, SegmentSupply

POISON, VENOM, NEIGHBOUR, SLOW = b"POISON", b"VENOM", b"NEIGHBOUR", b"SLOW"
SLOW_SECONDS = (0.1, 0.4)
POISONOUS_CLOSING = "poisonous-closing"
LAPSE = "UPDATE unit SET lease_until = now() - interval '1 second' WHERE state = 'leased'"
PR_SET_PDEATHSIG = 1
LOG = Path(os.environ.get("PLANTED_LOG", "kills"))

held: set[str] = set()
has_neighbour = asyncio.Event()


def is_first() -> bool:
    return not LOG.exists()


def note(kill: dict[str, str | int]) -> None:
    with LOG.open("a") as log:
        log.write(json.dumps(kill) + "\n")


def is_mended() -> bool:
    return LOG.with_suffix(".fixed").exists()


async def be_killed_by(what: str, *, at_once: bool = False) -> None:
    """Nothing, once the fault is mended."""
    if is_mended():
        return
    if is_first():
        await has_neighbour.wait()
    elif not at_once:
        await asyncio.sleep(0.1)
    note({"what": what, "held": len(held)})
    os.kill(os.getpid(), signal.SIGKILL)


def is_among(headers: Sequence[SegmentHeader], header: SegmentHeader) -> bool:
    return any(each is header for each in headers)


def plant_notes() -> None:
    hold = Leases.hold

    async def noted_hold(self: Leases, claimed: Claimed, work: Callable[[Held], Awaitable[None]]) -> None:
        held.add(claimed.lease_token)
        try:
            await hold(self, claimed, work)
        finally:
            held.discard(claimed.lease_token)

    Leases.hold = noted_hold  # type: ignore[method-assign]


def plant_poison() -> None:
    decode, commit = SegmentSupply._decode, SegmentRunner._commit
    neighbours: list[SegmentHeader] = []
    slow: list[SegmentHeader] = []

    async def poisoned_decode(
        self: SegmentSupply, imported: Import, header: SegmentHeader, lines: Sequence[bytes]
    ) -> Any:
        text = b"".join(lines)
        if NEIGHBOUR in text:
            neighbours.append(header)
        if SLOW in text:
            slow.append(header)
        if POISON in text or VENOM in text:
            await be_killed_by("segment", at_once=VENOM in text)
        return await decode(self, imported, header, lines)

    async def slow_commit(self: SegmentRunner, held: Held, imported: Import, segment: Segment) -> Import:
        if is_first() and is_among(neighbours, segment.header):
            has_neighbour.set()
            await asyncio.Event().wait()
        if not is_mended() and is_among(slow, segment.header):
            await asyncio.sleep(random.uniform(*SLOW_SECONDS))
        return await commit(self, held, imported, segment)

    async def poisoned_files(equipment: Any, imported: Import, lease_token: str) -> Any:
        if imported.import_id == POISONOUS_CLOSING:
            await be_killed_by("closing")
        return await files.write_files(equipment, imported, lease_token)

    SegmentSupply._decode = poisoned_decode  # type: ignore[method-assign]
    SegmentRunner._commit = slow_commit  # type: ignore[method-assign]
    closing.write_files = poisoned_files  # type: ignore[attr-defined]


async def lapse_leases() -> None:
    connection = await asyncpg.connect(os.environ["IMPORTS_DATABASE_URL"])
    try:
        await connection.execute(LAPSE)
    finally:
        await connection.close()


def live() -> None:
    """One life. It does not outlive the process that watches over it."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    plant_notes()
    plant_poison()
    run()


if __name__ == "__main__":
    while True:
        child = os.fork()
        if not child:
            live()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status != -signal.SIGKILL:
            sys.exit(status)
        asyncio.run(lapse_leases())
