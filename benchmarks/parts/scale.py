"""Whether ten times the rows take ten times the time: ours by the *file* floor at one size, and at the other."""

from benchmarks import documents, floors
from benchmarks.lines import Figure, Line, Section, ratio_at_least
from benchmarks.rounds import Rates, Turn, take_turns
from benchmarks.stage import Stage
from benchmarks.uploads import new_organization, our_seconds


async def run(stage: Stage) -> Section:
    sizes = (stage.sizes.rows, stage.sizes.large_rows)
    turns: dict[str, tuple[int, Turn]] = {}
    async with stage.place("scale") as place, place.service() as service:
        await floors.create_table(place.database_url)
        for rows in sizes:
            turns |= _turns(place.database_url, service.target, rows)
        rates = await take_turns(stage, stage.sizes.pairs, turns)
    return Section(
        title="Ten times the rows",
        about=(
            f"{sizes[0]:,} and {sizes[1]:,} SKUs as JSON Lines, ours and the floor in the same "
            f"{stage.sizes.pairs} rounds after one to warm up, on one database that grows meanwhile; medians."
        ),
        lines=[
            _line(rates, sizes),
            *(
                Line(what=f"{rows:,} rows", ours=_ours(rates, rows), beside=_floor(rates, rows))
                for rows in sizes
            ),
        ],
        samples={"rows_per_second": rates.found},
    )


def _turns(url: str, target: str, rows: int) -> dict[str, tuple[int, Turn]]:
    document, organization = documents.json_lines(rows), new_organization()
    turns: dict[str, Turn] = {
        f"ours, {rows:,}": lambda number: our_seconds(target, f"{organization}-{number}", document),
        f"file, {rows:,}": lambda _: floors.file_seconds(url, document),
    }
    return {name: (rows, turn) for name, turn in turns.items()}


def _ours(rates: Rates, rows: int) -> Figure:
    return rates.ours(f"ours, {rows:,}")


def _floor(rates: Rates, rows: int) -> Figure:
    return Figure(rates.median(f"file, {rows:,}"), "rows/s", "file")


def _line(rates: Rates, sizes: tuple[int, int]) -> Line:
    small, large = (_ours(rates, rows).value / _floor(rates, rows).value for rows in sizes)
    return Line(
        what=f"ours ÷ file at {sizes[1]:,} rows, beside that at {sizes[0]:,}",
        ours=Figure(large, ""),
        beside=Figure(small, ""),
        target=ratio_at_least(0.9),
    )
