"""The check of an etag that a caller gave: empty means no check."""

from imports_service.domain.errors import EtagMismatch
from imports_service.domain.imports import Import


def check_etag(found: Import, etag: str | None) -> None:
    """Raises `EtagMismatch` when an etag is given and the import has another one by now."""
    if etag and etag != found.etag:
        raise EtagMismatch(f"{found.name} has changed since it was read", name=found.name, etag=found.etag)
