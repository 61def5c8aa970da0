"""Rows per second of an import of SKUs, from the first byte uploaded to `completed`, beside the two floors.

One service process, alternating with the floors on the same database. With another checkout its service takes its
turn in every round, on a database of its own of the same server.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks import documents, floors
from benchmarks.lines import Figure, Line, Section, ours_at_most, ratio_at_least
from benchmarks.rounds import Rates, Turn, take_turns
from benchmarks.service import Service, running_service
from benchmarks.stage import Stage
from benchmarks.uploads import CSV, JSON, Format, new_organization, our_seconds

FIRST, AGAIN, ARRAY, AS_CSV = (
    "JSON Lines by UploadImport",
    "the same again, nothing changes",
    "one JSON array",
    "CSV",
)
FILE, CSV_FILE, RAW = "file", "file, of the CSV", "raw"
BESIDE = ", the version beside"
MIB = 2**20


async def run(stage: Stage, beside: Path | None = None) -> Section:
    rows = stage.sizes.rows
    async with (
        stage.place("throughput") as place,
        place.service() as service,
        _running_beside(stage, beside) as other,
    ):
        await floors.create_table(place.database_url)
        idle = service.memory_bytes()
        turns = _turns(stage, place.database_url, service, other)
        rates = await take_turns(
            stage, stage.sizes.pairs, {name: (rows, turn) for name, turn in turns.items()}
        )
        peak = service.peak_bytes()
    return Section(
        title="Throughput",
        about=(
            f"{rows:,} SKUs of {len(documents.json_lines(1))} bytes, from the first byte to `completed`, one service "
            f"process; {stage.sizes.pairs} alternating rounds after one to warm up, medians."
        ),
        lines=[*_lines(rates), *_lines_beside(rates), *_memory_lines(idle, peak)],
        details=(
            "The floors: *raw* has its rows encoded before, the better of one and two connections; *file* starts "
            f"from the document's bytes (msgspec, or csv.reader), one process.\n\n```sql\n{floors.SQL}\n```"
        ),
        samples={"rows_per_second": rates.found, "idle_bytes": idle, "peak_bytes": peak},
    )


def _turns(stage: Stage, url: str, service: Service, other: Service | None) -> dict[str, Turn]:
    """What takes its turn in each round, in this order; each round has an organization of its own."""
    json_lines, array, csv = (
        make(stage.sizes.rows)
        for make in (documents.json_lines, documents.json_array, documents.csv_document)
    )
    organization = new_organization()

    def imports(of: Service, suffix: str, document: bytes, file_format: Format) -> Turn:
        return lambda number: our_seconds(
            of.target, f"{organization}-{number}{suffix}", document, file_format
        )

    turns: dict[str, Turn] = {}
    for name, suffix, document, file_format in (
        (FIRST, "", json_lines, JSON),
        (AGAIN, "", json_lines, JSON),
        (ARRAY, "-a", array, JSON),
        (AS_CSV, "-c", csv, CSV),
    ):
        turns[name] = imports(service, suffix, document, file_format)
        if other is not None:
            turns[name + BESIDE] = imports(other, suffix, document, file_format)
    turns[FILE] = lambda _: floors.file_seconds(url, json_lines)
    turns[RAW] = lambda _: floors.raw_seconds(url, json_lines)
    turns[CSV_FILE] = lambda _: floors.csv_file_seconds(url, csv)
    return turns


def _lines(rates: Rates) -> list[Line]:
    ours, beside = rates.ours, rates.beside
    return [
        Line(what=FIRST, ours=ours(FIRST), beside=beside(FILE), target=ratio_at_least(0.6, "stretch 0.7")),
        Line(what=FIRST, ours=ours(FIRST), beside=beside(RAW), target=ratio_at_least(0.5, "stretch 0.6")),
        Line(what=AGAIN, ours=ours(AGAIN), beside=beside(FILE), target=ratio_at_least(0.6)),
        Line(
            what=f"{AGAIN}, beside the first time",
            ours=ours(AGAIN),
            beside=Figure(rates.median(FIRST), "rows/s"),
            target=ratio_at_least(1.0),
        ),
        Line(what=AS_CSV, ours=ours(AS_CSV), beside=beside(CSV_FILE), target=ratio_at_least(0.5)),
        Line(what=f"{AS_CSV}, beside the floor of JSON Lines", ours=ours(AS_CSV), beside=beside(FILE)),
        Line(what=ARRAY, ours=ours(ARRAY), beside=beside(FILE)),
    ]


def _lines_beside(rates: Rates) -> list[Line]:
    return [
        Line(
            what=f"{name}, beside the other checkout", ours=rates.ours(name), beside=rates.ours(name + BESIDE)
        )
        for name in (FIRST, AGAIN, ARRAY, AS_CSV)
        if name + BESIDE in rates.found
    ]


def _memory_lines(idle: int, peak: int) -> list[Line]:
    return [
        Line(
            what="memory of the service at its peak, beside idle",
            ours=Figure(peak / MIB, "MiB"),
            beside=Figure(idle / MIB, "MiB"),
            target=ours_at_most(300),
        )
    ]


@asynccontextmanager
async def _running_beside(stage: Stage, checkout: Path | None) -> AsyncIterator[Service | None]:
    """The service of another checkout, if there is one to compare with; it brings its own schema and store."""
    if checkout is None:
        yield None
        return
    directory = stage.directory / "beside"
    directory.mkdir(mode=0o711)
    async with (
        stage.database("bench_beside") as url,
        running_service({"IMPORTS_DATABASE_URL": url}, directory, checkout=checkout) as service,
    ):
        yield service
