"""The documents that are measured with: believable SKUs of about 227 bytes and 8 attributes."""

import csv
import io
import json
from collections.abc import Iterator

ADJECTIVES = ("Aged", "Bold", "Clear", "Dusky", "Early", "Faded", "Grand", "Hazel", "Ivory", "Jolly")
THINGS = (
    "Anorak",
    "Beanie",
    "Cardigan",
    "Duffle",
    "Espadrille",
    "Fedora",
    "Gilet",
    "Hoodie",
    "Jumper",
    "Kilt",
)


def sku(number: int) -> dict[str, object]:
    """The SKU of one row; numbers that differ make codes that differ."""
    adjective, thing = ADJECTIVES[number % 10], THINGS[number // 10 % 10]
    return {
        "code": f"{thing[:4].upper()}{adjective[:3].upper()}{number:08d}",
        "name": f"{adjective} {thing} no. {number}",
        "description": f"The {adjective.lower()} {thing.lower()} of our {number % 90 + 10}th collection",
        "pieces_per_pack": number % 12 + 1,
        "weight": number % 900 + 0.5,
        "unit_of_weight": "gr",
        "hs_tariff_number": f"6203{number % 10_000:04d}",
        "do_not_ship": True,
    }


def json_lines(rows: int) -> bytes:
    return b"".join(json.dumps(sku(number)).encode() + b"\n" for number in range(rows))


def json_array(rows: int) -> bytes:
    return b"[" + b",".join(json.dumps(sku(number)).encode() for number in range(rows)) + b"]"


def csv_document(rows: int) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(sku(0))
    for number in range(rows):
        writer.writerow(str(value).lower() if value is True else value for value in sku(number).values())
    return text.getvalue().encode()


def in_chunks(document: bytes, chunk_bytes: int = 256 * 1024) -> Iterator[bytes]:
    for start in range(0, len(document), chunk_bytes):
        yield document[start : start + chunk_bytes]
