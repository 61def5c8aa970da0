"""Rows per second of an import of SKUs, from the first byte uploaded to `completed`, beside the two floors.

    python -m benchmarks.throughput --rows 100000 --pairs 5 [--beside ../before]

One service process (the PyPI wheels' PostgreSQL and S3 store), one run on one database, alternating with the
floors; medians after one round to warm up. Prints a table and the peak memory of the service. With `--beside` the
service of another checkout, on a database of its own in the same cluster, takes its turn in every round.
"""

import argparse
import asyncio
import secrets
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import grpc

from benchmarks import documents, floors
from benchmarks.service import Service, running_service
from commerce.imports.v1 import imports_pb2, imports_pb2_grpc
from imports_service.embedded.postgres import embedded_postgres

JSON = imports_pb2.FORMAT_JSON


def _upload(
    organization: str, document: bytes, file_format: imports_pb2.Format.ValueType
) -> Iterator[imports_pb2.UploadImportRequest]:
    spec = imports_pb2.ImportSpec(resource_type="skus", format=file_format)
    header = imports_pb2.CreateImportRequest(parent=f"organizations/{organization}", spec=spec)
    yield imports_pb2.UploadImportRequest(header=header)
    for chunk in documents.in_chunks(document):
        yield imports_pb2.UploadImportRequest(chunk=chunk)


async def our_seconds(
    target: str, organization: str, document: bytes, file_format: imports_pb2.Format.ValueType
) -> float:
    """Seconds from the first byte to `completed`. Raises when a row failed or the import was interrupted."""
    async with grpc.aio.insecure_channel(target) as channel:
        stub = imports_pb2_grpc.ImportServiceStub(channel)
        started = time.perf_counter()
        created = await stub.UploadImport(_upload(organization, document, file_format))
        last = None
        async for event in stub.WatchImport(imports_pb2.WatchImportRequest(name=created.name)):
            last = event
        seconds = time.perf_counter() - started
    if last is None or last.snapshot.status != imports_pb2.STATUS_COMPLETED or last.snapshot.errors_count:
        raise RuntimeError(f"the import did not complete cleanly: {last}")
    return seconds


@asynccontextmanager
async def running_beside(checkout: Path | None, url: str, data_dir: Path) -> AsyncIterator[Service | None]:
    """The service of another checkout, if there is one to compare with."""
    if checkout is None:
        yield None
        return
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE DATABASE beside")
    await connection.close()
    beside = urlsplit(url)._replace(path="/beside").geturl()
    async with running_service(beside, data_dir, checkout=checkout) as service:
        yield service


async def measure(rows: int, pairs: int, directory: Path, beside: Path | None = None) -> None:
    json_lines, array, csv = (
        make(rows) for make in (documents.json_lines, documents.json_array, documents.csv_document)
    )
    measured: dict[str, list[float]] = {}

    def note(name: str, seconds: float) -> None:
        measured.setdefault(name, []).append(rows / seconds)
        print(f"  {name:<28} {rows / seconds:>10,.0f} rows/s", flush=True)

    async with (
        embedded_postgres(directory / "pg") as postgres,
        running_service(postgres.url, directory / "data") as service,
        running_beside(beside, postgres.url, directory / "beside") as other,
    ):
        connection = await asyncpg.connect(postgres.url)
        await connection.execute(floors.CREATE_TABLE)
        await connection.close()
        idle = service.memory_bytes()
        for pair in range(pairs + 1):
            print(f"round {pair}" + (" (to warm up)" if pair == 0 else ""), flush=True)
            organization = f"bench-{secrets.token_hex(4)}"
            for name in ("json lines", "json lines, unchanged"):
                note(name, await our_seconds(service.target, organization, json_lines, JSON))
                if other is not None:
                    seconds = await our_seconds(other.target, organization, json_lines, JSON)
                    note(f"{name}, beside", seconds)
            note("file floor", await floors.file_seconds(postgres.url, json_lines))
            note("raw floor", await floors.raw_seconds(postgres.url, json_lines))
            note("json array", await our_seconds(service.target, f"{organization}-a", array, JSON))
            note("csv", await our_seconds(service.target, f"{organization}-c", csv, imports_pb2.FORMAT_CSV))
            if other is not None:
                seconds = await our_seconds(other.target, f"{organization}-c", csv, imports_pb2.FORMAT_CSV)
                note("csv, beside", seconds)
        _report(measured, rows, idle, service.peak_bytes())


def _report(measured: dict[str, list[float]], rows: int, idle: int, peak: int) -> None:
    medians = {name: statistics.median(figures[1:] or figures) for name, figures in measured.items()}
    print(f"\n{rows:,} rows of {len(documents.json_lines(1))} bytes, medians\n")
    print("| what | rows/s | ÷ file | ÷ raw |\n|---|---|---|---|")
    for name, figure in medians.items():
        by_file, by_raw = figure / medians["file floor"], figure / medians["raw floor"]
        print(f"| {name} | {figure:,.0f} | {by_file:.2f} | {by_raw:.2f} |")
    print(f"\nmemory of the service: {idle / 2**20:.0f} MiB idle, {peak / 2**20:.0f} MiB at its peak")


def _checkout(path: str) -> Path:
    return Path(path).resolve()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--beside", type=_checkout, help="another checkout whose service takes its turn")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="imports-bench-") as directory:
        Path(directory).chmod(0o711)  # as root PostgreSQL runs as another account, which has to get in
        asyncio.run(measure(arguments.rows, arguments.pairs, Path(directory), arguments.beside))


if __name__ == "__main__":
    main()
