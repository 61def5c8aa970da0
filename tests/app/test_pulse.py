"""What is known of a part: when it counts as away, who is told, and who is not kept waiting."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

import pytest

from imports_service import pulse as pulse_module
from imports_service.pulse import PartSilent, Pulse, keep_asking
from imports_service.readiness import Phase, Readiness
from tests.eventually import eventually


@asynccontextmanager
async def asked(pulse: Pulse, ask: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    asking = asyncio.create_task(keep_asking(pulse, ask))
    try:
        yield
    finally:
        asking.cancel()
        await asyncio.wait([asking])


def test_one_slow_answer_makes_no_part_go_away_two_in_a_row_do() -> None:
    async def play() -> None:
        pulse = Pulse("database")

        pulse.failed("no answer", is_silence=True)
        once = (pulse.is_away, pulse.is_silent, pulse.trouble)
        pulse.answered()
        pulse.failed("refused")
        pulse.failed("no answer", is_silence=True)
        twice = (pulse.is_away, pulse.is_silent, pulse.trouble)
        began = pulse.since
        pulse.failed("refused")
        still = (pulse.is_away, pulse.is_silent, pulse.since)
        pulse.answered()

        assert once == (False, False, "no answer")
        assert twice == (True, True, "no answer")
        assert still == (True, False, began)
        assert (pulse.is_away, pulse.trouble, pulse.since) == (False, None, None)

    asyncio.run(play())


async def test_who_waits_for_a_part_that_falls_silent_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse_module, "ANSWER_SECONDS", 0.05)
    pulse = Pulse("database")

    async with asked(pulse, asyncio.Event().wait):  # type: ignore[arg-type]
        with pytest.raises(PartSilent):
            async with asyncio.timeout(5), pulse.patience():
                await asyncio.Event().wait()
        with pytest.raises(PartSilent):
            async with pulse.patience():
                pytest.fail("a part that is known to be silent is not tried")


async def test_who_waits_for_a_part_that_refuses_finds_out_alone_unless_that_takes_time() -> None:
    pulse = Pulse("objects")
    async with pulse.patience():
        pulse.failed("refused")
        pulse.failed("refused")
        await asyncio.sleep(0)

    async with pulse.patience():
        pass
    with pytest.raises(PartSilent):
        async with pulse.patience(tries_when_away=False):
            pytest.fail("a part that is away is not tried")


async def test_a_timeout_of_ones_own_stays_ones_own() -> None:
    with pytest.raises(TimeoutError) as caught:
        async with Pulse("database").patience(), asyncio.timeout(0):
            await asyncio.Event().wait()

    assert not isinstance(caught.value, PartSilent)


async def test_trouble_is_remembered_when_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse_module, "SLOW_SECONDS", -1.0)  # every answer is too slow
    pulse = Pulse("database")
    began = asyncio.get_running_loop().time()
    assert pulse.is_known_well(asked_for=60, well_for=60)  # nobody asks, so nobody doubts

    async def answer() -> None:
        """At once."""

    async with asked(pulse, answer):
        await eventually(lambda: pulse.had_trouble_since(began), 5, "a slow answer")

    assert not pulse.is_away
    assert not pulse.is_known_well(asked_for=0, well_for=60)
    assert not pulse.is_known_well(asked_for=60, well_for=0)


async def test_readiness_follows_the_needed_parts_and_the_life_of_the_process() -> None:
    database, listener = Pulse("database"), Pulse("listener")
    readiness = Readiness()
    readiness.depends_on(database)
    readiness.depends_on(listener, is_needed=False)
    async with aclosing(readiness.states()) as states:
        told = [await anext(states)]
        readiness.enter(Phase.SERVING)
        told.append(await anext(states))
        for _ in range(2):
            listener.failed("refused")
            database.failed("refused")
        told.append(await anext(states))
        report = readiness.report()
        database.answered()
        told.append(await anext(states))
        readiness.enter(Phase.STOPPING)
        told.append(await anext(states))

    assert told == [False, True, False, True, False]
    assert (report["ready"], report["parts"]["database"]["trouble"]) == (False, "refused")
    assert (report["parts"]["listener"]["status"], report["parts"]["listener"]["needed"]) == ("away", False)
