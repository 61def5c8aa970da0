"""The async helper for callers of the Imports service: `async with connect("host:port") as imports`.

Loaded when it is first asked for, so that the command line can say its help without loading gRPC.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imports_client.connection import Imports, connect

__all__ = ["Imports", "connect"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(name)
    from imports_client import connection  # noqa: PLC0415

    return getattr(connection, name)
