"""Filters of WatchImports: an event is told if its import matches before or after the change."""

from datetime import timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.conformance.guarantees import expect_equal, guarantee
from imports_client.testing.conformance.scene import OTHER_TYPE, TYPE, Scene
from imports_client.testing.conformance.watching import Watching, outline, recorded


def ids_of(watching: Watching) -> list[str]:
    """The last parts of the names of what was told."""
    return [event.snapshot.name.rpartition("/")[2] for event in recorded(watching.seen)]


async def told_of_two(
    scene: Scene, filter: pb.ImportFilter, wanted: dict[str, str], other: dict[str, str]
) -> None:
    """Of imports that match and others that do not, listed or created later, only those that match are told."""
    await scene.subject.hold_work()
    await scene.create(import_id="other-1", **other)  # type: ignore[arg-type]  # texts only
    await scene.create(import_id="wanted-1", **wanted)  # type: ignore[arg-type]
    watching = await scene.synced(filter=filter)
    await scene.create(import_id="other-2", **other)  # type: ignore[arg-type]
    await scene.create(import_id="wanted-2", **wanted)  # type: ignore[arg-type]
    await watching.until_status(pb.STATUS_PENDING, f"{scene.parent}/imports/wanted-2")
    await watching.until_kind(pb.KIND_HEARTBEAT)

    expect_equal(ids_of(watching), ["wanted-1", "wanted-2"], "the imports that were told of")


@guarantee("filters/resource-type", "A filter by resource types tells of imports of these types alone.")
async def resource_type(scene: Scene) -> None:
    filter = pb.ImportFilter(resource_types=[OTHER_TYPE, "skus"])
    await told_of_two(scene, filter, {"resource_type": OTHER_TYPE}, {"resource_type": TYPE})


@guarantee("filters/reference", "A filter by reference tells of imports with exactly this reference.")
async def reference(scene: Scene) -> None:
    filter = pb.ImportFilter(reference="erp-1")
    await told_of_two(scene, filter, {"reference": "erp-1"}, {"reference": "erp-12"})


@guarantee(
    "filters/reference-prefix",
    "A filter by reference prefix takes it literally: no character stands for others.",
)
async def reference_prefix(scene: Scene) -> None:
    filter = pb.ImportFilter(reference_prefix="erp_%")
    await told_of_two(scene, filter, {"reference": "erp_%1"}, {"reference": "erpX1"})


@guarantee(
    "filters/status", "A filter by status tells how an import enters it and how it leaves it, and no more."
)
async def status(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create(rows=20)
    pending = await scene.synced(filter=pb.ImportFilter(statuses=[pb.STATUS_PENDING]))
    running = await scene.synced(filter=pb.ImportFilter(statuses=[pb.STATUS_IN_PROGRESS]))
    ended = await scene.synced(filter=pb.ImportFilter(statuses=[pb.STATUS_COMPLETED]))
    await scene.subject.release_work()
    await scene.end_of(created.name)
    await ended.until_status(pb.STATUS_COMPLETED)
    await scene.delete(created.name)
    await scene.silence(pending, running, ended)

    expect_equal(
        outline(recorded(pending.seen)), "SNAPSHOT pending, TRANSITION in_progress", "with pending ones"
    )
    expect_equal(
        outline(recorded(running.seen)), "TRANSITION in_progress, TRANSITION completed", "with running ones"
    )
    expect_equal(outline(recorded(ended.seen)), "TRANSITION completed, DELETED completed", "with ended ones")


@guarantee(
    "filters/before-and-after-update",
    "UpdateImport that changes whether an import matches is told to those whom it leaves and those whom it reaches.",
)
async def before_and_after_update(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create(reference="one-1")
    filters = [
        pb.ImportFilter(reference="one-1"),
        pb.ImportFilter(reference="two-1"),
        pb.ImportFilter(reference_prefix="one-"),
        pb.ImportFilter(reference_prefix="two-"),
    ]
    watches = [await scene.synced(filter=filter) for filter in filters]
    await scene.update(created.name, "two-1")
    await scene.update(created.name, "three-1")
    await scene.silence(*watches)

    left, reached = ["one-1", "two-1"], ["two-1", "three-1"]
    for watching, wanted in zip(watches, (left, reached, left, reached), strict=True):
        told = [event.snapshot.reference for event in recorded(watching.seen)]
        expect_equal(told, wanted, "the references told")


@guarantee("filters/rehearsals", "A filter by validate_only tells of rehearsals alone, or of none.")
async def rehearsals(scene: Scene) -> None:
    await scene.subject.hold_work()
    await scene.create(import_id="real")
    await scene.create(import_id="rehearsal", validate_only=True)

    for validate_only, wanted in ((True, "rehearsal"), (False, "real")):
        watching = await scene.synced(filter=pb.ImportFilter(validate_only=validate_only))
        expect_equal(ids_of(watching), [wanted], f"the imports with validate_only {validate_only}")


@guarantee("filters/retries", "A filter by retry_of tells of the retries of this import alone.")
async def retries(scene: Scene) -> None:
    ended = await scene.ended(rows=2, failed=1)
    watching = await scene.synced(filter=pb.ImportFilter(retry_of=ended.name))
    await scene.subject.hold_work()
    await scene.create()
    child = await scene.answered(scene.imports.RetryImport(pb.RetryImportRequest(name=ended.name)))
    await watching.until_status(pb.STATUS_PENDING, child.name)

    expect_equal(len(recorded(watching.seen)), 1, "how many imports were told of")


@guarantee("filters/creation-time", "created_since is inclusive and created_before is not.")
async def creation_time(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()
    at = created.created_at
    later = Timestamp()
    later.FromDatetime(at.ToDatetime() + timedelta(microseconds=1))

    for filter, wanted in (
        (pb.ImportFilter(created_since=at), 1),
        (pb.ImportFilter(created_since=later), 0),
        (pb.ImportFilter(created_before=at), 0),
        (pb.ImportFilter(created_before=later), 1),
    ):
        watching = await scene.synced(filter=filter)
        expect_equal(len(recorded(watching.seen)), wanted, f"the imports that match {filter}")


@guarantee("filters/with-errors", "A filter by with_errors is judged by the snapshot that would be told.")
async def with_errors(scene: Scene) -> None:
    await scene.subject.hold_work()
    faulty = await scene.create(rows=2, failed=1, import_id="faulty")
    sound = await scene.create(rows=2, import_id="sound")
    watching = await scene.synced(filter=pb.ImportFilter(with_errors=True))
    await scene.subject.release_work()
    await scene.end_of(sound.name)
    await scene.end_of(faulty.name)
    await watching.until_status(pb.STATUS_COMPLETED, faulty.name)
    await scene.silence(watching)

    expect_equal(ids_of(watching), ["faulty"], "the imports that were told of")


@guarantee(
    "filters/invalid",
    "A filter that no import can match is INVALID_ARGUMENT, naming the field, in lists too.",
)
async def invalid(scene: Scene) -> None:
    for filter, field in (
        (pb.ImportFilter(statuses=[pb.STATUS_UNSPECIFIED]), "filter.statuses"),
        (pb.ImportFilter(resource_types=["skus"] * 101), "filter.resource_types"),
        (pb.ImportFilter(reference="r" * 256), "filter.reference"),
        (pb.ImportFilter(reference_prefix="r" * 256), "filter.reference_prefix"),
        (pb.ImportFilter(retry_of="none"), "filter.retry_of"),
    ):
        listing = pb.ListImportsRequest(parent=scene.parent, filter=filter)
        for refusal in (
            await scene.watch_all(filter=filter).refusal(),
            await scene.refused(scene.imports.ListImports(listing)),
        ):
            fields = [name for name, _ in refusal.violations]
            expect_equal(
                (refusal.code.name, refusal.reason, fields),
                ("INVALID_ARGUMENT", "FIELD_INVALID", [field]),
                f"the refusal of {field}",
            )
