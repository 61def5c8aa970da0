"""Rounds in which everything that is compared takes its turn; what is said of each are medians."""

import statistics
from collections.abc import Awaitable, Callable, Mapping

from benchmarks.lines import Figure
from benchmarks.stage import Stage

Turn = Callable[[int], Awaitable[float]]
"""Given the number of the round; seconds."""


class Rates:
    """Rows per second of everything by its name; what the first round, to warm up, has found does not count."""

    def __init__(self) -> None:
        self.found: dict[str, list[float]] = {}

    def note(self, name: str, rows_per_second: float) -> None:
        self.found.setdefault(name, []).append(rows_per_second)

    def median(self, name: str) -> float:
        found = self.found[name]
        return statistics.median(found[1:] or found)

    def ours(self, name: str) -> Figure:
        return Figure(self.median(name), "rows/s")

    def beside(self, name: str) -> Figure:
        return Figure(self.median(name), "rows/s", name)


async def take_turns(stage: Stage, pairs: int, turns: Mapping[str, tuple[int, Turn]]) -> Rates:
    """One round to warm up and `pairs` more; each turn comes with the rows that it takes."""
    rates = Rates()
    for number in range(pairs + 1):
        stage.say(f"round {number} of {pairs}" + (", to warm up" if number == 0 else ""))
        for name, (rows, turn) in turns.items():
            rate = rows / await turn(number)
            rates.note(name, rate)
            stage.say(f"  {name:<40} {rate:>10,.0f} rows/s")
    return rates
