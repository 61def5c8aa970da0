"""The client against the whole service: what it promises its callers holds there too."""

import asyncio
import gzip
import sys
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.connection import connect
from imports_client.documents import guessed_format
from tests.services import Service

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SAMPLES = [
    ("01_shipping_categories.json", "shipping_categories", 5, 0),
    ("02_addresses.json", "addresses", 100, 0),
    ("03_stock_locations.csv", "stock_locations", 100, 0),
    ("04_price_lists.json", "price_lists", 2, 0),
    ("05_skus.csv", "skus", 2_000, 6),
    ("06_prices.jsonl", "prices", 4_000, 6),
    ("07_stock_items.csv", "stock_items", 3_000, 0),
]


@pytest.fixture
def service(shared_service: Service) -> Service:
    return shared_service


async def import_samples(service: Service) -> list[pb.Import]:
    async with connect(service.address) as imports:
        return [
            await imports.import_and_wait(
                "organizations/samples",
                resource_type,
                EXAMPLES / name,
                format=guessed_format(name, b""),
                timeout=60,
            )
            for name, resource_type, _, _ in SAMPLES
        ]


async def test_the_samples_import_with_exactly_their_bad_rows_failed_and_sent_again_change_nothing(
    service: Service,
) -> None:
    ended = await import_samples(service)
    again = await import_samples(service)

    assert [(each.created_count, each.errors_count) for each in ended] == [sample[2:] for sample in SAMPLES]
    assert {each.status for each in ended} == {pb.STATUS_COMPLETED}
    assert [(each.unchanged_count, each.errors_count) for each in again] == [sample[2:] for sample in SAMPLES]


async def test_an_import_waited_for_has_its_logs_and_a_url_that_works(service: Service) -> None:
    async with connect(service.address) as imports:
        ended = await imports.import_and_wait(
            "organizations/o",
            "shipping_categories",
            b'{"code":"A","name":"a"}\n{"code":"B"}',
            skip_errors=True,
            timeout=60,
        )

    def fetch() -> bytes:
        with urllib.request.urlopen(ended.attachment_url, timeout=30) as response:
            content: bytes = response.read()
            return content

    assert "B" in ended.errors_log
    assert b'"code":"A"' in gzip.decompress(await asyncio.to_thread(fetch)).replace(b" ", b"")


async def test_values_are_imported_as_they_are(service: Service) -> None:
    async with connect(service.address) as imports:
        created = await imports.create(
            "organizations/values", "shipping_categories", [{"code": "A", "name": "a"}]
        )
        events = [event async for event in imports.watch(created.name, timeout=60)]
        results = [result async for result in imports.results(created.name)]

    assert created.status == pb.STATUS_PENDING
    assert events[-1].snapshot.status == pb.STATUS_COMPLETED
    assert [(result.row_number, result.key, result.outcome) for result in results] == [
        (1, "A", pb.OUTCOME_CREATED)
    ]


async def test_an_upload_that_breaks_off_leaves_no_import(service: Service) -> None:
    async def breaking(chunks: int) -> AsyncIterator[bytes]:
        for _ in range(chunks):
            yield b'{"code":"A","name":"a"}\n' * 50
        raise OSError("the disk is gone")

    async with connect(service.address) as imports:
        for chunks in range(1, 21):  # what is at stake is a race
            with pytest.raises(OSError, match="the disk is gone"):
                await imports.upload("organizations/breaking", "shipping_categories", breaking(chunks))
        await imports.import_and_wait(
            "organizations/breaking", "shipping_categories", b'{"code":"B","name":"b"}'
        )
        listed = [each async for each in imports.list("organizations/breaking")]

    assert len(listed) == 1


@pytest.mark.parametrize("mode", ["pasted into a prompt", "as a program"])
async def test_the_example_of_the_readme_works(service: Service, mode: str) -> None:
    example = (EXAMPLES / "client_example.txt").read_text().replace("127.0.0.1:50051", service.address)
    flags = ["-i", "-q"] if mode == "pasted into a prompt" else []

    process = await asyncio.create_subprocess_exec(
        sys.executable, *flags, "-", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate(example.encode())

    lines = out.decode().splitlines()
    assert process.returncode == 0
    assert "STATUS_COMPLETED" in out.decode()
    assert any(line.startswith("1 PARCEL ") for line in lines)
    assert any(line.startswith("2 FREIGHT ") and "can't be blank" in line for line in lines)


async def test_the_example_of_the_clients_page_works(service: Service) -> None:
    page = (EXAMPLES.parent / "docs" / "client.md").read_text()
    example = page.split("```python\n")[1].split("```")[0].replace("127.0.0.1:50051", service.address)
    example = example.replace("organizations/acme", "organizations/page")

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", example), cwd=EXAMPLES.parent, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()

    assert (process.returncode, out.decode()) == (0, "STATUS_COMPLETED 5 created, 0 failed\n")
