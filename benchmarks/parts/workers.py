"""What a second process that works brings: one process takes the calls, one or two work through the segments."""

from benchmarks import documents
from benchmarks.lines import Line, Section
from benchmarks.rounds import Rates
from benchmarks.stage import Place, Stage
from benchmarks.uploads import new_organization, our_seconds

ONE, TWO = "one worker", "two workers"


async def run(stage: Stage) -> Section:
    rows, pairs = stage.sizes.rows, stage.sizes.pairs
    document = documents.json_lines(rows)
    rates = Rates()
    async with (
        stage.place("workers") as place,
        place.service(settings={"IMPORTS_ROLE": "api"}) as api,
        place.worker(),
    ):
        for number in range(pairs + 1):
            stage.say(f"round {number} of {pairs}" + (", to warm up" if number == 0 else ""))
            one = rows / await our_seconds(api.target, new_organization(), document)
            two = rows / await _with_another(place, api.target, document)
            stage.say(f"  one {one:,.0f} rows/s, two {two:,.0f} rows/s")
            rates.note(ONE, one)
            rates.note(TWO, two)
    return Section(
        title="Two workers instead of one",
        about=(
            f"{rows:,} SKUs as JSON Lines; one process takes the calls, others work; PostgreSQL, the S3 store and the "
            f"client share the machine with them; {pairs} alternating rounds after one to warm up, medians. "
            "Expected of 8 cores and more, with PostgreSQL on cores of its own: 1.6."
        ),
        lines=[Line(what="two workers, beside one", ours=rates.ours(TWO), beside=rates.ours(ONE))],
        samples={"rows_per_second": rates.found},
    )


async def _with_another(place: Place, target: str, document: bytes) -> float:
    async with place.worker():
        return await our_seconds(target, new_organization(), document)
