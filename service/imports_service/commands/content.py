"""What a request id stands for: the content of a creation, as one hash. Knows neither database nor stream."""

import hashlib
from collections.abc import Collection
from typing import Any

import msgspec

from imports_service.commands.creation import CreateImport
from imports_service.domain.names import ImportName
from imports_service.domain.rows import Outcome

KIND = "create"
RETRY = "retry"
"""A retry of the same rows is other content."""


def content_hash(wanted: CreateImport, document_sha256: bytes) -> bytes:
    """SHA-256 over the kind of call, the import's id as asked for, whether it only rehearses, the spec with
    defaults, and the document.

    Two calls with one hash mean the same import, whichever RPC carried the document.
    """
    content = [KIND, wanted.import_id, wanted.validate_only, _spec_of(wanted), document_sha256.hex()]
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).digest()


def _spec_of(wanted: CreateImport) -> Any:
    """The spec with defaults. What it waits for has no order, and is left out where it waits for nothing: the request
    ids of versions that had no `after` stay what they are."""
    spec = msgspec.to_builtins(wanted.spec)
    after = sorted(spec.pop("after"))
    return spec | {"after": after} if after else spec


def retry_content_hash(retried: ImportName, outcomes: Collection[Outcome]) -> bytes:
    """SHA-256 over the kind of call, the name of the import to retry, and the outcomes, in whatever order."""
    content = [RETRY, str(retried), sorted(outcomes)]
    return hashlib.sha256(msgspec.json.encode(content)).digest()


def source_hash(uid: str) -> bytes:
    """SHA-256 of what a retry's rows came from, in place of a document's: of two imports of one name, which."""
    return hashlib.sha256(uid.encode()).digest()
