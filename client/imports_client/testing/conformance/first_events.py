"""How a watch of one import begins, and what its snapshots carry."""

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.conformance.guarantees import expect, expect_equal, guarantee
from imports_client.testing.conformance.scene import Scene
from imports_client.testing.conformance.watching import outline

REPORT_FIELDS = (
    "errors_log",
    "warnings_log",
    "issue_summary",
    "attachment_url",
    "failed_inputs_url",
)


@guarantee("watch/snapshot-first", "A fresh watch begins with one SNAPSHOT of the import as it is now.")
async def snapshot_first(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()
    updated = await scene.update(created.name, "changed")

    watching = scene.watch(created.name)
    await watching.next()
    await watching.until_kind(pb.KIND_HEARTBEAT)

    first, *others = watching.seen
    expect_equal(pb.Kind.Name(first.kind), "KIND_SNAPSHOT", "the first event")
    expect_equal(first.snapshot, updated, "its snapshot")
    expect(
        all(event.kind in {pb.KIND_PROGRESS, pb.KIND_HEARTBEAT} for event in others),
        f"nothing happened, and yet there came {outline(others)}",
    )


@guarantee("watch/ended-import", "A fresh watch of an ended import is one SNAPSHOT, then OK.")
async def ended_import(scene: Scene) -> None:
    ended = await scene.ended()

    told = await scene.watch(ended.name).rest()

    expect_equal(outline(told), "SNAPSHOT completed", "the watch of an ended import")


@guarantee("watch/plain-snapshots", "Events and lists carry no logs, no URLs and no issue summary.")
async def plain_snapshots(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create(rows=30, failed=1)
    watching = scene.watch(created.name)
    await watching.next()
    await scene.subject.release_work()
    told = [*watching.seen, *await watching.rest()]
    told += await scene.watch(created.name).rest()
    listed = await scene.answered(scene.imports.ListImports(pb.ListImportsRequest(parent=scene.parent)))
    got = await scene.get(created.name)

    expect("errors_log" in [field.name for field, _ in got.ListFields()], "GetImport has no errors_log")
    for shown in [*(event.snapshot for event in told), *listed.imports]:
        fields = {field.name for field, _ in shown.ListFields()}
        expect(fields.isdisjoint(REPORT_FIELDS), f"there are {fields.intersection(REPORT_FIELDS)}")


@guarantee(
    "watch/progress-with-every-snapshot",
    "Every event with a snapshot has progress: percent says how many rows are done, and a pending import says why it "
    "waits and how many are before it.",
)
async def progress_with_every_snapshot(scene: Scene) -> None:
    await scene.subject.hold_work()
    first, second = await scene.create(rows=30), await scene.create(rows=30, failed=1)
    watching = scene.watch(second.name)
    pending = await watching.next()
    await scene.subject.release_work()
    await watching.rest()

    expect_equal(pending.progress.pending_reason, pb.PENDING_REASON_QUEUED, "why a pending import waits")
    expect_equal(pending.progress.queue_position, 1, f"how many are before the import after {first.name}")
    for event in watching.seen:
        snapshot, progress = event.snapshot, event.progress
        done = snapshot.processed_count + snapshot.errors_count
        expect(event.HasField("progress") == event.HasField("snapshot"), "a snapshot without progress")
        if event.HasField("snapshot"):
            percent = 100 * done / snapshot.inputs_size
            expect(abs(progress.percent - percent) < 0.01, f"{progress.percent} % of {percent} %")
    expect_equal(watching.seen[-1].progress.percent, 100.0, "percent at the end")


@guarantee("watch/not-found", "A watch of an import that is not there is NOT_FOUND at once.")
async def not_found(scene: Scene) -> None:
    refusal = await scene.watch(f"{scene.parent}/imports/none").refusal()

    expect_equal((refusal.code.name, refusal.reason), ("NOT_FOUND", "IMPORT_NOT_FOUND"), "the refusal")


@guarantee("watch/malformed-name", "A watch of a name that is none is INVALID_ARGUMENT, naming the field.")
async def malformed_name(scene: Scene) -> None:
    for name in (
        "",
        "none",
        f"{scene.parent}/imports/",
        f"{scene.parent}/imports/-a",
        "organizations/-/imports/a",
    ):
        refusal = await scene.watch(name).refusal()
        fields = [field for field, _ in refusal.violations]
        expect_equal(
            (refusal.code.name, refusal.reason, fields),
            ("INVALID_ARGUMENT", "FIELD_INVALID", ["name"]),
            f"the refusal of {name!r}",
        )


@guarantee("watch/leaving-changes-nothing", "Leaving a watch changes nothing for the import.")
async def leaving_changes_nothing(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()
    watching = scene.watch(created.name)
    await watching.next()
    watching.close()
    await scene.subject.release_work()

    ended = await scene.end_of(created.name)

    expect_equal(ended.status, pb.STATUS_COMPLETED, "the status of the import that was left")
