"""The async helper for callers of the Imports service: `async with connect("host:port") as imports`."""

from imports_client.connection import Imports, connect

__all__ = ["Imports", "connect"]
