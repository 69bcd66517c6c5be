"""What do tiers mean, and what are they judged by?"""

from __future__ import annotations

from kalib.schema.dictionary import Column, Table

COLUMNS: dict[str, Column] = {
    "tier": Column("code", "customer tier: strategic, key, growth, standard, tail"),
    "tier_rank": Column("count", "rank of the tier, 1 is best"),
    "tier_stability": Column("share", "share of resamples in which the customer falls into the same tier"),
    "tier_seed_stability": Column(
        "share", "share of searches from other seeds in which the customer falls into the same tier"
    ),
    "next_tier": Column(
        "code", "the tier into which the customer falls most often otherwise; absent where it falls into no other"
    ),
    "next_tier_share": Column("share", "share of resamples in which the customer falls into that tier"),
    "net_sales_365_days_share": Column(
        "share", "net sales of the 365 days up to the snapshot date, of the row over those of the table"
    ),
    "median_net_sales_365_days": Column("currency", "median of the net sales of the 365 days"),
    "median_orders_365_days": Column("count", "median of the orders of the 365 days"),
    "silent_customers": Column("count", "customers with an order, but none in the 365 days up to the snapshot date"),
    "net_sales_change": Column(
        "share",
        "net sales of the 365 days over those of the same customers in the 365 days before, less 1; of the customers alone whose first "
        "order lies 730 days back or more, who had both years whole",
    ),
    "from_net_sales_365_days": Column(
        "currency", "net sales of the 365 days from which a customer best counts as of this tier"
    ),
    "rule_share": Column("share", "share of the tier's customers whom that amount alone puts there"),
    "tier_count": Column("count", "how many tiers"),
    "silhouette": Column("-1 to 1", "mean silhouette: how far the groups stand apart"),
    "calinski_harabasz": Column(
        "ratio", "Calinski and Harabasz's index: variance between the groups over variance within"
    ),
    "agreement": Column("-1 to 1", "mean adjusted Rand index between the tiers and those of bootstrap resamples"),
    "smallest_tier": Column("count", "customers with an order in the year in the smallest tier"),
    "smallest_tier_share": Column("share", "those over all customers with an order in the year"),
    "top_customers": Column("count", "customers in the best tier"),
    "top_net_sales_share": Column("share", "their share of the net sales of the 365 days"),
    "top_net_sales_ahead_share": Column(
        "share", "their share of the net sales in the horizon after a past snapshot date"
    ),
}

TABLES: dict[str, Table] = {
    "tiers": Table("customer with an order", ("customer_id",), ("tier", "tier_rank", "tier_stability")),
}
