"""What lists and watches of imports may be narrowed to, and the orders of lists. The store knows how to ask."""

import hashlib
from datetime import datetime
from enum import StrEnum

import msgspec

from imports_service.domain.imports import Event, EventKind, Import, Status

_encode = msgspec.json.Encoder(order="deterministic").encode
DIGEST_BYTES = 8


class ImportFilter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All conditions must hold; of several values one is enough; what is unset (None, ()) holds for every
    import.

    `reference_prefix` is the beginning of the reference. `created_since` is inclusive, `created_before` is
    not.
    """

    statuses: tuple[Status, ...] = ()
    resource_types: tuple[str, ...] = ()
    reference: str | None = None
    reference_prefix: str | None = None
    retry_of: str | None = None
    validate_only: bool | None = None
    with_errors: bool | None = None
    created_since: datetime | None = None
    created_before: datetime | None = None

    def matches(self, import_: Import) -> bool:
        """Whether all conditions hold: the same that the store's statements ask for."""
        reference = import_.spec.reference
        return (
            (not self.statuses or import_.status in self.statuses)
            and (not self.resource_types or import_.spec.resource_type in self.resource_types)
            and (self.reference is None or reference == self.reference)
            and (self.reference_prefix is None or (reference or "\0").startswith(self.reference_prefix))
            and (self.retry_of is None or import_.retry_of == self.retry_of)
            and (self.validate_only is None or import_.validate_only == self.validate_only)
            and (self.with_errors is None or (import_.counts.failed > 0) == self.with_errors)
            and (self.created_since is None or import_.created_at >= self.created_since)
            and (self.created_before is None or import_.created_at < self.created_before)
        )

    def concerns(self, event: Event) -> bool:
        """Whether the import matched before the change or matches after it."""
        if event.kind is not EventKind.DELETED and self.matches(event.snapshot):
            return True
        before = import_before(event)
        return before is not None and self.matches(before)

    @property
    def digest(self) -> bytes:
        """8 bytes, the same for filters that say the same, also when later versions know more conditions."""
        canonical = msgspec.structs.replace(
            self,
            statuses=tuple(sorted(set(self.statuses))),
            resource_types=tuple(sorted(set(self.resource_types))),
        )
        return hashlib.blake2s(_encode(canonical), digest_size=DIGEST_BYTES).digest()


def import_before(event: Event) -> Import | None:
    """The import before the change, as far as filters look at it; None when there was none."""
    status = event.snapshot.status
    if event.kind is EventKind.TRANSITION:
        if event.previous_status is None:
            return None
        status = event.previous_status
    spec = event.snapshot.spec
    if (
        event.kind is EventKind.SNAPSHOT
    ):  # of all recorded changes only UpdateImport's can be one of the reference
        spec = msgspec.structs.replace(spec, reference=event.previous_reference)
    return msgspec.structs.replace(event.snapshot, status=status, spec=spec)


class ImportOrder(StrEnum):
    """The orders of a list, in the words of `order_by`; imports that are equal in it follow each other by
    uid."""

    NEWEST_FIRST = "created_at desc"
    OLDEST_FIRST = "created_at"
    LARGEST_FIRST = "inputs_size desc"
    SMALLEST_FIRST = "inputs_size"


class ImportPosition(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a list in any order: right after the import that had these values. None of them ever
    changes."""

    created_at: datetime
    inputs_size: int
    uid: str

    @classmethod
    def after(cls, import_: Import) -> "ImportPosition":
        return cls(created_at=import_.created_at, inputs_size=import_.inputs_size, uid=import_.uid)
