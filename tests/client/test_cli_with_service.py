"""The commands against the whole service: what they say of real imports, and what they leave behind."""

import asyncio
import gzip
import os
from pathlib import Path

import pytest

from imports_service.embedded.parts import Parts
from imports_service.settings import Role, Settings
from tests.client.shell import Ended, imports
from tests.services import Service, running_service

ROWS = '{"code":"A","name":"a"}\n{"code":"B"}\n{"code":"C","name":"c","colour":"red"}\n{"code":"D\\u009b"}\n'


@pytest.fixture
def service(shared_service: Service) -> Service:
    return shared_service


@pytest.fixture
def document(tmp_path: Path) -> str:
    """Four shipping categories: two without a name, one with an attribute that there is not."""
    file = tmp_path / "categories.jsonl"
    file.write_text(ROWS)
    return str(file)


async def created(service: Service, document: str) -> str:
    """The name of an import that has ended: two rows created, two failed."""
    ended = await imports(
        *("create", document, "--type", "shipping_categories", "--skip-errors", "--json"),
        server=service.address,
    )
    assert ended.status == 1
    name: str = ended.documents[0]["name"]
    return name


async def test_errors_counts_issues_and_shows_the_failed_rows(service: Service, document: str) -> None:
    name = await created(service, document)

    ended = await imports("errors", name, server=service.address)

    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert (ended.status, ended.err) == (0, "")
    assert any(line.startswith("2 error name required 2, 4") for line in lines)
    assert any(line.startswith("1 warning colour unknown_attribute 3") for line in lines)
    assert any(line.startswith("2 B error name required") for line in lines)
    assert any(line.startswith("4 D\ufffd error name required") for line in lines)
    assert lines[-1] == "rows with warnings: 1 (--warnings shows them)"


async def test_errors_shows_no_more_rows_than_it_is_told_unless_all(service: Service, document: str) -> None:
    name = await created(service, document)

    def numbers(ended: Ended) -> list[int]:
        return [line["result"]["row_number"] for line in ended.documents if "result" in line]

    one = await imports("errors", name, "--rows", "1", server=service.address)
    one_as_json = await imports("errors", name, "--rows", "1", "--json", server=service.address)
    all_as_json = await imports("errors", name, "--rows", "1", "--all", "--json", server=service.address)
    with_warnings = await imports("errors", name, "--warnings", "--json", server=service.address)

    assert "… of 2 failed rows (--all shows them)" in one.out
    assert (numbers(one_as_json), numbers(all_as_json), numbers(with_warnings)) == ([2], [2, 4], [2, 3, 4])


async def test_errors_with_json_begins_with_the_import_and_its_summary(
    service: Service, document: str
) -> None:
    name = await created(service, document)

    ended = await imports("errors", name, "--json", server=service.address)

    first = ended.documents[0]["import"]
    assert first["name"] == name
    assert [(each["code"], each["attribute"], each["count"]) for each in first["issue_summary"]] == [
        ("required", "name", 2),
        ("unknown_attribute", "colour", 1),
    ]


async def test_download_fetches_the_attachment_as_it_is_stored(
    service: Service, document: str, tmp_path: Path
) -> None:
    name = await created(service, document)

    ended = await imports("download", name, server=service.address, directory=tmp_path)

    file = tmp_path / f"{name.rsplit('/', 1)[-1]}.json.gz"
    assert ended.out == f"{file.name}: {file.stat().st_size} bytes\n"
    assert b'"colour":"red"' in gzip.decompress(file.read_bytes())


async def test_download_fetches_the_failed_rows_and_replaces_only_what_it_is_told(
    service: Service, document: str, tmp_path: Path
) -> None:
    name = await created(service, document)
    file = f"{name.rsplit('/', 1)[-1]}-failed.json"

    first = await imports("download", name, "--failed", server=service.address, directory=tmp_path)
    (tmp_path / file).write_text("mended")
    second = await imports("download", name, "--failed", server=service.address, directory=tmp_path)
    kept = (tmp_path / file).read_text()
    third = await imports(
        *("download", name, "--failed", "-o", file, "--json"), server=service.address, directory=tmp_path
    )

    assert (first.status, second.status, kept, third.status) == (0, 2, "mended", 0)
    written = (tmp_path / file).read_bytes()
    assert third.documents == [{"name": name, "file": file, "bytes": len(written)}]
    assert b'"code":"B"' in written


async def test_download_of_a_file_that_there_is_not_leaves_no_file(service: Service, tmp_path: Path) -> None:
    (tmp_path / "good.json").write_text('[{"code":"A","name":"a"}]')
    good = await imports(
        *("create", "good.json", "--type", "shipping_categories", "--json"),
        server=service.address,
        directory=tmp_path,
    )

    ended = await imports(
        "download", good.documents[0]["name"], "--failed", server=service.address, directory=tmp_path
    )

    assert (ended.status, ended.out) == (3, "")
    assert ended.err.startswith("FILE_NOT_FOUND")
    assert os.listdir(tmp_path) == ["good.json"]


async def test_delete_takes_the_import_away_and_minds_a_second_time_unless_told(
    service: Service, document: str
) -> None:
    name = await created(service, document)

    first = await imports("delete", name, server=service.address)
    second = await imports("delete", name, server=service.address)
    third = await imports("delete", name, "--allow-missing", "--json", server=service.address)

    assert first == Ended(0, f"{name} is gone\n", "")
    assert (second.status, second.err.startswith("IMPORT_NOT_FOUND")) == (3, True)
    assert (third.status, third.documents) == (0, [{"name": name}])


async def test_interrupt_of_an_ended_import_is_refused(service: Service, document: str) -> None:
    name = await created(service, document)

    ended = await imports("interrupt", name, server=service.address)

    assert (ended.status, ended.out) == (3, "")
    assert ended.err.startswith("IMPORT_ENDED")


async def test_interrupt_ends_an_import_as_watch_then_tells(
    settings: Settings, parts: Parts, document: str
) -> None:
    without_workers = settings.model_copy(update={"role": Role.API})
    async with running_service(without_workers, parts) as service:
        begun = await imports(
            "create", document, "--type", "shipping_categories", "--no-watch", server=service.address
        )
        name = begun.out.strip()
        asked = await imports("interrupt", name, server=service.address)
        again = await imports("interrupt", name, "--json", server=service.address)
    async with running_service(settings, parts) as service:
        watched = await imports("watch", name, server=service.address)

    assert asked == Ended(0, f"{name}\ninterrupt requested while pending: no rows yet\n", "")
    assert again.documents[0]["interrupt_requested_at"]
    assert watched.status == 1
    assert "interrupted (requested): 4 not processed" in watched.out


async def test_types_lists_all_in_the_order_of_the_contract(service: Service) -> None:
    ended, as_json = await asyncio.gather(
        imports("types", server=service.address), imports("types", "--json", server=service.address)
    )

    names = [each["resource_type"] for each in as_json.documents]
    listed = [line.split()[0] for line in ended.out.splitlines() if line.split()[0] in names]
    assert len(names) == 24
    assert listed == names


async def test_types_describes_one_with_a_header_to_copy(service: Service) -> None:
    ended, as_json = await asyncio.gather(
        imports("types", "prices", server=service.address),
        imports("types", "prices", "--json", server=service.address),
    )

    (described,) = as_json.documents
    lines = ended.out.splitlines()
    assert lines[lines.index("CSV header:") + 1] == described["csv_header"]
    assert any(line.split()[:3] == ["amount_cents", "integer", "always"] for line in lines)
    assert "price_lists, fills price_list_id" in ended.out


async def test_types_refuses_one_that_there_is_not(service: Service) -> None:
    ended = await imports("types", "skuz", server=service.address)

    assert (ended.status, ended.err.startswith("RESOURCE_TYPE_NOT_FOUND")) == (3, True)


async def test_create_reads_cells_as_it_is_told(service: Service, tmp_path: Path) -> None:
    document = tmp_path / "categories.csv"
    document.write_text("code;name;reference\nCELLS;a;-\n")

    ended = await imports(
        *("create", str(document), "--type", "shipping_categories"),
        *("--delimiter", ";", "--null-marker", "-", "--json"),
        server=service.address,
    )

    (found,) = ended.documents
    assert found["created_count"] == 1
    assert found["csv_options"] == {"delimiter": ";", "null_marker": "-"}


async def test_what_a_refusal_quotes_of_a_document_does_not_command_the_terminal(
    service: Service, tmp_path: Path
) -> None:
    document = tmp_path / "categories.csv"
    document.write_text("code,na\x1b[2Jme\nA,a\n")

    ended = await imports("create", str(document), "--type", "shipping_categories", server=service.address)

    assert (ended.status, ended.err.startswith("HEADER_INVALID")) == (3, True)
    assert "\x1b" not in ended.err
