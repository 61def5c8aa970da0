"""Writes the sample documents that stand beside it: a made-up outdoor shop, the same on every run.

    python -m examples.generate

Ids stand in the documents where others refer to them, so they can be imported in the order of their numbers,
and a second time without a change. A handful of SKUs and prices are wrong on purpose, far fewer than 10 %.
"""

import csv
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from examples.assortment import FAMILIES, Family
from examples.places import CITIES, City

HERE = Path(__file__).resolve().parent
SKUS = 2_000
STOCK_ITEMS = 3_000
US_CENTS_PER_EURO_CENT = 1.09

Row = dict[str, Any]

SHIPPING_CATEGORIES = {
    "LETTER": "Letter box",
    "PARCEL": "Parcel",
    "BULKY": "Bulky parcel",
    "FREIGHT": "Freight",
    "HAZMAT": "Dangerous goods by road",
}
PRICE_LISTS = [
    {
        "id": "retail-eur",
        "code": "RETAIL-EUR",
        "name": "Retail Europe",
        "currency_code": "EUR",
        "tax_included": True,
    },
    {
        "id": "retail-usd",
        "code": "RETAIL-USD",
        "name": "Retail USA",
        "currency_code": "USD",
        "tax_included": False,
    },
]


def shipping_categories() -> Iterator[Row]:
    for code, name in SHIPPING_CATEGORIES.items():
        yield {"id": category_id(code), "code": code, "name": name}


def category_id(code: str) -> str:
    return f"ship-{code.lower()}"


def houses() -> Iterator[tuple[str, str, City, bool]]:
    """Code, name and city of every stock location, and whether it is one of the four warehouses."""
    for number, city in enumerate(CITIES, start=1):
        yield f"S{number:02}A", f"Shop {city.name}, {city.street}", city, False
        yield f"S{number:02}B", f"Shop {city.name} station", city, False
    for number, city in enumerate(CITIES[10:50:10], start=1):
        yield f"W{number:02}", f"Warehouse {city.name}", city, True


def addresses(chance: random.Random) -> Iterator[Row]:
    for code, name, city, is_warehouse in houses():
        street = "Depot" if is_warehouse else "Station" if code.endswith("B") else city.street
        yield {
            "id": f"adr-{code.lower()}",
            "business": True,
            "company": f"Fjell & Elv {name}",
            "line_1": f"{street} {chance.randint(1, 120)}",
            "city": city.name,
            "zip_code": city.zip_code,
            "state_code": city.state_code,
            "country_code": city.country_code,
            "phone": f"{city.dialling} {chance.randint(200, 999)} {chance.randint(1000, 9999)}",
            "lat": round(city.lat + chance.uniform(-0.02, 0.02), 5),
            "lng": round(city.lng + chance.uniform(-0.02, 0.02), 5),
        }


def stock_locations() -> Iterator[Row]:
    for code, name, _, is_warehouse in houses():
        yield {
            "id": f"loc-{code.lower()}",
            "code": code,
            "name": name,
            "label_format": "ZPL" if is_warehouse else "PDF",
            "suppress_etd": "true" if is_warehouse else "false",
            "address_id": f"adr-{code.lower()}",
        }


def variants() -> list[tuple[Family, str, str, int]]:
    """Every variant of every family: its code, its name and which size of its family it is."""
    found = []
    for family in FAMILIES:
        for colour, fit, (place, size) in product(family.colours, family.fits, enumerate(family.sizes)):
            code = "-".join(part for part in (family.code, colour[:3].upper(), fit, size) if part)
            whose = {"W": "women's ", "M": "men's "}.get(fit, "")
            details = f"{whose}{colour} {size}".strip()
            found.append((family, code, f"{family.name}, {details}" if details else family.name, place))
    return found


def skus_and_prices(chance: random.Random) -> tuple[list[Row], list[Row]]:
    """The goods and what they cost on both price lists, each with its bad rows among the good ones."""
    skus: list[Row] = []
    prices: list[Row] = []
    for family, code, name, place in variants()[:SKUS]:
        skus.append(sku(family, code, name, place))
        cents = family.cents + place * (family.cents // 20)
        reduced = chance.random() < 0.15
        for price_list, factor in zip(PRICE_LISTS, (1.0, US_CENTS_PER_EURO_CENT), strict=True):
            full = round(cents * factor / 100) * 100 - 10
            row = {"sku_code": code, "price_list_id": price_list["id"], "amount_cents": full}
            if reduced:
                row |= {"amount_cents": round(full * 0.8), "compare_at_amount_cents": full}
            prices.append(row)
    scatter(chance, bad_skus(), skus)
    scatter(chance, bad_prices(), prices)
    return skus, prices


def sku(family: Family, code: str, name: str, place: int) -> Row:
    return {
        "code": code,
        "name": name,
        "shipping_category_id": category_id(family.category),
        "weight": family.grams + place * (family.grams // 25),
        "unit_of_weight": "gr",
        "pieces_per_pack": 2 if family.code in {"SOCK", "POLE"} else 1,
        "hs_tariff_number": family.hs_tariff_number,
    }


def bad_skus() -> list[Row]:
    """What really arrives: no name, a unit out of the enum, a category nobody made, a count in words."""
    family = next(family for family in FAMILIES if family.code == "TEE")
    return [
        sku(family, "TEE-GIFT-S", "", 0),
        sku(family, "TEE-GIFT-M", "", 1),
        sku(family, "TEE-SAMPLE-M", "Merino T-shirt, fabric sample", 0)
        | {"unit_of_weight": "kg", "weight": "0.16"},
        sku(family, "TEE-SAMPLE-L", "Merino T-shirt, fabric sample L", 0) | {"unit_of_weight": "grams"},
        sku(family, "CARAVAN-2P", "Teardrop caravan", 0) | {"shipping_category_id": "ship-oversize"},
        sku(family, "TEE-BOX", "Merino T-shirt, box", 0) | {"pieces_per_pack": "a dozen"},
    ]


def bad_prices() -> list[Row]:
    return [
        {"sku_code": "TEE-FJO-W-3XL", "price_list_id": "retail-eur", "amount_cents": 6400},
        {"sku_code": "KAYAK-SIG-TRIO", "price_list_id": "retail-eur", "amount_cents": 129900},
        {"sku_code": "TEE-FJO-W-S", "price_list_id": "outlet-eur", "amount_cents": 3900},
        {"sku_code": "TEE-MOS-M-M", "price_list_id": "outlet-eur", "amount_cents": 3900},
        {"sku_code": "GAS-SLA-999", "price_list_id": "retail-usd"},
        {"sku_code": "LAMP-XXX-200", "price_list_id": "retail-usd", "amount_cents": "44,90"},
    ]


def scatter(chance: random.Random, rows: Sequence[Row], among: list[Row]) -> None:
    for row in rows:
        among.insert(chance.randrange(50, len(among)), row)


def stock_items(chance: random.Random) -> Iterator[Row]:
    """A part of the stock; the demo makes up the rest of every SKU in every location."""
    codes = [code for _, code, _, _ in variants()[:SKUS]]
    locations = [location["id"] for location in stock_locations()]
    for place in sorted(chance.sample(range(len(codes) * len(locations)), STOCK_ITEMS)):
        code, location = codes[place // len(locations)], locations[place % len(locations)]
        yield {"sku_code": code, "stock_location_id": location, "quantity": chance.randint(0, 60)}


def write_json(name: str, rows: Iterable[Row]) -> None:
    """One array, one row a line."""
    text = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (HERE / name).write_text(f"[\n{text}\n]\n", encoding="utf-8")


def write_json_lines(name: str, rows: Iterable[Row]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    (HERE / name).write_text(text, encoding="utf-8")


def write_csv(name: str, rows: Iterable[Row]) -> None:
    rows = list(rows)
    with (HERE / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    chance = random.Random(2026)
    skus, prices = skus_and_prices(chance)
    write_json("01_shipping_categories.json", shipping_categories())
    write_json("02_addresses.json", addresses(chance))
    write_csv("03_stock_locations.csv", stock_locations())
    write_json("04_price_lists.json", PRICE_LISTS)
    write_csv("05_skus.csv", skus)
    write_json_lines("06_prices.jsonl", prices)
    write_csv("07_stock_items.csv", stock_items(chance))


if __name__ == "__main__":
    main()
