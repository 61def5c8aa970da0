"""Imports that wait for others (`spec.after`)."""

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.conformance.guarantees import expect, expect_equal, guarantee
from imports_client.testing.conformance.scene import TYPE, Scene, document


@guarantee(
    "after/waits",
    "An import starts when those that it names in `after` have ended, and says until then that it waits for them.",
)
async def waits(scene: Scene) -> None:
    await scene.subject.hold_work()
    first = await scene.create()
    second = await scene.create(after=[first.name])
    waiting = await scene.watch(second.name).next()
    await scene.subject.release_work()
    ended = await scene.end_of(second.name)
    before = await scene.get(first.name)

    expect_equal(list(second.after), [first.name], "what the import says that it waits for")
    expect_equal(waiting.progress.pending_reason, pb.PENDING_REASON_AFTER, "why it is pending")
    expect_equal(ended.status, pb.STATUS_COMPLETED, "how it ended")
    expect(
        before.completed_at.ToNanoseconds() <= ended.started_at.ToNanoseconds(),
        f"it started before {first.name} had ended",
    )


@guarantee("after/gone", "What waits for an import starts also when that is interrupted or deleted.")
async def gone(scene: Scene) -> None:
    await scene.subject.hold_work()
    first, second = await scene.create(), await scene.create()
    third = await scene.create(after=[first.name, second.name])
    await scene.interrupt(first.name)
    await scene.delete(second.name)
    await scene.subject.release_work()

    ended = await scene.end_of(third.name)

    expect_equal(ended.status, pb.STATUS_COMPLETED, "how the import ended that waited")


@guarantee("after/unknown", "An import that waits for one that does not exist is refused: NOT_FOUND.")
async def unknown(scene: Scene) -> None:
    name = f"{scene.parent}/imports/nothing"
    request = pb.CreateImportRequest(
        parent=scene.parent, spec=pb.ImportSpec(resource_type=TYPE, after=[name]), document=document(1)
    )

    refusal = await scene.refused(scene.imports.CreateImport(request))

    expect_equal((refusal.code.name, refusal.reason), ("NOT_FOUND", "IMPORT_NOT_FOUND"), "the refusal")
