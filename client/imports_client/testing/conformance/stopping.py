"""A server that stops."""

import asyncio

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.refusals import Refusal
from imports_client.testing.conformance.guarantees import expect, expect_equal, guarantee
from imports_client.testing.conformance.scene import Scene


def expect_stopping(refusal: Refusal, what: str) -> None:
    expect_equal((refusal.code.name, refusal.reason), ("UNAVAILABLE", "STOPPING"), f"how {what} ended")
    expect(refusal.retry_after_seconds is not None, f"{what} ended without RetryInfo")


@guarantee(
    "stopping/watch", "A server that stops ends a WatchImport with UNAVAILABLE STOPPING and RetryInfo."
)
async def watch(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()
    watching = scene.watch(created.name)
    await watching.next()

    await scene.subject.restart()

    expect_stopping(await watching.refusal(), "the watch")


@guarantee(
    "stopping/organization",
    "A server that stops ends a WatchImports with UNAVAILABLE STOPPING and RetryInfo.",
)
async def organization(scene: Scene) -> None:
    watching = await scene.synced()

    await scene.subject.restart()

    expect_stopping(await watching.refusal(), "the watch")


@guarantee("stopping/wait", "A server that stops ends a WaitImport with UNAVAILABLE STOPPING and RetryInfo.")
async def wait(scene: Scene) -> None:
    await scene.subject.hold_work()
    created = await scene.create()
    call = scene.imports.WaitImport(pb.WaitImportRequest(name=created.name))
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(scene.refused(call))
        # an answer to a later call on the same connection: by then the earlier one has arrived
        await scene.get(created.name)
        await scene.subject.restart()

    expect_stopping(waiting.result(), "the wait")
