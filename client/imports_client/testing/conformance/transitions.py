"""What a watch of one import tells of its course."""

from google.protobuf.struct_pb2 import Struct

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.conformance.guarantees import expect, expect_equal, guarantee
from imports_client.testing.conformance.scene import Scene
from imports_client.testing.conformance.watching import outline, recorded

LARGE_CHARACTERS = 60_000
LARGE_CHANGES = 100


def changes_of(events: list[pb.ImportEvent]) -> list[tuple[str, str]]:
    """The status before and after each TRANSITION."""
    return [
        (pb.Status.Name(event.previous_status), pb.Status.Name(event.snapshot.status))
        for event in events
        if event.kind == pb.KIND_TRANSITION
    ]


@guarantee(
    "transitions/each-once-in-order",
    "Every transition is told once and in order, and its previous_status is the status of the one before.",
)
async def each_once_in_order(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create(rows=30)
    watching = scene.watch(created.name)
    await watching.next()
    await scene.subject.release_work()

    told = await watching.rest()

    expect_equal(
        changes_of(told),
        [("STATUS_PENDING", "STATUS_IN_PROGRESS"), ("STATUS_IN_PROGRESS", "STATUS_COMPLETED")],
        "the transitions",
    )


@guarantee("transitions/terminal-last", "The terminal TRANSITION is the last event, then the watch ends OK.")
async def terminal_last(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create(rows=30, failed=20, skip_errors=False)
    watching = scene.watch(created.name)
    await watching.next()
    await scene.subject.release_work()

    told = await watching.rest()
    now = await scene.get(created.name)

    terminal = [event for event in told if event.snapshot.status == pb.STATUS_INTERRUPTED]
    expect_equal(outline(terminal), "TRANSITION interrupted", "the events of the ended import")
    expect(told[-1] is terminal[-1], f"the last event is {outline(told[-1:])}")
    expect_equal(told[-1].snapshot.errors_count, now.errors_count, "the errors at the end")
    expect_equal(told[-1].snapshot.status_reason, pb.STATUS_REASON_TOO_MANY_ERRORS, "the reason")


@guarantee(
    "transitions/of-their-moment",
    "A TRANSITION carries the import as it was in the moment of the change, however late it is told.",
)
async def of_their_moment(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create(rows=30)
    watching = scene.watch(created.name)
    token = (await watching.next()).resume_token
    await scene.subject.release_work()
    ended = await scene.end_of(created.name)
    await scene.update(created.name, "later")

    told = recorded(await scene.watch(created.name, token=token).rest())

    started = told[0].snapshot
    expect_equal(started.status, pb.STATUS_IN_PROGRESS, "the status of the first transition")
    expect_equal(started.processed_count, 0, "the rows done at the start")
    expect_equal(started.started_at, ended.started_at, "started_at")
    expect_equal(told[1].snapshot, ended, "the import in its last transition")


@guarantee(
    "transitions/interrupted-while-pending",
    "An import that is interrupted while pending goes from pending to interrupted, and never starts.",
)
async def interrupted_while_pending(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create(rows=3)
    watching = scene.watch(created.name)
    await watching.next()
    await scene.interrupt(created.name)
    await scene.subject.release_work()

    told = await watching.rest()

    last = told[-1].snapshot
    expect_equal(changes_of(told), [("STATUS_PENDING", "STATUS_INTERRUPTED")], "the transitions")
    expect(not last.HasField("started_at"), "it has been started")
    expect_equal(last.status_reason, pb.STATUS_REASON_REQUESTED, "the reason")
    expect_equal(last.not_processed_count, 3, "the rows not processed")


@guarantee("transitions/update-is-a-snapshot", "UpdateImport that changes something is told as one SNAPSHOT.")
async def update_is_a_snapshot(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()
    watching = scene.watch(created.name)
    await watching.next()

    updated = await scene.update(created.name, "changed")
    told = await watching.until_kind(pb.KIND_SNAPSHOT)
    await scene.update(created.name, "changed")
    await scene.silence(watching)

    expect_equal(told.snapshot, updated, "the snapshot")
    expect_equal(len(recorded(watching.seen)), 2, "the snapshots, of the beginning and of one change")


@guarantee(
    "transitions/interrupt-request-is-a-snapshot",
    "An interrupt request is told as one SNAPSHOT before the end.",
)
async def interrupt_request_is_a_snapshot(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()
    watching = scene.watch(created.name)
    await watching.next()

    asked = await scene.interrupt(created.name)
    told = await watching.until_kind(pb.KIND_SNAPSHOT)
    await scene.interrupt(created.name)
    await scene.subject.release_work()
    rest = await watching.rest()

    expect_equal(told.snapshot, asked, "the snapshot")
    expect(told.snapshot.HasField("interrupt_requested_at"), "interrupt_requested_at is not set")
    expect_equal(outline(recorded(rest)), "TRANSITION interrupted", "what came after the request")


@guarantee("transitions/slow-reader", "A reader who takes nothing for a while misses no recorded event.")
async def slow_reader(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create(rows=30)
    watching = scene.watch(created.name)
    await watching.next()
    # more than fits into what lies between a server and its client
    large = Struct()
    large["text"] = "x" * LARGE_CHARACTERS
    references = [f"change {number}" for number in range(LARGE_CHANGES)]
    for reference in references:
        request = pb.UpdateImportRequest(name=created.name, reference=reference, metadata=large)
        await scene.answered(scene.imports.UpdateImport(request))
    await scene.subject.release_work()
    await scene.end_of(created.name)

    told = recorded(await watching.rest())

    changes = [event.snapshot.reference for event in told if event.kind == pb.KIND_SNAPSHOT]
    expect_equal(changes, references, "the changes")
    expect_equal(
        changes_of(told),
        [("STATUS_PENDING", "STATUS_IN_PROGRESS"), ("STATUS_IN_PROGRESS", "STATUS_COMPLETED")],
        "the transitions",
    )
