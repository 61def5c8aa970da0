"""The page on rows: its tables of codes are the catalogue."""

import re
from pathlib import Path

import docs.generate
from imports_service.domain.rows import Code

PAGE = (Path(docs.generate.__file__).parent / "rows.md").read_text("utf-8")


def test_every_code_is_explained_once_among_its_like() -> None:
    errors, warnings = PAGE.split("\n## Issues\n")[1].split("\n## ")[0].split("\nWarnings.")

    assert codes_of(errors) == [code for code in Code if not code.is_warning]
    assert codes_of(warnings) == [code for code in Code if code.is_warning]


def codes_of(text: str) -> list[str]:
    """The first cells of a table's rows."""
    return re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
