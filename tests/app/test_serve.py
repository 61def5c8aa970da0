"""Starting and stopping: what is refused and what it says, what is announced, how a stop goes."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from commerce.imports.v1 import imports_pb2
from imports_service import app
from imports_service.embedded.parts import Parts
from imports_service.settings import Auth, Role, Settings
from tests.conftest import SpawnService
from tests.services import Service, client_of, plain_environment


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "imports_service", *arguments],
        env={**plain_environment(), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def refusal(settings: Settings, *, embedded: bool = False) -> str:
    with pytest.raises(app.StartRefused) as caught:
        app.refuse_bad_settings(settings, embedded=embedded)
    return str(caught.value)


def test_serve_without_a_database_says_what_to_set_and_exits_2(tmp_path: Path) -> None:
    done = command("serve", IMPORTS_DATA_DIR=str(tmp_path / "data"))

    assert done.returncode == 2
    assert "IMPORTS_DATABASE_URL" in done.stderr
    assert "--embedded" in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_setting_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    done = command("serve", IMPORTS_SEGMENT_ROWS="many")

    assert done.returncode == 2
    assert "IMPORTS_SEGMENT_ROWS" in done.stderr


def test_migrate_without_a_database_says_what_to_set() -> None:
    done = command("migrate")

    assert done.returncode == 2
    assert "IMPORTS_DATABASE_URL" in done.stderr


async def test_an_unmigrated_database_is_refused_with_the_command_named(
    empty_database_url: str, parts: Parts
) -> None:
    done = command(
        "serve",
        IMPORTS_DATABASE_URL=empty_database_url,
        IMPORTS_GRPC_LISTEN="127.0.0.1:0",
        IMPORTS_S3_ENDPOINT_URL=str(parts.endpoint_url),
        IMPORTS_S3_BUCKET=parts.bucket,
        AWS_ACCESS_KEY_ID=str(parts.access_key),
        AWS_SECRET_ACCESS_KEY=str(parts.secret_key),
    )

    assert done.returncode == 1
    assert "run `imports-service migrate` first" in done.stderr
    assert "Traceback" not in done.stderr


async def test_distribute_without_citus_says_what_is_missing(database_url: str) -> None:
    nowhere = command("distribute")
    done = command("distribute", IMPORTS_DATABASE_URL=database_url)

    assert (nowhere.returncode, done.returncode) == (2, 1)
    assert "IMPORTS_DATABASE_URL" in nowhere.stderr
    assert "this database has no Citus" in done.stderr
    assert "Traceback" not in done.stderr


async def test_migrate_brings_a_database_to_this_version(empty_database_url: str) -> None:
    done = command("migrate", IMPORTS_DATABASE_URL=empty_database_url)
    again = command("migrate", IMPORTS_DATABASE_URL=empty_database_url)

    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "applied 0001_imports")
    assert (again.returncode, again.stdout) == (0, "nothing to apply\n")


def test_a_database_without_a_bucket_is_refused() -> None:
    assert "IMPORTS_S3_BUCKET" in refusal(Settings(database_url="postgresql://localhost/imports"))


def test_an_endpoint_without_a_bucket_is_refused_even_when_embedded() -> None:
    assert "IMPORTS_S3_BUCKET" in refusal(Settings(s3_endpoint_url="http://localhost:9000"), embedded=True)


@pytest.mark.parametrize("auth", [Auth.JWT, Auth.MTLS])
def test_authentication_that_is_not_built_is_refused(auth: Auth) -> None:
    assert "comes later" in refusal(Settings(auth=auth), embedded=True)


@pytest.mark.parametrize("listen", ["0.0.0.0:50051", "[::]:50051", "imports.internal:50051", ":50051"])
def test_insecure_is_not_opened_to_the_network_by_accident(listen: str) -> None:
    assert "IMPORTS_ALLOW_INSECURE_LISTEN" in refusal(Settings(grpc_listen=listen), embedded=True)


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(Settings(grpc_listen="127.0.0.1:0"), id="loopback"),
        pytest.param(Settings(grpc_listen="[::1]:50051"), id="loopback of version 6"),
        pytest.param(Settings(grpc_listen="localhost:50051"), id="localhost"),
        pytest.param(Settings(grpc_listen="unix:/run/imports.sock"), id="unix socket"),
        pytest.param(
            Settings(grpc_listen="0.0.0.0:50051", allow_insecure_listen=True), id="in so many words"
        ),
    ],
)
def test_insecure_is_served_where_only_this_machine_calls_or_as_told(settings: Settings) -> None:
    app.refuse_bad_settings(settings, embedded=True)


async def test_a_served_call_is_answered(service: Service) -> None:
    answer = await service.imports.ListImports(imports_pb2.ListImportsRequest(parent="organizations/acme"))

    assert list(answer.imports) == []


async def test_sigterm_ends_a_process_in_order(spawn_service: SpawnService) -> None:
    process = await spawn_service()
    async with client_of(process.address) as client:
        health: Any = health_pb2_grpc.HealthStub(client.channel)
        answer = await health.Check(health_pb2.HealthCheckRequest())
    assert answer.status == health_pb2.HealthCheckResponse.SERVING

    assert await process.terminate() == 0

    assert "Traceback" not in process.errors.read_text()


async def test_after_sigterm_calls_are_refused(spawn_service: SpawnService) -> None:
    process = await spawn_service()
    async with client_of(process.address) as client:
        await process.terminate()

        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await client.imports.ListImports(imports_pb2.ListImportsRequest(parent="organizations/acme"))

    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE


async def test_a_worker_takes_no_calls(spawn_service: SpawnService) -> None:
    process = await spawn_service(IMPORTS_ROLE=Role.WORKER)

    assert "ready: working (role worker)" in process.output.read_text()
    assert await process.terminate() == 0


async def test_a_second_process_on_the_port_fails_and_says_so(spawn_service: SpawnService) -> None:
    first = await spawn_service()

    second = await spawn_service(wait=False, IMPORTS_GRPC_LISTEN=first.address)

    assert await second.has_ended() == 1
    assert f"imports-service: IMPORTS_GRPC_LISTEN={first.address} cannot be had" in second.errors.read_text()
    assert "Traceback" not in second.errors.read_text()


async def test_a_database_that_is_away_is_said_in_one_line(unused_tcp_port: int, parts: Parts) -> None:
    done = command(
        "serve",
        IMPORTS_DATABASE_URL=f"postgresql://imports@127.0.0.1:{unused_tcp_port}/imports",
        IMPORTS_S3_BUCKET=parts.bucket,
    )

    assert done.returncode == 1
    assert "imports-service: the database" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_store_that_is_away_is_said_in_one_line(
    unused_tcp_port: int, spawn_service: SpawnService
) -> None:
    process = await spawn_service(wait=False, IMPORTS_S3_ENDPOINT_URL=f"http://127.0.0.1:{unused_tcp_port}")

    assert await process.has_ended() == 1
    assert "imports-service: the object store failed to open the bucket" in process.errors.read_text()
    assert "Traceback" not in process.errors.read_text()
