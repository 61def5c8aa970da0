"""What others take for the same rows on the same PostgreSQL: dlt, django-import-export, and a statement a row.

Theirs are processes of an environment of their own (`make .venv-peers/done`, requirements/peers.in), each with a
database of the same server; see `benchmarks/peers` for how each is set up.
"""

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Sequence
from pathlib import Path

from benchmarks import documents, floors
from benchmarks.helpers import CHECKOUT
from benchmarks.lines import Line, Section, ratio_at_least
from benchmarks.rounds import Rates, Turn, take_turns
from benchmarks.stage import Stage
from benchmarks.uploads import CSV, JSON, new_organization, our_seconds

PYTHON = CHECKOUT / ".venv-peers" / "bin" / "python"
OURS, OURS_AGAIN, OURS_CSV = "JSON Lines", "JSON Lines, nothing changes", "CSV"
DLT, DLT_PAGES, DLT_AGAIN, DLT_ARROW = (
    "dlt",
    "dlt, pages",
    "dlt, pages, nothing changes",
    "dlt, Arrow tables",
)
DJANGO, DJANGO_TUNED = "django-import-export", "django-import-export, tuned"
STATEMENTS = "a statement a row"
PATIENCE_SECONDS = 600.0


class PeerFailed(RuntimeError):
    """Somebody else's process did not do what it was asked for; with its last words."""


def are_there() -> bool:
    """Whether their environment is."""
    return PYTHON.exists()


async def run(stage: Stage) -> Section:
    rows, django_rows, pairs = stage.sizes.rows, stage.sizes.django_rows, stage.sizes.pairs
    lines_file, csv_file = stage.directory / "peers.jsonl", stage.directory / "peers.csv"
    lines_file.write_bytes(json_lines := documents.json_lines(rows))
    csv_file.write_bytes(csv := documents.csv_document(django_rows))
    async with (
        stage.place("peers") as place,
        place.service() as service,
        stage.database("bench_others") as others,
    ):
        await floors.create_table(place.database_url)

        def theirs(module: str, file: Path, way: str, count: int) -> Turn:
            return lambda _: _their_seconds([f"benchmarks.peers.{module}", others, str(file), way], count)

        organization = new_organization()

        def ours(number: int) -> Awaitable[float]:
            return our_seconds(service.target, f"{organization}-{number}", json_lines, JSON)

        turns: dict[str, tuple[int, Turn]] = {
            OURS: (rows, ours),
            OURS_AGAIN: (rows, ours),
            DLT: (rows, theirs("with_dlt", lines_file, "rows", rows)),
            DLT_PAGES: (rows, theirs("with_dlt", lines_file, "pages", rows)),
            DLT_AGAIN: (rows, theirs("with_dlt", lines_file, "again", rows)),
            DLT_ARROW: (rows, theirs("with_dlt", lines_file, "arrow", rows)),
            OURS_CSV: (django_rows, lambda _: our_seconds(service.target, new_organization(), csv, CSV)),
            DJANGO: (django_rows, theirs("with_django", csv_file, "usual", django_rows)),
            DJANGO_TUNED: (django_rows, theirs("with_django", csv_file, "tuned", django_rows)),
            STATEMENTS: (
                django_rows,
                lambda _: floors.statement_seconds(place.database_url, documents.json_lines(django_rows)),
            ),
        }
        rates = await take_turns(stage, pairs, turns)
    versions = await _versions()
    return Section(
        title="Beside others",
        about=(
            "The same rows, all new but where it says otherwise, from file to commit, on the same PostgreSQL: "
            f"{rows:,} SKUs as JSON Lines, {django_rows:,} as CSV; {pairs} alternating rounds after one to warm up, "
            f"medians. {versions}."
        ),
        lines=_lines(rates, rows, django_rows),
        details=(
            "How each is set up stands in `benchmarks/peers`. *Pages* are lists of 10,000 rows instead of one row "
            "after the other, as dlt's page on performance advises. *Arrow tables* is its fastest way into "
            "PostgreSQL: it skips the normalizer, looks at no row, and takes only what is a table of one shape "
            "already. *Tuned* has all that django-import-export's page on performance knows; it suits new rows: of "
            "those that are there already it updates all. *A statement a row*, in one transaction:"
            f"\n\n```sql\n{floors.UPSERT.strip()};\n```"
        ),
        samples={"rows_per_second": rates.found, "versions": versions},
    )


def _lines(rates: Rates, rows: int, django_rows: int) -> list[Line]:
    by_dlt, by_django = f"{rows:,} SKUs, JSON Lines", f"{django_rows:,} SKUs, CSV"
    ours, ours_csv = rates.ours(OURS), rates.ours(OURS_CSV)
    return [
        Line(what=by_dlt, ours=ours, beside=rates.beside(DLT), target=ratio_at_least(3)),
        Line(what=by_dlt, ours=ours, beside=rates.beside(DLT_PAGES), target=ratio_at_least(3)),
        Line(
            what=f"{by_dlt}, again, nothing changes",
            ours=rates.ours(OURS_AGAIN),
            beside=rates.beside(DLT_AGAIN),
            target=ratio_at_least(3),
        ),
        Line(what=by_dlt, ours=ours, beside=rates.beside(DLT_ARROW)),
        Line(what=by_django, ours=ours_csv, beside=rates.beside(DJANGO), target=ratio_at_least(20)),
        Line(what=by_django, ours=ours_csv, beside=rates.beside(DJANGO_TUNED)),
        Line(what=by_django, ours=ours_csv, beside=rates.beside(STATEMENTS)),
    ]


async def _their_seconds(arguments: Sequence[str], rows: int) -> float:
    """Raises `PeerFailed` when they have not stored so many rows."""
    said = json.loads((await _run(["-m", *arguments])).splitlines()[-1])
    if said["rows"] != rows:
        raise PeerFailed(f"{arguments[0]} stored {said['rows']} of {rows} rows")
    return float(said["seconds"])


async def _versions() -> str:
    names = ("dlt", "django-import-export", "django")
    code = f"import importlib.metadata as m; print(*(f'{{n}} {{m.version(n)}}' for n in {names}), sep=', ')"
    return (await _run(["-c", code])).strip()


async def _run(arguments: Sequence[str]) -> str:
    """What the Python of their environment prints."""
    process = await asyncio.create_subprocess_exec(
        PYTHON, *arguments, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise PeerFailed(errors.decode(errors="replace")[-4_000:])
    return output.decode()
