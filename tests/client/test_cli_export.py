"""`imports export` against a small server: the document is whole or not there, and nothing else is written."""

import asyncio
import os
import pty
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
import pytest_asyncio
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc.error_details_pb2 import ErrorInfo

from commerce.imports.v1 import imports_pb2, resources_pb2
from imports_client.cli.export import keys_of
from imports_client.cli.refused import WrongUsage
from tests.client.conftest import Context, PartialResources, Serve, refuse
from tests.client.shell import COMMAND, environment, imports
from tests.eventually import eventually

PIECES = [b'[{"code":"A\xc2\x9b2J"},\n', b'{"code":"\xc3', b'\xbc\xc2\x9b2J\x1b[2J"}]\n']
DOCUMENT = b"".join(PIECES)


class Shelf(PartialResources):
    """Exports the same two rows whatever it is asked, or breaks off or stops after the first."""

    def __init__(self) -> None:
        self.asked = resources_pb2.ExportResourcesRequest()
        self.breaks = False
        self.hangs = False

    async def ExportResources(  # noqa: N802
        self, request: resources_pb2.ExportResourcesRequest, context: Context
    ) -> AsyncIterator[resources_pb2.ExportResourcesResponse]:
        self.asked = request
        yield resources_pb2.ExportResourcesResponse(chunk=PIECES[0], rows=1)
        if self.breaks:
            await refuse(context, grpc.StatusCode.UNAVAILABLE, "stopping", ErrorInfo(reason="STOPPING"))
        if self.hangs:
            await asyncio.Event().wait()
        for piece in PIECES[1:]:
            yield resources_pb2.ExportResourcesResponse(chunk=piece, rows=2)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest_asyncio.fixture(loop_scope="session")
async def server(shelf: Shelf, serve: Serve) -> str:
    return await serve(shelf)


async def written(server: str, *arguments: str) -> tuple[int, bytes]:
    """Exit status and the bytes of standard output."""
    process = await asyncio.create_subprocess_exec(
        COMMAND, *arguments, env=environment(server), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out


async def test_the_document_goes_to_standard_output_as_it_is(server: str) -> None:
    assert await written(server, "export", "--type", "skus") == (0, DOCUMENT)


async def test_a_file_is_written_and_counted(server: str, tmp_path: Path) -> None:
    ended = await imports("export", "skus.json", "--type", "skus", server=server, directory=tmp_path)

    assert (ended.status, ended.err) == (0, "")
    assert ended.out == f"skus.json: 2 rows, {len(DOCUMENT)} bytes\n"
    assert (tmp_path / "skus.json").read_bytes() == DOCUMENT
    assert os.listdir(tmp_path) == ["skus.json"]


async def test_with_json_the_counts_are_the_only_output(server: str, tmp_path: Path) -> None:
    target = str(tmp_path / "skus.json")

    ended = await imports("export", target, "--type", "skus", "--json", server=server)

    assert ended.documents == [{"resource_type": "skus", "rows": 2, "file": target, "bytes": len(DOCUMENT)}]


async def test_a_stream_that_breaks_leaves_what_was_there(server: str, shelf: Shelf, tmp_path: Path) -> None:
    shelf.breaks = True
    (tmp_path / "skus.json").write_text("[]\n")

    ended = await imports("export", "skus.json", "--type", "skus", server=server, directory=tmp_path)

    assert (ended.status, ended.out, ended.err) == (3, "", "STOPPING: stopping\n")
    assert (tmp_path / "skus.json").read_text() == "[]\n"
    assert os.listdir(tmp_path) == ["skus.json"]


async def test_ctrl_c_leaves_no_file(server: str, shelf: Shelf, tmp_path: Path) -> None:
    shelf.hangs = True
    process = await asyncio.create_subprocess_exec(
        COMMAND, "export", "skus.json", "--type", "skus", env=environment(server), cwd=tmp_path
    )
    await eventually(lambda: os.listdir(tmp_path) != [], 30, "the beginning of a file")

    process.send_signal(signal.SIGINT)

    async with asyncio.timeout(30):
        assert await process.wait() == 130
    assert os.listdir(tmp_path) == []


async def test_a_link_stays_a_link(server: str, tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "skus.json")

    await imports("export", "link.json", "--type", "skus", server=server, directory=tmp_path)

    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "skus.json").read_bytes() == DOCUMENT


async def test_a_device_is_written_to_and_not_replaced(server: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reading = asyncio.create_task(asyncio.to_thread((tmp_path / "pipe").read_bytes))

    await imports("export", "pipe", "--type", "skus", server=server, directory=tmp_path)

    async with asyncio.timeout(10):
        assert await reading == DOCUMENT
    assert os.listdir(tmp_path) == ["pipe"]


async def test_what_to_export_is_what_was_said(server: str, shelf: Shelf) -> None:
    await imports(
        *("export", "-", "--type", "prices", "--format", "csv", "--dry", "--id", "a", "--id", "b"),
        *("--key", "sku_code=A=B", "--key", "price_list_id=p", "--key", "sku_code=C"),
        *("--updated-since", "2026-11-23T10:00:00+02:00", "--parent-resource-id", "p"),
        server=server,
    )

    assert shelf.asked == resources_pb2.ExportResourcesRequest(
        parent="organizations/acme",
        resource_type="prices",
        format=imports_pb2.FORMAT_CSV,
        ids=["a", "b"],
        keys=[
            resources_pb2.ResourceKey(values={"sku_code": "A=B", "price_list_id": "p"}),
            resources_pb2.ResourceKey(values={"sku_code": "C"}),
        ],
        updated_since=Timestamp(seconds=1_795_420_800),
        dry_data=True,
        parent_resource_id="p",
    )


async def test_a_time_without_offset_is_utc(server: str, shelf: Shelf) -> None:
    await imports("export", "--type", "skus", "--updated-since", "2026-11-23T08:00:00", server=server)

    assert shelf.asked.updated_since == Timestamp(seconds=1_795_420_800)


@pytest.mark.parametrize(
    ("file", "format"),
    [("-", imports_pb2.FORMAT_JSON), ("a.csv", imports_pb2.FORMAT_CSV), ("a", imports_pb2.FORMAT_JSON)],
)
async def test_the_format_is_that_of_the_files_name(
    server: str, shelf: Shelf, tmp_path: Path, file: str, format: int
) -> None:
    await imports("export", file, "--type", "skus", server=server, directory=tmp_path)

    assert shelf.asked.format == format


def test_a_part_of_a_key_without_a_name_is_refused() -> None:
    with pytest.raises(WrongUsage, match="name=value"):
        keys_of(["code=A", "B"])


async def on_terminal(server: str, *arguments: str, directory: Path, stream: str) -> str:
    """What the command writes to a terminal that is its standard output or standard error."""
    ours, theirs = pty.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            COMMAND,
            *arguments,
            env=environment(server) | {"TERM": "xterm"},
            cwd=directory,
            stdout=theirs if stream == "stdout" else asyncio.subprocess.DEVNULL,
            stderr=theirs if stream == "stderr" else asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(30):
            assert await process.wait() == 0
        return (await asyncio.to_thread(os.read, ours, 65_536)).decode()
    finally:
        os.close(ours)
        os.close(theirs)


async def test_a_document_does_not_command_the_terminal_that_it_is_shown_on(
    server: str, tmp_path: Path
) -> None:
    shown = await on_terminal(server, "export", "--type", "skus", directory=tmp_path, stream="stdout")

    assert shown.replace("\r\n", "\n") == '[{"code":"A\ufffd2J"},\n{"code":"ü\ufffd2J\ufffd[2J"}]\n'


async def test_progress_is_shown_on_the_terminal_behind_standard_error(server: str, tmp_path: Path) -> None:
    shown = await on_terminal(
        server, "export", "skus.json", "--type", "skus", directory=tmp_path, stream="stderr"
    )

    assert "2 rows" in shown
