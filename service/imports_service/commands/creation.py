"""What a creation is asked for and what it works with. Shapes only."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from imports_service.checkpoints import Checkpoints
from imports_service.domain.imports import ImportSpec
from imports_service.domain.registry import Registry
from imports_service.objects.store import Objects
from imports_service.store.database import Database
from imports_service.store.nudges import Nudges


class Source(StrEnum):
    """What the chunks are: a document's bytes as sent, or inputs as canonical JSON Lines (names sorted).

    Either way the hash of the chunks is part of the content that a request id stands for.
    """

    DOCUMENT = "document"
    INPUTS = "inputs"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateImport:
    """A wish for an import, validated but for its document. `document_sha256`: 32 bytes."""

    organization_id: str
    spec: ImportSpec
    creator: str
    source: Source = Source.DOCUMENT
    import_id: str | None = None
    request_id: str | None = None
    document_sha256: bytes | None = None
    trace_context: str | None = None
    validate_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CreationLimits:
    """Bounds of documents, rows and segments, and how long an upload is held without a sign of life."""

    segment_rows: int
    segment_bytes: int
    max_inputs: int
    max_validate_inputs: int
    max_input_bytes: int
    max_document_bytes: int
    max_pending_imports: int
    lease: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """What creating needs: one for all calls of a process."""

    database: Database
    objects: Objects
    nudges: Nudges
    registry: Registry
    checkpoints: Checkpoints
    limits: CreationLimits
