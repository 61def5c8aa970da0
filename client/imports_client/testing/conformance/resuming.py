"""Resuming a watch of one import from a token."""

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.conformance.guarantees import expect, expect_equal, guarantee
from imports_client.testing.conformance.scene import Scene
from imports_client.testing.conformance.watching import Watching, essences, outline, recorded


async def watched_to_its_end(scene: Scene) -> tuple[str, Watching]:
    """An import of many recorded events and some progress, and the watch that has seen all of it."""
    await scene.subject.hold_work()
    created = await scene.create(rows=30)
    watching = scene.watch(created.name)
    await watching.next()
    await scene.update(created.name, "one")
    await watching.until_kind(pb.KIND_SNAPSHOT)
    await watching.until_kind(pb.KIND_HEARTBEAT)
    await scene.update(created.name, "two")
    await watching.until_kind(pb.KIND_SNAPSHOT)
    await scene.subject.release_work()
    await watching.rest()
    return created.name, watching


@guarantee(
    "resume/from-every-token",
    "A watch that resumes from any token is told exactly the recorded events after it.",
)
async def from_every_token(scene: Scene) -> None:
    name, watching = await watched_to_its_end(scene)

    for place, event in enumerate(watching.seen):
        told = await scene.watch(name, token=event.resume_token).rest()
        missed = watching.seen[place + 1 :]
        expect_equal(
            outline(recorded(told)), outline(recorded(missed)), f"what came after {outline([event])}"
        )
        expect(essences(told) == essences(missed), "an event differs from when it was told first")


@guarantee("resume/from-the-terminal-token", "A resume from the token of the last event is OK with no event.")
async def from_the_terminal_token(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()
    watching = scene.watch(created.name)
    await watching.next()
    await scene.subject.release_work()
    await watching.rest()

    told = await scene.watch(created.name, token=watching.token).rest()

    expect_equal(outline(told), "nothing", "what came after the last event")


@guarantee(
    "resume/after-a-restart", "A watch that is cut off by a restart resumes and loses and repeats nothing."
)
async def after_a_restart(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create(rows=30)
    watching = scene.watch(created.name)
    await watching.next()
    await scene.update(created.name, "seen")
    await watching.until_kind(pb.KIND_SNAPSHOT)

    await scene.subject.restart()
    for reference in ("missed", "missed too"):
        await scene.update(created.name, reference)
    await scene.subject.release_work()
    resumed = recorded(await scene.watch(created.name, token=watching.token).rest())

    expect_equal(
        outline(resumed),
        "SNAPSHOT pending, SNAPSHOT pending, TRANSITION in_progress, TRANSITION completed",
        "what came after the restart",
    )
    references = [event.snapshot.reference for event in resumed]
    expect_equal(references, ["missed", *["missed too"] * 3], "the references in it")


@guarantee(
    "resume/expired",
    "A token older than the events that are kept is OUT_OF_RANGE RESUME_TOKEN_EXPIRED; a fresh watch works.",
)
async def expired(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()
    watching = scene.watch(created.name)
    first = await watching.next()
    await scene.update(created.name, "changed")
    await watching.until_kind(pb.KIND_SNAPSHOT)
    watching.close()
    await scene.subject.expire_events()

    refusal = await scene.watch(created.name, token=first.resume_token).refusal()
    afresh = await scene.watch(created.name).next()

    expect_equal((refusal.code.name, refusal.reason), ("OUT_OF_RANGE", "RESUME_TOKEN_EXPIRED"), "the refusal")
    expect_equal(afresh.kind, pb.KIND_SNAPSHOT, "the first event of a fresh watch")


@guarantee(
    "resume/counts-at-the-end",
    "A watch that missed the end is told it with the counts of the end: all rows are accounted for.",
)
async def counts_at_the_end(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create(rows=30, failed=1)
    watching = scene.watch(created.name)
    token = (await watching.next()).resume_token
    watching.close()
    await scene.subject.release_work()
    ended = await scene.end_of(created.name)

    told = await scene.watch(created.name, token=token).rest()

    last = told[-1].snapshot
    expect_equal(last, ended, "the import in the last event")
    expect_equal(
        last.processed_count + last.errors_count + last.not_processed_count, 30, "the rows accounted for"
    )
