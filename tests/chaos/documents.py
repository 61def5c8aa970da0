"""An import to be: its rows, how they are written, and what else is said of it."""

import json
from dataclasses import dataclass
from random import Random
from typing import Any

from commerce.imports.v1 import imports_pb2 as pb
from tests.chaos.rows import rows_of
from tests.model.csv_documents import NULL, csv_of, sayable
from tests.model.kinds import KINDS, Row

FORMS = ("lines", "array", "csv")
SIZES = (1, 15, 40, 90, 160, 300)


@dataclass(frozen=True)
class Document:
    """`in_order`: its segments must follow each other, as keys repeat."""

    kind: str
    rows: list[Row]
    form: str
    skip_errors: bool
    in_order: bool

    @property
    def text(self) -> bytes:
        if self.form == "lines":
            return lines_of(self.rows)
        if self.form == "array":
            return b"[" + lines_of(self.rows, b",\n") + b"]"
        return csv_of(KINDS[self.kind], self.rows, dotted_objects=False, tags_by_name=False, numbered=True)

    @property
    def spec(self) -> dict[str, Any]:
        """The fields of the spec that go with it."""
        spec: dict[str, Any] = {"skip_errors": self.skip_errors, "format": pb.FORMAT_JSON}
        if self.form == "csv":
            spec |= {"format": pb.FORMAT_CSV, "csv_options": pb.CsvOptions(null_marker=NULL)}
        return spec

    def __str__(self) -> str:
        return f"{len(self.rows)} {self.kind} as {self.form}"


def draw_document(kind: str, space: str, dice: Random) -> Document:
    """Any document of that type over that space of keys."""
    form = dice.choice(FORMS)
    repeats = dice.random() < 0.5
    rows = rows_of(
        kind,
        space,
        dice,
        size=dice.choice(SIZES),
        repeats=repeats,
        bad_percent=dice.choice([0, 0, 0, 3, 3, 30]),
    )
    if form == "csv":
        rows = [sayable(KINDS[kind], row) for row in rows]
    return Document(kind, rows, form, skip_errors=dice.random() < 0.4, in_order=repeats)


def lines_of(rows: list[Row], between: bytes = b"\n") -> bytes:
    """The rows as JSON, one a line."""
    return between.join(json.dumps(row).encode() for row in rows)
