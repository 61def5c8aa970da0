"""HEARTBEAT: what tells a watcher that the watch is alive, and keeps its token young."""

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.conformance.guarantees import expect, expect_equal, guarantee
from imports_client.testing.conformance.scene import OTHER_TYPE, TYPE, Scene
from imports_client.testing.conformance.watching import outline, recorded

TOO_SOON = 0.5
"""Heartbeats closer than this part of their interval, by the clock of the server, are too many."""
MOST_PROGRESS = 6
"""A pending import may tell how it stands in between, not again and again."""


def is_younger(event: pb.ImportEvent, before: str) -> bool:
    """Whether it is a HEARTBEAT that has come further than the token."""
    return event.kind == pb.KIND_HEARTBEAT and event.resume_token != before


@guarantee(
    "heartbeats/after-silence",
    "After the time of silence a HEARTBEAT comes, and not sooner, in both watches.",
)
async def after_silence(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()

    for watching in (scene.watch(created.name), await scene.synced()):
        second = await watching.until_kind(pb.KIND_HEARTBEAT)
        for _ in range(MOST_PROGRESS):
            first, second = second, await watching.next()
            if first.kind == second.kind == pb.KIND_HEARTBEAT:
                break
        expect_equal(outline([first, second]), "HEARTBEAT, HEARTBEAT", "what comes in silence")
        apart = (second.occurred_at.ToNanoseconds() - first.occurred_at.ToNanoseconds()) / 1e9
        least = TOO_SOON * scene.subject.heartbeat_seconds
        expect(apart >= least, f"two heartbeats came within {apart:.3f} s")


@guarantee(
    "heartbeats/usable-token", "The token of a HEARTBEAT resumes the watch: what comes next is told, once."
)
async def usable_token(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()
    one, all_ = scene.watch(created.name), await scene.synced()
    await scene.update(created.name, "told")
    for watching in (one, all_):
        await watching.until(lambda event: event.snapshot.reference == "told", "the change")
    of_one = await one.until_kind(pb.KIND_HEARTBEAT)
    of_all = await all_.until_kind(pb.KIND_HEARTBEAT)
    await scene.update(created.name, "missed")

    for resumed in (
        scene.watch(created.name, token=of_one.resume_token),
        scene.watch_all(token=of_all.resume_token),
    ):
        await resumed.until_kind(pb.KIND_HEARTBEAT)
        told = [event.snapshot.reference for event in recorded(resumed.seen)]
        expect_equal(told, ["missed"], "what was told after the heartbeat's token")


@guarantee(
    "heartbeats/young-token",
    "The token of a HEARTBEAT passes what concerned others, so that a quiet import's never becomes too old.",
)
async def young_token(scene: Scene) -> None:
    await scene.subject.hold_work()
    quiet, other = await scene.create(), await scene.create()
    watching = scene.watch(quiet.name)
    before = (await watching.until_kind(pb.KIND_HEARTBEAT)).resume_token
    await scene.update(other.name, "changed")
    await watching.until(lambda event: is_younger(event, before), "a HEARTBEAT with a younger token")
    await scene.subject.expire_events()

    resumed = scene.watch(quiet.name, token=watching.token)
    await resumed.until_kind(pb.KIND_HEARTBEAT)

    expect_equal(outline(recorded(resumed.seen)), "nothing", "what was told after the heartbeat")


@guarantee(
    "heartbeats/past-what-is-filtered-out",
    "The token of a HEARTBEAT of WatchImports passes events that its filter keeps back.",
)
async def past_what_is_filtered_out(scene: Scene) -> None:
    await scene.subject.hold_work()
    filter = pb.ImportFilter(resource_types=[OTHER_TYPE])
    watching = await scene.synced(filter=filter)
    before = (await watching.until_kind(pb.KIND_HEARTBEAT)).resume_token
    await scene.create(resource_type=TYPE)
    await watching.until(lambda event: is_younger(event, before), "a HEARTBEAT with a younger token")
    await scene.subject.expire_events()

    resumed = await scene.synced(filter=filter, token=watching.token)

    expect_equal(outline(recorded([*watching.seen, *resumed.seen])), "nothing", "what was told")
