"""Named places where a test stops the process dead, to kill it there. In service they cost one comparison."""

import asyncio
from collections import Counter


class Checkpoints:
    """`stop_at` is a name (`after-fence`), or a name and which time (`after-fence:3`); None: never."""

    def __init__(self, stop_at: str | None = None) -> None:
        name, _, turn = (stop_at or "").partition(":")
        self._name = name or None
        self._turn = int(turn) if turn else 1
        self._reached: Counter[str] = Counter()

    async def reach(self, name: str) -> None:
        """Go on at once; at the place to stop at, say so on standard output and wait for ever."""
        if name != self._name:
            return
        self._reached[name] += 1
        if self._reached[name] == self._turn:
            print(f"stopped at {name}", flush=True)
            await asyncio.Event().wait()


NOWHERE = Checkpoints()
"""For commands that are called from within."""
