"""Reads a statement as the queries that it consists of: every SELECT, INSERT, UPDATE or DELETE by itself.

The queries inside of a query are cut out of it. No parser: it knows the SQL that this house writes (a table is named
after FROM, JOIN, INTO, UPDATE, USING or a comma, with an alias after AS).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

LOCKS = re.compile(r"\bFOR (?:NO KEY UPDATE|UPDATE|KEY SHARE|SHARE)\b")
CHANGES = re.compile(r"^(?:WITH\b.*?)?\b(?:INSERT INTO|(?<!FOR )(?<!KEY )(?<!DO )UPDATE|DELETE FROM) ")


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a statement. Brackets are ⟨ ⟩; a query inside of it is ⟪n⟫, its place in the list."""

    text: str

    @property
    def level(self) -> str:
        """Without what stands in brackets."""
        text = self.text
        while (shorter := re.sub(r"⟨[^⟨⟩]*⟩", "()", text)) != text:
            text = shorter
        return text

    def tables(self, names: tuple[str, ...]) -> list[tuple[str, str]]:
        """The tables of these names that it reads or changes, each with what it is called here."""
        before = r"\b(?:FROM|JOIN|INTO|USING)|(?<!FOR )(?<!KEY )(?<!DO )\bUPDATE|,"
        found = re.finditer(rf"(?:{before}) ({'|'.join(names)})(?![.\w])(?: AS (\w+))?", self.level)
        return [(match[1], match[2] or match[1]) for match in found]

    @property
    def locks(self) -> bool:
        return bool(LOCKS.search(self.level))

    @property
    def changes(self) -> bool:
        return bool(CHANGES.search(self.level))

    def pins(self, alias: str, *, is_alone: bool) -> bool:
        """Whether it asks for the rows of one organization of the table called so."""
        asked = re.split(r"\b(?:WHERE|ON)\b(?! CONFLICT)", self.level, maxsplit=1)[1:]
        qualifier = rf"(?:{alias}\.)?" if is_alone else rf"{alias}\."
        equality = re.compile(rf"(?<![.\w])(?<!NOT ){qualifier}organization_id = \$\d+(?!\w)")
        return bool(asked and equality.search(asked[0]) and not re.search(r"\bOR\b", asked[0]))


def queries(statement: str) -> list[Query]:
    """All queries of a statement; the outermost is the last."""
    text = plain(statement)
    found: list[Query] = []

    def cut_out(match: re.Match[str]) -> str:
        inner = match[1].strip()
        if not re.match(r"(?:SELECT|WITH|INSERT|UPDATE|DELETE|⟪)\b|⟪", inner):
            return f"⟨{inner}⟩"
        return "".join(f"⟪{_add(found, part)}⟫" for part in _operands(inner))

    while (shorter := re.sub(r"\(([^()]*)\)", cut_out, text)) != text:
        text = shorter
    for part in _operands(text):
        _add(found, part)
    return found


def plain(statement: str) -> str:
    text = re.sub(r"/\*.*?\*/|--[^\n]*", " ", statement, flags=re.DOTALL)
    text = re.sub(r"'(?:[^']|'')*'", "''", text)
    text = re.sub(r"\s+", " ", text).strip().removesuffix(";")
    return re.sub(r"\( ", "(", re.sub(r"(\w)\s+\(", r"\1 (", text)).replace(" ()", "()")


def _operands(text: str) -> Iterator[str]:
    return iter(part.strip() for part in re.split(r"\b(?:UNION|INTERSECT|EXCEPT)(?: ALL)?\b", text))


def _add(found: list[Query], text: str) -> int:
    # a function's bracket stands close to its name, whatever is cut out inside of it
    found.append(Query(re.sub(r"\b([a-z_]\w*) ?⟨", r"\1⟨", text)))
    return len(found) - 1
