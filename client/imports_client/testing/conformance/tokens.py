"""What is a resume token, and what is none."""

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.conformance.guarantees import expect, expect_equal, guarantee
from imports_client.testing.conformance.scene import OTHER_TYPE, TYPE, Scene
from imports_client.testing.conformance.watching import Watching

LONG_ID = "i" * 63
LONG_ORGANIZATION = "o" * 40


async def expect_invalid(watching: Watching, what: str) -> None:
    refusal = await watching.refusal()
    fields = [field for field, _ in refusal.violations]
    expect_equal(
        (refusal.code.name, refusal.reason, fields),
        ("INVALID_ARGUMENT", "RESUME_TOKEN_INVALID", ["resume_token"]),
        f"the refusal of {what}",
    )


@guarantee("tokens/small", "Every event has a token of at most 256 bytes, however long the names are.")
async def small(scene: Scene) -> None:
    await scene.subject.hold_work()
    scene.organization = f"{scene.organization}{LONG_ORGANIZATION}"[:64]
    created = await scene.create(import_id=LONG_ID)
    filter = pb.ImportFilter(
        resource_types=[TYPE, OTHER_TYPE],
        reference_prefix="",
        statuses=[pb.STATUS_PENDING, pb.STATUS_COMPLETED],
    )
    one, all_ = scene.watch(created.name), await scene.synced(filter=filter)
    await one.until_kind(pb.KIND_HEARTBEAT)
    await all_.until_kind(pb.KIND_HEARTBEAT)
    await scene.subject.release_work()
    await one.rest()
    await all_.until_status(pb.STATUS_COMPLETED)

    for event in [*one.seen, *all_.seen]:
        expect(0 < len(event.resume_token) <= 256, f"a token of {len(event.resume_token)} bytes")


@guarantee(
    "tokens/garbage", "A damaged or made up token is INVALID_ARGUMENT RESUME_TOKEN_INVALID, in both watches."
)
async def garbage(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()
    one = await scene.watch(created.name).next()
    all_ = await scene.watch_all().next()

    for token in (
        "x",
        "AAAA",
        "é",
        "1.2.3",
        "A" * 256,
        "A" * 5_000,
        one.resume_token[:-4],
        one.resume_token[4:],
    ):
        await expect_invalid(scene.watch(created.name, token=token), f"{token:.40}")
    for token in ("x", "é", "A" * 256, all_.resume_token[:-4], all_.resume_token[4:]):
        await expect_invalid(scene.watch_all(token=token), f"{token:.40}")


@guarantee("tokens/of-another-import", "A token of a watch of another import is RESUME_TOKEN_INVALID.")
async def of_another_import(scene: Scene) -> None:
    await scene.subject.hold_work()
    one, other = await scene.create(), await scene.create()
    token = (await scene.watch(one.name).next()).resume_token

    await expect_invalid(scene.watch(other.name, token=token), "a token of another import")


@guarantee(
    "tokens/of-another-organization",
    "A token of another organization is RESUME_TOKEN_INVALID, in both watches.",
)
async def of_another_organization(scene: Scene) -> None:
    await scene.subject.hold_work()
    other = scene.another()
    mine, theirs = await scene.create(import_id="same"), await other.create(import_id="same")
    of_one = (await other.watch(theirs.name).next()).resume_token
    of_all = (await other.synced()).token

    await expect_invalid(scene.watch(mine.name, token=of_one), "a token of another organization's import")
    await expect_invalid(scene.watch_all(token=of_all), "a token of another organization")


@guarantee("tokens/of-another-call", "A token of one kind of watch is RESUME_TOKEN_INVALID in the other.")
async def of_another_call(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()
    of_one = (await scene.watch(created.name).next()).resume_token
    of_all = (await scene.synced()).token

    await expect_invalid(scene.watch_all(token=of_one), "a token of WatchImport")
    await expect_invalid(scene.watch(created.name, token=of_all), "a token of WatchImports")


@guarantee(
    "tokens/of-another-filter", "A token of a WatchImports with another filter is RESUME_TOKEN_INVALID."
)
async def of_another_filter(scene: Scene) -> None:
    await scene.subject.hold_work()
    await scene.create()
    token = (await scene.synced(filter=pb.ImportFilter(resource_types=[TYPE]))).token
    resumed = await scene.synced(filter=pb.ImportFilter(resource_types=[TYPE]), token=token)

    await expect_invalid(scene.watch_all(token=token), "a token of a filter, without one")
    await expect_invalid(
        scene.watch_all(token=token, filter=pb.ImportFilter(resource_types=[OTHER_TYPE])),
        "a token of another filter",
    )
    expect_equal(resumed.seen[-1].kind, pb.KIND_SYNCED, "what the same filter is told")
