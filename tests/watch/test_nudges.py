"""Nudges: within a process, between processes, through lost connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from imports_service.store.nudges import (
    ANYTHING,
    MAX_PAYLOAD_BYTES,
    MAX_WAITING,
    Nudge,
    Nudges,
    listening,
    open_nudges,
    payloads,
)
from tests.eventually import eventually

ORGANIZATION = "acme"
UID = "0198f3a0-0000-7000-8000-000000000001"
OTHER_UID = "0198f3a0-0000-7000-8000-000000000002"


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@asynccontextmanager
async def connected(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]", name: str
) -> AsyncIterator[Nudges]:
    """Nudges of a process of that name, listening."""
    async with open_nudges(database_url, application_name=name) as nudges:
        await eventually(lambda: nudges.is_connected, what=f"{name} listening")
        yield nudges


async def disconnect(connection: "asyncpg.Connection[asyncpg.Record]", name: str) -> None:
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", name
    )


class Listener:
    """What it was told."""

    def __init__(self) -> None:
        self.nudges: list[Nudge] = []

    def __call__(self, nudge: Nudge) -> None:
        self.nudges.append(nudge)

    async def told(self, nudge: Nudge) -> None:
        await eventually(lambda: nudge in self.nudges, what=f"{nudge}")


async def set_soon(event: asyncio.Event) -> None:
    async with asyncio.timeout(10):
        await event.wait()


async def test_a_change_is_told_to_the_listeners_of_its_organization_at_once() -> None:
    nudges, listener, foreign = Nudges(), Listener(), Listener()

    with nudges.subscribe(ORGANIZATION, listener), nudges.subscribe("globex", foreign):
        nudges.changed(ORGANIZATION, UID)
        nudges.progressed(ORGANIZATION, OTHER_UID)

    assert listener.nudges == [Nudge(UID), Nudge(OTHER_UID, is_progress=True)]
    assert foreign.nudges == []


async def test_a_listener_that_left_is_forgotten() -> None:
    nudges, listener = Nudges(), Listener()

    with nudges.subscribe(ORGANIZATION, listener), nudges.subscribe(ORGANIZATION, Listener()):
        pass
    nudges.changed(ORGANIZATION, UID)

    assert not listener.nudges
    assert not nudges._listeners


async def test_changes_are_told_in_another_process(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    listener = Listener()
    async with (
        connected(database_url, connection, "one") as one,
        connected(database_url, connection, "two") as two,
    ):
        with two.subscribe(ORGANIZATION, listener):
            one.changed("globex", UID)
            one.changed(ORGANIZATION, UID)
            one.progressed(ORGANIZATION, OTHER_UID)

            await listener.told(Nudge(OTHER_UID, is_progress=True))

    assert listener.nudges == [Nudge(UID), Nudge(OTHER_UID, is_progress=True)]


async def test_work_wakes_idle_workers_of_every_process(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with (
        connected(database_url, connection, "one") as one,
        connected(database_url, connection, "two") as two,
    ):
        one.work_wanted.clear()
        two.work_wanted.clear()

        one.work()

        assert one.work_wanted.is_set()
        await set_soon(two.work_wanted)


async def test_many_changes_at_once_leave_in_few_messages(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    received: list[str] = []
    await connection.add_listener("imports", lambda *message: received.append(str(message[-1])))
    async with connected(database_url, connection, "one") as one:
        for _ in range(50):
            for number in range(100):
                one.changed(ORGANIZATION, f"{number:036}")

        await eventually(lambda: len(set("\n".join(received).split("\n"))) == 100, what="all changes sent")

    assert len(received) == 1


async def test_the_sender_is_not_told_by_its_own_message(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    received, listener = asyncio.Event(), Listener()
    await connection.add_listener("imports", lambda *_: received.set())
    async with connected(database_url, connection, "one") as one:
        with one.subscribe(ORGANIZATION, listener):
            one.changed(ORGANIZATION, UID)
            await set_soon(received)
            received.clear()
            # the second message comes after the first one's echo on the same connection
            one.changed(ORGANIZATION, OTHER_UID)
            await set_soon(received)

    assert listener.nudges == [Nudge(UID), Nudge(OTHER_UID)]


async def test_what_arrived_with_the_end_of_the_connection_is_given_out_all_the_same(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    received: list[str] = []

    def take(payload: str) -> None:
        received.append(payload)
        listener.terminate()

    async with listening(database_url, "one", take) as listener:
        async with connection.transaction():  # both arrive at once
            await connection.execute("SELECT pg_notify('imports', 'first'), pg_notify('imports', 'second')")
        await eventually(lambda: len(received) == 2, what="both told")

    assert received == ["first", "second"]


async def test_a_lost_connection_comes_back_and_everything_may_have_changed(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    listener = Listener()
    async with connected(database_url, connection, "one") as one:
        one.work_wanted.clear()
        with one.subscribe(ORGANIZATION, listener):
            await disconnect(connection, "one")

            await listener.told(ANYTHING)
            await set_soon(one.work_wanted)


async def test_a_change_told_while_the_connection_is_away_arrives_after_it_is_back(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    received: list[str] = []
    await connection.add_listener("imports", lambda *message: received.append(str(message[-1])))
    async with connected(database_url, connection, "one") as one:
        await disconnect(connection, "one")
        await eventually(lambda: not one.is_connected, what="the loss noticed")

        one.changed(ORGANIZATION, UID)

        await eventually(
            lambda: f"i:{ORGANIZATION}:{UID}" in "\n".join(received).split("\n"), what="the nudge"
        )


async def test_without_a_database_changes_are_still_told_in_the_process_and_nothing_fails() -> None:
    listener = Listener()
    async with open_nudges("postgresql://nobody@127.0.0.1:1/none", application_name="alone") as nudges:
        with nudges.subscribe(ORGANIZATION, listener):
            nudges.changed(ORGANIZATION, UID)

            assert listener.nudges == [Nudge(UID)]
            assert not nudges.is_connected


async def test_what_waits_for_the_connection_is_bounded() -> None:
    nudges = Nudges()

    for number in range(2 * MAX_WAITING):
        nudges.changed(ORGANIZATION, str(number))

    assert len(nudges._outgoing) <= MAX_WAITING
    assert "*" in nudges._outgoing


def test_payloads_hold_every_line_and_stay_below_the_limit() -> None:
    lines = [f"i:{'o' * 64}:{number:036}" for number in range(1_000)]

    joined = payloads(lines)

    assert "\n".join(joined).split("\n") == lines
    assert max(map(len, joined)) <= MAX_PAYLOAD_BYTES
