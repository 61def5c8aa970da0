"""Where log lines go and what they look like: standard error, JSON unless a person is watching.

Callers log facts, never URLs with credentials, documents or rows; what looks like a secret by its name is
masked here all the same.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

SECRET = re.compile(r"password|secret|token|credential|authorization|database_url|listen_url", re.IGNORECASE)
NOISY = ("aiobotocore", "botocore", "asyncio", "urllib3")


def configure_logs(level: str = "INFO") -> None:
    """Set up structlog and the standard library's loggers, once a process."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        mask_secrets,
    ]
    rendering: list[structlog.typing.Processor] = (
        # plain: a traceback with the values of variables shows rows, and takes seconds to draw
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if sys.stderr.isatty()
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries log through the standard library; their lines take the same road.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    # while the database is away: a traceback a second, of what `pulse` says in one line
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)


def mask_secrets(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put `***` in place of every value whose name says that it is a secret."""
    for name in event:
        if SECRET.search(name):
            event[name] = "***"
    return event
