"""The command line `imports-service`: serve, migrate, distribute. From the environment to an exit status, nothing else.

Exit status: 0 stopped as asked, 1 something failed, 2 the settings do not make a service.
"""

import asyncio
import os
import sys
from collections.abc import Coroutine, Iterator
from typing import Any

# Both are read when grpc is imported: no fork handlers (embedded parts are forked), no chatter on stderr.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import structlog
import uvloop
from cyclopts import App
from pydantic import ValidationError

from imports_service import app
from imports_service.domain.errors import Unavailable
from imports_service.embedded.child import EmbeddedPartFailed
from imports_service.logs import configure_logs
from imports_service.rpc.server import ListenRefused
from imports_service.settings import Settings
from imports_service.store.distribute import DistributionRefused
from imports_service.store.migrate import SchemaMismatch

FAILED = 1
BAD_SETTINGS = 2

EXPECTED = (
    app.StartRefused,
    DistributionRefused,
    EmbeddedPartFailed,
    ListenRefused,
    SchemaMismatch,
    Unavailable,
)
"""What a person can mend from the message alone, so that they are spared the traceback."""

commands = App(
    name="imports-service", help="The Imports service. Settings come from IMPORTS_* in the environment."
)


@commands.command
def serve(*, embedded: bool = False) -> int:
    """Run the service until SIGTERM or SIGINT.

    Parameters
    ----------
    embedded
        Bring a PostgreSQL and an S3 store where no setting names one; data stays in IMPORTS_DATA_DIR.
    """
    settings = _settings()
    return _exit_status(app.run(settings, embedded=embedded))


@commands.command
def migrate() -> int:
    """Bring the database IMPORTS_DATABASE_URL to the schema of this version."""

    async def apply() -> None:
        applied = await app.run_migrations(settings)
        print("\n".join(f"applied {name}" for name in applied) or "nothing to apply")

    settings = _settings()
    return _exit_status(apply())


@commands.command
def distribute() -> int:
    """Spread the tables of the database IMPORTS_DATABASE_URL, a Citus coordinator, over its nodes by organization.

    Migrate first. Running it again distributes only what a new version added.
    """

    async def apply() -> None:
        print("\n".join(await app.run_distribution(settings)))

    settings = _settings()
    return _exit_status(apply())


def run() -> None:
    """The entry point of the distribution's script."""
    sys.exit(commands())


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        for fault in error.errors():
            name = "IMPORTS_" + "_".join(str(part) for part in fault["loc"]).upper()
            print(f"imports-service: {name}: {fault['msg']}", file=sys.stderr)
        sys.exit(BAD_SETTINGS)


def _exit_status(main: Coroutine[Any, Any, None]) -> int:
    configure_logs()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main)
    except (*EXPECTED, BaseExceptionGroup) as error:
        causes = list(_leaves(error))
        if not all(isinstance(cause, EXPECTED) for cause in causes):
            structlog.get_logger().error("the service failed", exc_info=error)
            return FAILED
        for cause in causes:
            print(f"imports-service: {cause}", file=sys.stderr)
        return BAD_SETTINGS if isinstance(causes[0], app.StartRefused) else FAILED
    return 0


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


if __name__ == "__main__":
    run()
