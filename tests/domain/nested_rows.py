"""Environments and rows for tests of what rows nest."""

from typing import Any

from imports_service.domain.fold import Folded
from imports_service.domain.rows import Outcome
from tests.domain.environment import Environment, Row

CREATED, UPDATED, UNCHANGED, FAILED = (
    Outcome.CREATED,
    Outcome.UPDATED,
    Outcome.UNCHANGED,
    Outcome.FAILED,
)
PLACE: Row = {"line_1": "Quay 1", "city": "Oslo", "country_code": "NO", "phone": "1"}
ADDRESS: Row = PLACE | {"business": True, "company": "X"}
ORDER: Row = {"id": "o", "market_id": "m"}
TIER: Row = {"name": "t", "price_amount_cents": 5, "type": "PriceVolumeTier"}


def shop() -> Environment:
    """Three SKUs, an option and a price list."""
    world = Environment()
    for code in "ABC":
        world.put("skus", code.lower(), code, code=code, name=code)
    world.put("sku_options", "engraving", "E", "m", name="E", market_id="m")
    world.put("price_lists", "eu", "EU", code="EU", name="Europe", currency_code="EUR")
    return world


def line(name: str, quantity: int = 1, **more: Any) -> Row:
    return {"name": name, "quantity": quantity, "unit_amount_cents": 5} | more


def option(quantity: int = 1, **more: Any) -> Row:
    return {"sku_option_id": "engraving", "quantity": quantity, "options": {}} | more


def quantities(world: Environment, owner: str = "o") -> dict[str, int]:
    """The items of an order by name."""
    return {item["name"]: item["quantity"] for item in world.children("line_items", owner).values()}


def written(folded: Folded) -> list[tuple[str, str]]:
    """Type and id of everything that a fold leaves behind."""
    made = [(one.resource_type, one.id) for one in (*folded.created, *folded.changed)]
    return made + folded.removed
