"""The command line as a process: what it writes, and where, and its exit status."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
import pytest_asyncio
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.cli.refused import CallRefused
from tests.client.conftest import Context, Partial, Serve, refuse
from tests.client.shell import COMMAND, Ended, environment, imports

SKUS = "code,name\nA,a\nB,\n"
NAME = "organizations/acme/imports/i-1"


class Shop(Partial):
    """Completes every import at once: one row was created, the second failed. Knows no type but skus."""

    def __init__(self) -> None:
        self.header = pb.CreateImportRequest()
        self.document = b""
        self.errors_count = 1

    def state(self, status: pb.Status.ValueType) -> pb.Import:
        done = status == pb.STATUS_COMPLETED
        return pb.Import(
            name=NAME,
            resource_type="skus",
            status=status,
            inputs_size=2,
            created_count=(2 - self.errors_count) * done,
            processed_count=(2 - self.errors_count) * done,
            errors_count=self.errors_count * done,
        )

    async def UploadImport(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.UploadImportRequest], context: Context
    ) -> pb.Import:
        async for message in request_iterator:
            if message.WhichOneof("part") == "header":
                self.header = message.header
            self.document += message.chunk
        if self.header.spec.resource_type != "skus":
            await refuse(
                context,
                grpc.StatusCode.INVALID_ARGUMENT,
                "no such type",
                ErrorInfo(reason="RESOURCE_TYPE_UNKNOWN"),
                BadRequest(
                    field_violations=[
                        BadRequest.FieldViolation(field="spec.resource_type", description="bad")
                    ]
                ),
            )
        return self.state(pb.STATUS_PENDING)

    async def WatchImport(  # noqa: N802
        self, request: pb.WatchImportRequest, context: Context
    ) -> AsyncIterator[pb.ImportEvent]:
        yield pb.ImportEvent(kind=pb.KIND_SNAPSHOT, snapshot=self.state(pb.STATUS_PENDING))
        for status in (pb.STATUS_IN_PROGRESS, pb.STATUS_COMPLETED):
            yield pb.ImportEvent(kind=pb.KIND_TRANSITION, snapshot=self.state(status))

    async def WatchImports(  # noqa: N802
        self, request: pb.WatchImportsRequest, context: Context
    ) -> AsyncIterator[pb.ImportEvent]:
        assert request.parent == "organizations/acme"
        yield pb.ImportEvent(kind=pb.KIND_SNAPSHOT, snapshot=self.state(pb.STATUS_PENDING))
        yield pb.ImportEvent(kind=pb.KIND_SYNCED)
        yield pb.ImportEvent(kind=pb.KIND_PROGRESS, snapshot=self.state(pb.STATUS_IN_PROGRESS))
        yield pb.ImportEvent(kind=pb.KIND_TRANSITION, snapshot=self.state(pb.STATUS_COMPLETED))
        yield pb.ImportEvent(kind=pb.KIND_DELETED, snapshot=self.state(pb.STATUS_COMPLETED))
        await refuse(context, grpc.StatusCode.PERMISSION_DENIED, "enough")

    async def GetImport(self, request: pb.GetImportRequest, context: Context) -> pb.Import:  # noqa: N802
        return self.state(pb.STATUS_COMPLETED)

    async def ListImports(  # noqa: N802
        self, request: pb.ListImportsRequest, context: Context
    ) -> pb.ListImportsResponse:
        last = request.page_token == "2"
        found = [self.state(pb.STATUS_COMPLETED)]
        return pb.ListImportsResponse(imports=found, next_page_token="" if last else "2", total_size=2)

    async def ListImportResults(  # noqa: N802
        self, request: pb.ListImportResultsRequest, context: Context
    ) -> pb.ListImportResultsResponse:
        issue = pb.Issue(
            severity=pb.SEVERITY_ERROR, attribute="name", code="required", message="[red] can't be blank"
        )
        failed = pb.ImportResult(row_number=2, key="B\x1b[2J", outcome=pb.OUTCOME_FAILED, issues=[issue])
        return pb.ListImportResultsResponse(results=[failed])


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest_asyncio.fixture(loop_scope="session")
async def server(shop: Shop, serve: Serve) -> str:
    return await serve(shop)


@pytest.fixture
def skus(tmp_path: Path) -> Path:
    file = tmp_path / "skus.csv"
    file.write_text(SKUS)
    return file


async def test_create_tells_every_transition_and_the_bad_rows_and_ends_with_1(
    server: str, skus: Path
) -> None:
    ended = await imports("create", str(skus), "--type", "skus", server=server)

    assert ended.status == 1
    assert [line for line in ended.out.splitlines() if line.startswith("skus.csv")] == [
        "skus.csv: pending, 2 rows",
        "skus.csv: in_progress, 2 rows",
        "skus.csv: completed, 2 rows, 1 created · 1 failed",
    ]
    assert "required" in ended.out
    assert "[red] can't be blank" in ended.out
    assert "B\ufffd[2J" in ended.out


async def test_create_of_a_good_document_ends_with_0(server: str, shop: Shop, skus: Path) -> None:
    shop.errors_count = 0

    ended = await imports("create", str(skus), "--type", "skus", server=server)

    assert ended.status == 0


async def test_create_sends_what_it_was_told(server: str, shop: Shop, skus: Path) -> None:
    options = ["--parent-resource-id", "p", "--skip-errors", "--request-id", "r", "--reference", "mine"]
    options += ["--delimiter", "tab", "--null-marker", "-", "--after", "i-0", "--validate-only"]
    await imports("create", str(skus), "--type", "skus", *options, "--no-watch", server=server)

    assert shop.document == SKUS.encode()
    assert shop.header.parent == "organizations/acme"
    assert shop.header.request_id == "r"
    assert shop.header.validate_only
    assert shop.header.spec == pb.ImportSpec(
        resource_type="skus",
        format=pb.FORMAT_CSV,
        parent_resource_id="p",
        skip_errors=True,
        reference="mine",
        csv_options=pb.CsvOptions(delimiter="\t", null_marker="-"),
        after=["organizations/acme/imports/i-0"],
    )


async def test_create_reads_standard_input_and_guesses_its_format(server: str, shop: Shop) -> None:
    document = b'{"code":"A"}\n'

    await imports("create", "-", "--type", "skus", "--no-watch", server=server, stdin=document)

    assert shop.document == document
    assert shop.header.spec.format == pb.FORMAT_JSON


async def test_create_without_watching_prints_the_name_alone(server: str, skus: Path) -> None:
    ended = await imports("create", str(skus), "--type", "skus", "--no-watch", server=server)

    assert ended == Ended(0, f"{NAME}\n", "")


async def test_create_with_json_prints_one_document_with_numbers_and_bad_rows(
    server: str, skus: Path
) -> None:
    ended = await imports("create", str(skus), "--type", "skus", "--json", server=server)

    (document,) = ended.documents
    assert document["status"] == "STATUS_COMPLETED"
    assert document["errors_count"] == 1
    assert [row["row_number"] for row in document["failed_rows"]] == [2]


async def test_a_refused_request_ends_with_3_and_says_reason_and_field(server: str, skus: Path) -> None:
    ended = await imports("create", str(skus), "--type", "skuz", "--json", server=server)

    assert ended == Ended(3, "", "RESOURCE_TYPE_UNKNOWN: no such type\n  spec.resource_type: bad\n")


def test_what_the_message_says_is_not_said_again() -> None:
    refused = CallRefused(
        "INVALID_ARGUMENT", "FIELD_INVALID", "a: bad; b: worse", [("a", "bad"), ("c", "odd")], {}
    )

    assert str(refused) == "FIELD_INVALID: a: bad; b: worse\n  c: odd"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["create"], id="no document"),
        pytest.param(["list", "--server", "a:1,"], id="no address"),
        pytest.param(["create", "absent.csv", "--type", "skus"], id="a document that is not there"),
        pytest.param(["list", "--status", "done"], id="an unknown status"),
        pytest.param(["export", "--type", "skus", "--key", "A"], id="a key without a name"),
        pytest.param(["export", "--type", "skus", "--json"], id="two things to standard output"),
        pytest.param(["export", "absent/skus.json", "--type", "skus"], id="a directory that is not there"),
        pytest.param(["download", "i-1", "-o", "-", "--json"], id="a file and JSON to standard output"),
    ],
)
async def test_what_cannot_be_meant_ends_with_2_and_leaves_stdout_empty(arguments: list[str]) -> None:
    ended = await imports(*arguments)

    assert (ended.status, ended.out) == (2, "")
    assert ended.err


async def test_a_service_that_does_not_answer_ends_with_3() -> None:
    ended = await imports("list")

    assert (ended.status, ended.out) == (3, "")
    assert "nobody answers" in ended.err


async def test_a_reader_who_leaves_is_no_error_to_write_about(server: str) -> None:
    process = await asyncio.create_subprocess_shell(
        f"{COMMAND} list --json | true; exit ${{PIPESTATUS[0]}}",
        executable="/bin/bash",
        env=environment(server),
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await process.communicate()

    assert (process.returncode, err) == (141, b"")


async def test_watch_with_json_prints_an_event_a_line(server: str) -> None:
    ended = await imports("watch", "i-1", "--json", server=server)

    assert [event["kind"] for event in ended.documents] == [
        "KIND_SNAPSHOT",
        "KIND_TRANSITION",
        "KIND_TRANSITION",
    ]
    assert ended.status == 1


async def test_watch_of_an_organization_tells_a_line_for_every_change(server: str) -> None:
    ended = await imports("watch", "organizations/acme", server=server)

    assert ended.out.splitlines() == [
        "i-1: skus pending, 2 rows",
        "i-1: skus completed, 2 rows, 1 created · 1 failed",
        "i-1: skus deleted, 2 rows, 1 created · 1 failed",
    ]
    assert (ended.status, ended.err) == (3, "PERMISSION_DENIED: enough\n")


async def test_watch_of_an_organization_with_json_prints_every_event(server: str) -> None:
    ended = await imports("watch", "organizations/acme", "--json", server=server)

    kinds = [event["kind"].removeprefix("KIND_") for event in ended.documents]
    assert kinds == ["SNAPSHOT", "SYNCED", "PROGRESS", "TRANSITION", "DELETED"]


async def test_list_reads_all_pages(server: str) -> None:
    ended = await imports("list", "--json", server=server)

    assert [document["name"] for document in ended.documents] == [NAME, NAME]


async def test_list_stops_at_its_limit(server: str) -> None:
    ended = await imports("list", "--json", "--limit", "1", server=server)

    assert len(ended.documents) == 1


async def test_show_prints_the_import_and_its_bad_rows_and_ends_with_0(server: str) -> None:
    ended = await imports("show", NAME, server=server)

    assert ended.status == 0
    assert "completed: 1 created · 1 failed" in ended.out
    assert "required" in ended.out


async def test_help_does_not_load_grpc() -> None:
    script = "import sys; from imports_client.cli.main import main; main(['-h']); exit('grpc' in sys.modules)"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.DEVNULL
    )

    assert await process.wait() == 0
