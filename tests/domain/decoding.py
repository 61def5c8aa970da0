"""Rows decoded as a worker does it, for tests of what becomes of them."""

import csv
import io
import json
from copy import copy
from typing import Any

from msgspec import UNSET

from imports_service.domain.imports import Format
from imports_service.domain.inputs import Input, InputDecoder
from imports_service.domain.registry import load_registry
from imports_service.domain.rows import Code
from imports_service.domain.shapes import Shapes, encode_all

REGISTRY = load_registry()
SHAPES = Shapes(REGISTRY)


def decode_json(resource_type: str, *rows: dict[str, Any] | str, **options: Any) -> list[Input]:
    """The rows, given as values or as JSON text, decoded as one slice."""
    lines = [row.encode() if isinstance(row, str) else json.dumps(row).encode() for row in rows]
    decoder = InputDecoder(SHAPES[resource_type], format=Format.JSON, **options)
    return decoder.decode(lines, range(1, len(lines) + 1))


def decode_csv(resource_type: str, document: str, **options: Any) -> list[Input]:
    """The records of a CSV document with its header, decoded as one slice."""
    header, *records = csv.reader(io.StringIO(document))
    lines = [json.dumps(record).encode() for record in records]
    decoder = InputDecoder(SHAPES[resource_type], format=Format.CSV, columns=tuple(header), **options)
    return decoder.decode(lines, range(1, len(lines) + 1))


def said_of(row: Input) -> list[tuple[Code, str]]:
    """The codes of the row's issues, each with its attribute."""
    return [(issue.code, issue.attribute) for issue in row.issues]


def stored(row: Input) -> dict[str, Any]:
    """What would be stored of the row."""
    values: dict[str, Any] = json.loads(encoded(row.values))
    return values


def encoded(values: Any) -> bytes:
    """The JSON of what would be stored."""
    stored = copy(values)
    stored.id = UNSET
    (written,) = encode_all([stored])
    return written
