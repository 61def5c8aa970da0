"""The async helper for callers of the Imports service: `async with connect("host:port") as imports`.

Loaded when it is first asked for, so that the command line can say its help without loading gRPC.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imports_client.connection import Imports, connect
    from imports_client.errors import (
        CallFailed,
        ConnectionClosed,
        DeadlineOver,
        DocumentSpent,
        ImportDeleted,
        ImportsError,
        Refused,
        ResumeTokenExpired,
        ServiceAway,
    )

__all__ = [
    "CallFailed",
    "ConnectionClosed",
    "DeadlineOver",
    "DocumentSpent",
    "ImportDeleted",
    "Imports",
    "ImportsError",
    "Refused",
    "ResumeTokenExpired",
    "ServiceAway",
    "connect",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(name)
    module = "connection" if name in {"Imports", "connect"} else "errors"
    return getattr(import_module(f"imports_client.{module}"), name)
