"""Why a feed can tell nothing for now, and when its watchers are to know."""

import asyncio

from imports_service.domain.errors import ImportsError, Unavailable

PATIENCE_SECONDS = 10.0
"""How long the database may be away before open watches end, whose callers then try another replica."""


class Failure:
    """Begins with the first read that failed, and is over with the first that does not."""

    def __init__(self, cause: Exception) -> None:
        self._is_outage = isinstance(cause, Unavailable)
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()

    @property
    def is_final(self) -> bool:
        """Whether open watches have to end: an outage may pass, anything else is a fault of ours."""
        return not self._is_outage or self._clock() - self._began > PATIENCE_SECONDS

    def error(self) -> ImportsError:
        """What a watcher is told; each its own, since an error that is raised keeps where it was."""
        if self._is_outage:
            return Unavailable("the database is away; resume the watch", reason="DATABASE_UNAVAILABLE")
        return ImportsError("internal error")
