"""The documents that are measured with: believable SKUs of about 227 bytes and 8 attributes, or of 100 KB.

The wide ones are made while they are sent: nobody holds gigabytes.
"""

import csv
import io
import json
import random
from collections.abc import Callable, Iterator

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


def json_line(number: int) -> bytes:
    return json.dumps(sku(number)).encode() + b"\n"


def json_lines(rows: int) -> bytes:
    return b"".join(json_line(number) for number in range(rows))


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


def wide_texts(row_bytes: int, count: int = 16) -> list[str]:
    """Long descriptions of words without order, which compress about as well as prose does; always the same."""
    source = random.Random(row_bytes)
    words = [
        "".join(source.choices("abcdefghijklmnopqrstuvwxyz", k=source.randint(2, 9))) for _ in range(5_000)
    ]
    return [" ".join(source.choices(words, k=row_bytes // 5))[:row_bytes] for _ in range(count)]


def wide_json_lines(size: int, row_bytes: int) -> Iterator[bytes]:
    """At least `size` bytes of rows of `row_bytes`, a chunk each."""
    for number, text in _wide_rows(size, row_bytes):
        yield _wide_json(number, text) + b"\n"


def wide_json_array(size: int, row_bytes: int) -> Iterator[bytes]:
    for number, text in _wide_rows(size, row_bytes):
        yield (b"," if number else b"[") + _wide_json(number, text)
    yield b"]"


def wide_csv(size: int, row_bytes: int) -> Iterator[bytes]:
    yield b"code,name,description,do_not_ship\n"
    for number, text in _wide_rows(size, row_bytes):
        yield f'WIDE{number:08d},Wide no. {number},"{text}",true\n'.encode()


WIDE: dict[str, Callable[[int, int], Iterator[bytes]]] = {
    "JSON Lines": wide_json_lines,
    "one JSON array": wide_json_array,
    "CSV": wide_csv,
}
"""The forms of a document by their names."""


def _wide_rows(size: int, row_bytes: int) -> Iterator[tuple[int, str]]:
    texts = wide_texts(row_bytes)
    for number in range(-(-size // row_bytes)):
        yield number, texts[number % len(texts)]


def _wide_json(number: int, text: str) -> bytes:
    return (
        f'{{"code": "WIDE{number:08d}", "name": "Wide no. {number}", "description": "{text}", "do_not_ship": true}}'
    ).encode()
