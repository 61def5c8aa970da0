"""The demo: an embedded service, the sample documents beside this file, and what became of every row.

Starts `imports-service serve --embedded` as a child with a data directory of its own, imports the samples in
the order of their numbers and then 200,000 stock items that are made up on the way, downloads imported data
through its URL, and stops the child. Exit status 0 when every import ended as it should. A second run finds
every row unchanged.
"""

import asyncio
import csv
import gzip
import os
import random
import signal
import socket
import sys
import time
import urllib.request
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

os.environ |= {"GRPC_ENABLE_FORK_SUPPORT": "0", "GRPC_VERBOSITY": "NONE"}  # read when grpc is first imported

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from commerce.imports.v1.imports_pb2 import (
    OUTCOME_CREATED,
    OUTCOME_UNCHANGED,
    OUTCOME_UPDATED,
    STATUS_COMPLETED,
    Import,
)
from imports_client.cli.console import open_console
from imports_client.cli.live import LiveImport, status_word
from imports_client.cli.report import failed_results, print_failed_rows
from imports_client.connection import Imports, connect
from imports_client.documents import Document, guessed_format

EXAMPLES = Path(__file__).resolve().parent
DATA_DIR = EXAMPLES.parent / ".data" / "demo"
PARENT = "organizations/demo"
START_SECONDS = 120.0
STOP_SECONDS = 30.0
IMPORT_SECONDS = 300.0
CHUNK_ROWS = 5_000
HTTP_SECONDS = 30.0

console = open_console()


class Sample(NamedTuple):
    """A document, most often a file beside this one, and how many of its rows are wrong on purpose."""

    file_name: str
    resource_type: str
    bad_rows: int = 0


SAMPLES = [
    Sample("01_shipping_categories.json", "shipping_categories"),
    Sample("02_addresses.json", "addresses"),
    Sample("03_stock_locations.csv", "stock_locations"),
    Sample("04_price_lists.json", "price_lists"),
    Sample("05_skus.csv", "skus", bad_rows=6),
    Sample("06_prices.jsonl", "prices", bad_rows=6),
    Sample("07_stock_items.csv", "stock_items"),
]


class DemoFailed(Exception):
    """Something did not go as it should; the message is for the person who runs the demo."""


async def run_demo() -> None:
    """Raises `DemoFailed`."""
    async with embedded_service() as target, connect(target) as imports:
        ended = {sample.file_name: await import_sample(imports, sample) for sample in SAMPLES}
        skus = ended["05_skus.csv"]
        codes = [code async for code in imported_keys(imports, skus)]
        whole_stock = Sample(f"{len(codes) * len(location_ids()):,} stock_items.csv", "stock_items")
        stock = await import_document(imports, whole_stock, stock_document(codes))
        await show_attachment(skus)
    created = sum(each.created_count for each in [*ended.values(), stock])
    console.print(
        f"\n{created:,} resources created. Run `make demo` again: every row will be unchanged."
        if created
        else "\nNothing was new: every good row found its resource as it wanted it."
    )


async def import_sample(imports: Imports, sample: Sample) -> Import:
    document = EXAMPLES / sample.file_name
    return await import_document(imports, sample, document)


async def import_document(imports: Imports, sample: Sample, document: Document) -> Import:
    """Import one document under a live bar and print its bad rows.

    Raises `DemoFailed` unless it is completed with exactly the rows failed that are wrong on purpose.
    """
    with LiveImport(console, sample.file_name) as live:
        ended = await imports.import_and_wait(
            PARENT,
            sample.resource_type,
            document,
            format=guessed_format(sample.file_name, b""),
            on_event=live.show,
            timeout=IMPORT_SECONDS,
        )
    failed = await failed_results(imports, ended, 20)
    print_failed_rows(console, failed, out_of=ended.errors_count)
    if (ended.status, ended.errors_count) != (STATUS_COMPLETED, sample.bad_rows):
        raise DemoFailed(
            f"{sample.file_name} should be completed with {sample.bad_rows} failed rows,"
            f" and is {status_word(ended.status)} with {ended.errors_count}"
        )
    return ended


async def imported_keys(imports: Imports, ended: Import) -> AsyncGenerator[str, None]:
    """The keys of the rows that got through."""
    got_through = [OUTCOME_CREATED, OUTCOME_UPDATED, OUTCOME_UNCHANGED]
    async with aclosing(imports.results(ended.name, outcomes=got_through)) as results:
        async for result in results:
            yield result.key


def location_ids() -> list[str]:
    with (EXAMPLES / "03_stock_locations.csv").open(encoding="utf-8", newline="") as file:
        return [row["id"] for row in csv.DictReader(file)]


async def stock_document(codes: list[str]) -> AsyncIterator[bytes]:
    """Every SKU in every location as CSV. Quantities are those of the samples, the rest comes from a seed."""
    chance = random.Random(2026)
    with (EXAMPLES / "07_stock_items.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        counted = {(row["sku_code"], row["stock_location_id"]): row["quantity"] for row in rows}
    locations = location_ids()
    lines = ["sku_code,stock_location_id,quantity"]
    for code in codes:
        for location in locations:
            made_up = chance.randrange(60)
            lines.append(f"{code},{location},{counted.get((code, location), made_up)}")
        if len(lines) >= CHUNK_ROWS:
            yield ("\n".join(lines) + "\n").encode()
            lines.clear()
    if lines:
        yield ("\n".join(lines) + "\n").encode()


async def show_attachment(ended: Import) -> None:
    """Fetch the imported data as any program would, and show its first lines."""
    if not ended.attachment_url:
        raise DemoFailed(f"{ended.name} has no attachment")
    console.print(f"\nThe imported {ended.resource_type}, downloaded from the import's attachment_url:")
    for line in await asyncio.to_thread(first_lines, ended.attachment_url, 4):
        console.print(f"  {line}", markup=False, highlight=False, overflow="ellipsis", no_wrap=True)


def first_lines(url: str, count: int) -> list[str]:
    with urllib.request.urlopen(url, timeout=HTTP_SECONDS) as response, gzip.open(response, "rt") as lines:
        return [line.rstrip("\n") for line in islice(lines, count)]


@asynccontextmanager
async def embedded_service() -> AsyncIterator[str]:
    """The address of a service that is ready, stopped at the end. Raises `DemoFailed` if it never is."""
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    log = DATA_DIR / "service.log"
    target = f"127.0.0.1:{free_port()}"
    # Settings of another service must not turn the demo against that one's database.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IMPORTS_")}
    environment |= {
        "IMPORTS_DATA_DIR": str(DATA_DIR),
        "IMPORTS_GRPC_LISTEN": target,
        "IMPORTS_ADMIN_LISTEN": "",
    }
    console.print("Starting PostgreSQL, the S3 store and the service …")
    begun = time.monotonic()
    with log.open("wb") as output:
        command = (str(Path(sys.executable).with_name("imports-service")), "serve", "--embedded")
        child = await asyncio.create_subprocess_exec(*command, env=environment, stdout=output, stderr=output)
    try:
        await wait_until_serving(child, target, log)
        console.print(f"Ready at {target} after {time.monotonic() - begun:.1f} s.\n", highlight=False)
        yield target
    finally:
        await stop(child)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def wait_until_serving(child: Process, target: str, log: Path) -> None:
    """Raises `DemoFailed` with the end of the child's log."""
    until = time.monotonic() + START_SECONDS
    # Left alone, a channel waits longer and longer before it looks whether anybody is there by now.
    options = [("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 500)]
    async with grpc.aio.insecure_channel(target, options=options) as channel:
        while child.returncode is None and time.monotonic() < until:
            if await is_serving(channel):
                return
            await asyncio.sleep(0.1)
    why = "did not come up in time" if child.returncode is None else f"ended with {child.returncode}"
    text = await asyncio.to_thread(log.read_text, errors="replace")
    raise DemoFailed("\n".join([f"the service {why}; its log ends with:", *text.splitlines()[-30:]]))


async def is_serving(channel: grpc.aio.Channel) -> bool:
    check: grpc.aio.UnaryUnaryMultiCallable[HealthCheckRequest, HealthCheckResponse] = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=HealthCheckRequest.SerializeToString,
        response_deserializer=HealthCheckResponse.FromString,
    )
    try:
        answer = await check(HealthCheckRequest(), timeout=2)
    except grpc.aio.AioRpcError:
        return False
    return answer.status == HealthCheckResponse.SERVING


async def stop(child: Process) -> None:
    """Ask the child to finish, and end it when it does not."""
    if child.returncode is not None:
        return
    child.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()


def main() -> int:
    try:
        asyncio.run(run_demo())
    except DemoFailed as failure:
        console.print(f"\nThe demo failed: {failure}", style="red", markup=False, highlight=False)
        return 1
    except grpc.aio.AioRpcError as error:
        console.print(f"\nThe demo failed: {error.code().name}: {error.details()}", style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
