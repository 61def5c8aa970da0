"""Imports that are deleted: while they are watched, before a watch resumes, and when another takes over the name."""

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.conformance.guarantees import expect, expect_equal, guarantee
from imports_client.testing.conformance.scene import Scene
from imports_client.testing.conformance.watching import essences, outline, recorded


@guarantee(
    "deletion/while-watched", "A deletion is told as DELETED with the last snapshot, then the watch ends OK."
)
async def while_watched(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()
    watching = scene.watch(created.name)
    await watching.next()

    await scene.delete(created.name)
    told = recorded(await watching.rest())

    expect_equal(outline(told), "DELETED pending", "what came")
    expect_equal(told[0].snapshot, created, "the import as it was last")


@guarantee(
    "deletion/resume", "A resume of an import deleted since is told the missed events, DELETED, and ends OK."
)
async def resume(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()
    watching = scene.watch(created.name)
    await watching.next()
    watching.close()
    await scene.subject.release_work()
    await scene.end_of(created.name)
    await scene.delete(created.name)

    told = recorded(await scene.watch(created.name, token=watching.token).rest())
    again = await scene.watch(created.name, token=told[-2].resume_token).rest()
    after = await scene.watch(created.name, token=told[-1].resume_token).rest()

    expect_equal(
        outline(told), "TRANSITION in_progress, TRANSITION completed, DELETED completed", "what was missed"
    )
    expect_equal(essences(again), essences(told[-1:]), "what comes after the end")
    expect_equal(outline(after), "nothing", "what comes after DELETED")


@guarantee("deletion/fresh-watch", "A fresh watch of a deleted import is NOT_FOUND.")
async def fresh_watch(scene: Scene) -> None:
    ended = await scene.ended()
    await scene.delete(ended.name)

    refusal = await scene.watch(ended.name).refusal()

    expect_equal((refusal.code.name, refusal.reason), ("NOT_FOUND", "IMPORT_NOT_FOUND"), "the refusal")


@guarantee(
    "deletion/name-taken-over",
    "A token of a deleted import tells of that import alone, also when another one has its name by now.",
)
async def name_taken_over(scene: Scene) -> None:
    await scene.subject.hold_work()
    first = await scene.create(import_id="twice")
    watching = scene.watch(first.name)
    await watching.next()
    watching.close()
    await scene.delete(first.name)
    second = await scene.create(import_id="twice")

    told = recorded(await scene.watch(first.name, token=watching.token).rest())
    afresh = await scene.watch(first.name).next()

    expect_equal(outline(told), "DELETED pending", "what the old token is told")
    expect_equal(told[0].snapshot.uid, first.uid, "the uid that it is told of")
    expect(first.uid != second.uid, "two imports have one uid")
    expect_equal(afresh.snapshot.uid, second.uid, "the uid that a fresh watch is told of")


@guarantee(
    "deletion/not-in-progress",
    "An import in progress is not deleted: FAILED_PRECONDITION IMPORT_IN_PROGRESS.",
)
async def not_in_progress(scene: Scene) -> None:
    running = await scene.half_way()

    refusal = await scene.refused(scene.imports.DeleteImport(pb.DeleteImportRequest(name=running.name)))
    await scene.get(running.name)

    expect_equal(
        (refusal.code.name, refusal.reason), ("FAILED_PRECONDITION", "IMPORT_IN_PROGRESS"), "the refusal"
    )


@guarantee("deletion/missing", "Deleting what is not there is NOT_FOUND, and OK with allow_missing.")
async def missing(scene: Scene) -> None:
    name = f"{scene.parent}/imports/none"
    delete = scene.imports.DeleteImport

    refusal = await scene.refused(delete(pb.DeleteImportRequest(name=name)))
    await scene.answered(delete(pb.DeleteImportRequest(name=name, allow_missing=True)))

    expect_equal((refusal.code.name, refusal.reason), ("NOT_FOUND", "IMPORT_NOT_FOUND"), "the refusal")


@guarantee("deletion/etag", "A deletion with an etag that is not the import's is ABORTED ETAG_MISMATCH.")
async def etag(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()
    delete = scene.imports.DeleteImport

    refusal = await scene.refused(delete(pb.DeleteImportRequest(name=created.name, etag="another")))
    await scene.answered(delete(pb.DeleteImportRequest(name=created.name, etag=created.etag)))

    expect_equal((refusal.code.name, refusal.reason), ("ABORTED", "ETAG_MISMATCH"), "the refusal")
