"""WatchImports: all imports of an organization in one stream."""

import asyncio

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.conformance.guarantees import expect, expect_equal, guarantee
from imports_client.testing.conformance.scene import Scene
from imports_client.testing.conformance.watching import Watching, essence, essences, outline, recorded


@guarantee(
    "organization/unfinished-then-synced",
    "WatchImports begins with a SNAPSHOT of every import that has not ended, then SYNCED, once and without snapshot.",
)
async def unfinished_then_synced(scene: Scene) -> None:
    await scene.ended()
    await scene.subject.hold_work()
    unfinished = [await scene.create() for _ in range(3)]

    watching = await scene.synced()
    await scene.silence(watching)

    *told, synced = watching.seen[:4]
    expect_equal(
        sorted(event.snapshot.name for event in told),
        sorted(each.name for each in unfinished),
        "the imports of the first snapshots",
    )
    expect({event.kind for event in told} == {pb.KIND_SNAPSHOT}, f"first came {outline(told)}")
    expect_equal(synced.kind, pb.KIND_SYNCED, "what comes after the snapshots")
    expect(not synced.HasField("snapshot"), "SYNCED has a snapshot")
    expect_equal(sum(event.kind == pb.KIND_SYNCED for event in watching.seen), 1, "how often SYNCED came")


@guarantee("organization/empty", "WatchImports of an organization without imports is SYNCED at once.")
async def empty(scene: Scene) -> None:
    first = await scene.watch_all().next()

    expect_equal(outline([first]), "SYNCED", "the first event")


@guarantee(
    "organization/creation",
    "An import that is created later is told as a TRANSITION to pending from STATUS_UNSPECIFIED.",
)
async def creation(scene: Scene) -> None:
    await scene.subject.hold_work()
    watching = await scene.synced()

    created = await scene.create()
    told = await watching.until(lambda event: event.HasField("snapshot"), "the new import")

    expect_equal(outline([told]), "TRANSITION pending", "how it is told")
    expect_equal(told.snapshot, created, "the import")
    expect_equal(told.previous_status, pb.STATUS_UNSPECIFIED, "the status before")


@guarantee(
    "organization/whole-course",
    "Every recorded event of every import is told once and in order: creation, changes, course, DELETED.",
)
async def whole_course(scene: Scene) -> None:
    await scene.subject.hold_work()
    watching = await scene.synced()
    created = [await scene.create(rows=20) for _ in range(2)]
    for each in created:
        await scene.update(each.name, "changed")
    await scene.subject.release_work()
    for each in created:
        await scene.end_of(each.name)
        await scene.delete(each.name)
    await told_deleted(watching, created[-1].name)

    for each in created:
        told = [event for event in recorded(watching.seen) if event.snapshot.name == each.name]
        expect_equal(
            outline(told),
            "TRANSITION pending, SNAPSHOT pending, TRANSITION in_progress, TRANSITION completed, DELETED completed",
            "what was told of an import",
        )
        before = [event.previous_status for event in told if event.kind == pb.KIND_TRANSITION]
        expect_equal(
            before,
            [pb.STATUS_UNSPECIFIED, pb.STATUS_PENDING, pb.STATUS_IN_PROGRESS],
            "the statuses before its transitions",
        )


async def told_deleted(watching: Watching, name: str) -> pb.ImportEvent:
    return await watching.until(
        lambda event: event.kind == pb.KIND_DELETED and event.snapshot.name == name, "DELETED"
    )


@guarantee("organization/deleted", "A deletion is told as DELETED with the import as it was last.")
async def deleted(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()
    watching = await scene.synced()

    await scene.delete(created.name)
    told = await told_deleted(watching, created.name)

    expect_equal(told.snapshot, created, "the import")


@guarantee(
    "organization/one-order",
    "All recorded events of an organization have one order, the same for every watcher and every resume.",
)
async def one_order(scene: Scene) -> None:
    await scene.subject.hold_work()
    one, other = await scene.synced(), await scene.synced()
    token = one.token
    async with asyncio.TaskGroup() as tasks:
        creations = [tasks.create_task(scene.create()) for _ in range(8)]
    async with asyncio.TaskGroup() as tasks:
        for creation in creations:
            tasks.create_task(scene.update(creation.result().name, "changed"))
    last = await scene.create(import_id="last")
    for watching in (one, other):
        await watching.until_status(pb.STATUS_PENDING, last.name)
    resumed = await scene.synced(token=token)

    expect_equal(len(recorded(one.seen)), 17, "the events of 8 imports, changed, and one more")
    for watching in (other, resumed):
        expect(essences(watching.seen) == essences(one.seen), "two watchers were told different orders")


@guarantee(
    "organization/resume",
    "A resume from any token is told exactly the recorded events after it, then SYNCED.",
)
async def resume(scene: Scene) -> None:
    await scene.subject.hold_work()
    listed = await scene.create(rows=20)
    watching = await scene.synced()
    await scene.create(rows=20)
    await scene.update(listed.name, "changed")
    await scene.subject.release_work()
    await scene.end_of(listed.name)
    await scene.delete(listed.name)
    await scene.create(import_id="last")
    await watching.until_status(pb.STATUS_COMPLETED, f"{scene.parent}/imports/last")

    for place, event in enumerate(watching.seen):
        if place == 0:
            continue  # within the first snapshots: a guarantee of its own
        resumed = await scene.synced(token=event.resume_token)
        missed = recorded(watching.seen[place + 1 :])
        expect_equal(outline(recorded(resumed.seen)), outline(missed), f"what came after {outline([event])}")
        expect([essence(each) for each in missed] == essences(resumed.seen), "an event is not as it was told")


@guarantee(
    "organization/resume-within-first-snapshots",
    "A resume from a token within the first snapshots is told the others and no import twice, then SYNCED.",
)
async def resume_within_first_snapshots(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = [await scene.create() for _ in range(3)]
    watching = await scene.synced()
    first, second, _ = watching.seen[:3]

    for place, event in enumerate((first, second), 1):
        resumed = await scene.synced(token=event.resume_token)
        told = [each.snapshot.name for each in watching.seen[:place] + recorded(resumed.seen)]
        expect_equal(sorted(told), sorted(each.name for each in created), "the imports of both watches")
    await scene.update(first.snapshot.name, "changed")
    resumed = await scene.synced(token=first.resume_token)
    changed = [each for each in recorded(resumed.seen) if each.snapshot.name == first.snapshot.name]
    expect_equal(
        [each.snapshot.reference for each in changed], ["changed"], "what came of the one that was told"
    )


@guarantee(
    "organization/after-a-restart", "A WatchImports that is cut off by a restart loses and repeats nothing."
)
async def after_a_restart(scene: Scene) -> None:
    await scene.subject.hold_work()
    watching = await scene.synced()
    await scene.create(import_id="seen")
    await watching.until_status(pb.STATUS_PENDING)

    await scene.subject.restart()
    await scene.create(import_id="missed")
    resumed = await scene.synced(token=watching.token)

    told = [event.snapshot.name.rpartition("/")[2] for event in recorded(resumed.seen)]
    expect_equal(told, ["missed"], "what was told after the restart")


@guarantee(
    "organization/expired",
    "A token of WatchImports older than the events that are kept is OUT_OF_RANGE RESUME_TOKEN_EXPIRED.",
)
async def expired(scene: Scene) -> None:
    await scene.subject.hold_work()
    watching = await scene.synced()
    old = watching.token
    await scene.create()
    await watching.until_status(pb.STATUS_PENDING)
    watching.close()
    await scene.subject.expire_events()

    refusal = await scene.watch_all(token=old).refusal()
    afresh = await scene.synced()

    expect_equal((refusal.code.name, refusal.reason), ("OUT_OF_RANGE", "RESUME_TOKEN_EXPIRED"), "the refusal")
    expect_equal(outline(afresh.seen), "SNAPSHOT pending, SYNCED", "a fresh watch")


@guarantee(
    "organization/places",
    "Every snapshot has progress; a pending import's says how many are before it, from the first snapshot on.",
)
async def places(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = [await scene.create() for _ in range(3)]
    watching = await scene.synced()
    first = {event.snapshot.name: event.progress.queue_position for event in recorded(watching.seen)}
    last = await scene.create()
    await watching.until(
        lambda event: event.snapshot.name == last.name and event.progress.queue_position == 3,
        "the place of an import that was created later",
    )

    expect_equal([first[each.name] for each in created], [0, 1, 2], "how many are before each")
    expect(
        all(event.HasField("progress") == event.HasField("snapshot") for event in watching.seen),
        "a snapshot without progress",
    )


@guarantee("organization/alone", "WatchImports tells nothing of other organizations.")
async def alone(scene: Scene) -> None:
    await scene.subject.hold_work()
    other = scene.another()
    await other.create()
    watching = await scene.synced()
    await other.create()
    await scene.create(import_id="mine")
    await watching.until_status(pb.STATUS_PENDING, f"{scene.parent}/imports/mine")

    told = [event.snapshot.name for event in recorded(watching.seen)]
    expect_equal(told, [f"{scene.parent}/imports/mine"], "the imports that it was told of")


@guarantee("organization/malformed-parent", "WatchImports of a parent that is none is INVALID_ARGUMENT.")
async def malformed_parent(scene: Scene) -> None:
    for parent in ("", "organizations", "organizations/-", "organizations/a/imports", "organizations/ä"):
        watching = Watching(scene.imports.WatchImports(pb.WatchImportsRequest(parent=parent)), scene.patience)
        refusal = await watching.refusal()
        fields = [field for field, _ in refusal.violations]
        expect_equal(
            (refusal.code.name, refusal.reason, fields),
            ("INVALID_ARGUMENT", "FIELD_INVALID", ["parent"]),
            f"the refusal of {parent!r}",
        )
