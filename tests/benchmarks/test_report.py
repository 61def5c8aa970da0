"""What a run writes down: verdicts, and the parts that were not run."""

import json
from pathlib import Path

import pytest

from benchmarks.lines import (
    Figure,
    Line,
    Section,
    Target,
    ours_at_least,
    ours_at_most,
    ratio_at_least,
    ratio_at_most,
)
from benchmarks.machine import Circumstances
from benchmarks.parts import chaos
from benchmarks.report import block, part_json, summary, write_json, write_results

MEASURED = Circumstances(
    date="2026-11-26", commit="abc", cores=2, memory_gib=24, python="3.11.7", postgres="18.6", load=0.25
)


@pytest.mark.parametrize(
    ("target", "is_met"),
    [
        (ratio_at_least(0.5), True),
        (ratio_at_least(0.51), False),
        (ratio_at_most(0.5), True),
        (ratio_at_most(0.49), False),
        (ours_at_least(10), True),
        (ours_at_most(9), False),
        (None, None),
    ],
)
def test_a_target_is_met_or_not(target: Target | None, is_met: bool | None) -> None:
    line = Line(what="x", ours=Figure(10, "s"), beside=Figure(20, "s", "floor"), target=target)

    assert line.is_met is is_met


def test_a_ratio_without_anything_beside_is_not_met() -> None:
    assert Line(what="x", ours=Figure(10, "s"), target=ratio_at_least(0.1)).is_met is False


def test_a_line_says_ours_theirs_the_ratio_the_target_and_whether_it_is_met() -> None:
    told = block(section("one", 43_770, 79_217), MEASURED).splitlines()

    assert told[0] == "## one"
    assert "commit abc, 2 cores, 24 GiB, Python 3.11.7, PostgreSQL 18.6" in told[3]
    assert told[-1] == "| x | 43,770 rows/s | *file* 79,217 rows/s | 0.55 | ≥ 0.6 × (stretch 0.7) | **no** |"


def test_a_part_that_is_not_run_keeps_its_table_and_nobody_else_s_words_are_touched(tmp_path: Path) -> None:
    results = tmp_path / "RESULTS.md"
    results.write_text("# Results\n\nby hand, at the top\n")
    write_results(
        results, {"one": block(section("one", 1, 2), MEASURED), "two": block(section("two", 3, 4), MEASURED)}
    )
    results.write_text(results.read_text() + "\nby hand, at the end \\1\n")
    former, _, rest = results.read_text().partition("3 rows/s")

    write_results(results, {"two": block(section("two", 9, 10), MEASURED)})

    told = results.read_text()
    assert told.startswith(former + "9 rows/s")
    assert told.endswith(rest.partition("|\n")[2])
    assert told.count("make bench ONLY=two") == 1


def test_the_json_keeps_the_parts_that_are_not_run(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_json(path, {"one": part_json(section("one", 1, 2), MEASURED)})
    write_json(path, {"two": part_json(section("two", 3, 4), MEASURED)})

    found = json.loads(path.read_text())

    assert list(found) == ["one", "two"]
    assert found["one"]["measured"]["commit"] == "abc"
    [line] = found["two"]["lines"]
    assert (line["ratio"], line["is_met"], line["target"]) == (0.75, True, "≥ 0.6 × (stretch 0.7)")


def test_the_summary_names_what_was_missed() -> None:
    told = summary({"one": section("one", 1, 2), "two": section("two", 3, 4)}).splitlines()

    assert told[0] == "1 of 2 targets met"
    assert [line.split("|")[0] for line in told[1:]] == ["  missed: one: "]


def test_the_summary_of_chaos_is_a_line_without_the_paths_of_its_machine() -> None:
    found = {"seed": 7, "load_seconds": 600.0, "seconds": 612.3, "directory": "/somewhere/else"}
    found |= {"faults": {"SIGKILL": 12}, "counts": {"imports": 1_234}, "violations": ["one"]}

    told = chaos.section(found)

    [line] = told.lines
    assert (line.ours, line.is_met) == (Figure(1, "violations"), False)
    assert "12 SIGKILL" in told.about
    assert "/somewhere" not in block(told, MEASURED) + json.dumps(part_json(told, MEASURED))


def section(title: str, ours: float, theirs: float) -> Section:
    target = ratio_at_least(0.6, "stretch 0.7")
    line = Line(what="x", ours=Figure(ours, "rows/s"), beside=Figure(theirs, "rows/s", "file"), target=target)
    return Section(title=title, about="Measured so.", lines=[line])
