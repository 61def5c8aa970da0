"""What the command line says when something is missing, wrong or lost on the way."""

import asyncio
import sys
from pathlib import Path

import grpc
import pytest

from imports_client import connect
from imports_client.testing import fake_service
from tests.client.shell import environment, imports

WITHOUT_THE_EXTRA = """
import sys
sys.modules["cyclopts"] = None
from imports_client.cli.entry import run
run()
"""


@pytest.mark.parametrize("json", [True, False])
async def test_an_import_that_was_created_is_named_when_it_cannot_be_watched(
    tmp_path: Path, json: bool
) -> None:
    file = tmp_path / "skus.json"
    file.write_text('[{"code":"A"}]')
    async with fake_service(by_hand=True) as fake, connect(fake.target) as there:
        fake.refuse("WatchImport", grpc.StatusCode.INTERNAL, "INTERNAL")
        ended = await imports("create", str(file), "-t", "skus", *["--json"] * json, server=fake.target)
        [created] = [each.name async for each in there.list("organizations/acme")]

    assert (ended.status, ended.out) == (3, "")
    assert created in ended.err
    assert "INTERNAL" in ended.err


@pytest.mark.parametrize("seconds", ["nan", "inf", "1e300"])
async def test_a_progress_interval_that_is_no_time_is_wrong_usage(seconds: str) -> None:
    ended = await imports("watch", "organizations/acme", "--progress-interval", seconds)

    assert ended.status == 2
    assert ended.err.startswith("--progress-interval: ")


async def test_the_command_without_its_extra_says_what_to_install() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WITHOUT_THE_EXTRA),
        env=environment("127.0.0.1:1"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()

    assert (process.returncode, out) == (1, b"")
    assert len(err.splitlines()) == 1
    assert b"imports-client[cli]" in err
