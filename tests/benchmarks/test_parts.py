"""That every part of `make bench` works, at a size at which it says nothing; what it says is for `make bench`."""

import math

import pytest

from benchmarks.__main__ import PARTS
from benchmarks.lines import Line
from benchmarks.parts import peers
from benchmarks.report import HEAD, table
from benchmarks.stage import Stage

QUICK_PARTS = [name for name in PARTS if name != "peers" or peers.are_there()]


@pytest.mark.parametrize("part", QUICK_PARTS)
async def test_a_part_runs_and_its_lines_have_figures(part: str, stage: Stage) -> None:
    section = await PARTS[part](stage)

    assert section.lines
    assert all(is_sound(line) for line in section.lines), section.lines
    assert len(table(section.lines).splitlines()) == len(HEAD) + len(section.lines)


def is_sound(line: Line) -> bool:
    """Whether there are figures, and as many targets as there are verdicts."""
    figures = [line.ours, *([line.beside] if line.beside else [])]
    return all(math.isfinite(figure.value) and figure.value >= 0 for figure in figures) and (
        (line.is_met is None) == (line.target is None)
    )
