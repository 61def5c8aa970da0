"""Whether a process can do what it is there for, and which part keeps it from that."""

import asyncio
from collections.abc import AsyncGenerator
from enum import StrEnum
from typing import Any

from imports_service.pulse import Pulse


class Phase(StrEnum):
    """Where a process is in its life."""

    STARTING = "starting"
    SERVING = "serving"
    STOPPING = "stopping"


class Readiness:
    """Of one process: its phase, and the pulses of its parts. Reading it asks nobody, so it may be read at any rate."""

    def __init__(self) -> None:
        self.phase = Phase.STARTING
        self._needed: dict[str, bool] = {}
        self._pulses: list[Pulse] = []
        self._changed = asyncio.Event()

    def depends_on(self, pulse: Pulse, *, is_needed: bool = True) -> None:
        """Look at this part; one that is not needed is told, and keeps nothing from being ready."""
        self._pulses.append(pulse)
        self._needed[pulse.part] = is_needed
        pulse.heard = self._changed.set

    def enter(self, phase: Phase) -> None:
        self.phase = phase
        self._changed.set()

    @property
    def is_ready(self) -> bool:
        if self.phase is not Phase.SERVING:
            return False
        return not any(pulse.is_away and self._needed[pulse.part] for pulse in self._pulses)

    async def states(self) -> AsyncGenerator[bool, None]:
        """Whether it is ready: now, and again whenever that changes."""
        told: bool | None = None
        while True:
            self._changed.clear()
            if self.is_ready is not told:
                told = self.is_ready
                yield told
            await self._changed.wait()

    def report(self) -> dict[str, Any]:
        """What people and probes are told, ready for JSON."""
        return {
            "ready": self.is_ready,
            "phase": self.phase.value,
            "parts": {pulse.part: self._report_of(pulse) for pulse in self._pulses},
        }

    def _report_of(self, pulse: Pulse) -> dict[str, Any]:
        report: dict[str, Any] = {
            "status": "away" if pulse.is_away else "ok",
            "needed": self._needed[pulse.part],
        }
        if pulse.is_away and pulse.since is not None:
            report |= {"since": pulse.since.isoformat(timespec="milliseconds"), "trouble": pulse.trouble}
        return report
