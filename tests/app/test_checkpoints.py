"""Checkpoints: where a test stops a process, and nowhere else."""

import asyncio

import pytest

from imports_service.checkpoints import Checkpoints


async def goes_on(checkpoints: Checkpoints, name: str) -> bool:
    """Whether reaching the place comes back, after every step that the loop can make."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(checkpoints.reach(name))
        await asyncio.sleep(0)
        has_gone_on = task.done()
        task.cancel()
    return has_gone_on


async def test_without_a_name_every_place_is_passed() -> None:
    assert await goes_on(Checkpoints(), "after-fence")


async def test_the_named_place_says_so_and_waits(capsys: pytest.CaptureFixture[str]) -> None:
    checkpoints = Checkpoints("after-fence")

    assert await goes_on(checkpoints, "after-write")
    assert not await goes_on(checkpoints, "after-fence")
    assert capsys.readouterr().out == "stopped at after-fence\n"


async def test_with_a_turn_only_that_one_stops() -> None:
    checkpoints = Checkpoints("object-stored:2")

    assert await goes_on(checkpoints, "object-stored")
    assert not await goes_on(checkpoints, "object-stored")
    assert await goes_on(checkpoints, "object-stored")
