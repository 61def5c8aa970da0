"""PROGRESS: the newest state, at most so often, and counts that can be relied on."""

import time
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.conformance.guarantees import expect, expect_equal, guarantee
from imports_client.testing.conformance.scene import Scene
from imports_client.testing.conformance.watching import Watching

SHORTEST = timedelta(milliseconds=100)
OUT_OF_BOUNDS = (
    Duration(),
    Duration(nanos=99_999_999),
    Duration(seconds=-1),
    Duration(seconds=3_600, nanos=1),
    Duration(seconds=10**11),
)


def kinds_of(watching: Watching, kind: pb.Kind.ValueType) -> list[pb.ImportEvent]:
    return [event for event in watching.seen if event.kind == kind]


def counts_of(message: pb.Import) -> tuple[int, int, int]:
    return message.processed_count, message.errors_count, message.inputs_size


@guarantee(
    "progress/interval-bounds",
    "A progress_interval from 100 ms to 1 h is taken, any other is INVALID_ARGUMENT, in both watches.",
)
async def interval_bounds(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()

    for allowed in (SHORTEST, timedelta(hours=1)):
        await scene.watch(created.name, progress=allowed).next()
        await scene.watch_all(progress=allowed).next()
    for interval in OUT_OF_BOUNDS:
        for watching in (scene.watch(created.name, progress=interval), scene.watch_all(progress=interval)):
            refusal = await watching.refusal()
            fields = [field for field, _ in refusal.violations]
            expect_equal(
                (refusal.code.name, refusal.reason, fields),
                ("INVALID_ARGUMENT", "FIELD_INVALID", ["progress_interval"]),
                f"the refusal of {interval}",
            )


@guarantee(
    "progress/throttled",
    "Of one import PROGRESS comes at most once per progress_interval (500 ms when unset), in both watches.",
)
async def throttled(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create(rows=200)
    began = time.monotonic()
    given, unset = timedelta(milliseconds=200), timedelta(milliseconds=500)
    watches = [
        (scene.watch(created.name, progress=given), given),
        (scene.watch(created.name), unset),
        (scene.watch_all(progress=given), given),
    ]
    for watching, _ in watches:
        await watching.next()
    await scene.subject.release_work()

    for watching, interval in watches:
        await watching.until_status(pb.STATUS_COMPLETED)
        most = 1 + (time.monotonic() - began) / interval.total_seconds()
        told = len(kinds_of(watching, pb.KIND_PROGRESS))
        expect(told <= most, f"PROGRESS came {told} times where {most:.1f} are allowed")


@guarantee(
    "progress/newest", "PROGRESS carries the newest state: the last one shows the import as it stands."
)
async def newest(scene: Scene) -> None:
    await scene.subject.hold_work()
    watching = scene.watch_all(progress=SHORTEST)
    await watching.until_kind(pb.KIND_SYNCED)
    running = await scene.half_way()

    one = scene.watch(running.name, progress=SHORTEST)
    first = await one.next()
    await watching.until(
        lambda event: event.kind == pb.KIND_PROGRESS and counts_of(event.snapshot) == counts_of(running),
        f"PROGRESS with {running.processed_count} rows done",
    )
    await scene.silence(watching)

    last = kinds_of(watching, pb.KIND_PROGRESS)[-1].snapshot
    expect_equal(counts_of(first.snapshot), counts_of(running), "the counts when a watch begins")
    expect_equal(counts_of(last), counts_of(running), "the counts in the last PROGRESS")


@guarantee(
    "progress/counts",
    "Counts never go back, and processed + errors + not processed is inputs_size at the end and not more before.",
)
async def counts(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create(rows=100, failed=5)
    one, all_ = scene.watch(created.name, progress=SHORTEST), scene.watch_all(progress=SHORTEST)
    await one.next()
    await all_.until_kind(pb.KIND_SYNCED)
    await scene.subject.release_work()
    await one.rest()
    await all_.until_status(pb.STATUS_COMPLETED)

    for watching in (one, all_):
        percent, done = 0.0, 0
        for event in watching.seen:
            if not event.HasField("snapshot"):
                continue
            now = event.snapshot
            rows = now.processed_count + now.errors_count
            parts = now.created_count + now.updated_count + now.unchanged_count
            expect_equal(now.processed_count, parts, "processed_count beside its parts")
            expect(rows >= done and event.progress.percent >= percent, "progress went back")
            expect(rows + now.not_processed_count <= now.inputs_size, "more rows than there are")
            percent, done = event.progress.percent, rows
        expect_equal(done, 100, "the rows accounted for at the end")


@guarantee(
    "progress/pending", "A pending import that moves up is told its new place as PROGRESS, in both watches."
)
async def pending(scene: Scene) -> None:
    await scene.subject.hold_work()
    before, created = await scene.create(), await scene.create()
    one, all_ = scene.watch(created.name, progress=SHORTEST), scene.watch_all(progress=SHORTEST)
    await one.next()
    await all_.until_kind(pb.KIND_SYNCED)

    await scene.delete(before.name)

    for watching in (one, all_):
        moved = await watching.until(
            lambda event: (
                event.kind == pb.KIND_PROGRESS
                and event.snapshot.name == created.name
                and event.progress.queue_position == 0
            ),
            "PROGRESS with the new place",
        )
        expect_equal(moved.snapshot.status, pb.STATUS_PENDING, "the status")
        expect_equal(moved.progress.pending_reason, pb.PENDING_REASON_QUEUED, "why it waits")


@guarantee(
    "progress/after-its-events",
    "PROGRESS never runs ahead of a transition: its status is that of the last recorded event told.",
)
async def after_its_events(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create(rows=100)
    one, all_ = scene.watch(created.name, progress=SHORTEST), scene.watch_all(progress=SHORTEST)
    await one.next()
    await all_.until_kind(pb.KIND_SYNCED)
    await scene.subject.release_work()
    await one.rest()
    await all_.until_status(pb.STATUS_COMPLETED)

    for watching in (one, all_):
        status: pb.Status.ValueType = pb.STATUS_UNSPECIFIED
        for event in watching.seen:
            if event.kind == pb.KIND_PROGRESS:
                expect_equal(event.snapshot.status, status, "the status in PROGRESS")
            elif event.HasField("snapshot"):
                status = event.snapshot.status
