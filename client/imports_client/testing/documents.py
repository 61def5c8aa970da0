"""Rows of a document, held in memory. What makes a document wrong is refused; what makes a row wrong is its fault."""

import csv
import io
import json
from dataclasses import dataclass, field
from typing import Any

from commerce.imports.v1 import imports_pb2 as pb
from imports_client.testing.refused import Refused, invalid


@dataclass(frozen=True, slots=True)
class Fault:
    """What fails a row."""

    code: str = "invalid"
    attribute: str = ""
    message: str = "is invalid"


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it was sent. `number` counts from 1; in a retry it is that of the document first sent."""

    number: int
    values: dict[str, Any] = field(default_factory=dict)
    fault: Fault | None = None

    @property
    def key(self) -> str:
        """For people: what names the row. The fake knows no unique keys and takes what most types have."""
        for attribute in ("code", "sku_code", "email", "number", "reference", "name"):
            if self.values.get(attribute):
                return str(self.values[attribute])[:200]
        return f"id:{self.values['id']}" if self.values.get("id") else f"row {self.number}"


def rows_of(document: bytes, spec: pb.ImportSpec) -> list[Row]:
    """The document's rows. Raises `Refused` (DOCUMENT_MALFORMED, DOCUMENT_EMPTY, HEADER_INVALID)."""
    try:
        text = document.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        raise _malformed("is not UTF-8", offset=error.start) from None
    rows = _csv_rows(text, spec.csv_options) if spec.format == pb.FORMAT_CSV else _json_rows(text)
    if not rows:
        raise invalid("document", "has no rows", reason="DOCUMENT_EMPTY")
    return rows


def _json_rows(text: str) -> list[Row]:
    beginning = text.lstrip()[:1]
    if not beginning:
        return []
    if beginning == "[":
        return _array_rows(text)
    if beginning != "{":
        raise _malformed("is neither a JSON array nor JSON Lines", line=1, column=1, offset=0)
    return _line_rows(text)


def _array_rows(text: str) -> list[Row]:
    try:
        items = json.loads(text)
    except ValueError as error:
        where = {}
        if isinstance(error, json.JSONDecodeError):
            where = {"line": error.lineno, "column": error.colno, "offset": len(text[: error.pos].encode())}
        raise _malformed("is no JSON array", **where) from None
    return [_row(number, item) for number, item in enumerate(items, 1)]


def _line_rows(text: str) -> list[Row]:
    rows: list[Row] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            rows.append(_row(len(rows) + 1, json.loads(line)))
        except ValueError:
            if not rows:
                raise _malformed(
                    "begins with a line that is no JSON", line=number, column=1, offset=0
                ) from None
            rows.append(Row(len(rows) + 1, fault=Fault("malformed", "", "is no JSON")))
    return rows


def _row(number: int, item: object) -> Row:
    if isinstance(item, dict):
        return Row(number, item)
    return Row(number, fault=Fault("not_an_object", "", "is no object"))


def _csv_rows(text: str, options: pb.CsvOptions) -> list[Row]:
    try:
        records = list(
            csv.reader(io.StringIO(text, newline=""), delimiter=options.delimiter or ",", strict=True)
        )
    except csv.Error as error:
        raise _malformed(f"is no CSV: {error}") from None
    header, *others = records or [[]]
    repeated = sorted({column for column in header if header.count(column) > 1 or not column})
    if repeated:
        columns = ", ".join(repeated)
        raise invalid("document", f"columns: {columns}", reason="HEADER_INVALID", columns=columns)
    rows: list[Row] = []
    for record in others:
        number = len(rows) + 1
        if len(record) == len(header):
            rows.append(Row(number, {name: cell for name, cell in zip(header, record, strict=True) if cell}))
        elif record:
            rows.append(Row(number, fault=Fault("cell_count", "", "has more or fewer cells than the header")))
    return rows


def _malformed(what: str, **where: int) -> Refused:
    facts = {name: str(value) for name, value in where.items()}
    return invalid("document", what, reason="DOCUMENT_MALFORMED", **facts)
