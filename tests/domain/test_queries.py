"""Filters beside the previous release, whose tokens and events are still there after an upgrade."""

from datetime import UTC, datetime

import msgspec

from imports_service.domain.imports import Event, EventKind, Import, ImportSpec, Status
from imports_service.domain.queries import ImportFilter

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_a_condition_that_filters_get_later_leaves_the_tokens_of_this_release_valid() -> None:
    newer = msgspec.defstruct(
        "ImportFilter", [("creator", str | None, None)], bases=(ImportFilter,), frozen=True, kw_only=True
    )

    filter = newer(with_errors=True)

    assert isinstance(filter, ImportFilter)
    assert filter.digest == ImportFilter(with_errors=True).digest


def test_a_deletion_without_the_previous_reference_concerns_a_filter_by_reference() -> None:
    """The previous release records none, and only an update can have changed it."""
    event = Event(
        seq=1,
        kind=EventKind.DELETED,
        previous_status=None,
        previous_reference=None,
        occurred_at=NOW,
        snapshot=Import(
            organization_id="acme",
            uid="0198f3a0-0000-7000-8000-000000000001",
            import_id="spring",
            version=2,
            etag="first",
            spec=ImportSpec(resource_type="skus", reference="spring"),
            creator="insecure",
            status=Status.IN_PROGRESS,
            inputs_size=10,
            created_at=NOW,
            updated_at=NOW,
        ),
    )

    assert ImportFilter(reference="spring").concerns(event)
