"""The admin listener: HTTP for those who run the process, not for callers. It says that the process lives, and whether
it is ready and what it misses; it asks no part itself, and it tells nothing of anybody's data.
"""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from imports_service.readiness import Readiness

SETTING = "IMPORTS_ADMIN_LISTEN"
CLOSE_SECONDS = 1.0
HIGHEST_PORT = 65_535

log = structlog.get_logger()


class AdminRefused(Exception):
    """The listener cannot be had; the message names the setting and what to do about it."""


@asynccontextmanager
async def open_admin(
    listen: str, readiness: Readiness, *, is_asked_for: bool = True
) -> AsyncGenerator[str | None, None]:
    """Answer while the block lasts; gives the address. An empty `listen` opens nothing, port 0 takes a free one.

    Where nobody asked for this address and it is taken, the process does without: of several on a machine that were
    told nothing about it the first one has it. Raises `AdminRefused`.
    """
    if not listen:
        yield None
        return
    host, port = _address_of(listen)
    runner = web.AppRunner(_application(readiness), access_log=None, shutdown_timeout=CLOSE_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, reuse_port=False).start()
    except OSError as error:
        await runner.cleanup()
        trouble = (
            f"{SETTING}={listen} cannot be had: {error.strerror or error}; set another address, port 0 for a free "
            f"port, or {SETTING}= for none"
        )
        if is_asked_for:
            raise AdminRefused(trouble) from error
        log.warning("no admin listener", trouble=trouble)
        yield None
        return
    try:
        bound = runner.addresses[0]
        yield f"[{bound[0]}]:{bound[1]}" if ":" in bound[0] else f"{bound[0]}:{bound[1]}"
    finally:
        await runner.cleanup()


def _address_of(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > HIGHEST_PORT:
        raise AdminRefused(f"{SETTING}={listen} is no address; write host:port, such as 127.0.0.1:9090")
    return host.strip("[]"), int(port)


def _application(readiness: Readiness) -> web.Application:
    async def healthz(request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(request: web.Request) -> web.Response:
        report = readiness.report()
        return web.Response(
            text=json.dumps(report, indent=2) + "\n",
            status=200 if report["ready"] else 503,
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    application = web.Application()
    application.router.add_get("/healthz", healthz)
    application.router.add_get("/readyz", readyz)
    return application
