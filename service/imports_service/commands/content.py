"""What a request id stands for: the content of a creation, as one hash. Knows neither database nor stream."""

import hashlib

import msgspec

from imports_service.commands.creation import CreateImport

KIND = "create"
"""A retry of the same rows is other content."""
VALIDATE_ONLY = False
"""So is a rehearsal; the contract has it, this version does not."""


def content_hash(wanted: CreateImport, document_sha256: bytes) -> bytes:
    """SHA-256 over the kind of call, the import's id as asked for, the spec with defaults, and the document.

    Two calls with one hash mean the same import, whichever RPC carried the document.
    """
    content = [KIND, wanted.import_id, VALIDATE_ONLY, wanted.spec, document_sha256.hex()]
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).digest()
