"""The names of the resource types that the service imports."""

RESOURCE_TYPES = frozenset(
    {
        "addresses",
        "bundles",
        "coupons",
        "customer_addresses",
        "customer_payment_sources",
        "customer_subscriptions",
        "customers",
        "gift_cards",
        "line_item_options",
        "line_items",
        "orders",
        "price_lists",
        "price_tiers",
        "prices",
        "shipping_categories",
        "sku_list_items",
        "sku_lists",
        "sku_options",
        "skus",
        "stock_items",
        "stock_locations",
        "stock_transfers",
        "tags",
        "tax_categories",
    }
)
