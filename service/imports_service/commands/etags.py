"""Etags: made anew by every change that a caller makes, and checked when a caller gives one."""

import secrets

from imports_service.domain.errors import EtagMismatch
from imports_service.domain.imports import Import


def new_etag() -> str:
    return secrets.token_hex(8)


def check_etag(found: Import, etag: str | None) -> None:
    """Raises `EtagMismatch` when an etag is given and the import has another one by now; empty means no
    check."""
    if etag and etag != found.etag:
        raise EtagMismatch(f"{found.name} has changed since it was read", name=found.name, etag=found.etag)
