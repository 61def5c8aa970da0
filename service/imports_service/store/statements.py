"""The SQL of this service, by name: one statement a file, loaded once when the process starts.

`SQL.claim_unit` is the text of `sql/claim_unit.sql` behind a comment with its name, so that the database's
own views of what runs say it in our words. Nothing here builds SQL: what varies is a parameter.
"""

import re
from pathlib import Path

DIRECTORY = Path(__file__).with_name("sql")


class Statements:
    """Attributes are the texts. Raises `AttributeError` for a name without a file."""

    def __init__(self, directory: Path) -> None:
        self._texts = {path.stem: _text_of(path) for path in directory.glob("*.sql")}

    def __getattr__(self, name: str) -> str:
        try:
            return self._texts[name]
        except KeyError:
            raise AttributeError(f"there is no statement {name!r}") from None

    def names(self) -> list[str]:
        """All names, in order."""
        return sorted(self._texts)


def _text_of(path: Path) -> str:
    without_header = re.sub(r"\A(?:--.*\n)+", "", path.read_text(encoding="utf-8"))
    return f"/* {path.stem} */ {without_header.strip().removesuffix(';')}"


SQL = Statements(DIRECTORY)
