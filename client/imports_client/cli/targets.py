"""Where a document of the service goes: whole into a file or not at all, or as it comes to standard output."""

import codecs
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from imports_client.cli.text import printable

STDOUT = "-"
Write = Callable[[bytes], object]


@contextmanager
def opened_target(file: str) -> Iterator[Write]:
    """How to write to a file, or to standard output for `-`.

    The file has its name only when the block has ended well; until then the bytes are beside it under a name
    that is nobody else's. Raises OSError.
    """
    path = Path(file).resolve()  # what a link points to is replaced, not the link
    if file == STDOUT:
        yield _write_to_stdout()
        sys.stdout.flush()
    elif path.exists() and not path.is_file():
        with path.open("wb") as device:  # or a pipe; a directory is refused here
            yield device.write
    else:
        temporary = path.with_name(f".{token_hex(8)}.part")
        try:
            with _created(temporary, file) as whole:
                yield whole.write
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _created(temporary: Path, file: str) -> BinaryIO:
    """Raises OSError with the name that the caller knows."""
    try:
        return temporary.open("xb")
    except OSError as error:
        raise OSError(error.errno, error.strerror, file) from None


def _write_to_stdout() -> Write:
    """The bytes as they are; but what a document holds must not command a terminal."""
    if not sys.stdout.isatty():
        return sys.stdout.buffer.write
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return lambda chunk: sys.stdout.write(printable(decoder.decode(chunk), keep="\n\t"))
