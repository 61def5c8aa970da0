"""A rehearsal says of every row what the real run with `skip_errors` then does, and leaves no trace."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import hypothesis
import pytest
import pytest_asyncio
from hypothesis import strategies as st

from commerce.imports.v1 import imports_pb2 as pb
from imports_service.domain.registry import load_registry
from imports_service.embedded.objects import EmbeddedObjects
from imports_service.objects.store import Objects
from imports_service.settings import Settings
from tests.clusters import Cluster
from tests.rows.hostile import read_rows
from tests.rows.shop import Shop, array_of, table
from tests.rpc.shared import shared_service
from tests.services import Service
from tests.worker.rehearsing import compare, lines, overlays_are_empty

TYPES = list(load_registry().types)
SEGMENT_ROWS = 3
EXAMPLES = 30

COPY_ORGANIZATION = """
INSERT INTO resource
SELECT $2, resource_type, id, key, owner_id, attributes, created_at, updated_at, last_import
FROM resource WHERE organization_id = $1
"""


@pytest.fixture(scope="module")
def settings() -> Settings:
    return Settings(
        grpc_listen="127.0.0.1:0", stop_grace_seconds=5.0, segment_rows=SEGMENT_ROWS, lease_seconds=3.0
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(
    settings: Settings, cluster: Cluster, open_bucket: Objects, object_server: EmbeddedObjects
) -> AsyncIterator[Service]:
    async with shared_service(settings, cluster, open_bucket, object_server) as service:
        yield service


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def filled(service: Service) -> Shop:
    """A shop that tests copy."""
    shop = Shop(service)
    await shop.fill()
    return shop


@pytest_asyncio.fixture(loop_scope="session")
async def shop(filled: Shop) -> Shop:
    return await copy_of(filled)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def loop(filled: Shop) -> asyncio.AbstractEventLoop:
    """The loop of the service, for properties, which are no coroutines."""
    return asyncio.get_running_loop()


async def copy_of(shop: Shop) -> Shop:
    copied = Shop(shop.service)
    connection = await asyncpg.connect(shop.service.parts.database_url)
    try:
        names = (each.parent.rpartition("/")[2] for each in (shop, copied))
        await connection.execute(COPY_ORGANIZATION, *names)
    finally:
        await connection.close()
    return copied


TAGS = st.lists(st.sampled_from(["red", "blue", "new"]), max_size=3)


def some(optional: dict[str, Any], **required: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


def rows_of(
    good: st.SearchStrategy[dict[str, Any]], *odd: dict[str, Any]
) -> st.SearchStrategy[dict[str, Any]]:
    """Rows of which one in five or so is spoilt."""
    return st.builds(lambda row, spoilt: row | spoilt, good, st.sampled_from([{}] * 4 * len(odd) + list(odd)))


SKUS = rows_of(
    some(
        {
            "id": st.sampled_from(["one", "two", "sku-bottle"]),
            "weight": st.sampled_from([1, 2.5]),
            "unit_of_weight": st.just("gr"),
            "metadata": st.sampled_from([{}, {"a": 1}, {"a": "x" * 300}]),
            "tags": st.one_of(TAGS, st.none()),
            "_add_tags": st.sampled_from(["red", "green,blue"]),
            "_remove_tags": st.sampled_from(["red", "blue"]),
        },
        code=st.sampled_from(["BACKPACK", "BOTTLE", "NEW-1", "NEW-2"]),
        name=st.sampled_from(["Sack", "Flask"]),
        do_not_ship=st.just(True),
    ),
    {"id": "not an id"},
    {"name": None},
    {"weight": "heavy"},
    {"tags": ["bad,name"]},
    {"surprise": 1},
    {"code": None},
)
TIER = some(
    {"id": st.sampled_from(["tier-1", "tier-2"])},
    name=st.sampled_from(["few", "many"]),
    type=st.just("PriceVolumeTier"),
    up_to=st.sampled_from([5, 10, 15]),
    price_amount_cents=st.sampled_from([100, 200]),
)
PRICES = rows_of(
    some(
        {"id": st.sampled_from(["price-new", "price-bottle-eu"]), "price_tiers": st.lists(TIER, max_size=3)},
        sku_code=st.sampled_from(["BACKPACK", "BOTTLE"]),
        price_list=st.sampled_from([{"code": "EU"}, {"code": "US"}]),
        amount_cents=st.sampled_from([100, 200]),
    ),
    {"price_list": {"code": "no"}},
    {"price_list_id": "prices-eu"},
    {"price_tiers": None},
    {"price_tiers": [{"up_to": "x"}]},
    {"sku_code": "NO-SUCH"},
)
SKU_LISTS = rows_of(
    some(
        {
            "manual": st.just(True),
            "sku_list_items": st.lists(
                some(
                    {"quantity": st.sampled_from([1, 2]), "position": st.sampled_from([1, 2])},
                    sku_code=st.sampled_from(["BACKPACK", "BOTTLE"]),
                ),
                max_size=2,
                unique_by=lambda item: str(item["sku_code"]),
            ),
        },
        name=st.sampled_from(["Travel", "Winter", "Home"]),
    ),
    {"sku_list_items": [{"sku_code": "NO-SUCH"}]},
    {"sku_list_items": [{"sku_code": "BOTTLE"}, {"sku_code": "BOTTLE"}]},
    {"sku_list_items": None},
)
ADDRESS = some(
    {"id": st.sampled_from(["address-turin", "address-new"]), "line_2": st.sampled_from(["2nd floor", None])},
    first_name=st.just("Ida"),
    last_name=st.sampled_from(["Berg", "Dahl"]),
    line_1=st.just("Harbour Road 1"),
    city=st.sampled_from(["Bergen", "Oslo"]),
    country_code=st.just("NO"),
    phone=st.just("+47 55"),
)
CUSTOMER_ADDRESSES = rows_of(
    some(
        {
            "id": st.sampled_from(["ada-at-home", "new-1", "new-2"]),
            "reference": st.sampled_from(["a", "b"]),
            "address": ADDRESS,
        },
        customer=some(
            {"tags": TAGS, "customer_group_id": st.just("vip")},
            email=st.sampled_from(["ADA@example.com", "new@example.com"]),
        ),
    ),
    {"customer": {"email": "none"}},
    {"customer_email": "ada@example.com"},
    {"address": {"city": ""}},
    {"address_id": "address-new"},
)
OPTIONS = st.lists(
    some({"tags": TAGS}, sku_option_id=st.just("option-engraving"), quantity=st.sampled_from([1, 2])),
    max_size=2,
)
LINE_ITEM = some(
    {
        "id": st.sampled_from(["line-1001-1", "line-new"]),
        "line_item_options": OPTIONS,
        "tags": TAGS,
    },
    name=st.sampled_from(["Wrapping", "Card"]),
    unit_amount_cents=st.sampled_from([100, 300]),
    quantity=st.sampled_from([1, 2]),
)
ORDERS = rows_of(
    some(
        {
            "id": st.sampled_from(["order-1002", "order-new"]),
            "customer_email": st.just("ada@example.com"),
            "line_items": st.lists(LINE_ITEM, max_size=3),
            "shipping_address": ADDRESS,
            "tags": TAGS,
        },
        number=st.sampled_from(["1001", "2001", "2002"]),
        market_id=st.just("europe"),
    ),
    {"customer_email": "nobody@example.com"},
    {"line_items": None},
    {"line_items": [{"quantity": 0}]},
    {"_archive": True},
    {"_unarchive": True},
    {"_archive": True, "_unarchive": True},
    {"market_id": "elsewhere"},
)
ROWS = {
    "skus": SKUS,
    "prices": PRICES,
    "sku_lists": SKU_LISTS,
    "customer_addresses": CUSTOMER_ADDRESSES,
    "orders": ORDERS,
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", list(ROWS))
def test_documents_that_repeat_keys_across_segments_get_their_real_verdicts(
    loop: asyncio.AbstractEventLoop, filled: Shop, kind: str
) -> None:
    documents = st.lists(ROWS[kind], min_size=2, max_size=12)

    @hypothesis.settings(
        max_examples=EXAMPLES // len(ROWS),
        deadline=None,
        database=None,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
    @hypothesis.given(first=documents, second=documents)
    def holds(first: list[Any], second: list[Any]) -> None:
        async def example() -> None:
            shop = await copy_of(filled)
            for rows in (first, second):
                await compare(shop, pb.ImportSpec(resource_type=kind), document=lines(rows))

        loop.run_until_complete(asyncio.wait_for(example(), 60))

    holds()


@pytest.mark.parametrize("kind", TYPES)
async def test_every_rule_and_every_hostile_row_gets_its_real_verdict(shop: Shop, kind: str) -> None:
    rows = [entry["row"] for entry in table("rules.toml")[kind]]
    rows += [row.json for row in read_rows() if row.type == kind and row.can_be("array")]

    await compare(shop, pb.ImportSpec(resource_type=kind), document=array_of(rows))


async def test_nothing_is_left_of_all_these_rehearsals(service: Service) -> None:
    await overlays_are_empty(service)
