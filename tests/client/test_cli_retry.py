"""`imports retry` and `imports create --validate-only` against a small server with made-up rows."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from google.protobuf.struct_pb2 import Value

from commerce.imports.v1 import imports_pb2 as pb
from tests.client.conftest import Context, Partial, Serve
from tests.client.shell import imports

PARENT = "organizations/acme/imports/i-1"
CHILD = "organizations/acme/imports/i-2"
CHANGED = [
    pb.ImportResult(
        row_number=1,
        key="A\x1b[2J",
        outcome=pb.OUTCOME_CREATED,
        changes=[pb.Change(attribute="name", new_value=Value(string_value="a"))],
    ),
    pb.ImportResult(
        row_number=2,
        key="B",
        outcome=pb.OUTCOME_UPDATED,
        changes=[
            pb.Change(
                attribute="weight",
                old_value=Value(number_value=1),
                new_value=Value(string_value="\x9b" * 256),
            ),
            pb.Change(attribute="name", old_value=Value(string_value="b"), new_value=Value(null_value=0)),  # type: ignore[arg-type]
        ],
    ),
    pb.ImportResult(
        row_number=3,
        key="C",
        outcome=pb.OUTCOME_FAILED,
        issues=[pb.Issue(severity=pb.SEVERITY_ERROR, code="required")],
    ),
]


class Again(Partial):
    """Retries and rehearses: one row is created, one updated, one failed, at once."""

    def __init__(self) -> None:
        self.asked = pb.RetryImportRequest()
        self.ended = pb.Import(
            name=CHILD,
            status=pb.STATUS_COMPLETED,
            inputs_size=3,
            created_count=1,
            updated_count=1,
            errors_count=1,
            retry_of=PARENT,
        )

    async def RetryImport(self, request: pb.RetryImportRequest, context: Context) -> pb.Import:  # noqa: N802
        self.asked = request
        return self.ended

    async def UploadImport(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.UploadImportRequest], context: Context
    ) -> pb.Import:
        async for message in request_iterator:
            if message.WhichOneof("part") == "header":
                self.ended.validate_only = message.header.validate_only
                self.ended.skip_errors = message.header.spec.skip_errors
                self.ended.threshold_exceeded = True
        return self.ended

    async def WatchImport(  # noqa: N802
        self, request: pb.WatchImportRequest, context: Context
    ) -> AsyncIterator[pb.ImportEvent]:
        yield pb.ImportEvent(kind=pb.KIND_SNAPSHOT, snapshot=self.ended)

    async def GetImport(self, request: pb.GetImportRequest, context: Context) -> pb.Import:  # noqa: N802
        assert request.name == CHILD
        return self.ended

    async def ListImportResults(  # noqa: N802
        self, request: pb.ListImportResultsRequest, context: Context
    ) -> pb.ListImportResultsResponse:
        return pb.ListImportResultsResponse(
            results=[each for each in CHANGED if each.outcome in request.outcomes]
        )


@pytest.fixture
def again() -> Again:
    return Again()


@pytest_asyncio.fixture(loop_scope="session")
async def server(again: Again, serve: Serve) -> str:
    return await serve(again)


@pytest.fixture
def skus(tmp_path: Path) -> str:
    file = tmp_path / "skus.csv"
    file.write_text("code,name\nA,a\n")
    return str(file)


@pytest.mark.parametrize(
    ("options", "outcomes"),
    [
        ([], []),
        (["--failed"], [pb.OUTCOME_FAILED]),
        (["--not-processed"], [pb.OUTCOME_NOT_PROCESSED]),
        (["--failed", "--not-processed"], [pb.OUTCOME_FAILED, pb.OUTCOME_NOT_PROCESSED]),
    ],
)
async def test_retry_asks_for_the_rows_that_were_said(
    server: str, again: Again, options: list[str], outcomes: Sequence[pb.Outcome.ValueType]
) -> None:
    ended = await imports("retry", "i-1", *options, "--request-id", "r", "--no-watch", server=server)

    assert ended == (0, f"{CHILD}\n", "")
    assert again.asked == pb.RetryImportRequest(name=PARENT, outcomes=outcomes, request_id="r")


async def test_retry_watches_the_child_and_ends_as_the_child_ends(server: str) -> None:
    ended = await imports("retry", PARENT, server=server)

    assert ended.status == 1
    assert "retry of i-1: completed, 3 rows" in ended.out
    assert f"{CHILD}\ncompleted: 1 created · 1 updated · 1 failed" in ended.out
    assert "required" in ended.out


async def test_retry_with_json_prints_the_child_alone(server: str) -> None:
    (document,) = (await imports("retry", PARENT, "--json", server=server)).documents

    assert document["retry_of"] == PARENT
    assert [row["row_number"] for row in document["failed_rows"]] == [3]
    assert "changed_rows" not in document


async def test_a_rehearsal_shows_what_would_change_and_that_it_would_be_interrupted(
    server: str, skus: str
) -> None:
    ended = await imports("create", skus, "--type", "skus", "--validate-only", server=server)

    lines = [line.split() for line in ended.out.splitlines()]
    assert ended.status == 1
    assert "the real run would be interrupted" in ended.out
    assert ["weight", "1", "→", '"' + "\\u009b" * 6 + "\\u…"] in [line[3:] for line in lines]
    assert ["1", "A\ufffd[2J", "created", "name", "–", "→", '"a"'] in lines
    assert ["2", "B", "updated", "name", '"b"', "→", "null"] in lines
    assert "\x1b" not in ended.out
    assert "\x9b" not in ended.out
    assert "more rows that change something" not in ended.out


async def test_a_rehearsal_that_skips_errors_would_not_be_interrupted(server: str, skus: str) -> None:
    ended = await imports("create", skus, "--type", "skus", "--validate-only", "--skip-errors", server=server)

    assert "the real run would get to the last row" in ended.out


async def test_a_rehearsal_shows_changes_of_what_is_there_first(server: str, skus: str) -> None:
    ended = await imports("create", skus, "--type", "skus", "--validate-only", "--rows", "1", server=server)

    assert "updated" in ended.out
    assert "A\ufffd[2J" not in ended.out
    assert "… and 1 more rows that change something" in ended.out


async def test_a_rehearsal_with_json_has_its_changes_and_no_control_characters(
    server: str, skus: str
) -> None:
    ended = await imports("create", skus, "--type", "skus", "--validate-only", "--json", server=server)

    (document,) = ended.documents
    assert document["threshold_exceeded"]
    assert [row["key"] for row in document["changed_rows"]] == ["A\x1b[2J", "B"]
    assert document["changed_rows"][1]["changes"][1] == {
        "attribute": "name",
        "old_value": "b",
        "new_value": None,
    }
    assert ended.out.removesuffix("\n").isprintable()


async def test_show_of_a_rehearsal_shows_its_changes(server: str, again: Again) -> None:
    again.ended.validate_only = True

    ended = await imports("show", CHILD, server=server)

    assert ended.status == 0
    assert "a rehearsal" in ended.out
    assert "updated" in ended.out
