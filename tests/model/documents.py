"""Strategies for documents: rows of one kind, cut so that there are at least three segments."""

from collections.abc import Mapping

from hypothesis import strategies as st

from tests.model.kinds import Row
from tests.model.parts import Rows, choice
from tests.model.rows import PRICES, ROWS, SHIPPING_CATEGORIES, SKUS
from tests.model.stage import SEGMENT_ROWS, Document
from tests.model.template import FIRST, TIER

DICE = st.integers(0, 1_000)
"""Seeds of how workers stumble."""

MOST_ROWS = 10


@st.composite
def cut(draw: st.DrawFn, kind: str, rows: list[Row]) -> Document:
    """The rows in at least three segments."""
    sizes = [size for size in SEGMENT_ROWS if size * 2 < len(rows)]
    return Document(
        kind=kind,
        rows=rows,
        segment_rows=draw(st.sampled_from(sizes)),
        skip_errors=draw(st.integers(0, 5)) != 5,
    )


def documents(kind: str) -> st.SearchStrategy[Document]:
    """Any rows in any order: most of these have to run in order."""
    return st.lists(ROWS[kind], min_size=3, max_size=MOST_ROWS).flatmap(lambda rows: cut(kind, rows))


def seeds(kind: str) -> st.SearchStrategy[Document]:
    """An earlier import: the first of the rows that make what the others name, and some of the others."""
    first = st.integers(0, len(FIRST[kind])).map(lambda count: FIRST[kind][:count])
    rows = st.builds(lambda first, others: [*first, *others], first, st.lists(ROWS[kind], max_size=3))
    return rows.filter(bool).map(lambda rows: Document(kind=kind, rows=rows))


PARALLEL: Mapping[str, Rows] = {
    "skus": SKUS,
    "prices": PRICES,
    "shipping_categories": SHIPPING_CATEGORIES,
}
"""Types whose rows can all be named by key in one spelling."""

_PRICE_KEYS = [
    {"sku_code": sku, "price_list_id": price_list}
    for sku in ("S1", "S2", "S3")
    for price_list in ("pl-eu", "pl-us")
]


def own_key(kind: str, segment: int, draw: int) -> Row:
    """A key that only rows of this segment have; `draw` is 0 or 1."""
    if kind == "prices":
        return _PRICE_KEYS[2 * segment + draw]
    return {"code": f"P{segment}{draw}"}


_OTHER_NAMES = {"id", "sku", "sku_id", "price_list", "tags", "_add_tags", "price_tiers"}
"""What would name a resource in another way, or create what other rows name."""


@st.composite
def parallel_documents(draw: st.DrawFn, kind: str) -> Document:
    """Rows named by key alone, repeated within a segment only: what B3 lets run in parallel."""
    size = draw(st.sampled_from((2, 3)))
    rows = []
    for place in range(draw(st.integers(2 * size + 1, 3 * size))):
        row = draw(PARALLEL[kind])
        row = {name: value for name, value in row.items() if name not in _OTHER_NAMES}
        if kind == "prices":
            row |= draw(
                choice(
                    {},
                    {"price_tiers": [TIER]},
                    {"price_tiers": [TIER, TIER | {"up_to": 20}]},
                    {"price_tiers": []},
                )
            )
        rows.append(row | own_key(kind, place // size, draw(st.integers(0, 1))))
    return Document(kind=kind, rows=rows, segment_rows=size)
