"""Several replicas: a call goes to another one when the one it was at is gone."""

import asyncio
import socket

import pytest

from imports_client import connect
from tests.client.scripted import NAME, STORY, Cut, How, Script, replicas
from tests.client.watched import TOKENS, tokens_seen, watched

TIMES = 6
"""Where the first call of a client goes is left to chance; so many at once all but surely try both."""


@pytest.mark.parametrize("how", [How.RESTART, How.SILENCE, How.AWAY])
async def test_a_watch_moves_to_another_replica(how: How) -> None:
    script = Script(STORY, [Cut(2, how)])

    assert await watched(script, 2, max_silence=0.3) == TOKENS

    (first, _), (second, token) = script.streams
    assert {first, second} == {0, 1}
    assert token == "2"


async def test_a_replica_that_is_gone_costs_a_call_nothing_but_a_pause(unused_tcp_port: int) -> None:
    async def get(target: str) -> None:
        async with connect(f"127.0.0.1:{unused_tcp_port}, {target}") as imports:
            assert (await imports.get(NAME)).uid == "u"

    async with replicas(Script(STORY)) as target, asyncio.TaskGroup() as group:
        for _ in range(TIMES):
            group.create_task(get(target))


async def test_a_watch_passes_over_a_replica_that_takes_connections_and_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as hole:
        port = hole.getsockname()[1]

        async def watch(target: str) -> None:
            async with connect(f"127.0.0.1:{port},{target}") as imports:
                assert await tokens_seen(imports, max_silence=0.3) == TOKENS

        async with replicas(Script(STORY)) as target, asyncio.TaskGroup() as group:
            for _ in range(TIMES):
                group.create_task(watch(target))
