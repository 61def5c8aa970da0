"""One owner a data directory: a lock that goes with the process, however it ends."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from imports_service.embedded.child import EmbeddedPartFailed


@contextlib.contextmanager
def owning(lock: Path, what: str) -> Iterator[Path]:
    """Hold `lock` (a file, made when missing) inside the block, which gets its directory as an absolute path.

    Raises `EmbeddedPartFailed`, naming the process that holds it, when it is taken.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            raise EmbeddedPartFailed(
                f"{what} in {lock.parent} is in use by process {holder}; "
                "stop that one, or set IMPORTS_DATA_DIR to another directory"
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield lock.parent.absolute()
    finally:
        os.close(descriptor)
