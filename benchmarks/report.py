"""What was measured, as a table for people, as JSON, and as the generated blocks of RESULTS.md.

A part that was not run keeps its block, and what stands between the blocks is nobody's but its author's.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.lines import Line, Section
from benchmarks.machine import Circumstances

HEAD = (
    "| what | ours | theirs, or the floor | ratio | target | met |",
    "|---|---|---|---|---|---|",
)
VERDICTS = {True: "yes", False: "**no**", None: ""}


def table(lines: list[Line]) -> str:
    """As Markdown, a row for each line."""
    return "\n".join([*HEAD, *(_row(line) for line in lines)])


def _row(line: Line) -> str:
    cells = [
        line.what,
        str(line.ours),
        "" if line.beside is None else str(line.beside),
        "" if line.ratio is None else f"{line.ratio:.2f}",
        "" if line.target is None else line.target.text(line.ours.unit),
        VERDICTS[line.is_met],
    ]
    return f"| {' | '.join(cells)} |"


def block(section: Section, measured: Circumstances) -> str:
    """A part's Markdown, its heading included."""
    parts = [f"## {section.title}", f"{section.about}\n{measured}.", table(section.lines), section.details]
    return "\n\n".join(part for part in parts if part)


def write_results(path: Path, blocks: Mapping[str, str]) -> None:
    """Put each part's block in the place of its last one; a part that had none comes last."""
    text = path.read_text() if path.exists() else "# Results\n"
    for part, content in blocks.items():
        marked = f"<!-- make bench ONLY={part} -->\n{content}\n<!-- end of {part} -->"
        former = re.compile(f"<!-- make bench ONLY={part} -->.*<!-- end of {part} -->", re.DOTALL)
        text, replaced = former.subn(lambda _, marked=marked: marked, text)  # type: ignore[misc]
        if not replaced:
            text = f"{text.rstrip()}\n\n{marked}\n"
    path.write_text(text)


def part_json(section: Section, measured: Circumstances) -> dict[str, Any]:
    """All that a part has found."""
    return {
        "title": section.title,
        "measured": measured.as_json(),
        "lines": [line.as_json() for line in section.lines],
        "samples": section.samples,
    }


def write_json(path: Path, parts: Mapping[str, dict[str, Any]]) -> None:
    """Put each part in the place of its last figures; others keep theirs."""
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**found, **parts}, indent=1, ensure_ascii=False) + "\n")


def summary(sections: Mapping[str, Section]) -> str:
    """How many targets were met, and which were not."""
    lines = [(part, line) for part, section in sections.items() for line in section.lines]
    judged = [line for _, line in lines if line.is_met is not None]
    missed = [f"  missed: {part}: {_row(line)}" for part, line in lines if line.is_met is False]
    met = sum(line.is_met is True for line in judged)
    return "\n".join([f"{met} of {len(judged)} targets met", *missed])
