"""The faults are faults: they hit what they say that they hit, and what was hit comes back."""

import pytest

from tests.eventually import eventually
from tests.watch_properties.conftest import Stage


@pytest.mark.parametrize("server", [0, 1])
async def test_the_listener_of_a_server_is_cut_and_comes_back(stage: Stage, server: int) -> None:
    for _ in range(2):

        async def one_is_cut() -> bool:
            return await stage.fleet.servers[server].cut_listener() == 1

        await eventually(one_is_cut, what="a listener")
