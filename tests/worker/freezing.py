"""The service, standing still at a named point of its work until somebody thaws it; then it goes on as if nothing were.

`FREEZE_AT` is the name of a checkpoint, or a name and which time (`after-write:2`).
"""

import os
import signal

from imports_service.__main__ import run
from imports_service.checkpoints import Checkpoints


class Freezing(Checkpoints):
    """Stops all of the process, and not only the work that reaches the point."""

    async def reach(self, name: str) -> None:
        self._reached[name] += 1
        if (name, self._reached[name]) == (self._name, self._turn):
            print(f"stopped at {name}", flush=True)
            os.kill(os.getpid(), signal.SIGSTOP)


if __name__ == "__main__":
    from imports_service import app

    app.Checkpoints = lambda _: Freezing(os.environ["FREEZE_AT"])  # type: ignore[assignment,misc,attr-defined]
    run()
