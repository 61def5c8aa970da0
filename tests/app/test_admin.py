"""The admin listener: what it answers, where it listens, and what it says when it cannot."""

import asyncio
import json
import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from imports_service.admin import AdminRefused, open_admin
from imports_service.pulse import Pulse
from imports_service.readiness import Phase, Readiness
from tests.app.test_serve import command


async def answer_of(address: str | None, path: str) -> tuple[int, str]:
    def read() -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://{address}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()

    return await asyncio.to_thread(read)


async def test_a_process_that_starts_lives_and_is_not_ready() -> None:
    readiness = Readiness()
    async with open_admin("127.0.0.1:0", readiness) as address:
        lives = await answer_of(address, "/healthz")
        starting = await answer_of(address, "/readyz")
        readiness.enter(Phase.SERVING)
        serving = await answer_of(address, "/readyz")
        nothing = await answer_of(address, "/")

    assert lives == (200, "ok\n")
    assert (starting[0], json.loads(starting[1])) == (503, {"ready": False, "phase": "starting", "parts": {}})
    assert (serving[0], json.loads(serving[1])["ready"]) == (200, True)
    assert nothing[0] == 404


async def test_the_report_names_what_is_away_since_when_and_why() -> None:
    readiness, objects = Readiness(), Pulse("objects")
    readiness.depends_on(objects)
    readiness.enter(Phase.SERVING)
    for _ in range(2):
        objects.failed("no answer", is_silence=True)
    async with open_admin("[::1]:0", readiness) as address:
        status, text = await answer_of(address, "/readyz")

    assert status == 503
    assert objects.since is not None
    assert json.loads(text)["parts"]["objects"] == {
        "status": "away",
        "needed": True,
        "since": objects.since.isoformat(timespec="milliseconds"),
        "trouble": "no answer",
    }


async def test_an_empty_address_opens_none() -> None:
    async with open_admin("", Readiness()) as address:
        assert address is None


@pytest.mark.parametrize("listen", ["9090", ":9090", "127.0.0.1", "127.0.0.1:port", "127.0.0.1:99999"])
async def test_what_is_no_address_is_refused_by_name(listen: str) -> None:
    with pytest.raises(AdminRefused, match=r"IMPORTS_ADMIN_LISTEN=.*write host:port"):
        async with open_admin(listen, Readiness()):
            pass


def test_a_taken_port_is_refused_before_anything_is_started_and_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        data = tmp_path / "data"

        done = command("serve", "--embedded", IMPORTS_ADMIN_LISTEN=listen, IMPORTS_DATA_DIR=str(data))

    assert done.returncode == 2
    assert f"IMPORTS_ADMIN_LISTEN={listen} cannot be had" in done.stderr
    assert "Traceback" not in done.stderr
    assert not data.exists()


async def test_without_a_word_about_it_the_second_process_of_a_machine_does_without() -> None:
    async with (
        open_admin("127.0.0.1:0", Readiness()) as first,
        open_admin(str(first), Readiness(), is_asked_for=False) as second,
    ):
        lives = await answer_of(first, "/healthz")

    assert second is None
    assert lives == (200, "ok\n")
