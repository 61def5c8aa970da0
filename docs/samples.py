"""The purposes and the sample rows of the types, out of `types/samples.toml`, and the rows as JSON and as CSV."""

import csv
import io
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

Row = dict[str, Any]

SAMPLES = Path(__file__).resolve().parent / "types" / "samples.toml"


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a page says beside the registry. `rows` are as JSON has them."""

    purpose: str
    rows: list[Row]


def load_samples() -> dict[str, Sample]:
    """The samples by type. Raises `msgspec.ValidationError` for a file that is not made like that."""
    return msgspec.convert(tomllib.loads(SAMPLES.read_text("utf-8")), dict[str, Sample])


def json_document(rows: Iterable[Row]) -> str:
    """The rows as an array, for people to read."""
    return json.dumps(list(rows), indent=2, ensure_ascii=False) + "\n"


def csv_document(rows: Sequence[Row]) -> str:
    """The same rows as CSV: a column for each name in the order of its first row, lines ended by a line feed."""
    records = [cells_of(row) for row in rows]
    columns = list(dict.fromkeys(name for record in records for name in record))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def cells_of(row: Mapping[str, Any]) -> dict[str, str]:
    """The row as cells: nested values under dotted names, items of lists under numbers from 0."""
    return dict(_cells("", row))


def _cells(prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        match value:
            case dict():
                yield from _cells(f"{prefix}{name}.", value)
            case [str(), *_]:  # names of tags
                yield f"{prefix}{name}.name", ",".join(value)
            case list():
                for number, item in enumerate(value):
                    yield from _cells(f"{prefix}{name}.{number}.", item)
            case bool():
                yield prefix + name, str(value).lower()
            case _:
                yield prefix + name, str(value)
