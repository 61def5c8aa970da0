"""Owns an embedded part until it is killed: `python holder.py postgres|objects <directory> [account]`.

Prints one line when the part is there: the process id of its server, then how to reach it. With an account it
gives up root for it first, after all imports, so that Python's own files need not be open to that account.
"""

import asyncio
import concurrent.futures.thread  # noqa: F401 (imported late otherwise, when its file may be out of reach)
import os
import pwd
import sys
from pathlib import Path

from imports_service.embedded.objects import embedded_objects
from imports_service.embedded.postgres import embedded_postgres


async def hold(part: str, directory: Path) -> None:
    if part == "postgres":
        async with embedded_postgres(directory) as postgres:
            await say(postgres.server.pid, postgres.url)
    else:
        async with embedded_objects(directory, stop_seconds=0) as store:
            await say(store.server.pid, store.endpoint_url)


async def say(pid: int, url: str) -> None:
    print(pid, url, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    if len(sys.argv) > 3:
        entry = pwd.getpwnam(sys.argv[3])
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    asyncio.run(hold(sys.argv[1], Path(sys.argv[2])))
