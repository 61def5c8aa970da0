"""What can go wrong with the S3 store, in the service's own words."""

import contextlib
from collections.abc import AsyncGenerator, Iterator

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from imports_service.domain.errors import Unavailable
from imports_service.pulse import Pulse

MISSING_CODES = frozenset({"NoSuchKey", "404", "NotFound"})


class ObjectMissing(Exception):
    """There is no object of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no object {name}")
        self.name = name


@contextlib.contextmanager
def store_trouble(operation: str, name: str) -> Iterator[None]:
    """Raises `ObjectMissing` for a missing object, `Unavailable` (OBJECTS_UNAVAILABLE) for other trouble."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in MISSING_CODES:
            raise ObjectMissing(name) from error
        raise _unavailable(operation, name) from error
    except (BotoCoreError, ResponseParserError, aiohttp.ClientError, OSError) as error:
        # A TimeoutError is an OSError; the caller's own `asyncio.timeout` arrives as a cancellation.
        raise _unavailable(operation, name) from error


@contextlib.asynccontextmanager
async def answered(pulse: Pulse, operation: str, name: str) -> AsyncGenerator[None, None]:
    """The same for calls of a store that may be away, which then end at once, and that may fall silent meanwhile.

    No generator yields inside, see `Pulse.patience`.
    """
    with store_trouble(operation, name):
        async with pulse.patience(tries_when_away=False):
            yield


def _unavailable(operation: str, name: str) -> Unavailable:
    return Unavailable(
        f"the object store failed to {operation} {name}",
        reason="OBJECTS_UNAVAILABLE",
        operation=operation,
        object=name,
    )
