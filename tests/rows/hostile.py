"""Wrong rows and wrong documents: those of hostile.toml, and those that are too large to be read in a file."""

import json
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from commerce.imports.v1 import imports_pb2 as pb
from tests.rows.shop import Verdict, table, verdict_of

FORMS = ("array", "lines", "inline")
MIB = 1024 * 1024
_DEEPEST_STRUCT = 25  # of a message that protobuf still parses, with levels to spare


class Row(NamedTuple):
    """One row of JSON and what is to be said of it, however it is sent."""

    why: str
    json: str
    issues: tuple[str, ...]
    type: str = "skus"
    forms: tuple[str, ...] = FORMS

    @property
    def verdict(self) -> Verdict:
        return verdict_of(self.issues)

    @property
    def is_object(self) -> bool:
        return self.json.startswith("{")

    @property
    def line(self) -> str:
        return self.json.replace("\n", " ")

    def can_be(self, form: str) -> bool:
        """Whether it can be sent in that form: a Struct says less than JSON."""
        return form in self.forms and (form != "inline" or _fits_struct(self))


class Document(NamedTuple):
    """One document, and why it is refused, or what is to be said of each of its rows."""

    why: str
    body: bytes
    type: str = "skus"
    format: pb.Format.ValueType = pb.FORMAT_JSON
    refused: str = ""
    names: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    inline: bool = False
    csv_options: pb.CsvOptions = pb.CsvOptions()

    @property
    def spec(self) -> pb.ImportSpec:
        options = self.csv_options if self.format == pb.FORMAT_CSV else None
        return pb.ImportSpec(
            resource_type=self.type, format=self.format, csv_options=options, skip_errors=True
        )

    @property
    def verdicts(self) -> list[Verdict]:
        return [verdict_of(issues) for issues in self.rows]


def read_rows() -> list[Row]:
    """The rows of the data file."""
    return [
        Row(
            entry["why"],
            entry["json"],
            tuple(entry["issues"]),
            entry.get("type", "skus"),
            tuple(entry.get("forms", FORMS)),
        )
        for entry in table("hostile.toml")["row"]
    ]


def read_documents() -> list[Document]:
    """The documents of the data file."""
    return [
        Document(
            entry["why"],
            bytes.fromhex(entry["hex"]) if "hex" in entry else _encoded(entry),
            entry.get("type", "skus"),
            pb.FORMAT_CSV if entry.get("format") == "csv" else pb.FORMAT_JSON,
            entry.get("refused", ""),
            tuple(entry.get("names", ())),
            tuple(map(tuple, entry.get("rows", ()))),
            entry.get("inline", False),
            pb.CsvOptions(delimiter=entry.get("delimiter", ""), null_marker=entry.get("null_marker")),
        )
        for entry in table("hostile.toml")["document"]
    ]


def made_rows() -> Iterator[Row]:
    """Rows with too much of something."""
    yield from _long_rows()
    yield from _deep_rows()
    yield from _numerous_rows()


def _sku(**more: Any) -> str:
    return json.dumps({"code": "BACKPACK", **more}, ensure_ascii=False)


def _new(code: str, **more: Any) -> str:
    return json.dumps({"code": code, "name": "New", "do_not_ship": True, **more}, ensure_ascii=False)


def _long_rows() -> Iterator[Row]:
    digits = "9" * 100_000
    yield Row("a row of more than 1 MiB", _sku(description="x" * MIB), ("too_long",))
    yield Row("a text of a million characters", _new("LONG", description="x" * 1_000_000), ())
    yield Row(
        "an integer of 100,000 digits",
        f'{{"code": "MUG", "pieces_per_pack": {digits}}}',
        _of("pieces_per_pack"),
    )
    yield Row("a float of 100,000 digits", f'{{"code": "MUG", "weight": {digits}}}', _of("weight"))
    yield Row("100,000 digits as text", _sku(pieces_per_pack=digits), _of("pieces_per_pack"))
    yield Row(
        "100,000 digits in metadata", f'{{"code": "MUG", "metadata": {{"a": [{digits}]}}}}', _of("metadata")
    )
    yield Row("an exponent of 30 digits", f'{{"code": "MUG", "weight": 1e{"9" * 30}}}', _of("weight"))
    yield Row("a key of 2,000 bytes", _new("k" * 2000), ())
    yield Row("a key of 2,001 bytes", _new("k" * 2001), ("too_long code",))
    yield Row("a key of 667 characters in 2,001 bytes", _new("鍵" * 667), ("too_long code",))
    yield Row(
        "a key of two parts and 2,001 bytes",
        json.dumps({"name": "k" * 1999, "currency_code": "EUR"}),
        ("too_long name",),
        "sku_options",
    )
    yield Row(
        "a SKU by a key that none can have",
        json.dumps({"order_id": "order-1001", "sku_code": "k" * 3000, "quantity": 1}),
        ("must_exist sku_code",),
        "line_items",
    )
    yield Row(
        "a category by a key that none can have",
        _sku(shipping_category={"code": "k" * 3000}),
        ("must_exist shipping_category.code",),
    )
    yield Row(
        "an attribute of 10,000 characters, which is named in part",
        _new("NAMED", **{"x" * 10_000: 1}),
        ("unknown_attribute " + "x" * 200,),
    )


def _of(attribute: str) -> tuple[str, ...]:
    return (f"out_of_range {attribute}",)


def nested(levels: int) -> dict[str, Any]:
    """Objects in objects, so many levels of them."""
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def _deep_rows() -> Iterator[Row]:
    item = {"sku_code": "MUG", "quantity": 1, "metadata": nested(16)}
    yield Row("16 levels, the row being the first", _new("DEEP", metadata=nested(15)), ())
    yield Row("17 levels", _sku(metadata=nested(16)), ("too_deep metadata",))
    yield Row("200 levels", _sku(metadata=nested(200)), ("too_deep metadata",))
    yield Row(
        "an item that is too deep",
        json.dumps({"number": "1001", "line_items": [item]}),
        ("too_deep line_items[0].metadata",),
        "orders",
    )
    yield Row(
        "100,000 levels of objects",
        '{"code": "MUG", "metadata": ' + '{"a":' * 100_000 + "1" + "}" * 100_001,
        ("too_deep",),
        forms=("array", "lines"),
    )
    yield Row(
        "100,000 levels of lists where a text belongs",
        '{"code": "MUG", "name": ' + "[" * 100_000 + "]" * 100_000 + "}",
        ("too_deep",),
        forms=("array", "lines"),
    )


def _numerous_rows() -> Iterator[Row]:
    def order(*items: dict[str, Any]) -> str:
        return json.dumps({"number": "3201", "market_id": "europe", "line_items": items})

    item = {"sku_code": "MUG", "quantity": 1}
    option = {"sku_option_id": "option-engraving", "quantity": 1, "options": {}}
    yield Row("1,001 items", order(*[item] * 1001), ("too_many_items line_items",), "orders")
    yield Row("10,000 items", order(*[item] * 10_000), ("too_many_items line_items",), "orders")
    yield Row(
        "10,000 items that are wrong, too", order(*[{}] * 10_000), ("too_many_items line_items",), "orders"
    )
    yield Row(
        "one item with 1,000 options, 1,001 in all",
        order(item | {"line_item_options": [option] * 1000}),
        ("too_many_items line_items[0].line_item_options",),
        "orders",
    )
    yield Row(
        "10,000 SKUs in a list",
        json.dumps({"name": "Beach", "sku_list_items": [{"sku_code": str(n)} for n in range(10_000)]}),
        ("too_many_items sku_list_items",),
        "sku_lists",
    )
    yield Row("10,000 tags", _sku(tags=[f"tag-{n}" for n in range(10_000)]), ("too_many_items tags",))
    yield Row("one tag 1,000 times", _new("TAGGED-9", tags=["summer"] * 1000), ())
    yield Row(
        "10,000 values in metadata, which are no items", _new("MANY", metadata={"a": [{}] * 10_000}), ()
    )


def made_documents() -> Iterator[Document]:
    """Documents with too much of something."""
    csv = pb.FORMAT_CSV
    long = b"x" * MIB
    many = b",".join(b"column_%d" % number for number in range(10_000))
    items = b",".join(b"line_items.%d.sku_code" % number for number in range(1001))
    path = b"metadata" + b".a" * 20
    yield Document("an array in an array, a million times", b"[" * MIB, refused="DOCUMENT_MALFORMED")
    yield Document(
        "a row that never ends, of which nothing is held", b'{"code": "' + long * 5, rows=(("too_long",),)
    )
    yield Document(
        "a line of 5 MiB that is no JSON",
        b'{"code": "BACKPACK"}\n' + b"x" * 5 * MIB + b"\n5\n",
        rows=((), ("too_long",), ("not_an_object",)),
    )
    yield Document(
        "a cell of 1 MiB",
        b"code,name\nMUG," + long + b"\nMUG,Mug\n",
        rows=(("too_long",), ()),
        format=csv,
    )
    yield Document(
        "a cell of 2 MiB of line breaks and quotes",
        b'code,name\nMUG,"' + b'""\n\r' * (MIB // 2) + b'"\nMUG,Mug,\n',
        rows=(("too_long",), ("cell_count",)),
        format=csv,
    )
    yield Document(
        "10,000 unknown columns", many + b"\n1\n", refused="HEADER_INVALID", names=("column_0",), format=csv
    )
    yield Document(
        "a column of 2 MiB", b"code," + long * 2 + b"\n1,2\n", refused="DOCUMENT_MALFORMED", format=csv
    )
    yield Document(
        "1,001 items in numbered columns",
        b"number," + items + b"\n1001" + b",MUG" * 1001 + b"\n",
        type="orders",
        format=csv,
        refused="HEADER_INVALID",
        names=("line_items.1000.sku_code",),
    )
    yield Document(
        "a column of 2,000 levels beside a list in columns",
        b"id,price_tiers.0.name,metadata" + b".a" * 2000 + b"\nprice-bottle-eu,A,1\n",
        type="prices",
        format=csv,
        refused="HEADER_INVALID",
    )
    yield Document(
        "a column of 4,000 levels",
        b"code,metadata" + b".a" * 4000 + b"\nMUG,1\n",
        refused="HEADER_INVALID",
        format=csv,
    )
    yield Document(
        "a column of 22 levels", b"code," + path + b"\nMUG,1\n", refused="HEADER_INVALID", format=csv
    )


def _encoded(entry: dict[str, Any]) -> bytes:
    text: str = entry["text"]
    return text.encode(entry.get("encoding", "utf-8"))


def _fits_struct(row: Row) -> bool:
    """Whether a Struct says the same: an object of finite numbers, real characters and few levels."""
    if not row.is_object or len(row.json) > 2 * MIB or "}" * 100 in row.json or "]" * 100 in row.json:
        return False
    return _is_plain(json.loads(row.json, parse_int=float), _DEEPEST_STRUCT)


def _is_plain(value: Any, levels: int) -> bool:
    if isinstance(value, dict):
        return levels > 0 and all(_is_plain(k, 1) and _is_plain(v, levels - 1) for k, v in value.items())
    if isinstance(value, list):
        return levels > 0 and all(_is_plain(item, levels - 1) for item in value)
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return not isinstance(value, int | float) or (abs(value) < 1e308 and math.isfinite(value))
