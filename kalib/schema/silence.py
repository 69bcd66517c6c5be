"""What is said of customers who do not order?"""

from __future__ import annotations

from kalib.schema.dictionary import Column, Table

COLUMNS: dict[str, Column] = {
    "silence": Column(
        "code",
        "buying (within its rhythm), pausing (beyond it, but as long before), one_order (a single order day), quiet (beyond it and "
        "for longer than ever), lapsed (past the activity window), lost (past it, and of such hardly anybody came back)",
    ),
    "kind_of_silence": Column(
        "code",
        "what no order within the horizon would be to the customer: as_before, longer_than_ever, or one_order (no rhythm is known)",
    ),
    "usual_gap_days": Column("days", "median between the order days of the customer; absent with a single one"),
    "longest_gap_days": Column("days", "longest gap between two order days so far; absent with a single one"),
    "net_sales_before": Column("currency", "net sales of order days in the 365 days up to and with the last one"),
    "away_share": Column(
        "share",
        "of accounts of its kind that placed no order within the horizon, those that placed none in the year after it either",
    ),
    "came_back_share": Column("share", "of customers silent for as long, those who ordered within the next 365 days"),
    "return_sales": Column(
        "currency",
        "net sales to expect within the next 365 days without a call: what customers silent for as long bought then, over what they "
        "had bought in the year up to their last order, times net_sales_before",
    ),
    "silent_days": Column("days", "days since the last order, up to the snapshot date"),
    "silent_from": Column("days", "days of silence from which the row counts"),
    "silent": Column("count", "customers silent for so long, over all past dates"),
    "returned": Column("count", "of them, those who ordered again"),
    "return_sales_share": Column(
        "share", "what those silent for so long bought in the next year, over their last year's sales"
    ),
}

TABLES: dict[str, Table] = {
    "winback": Table(
        "customer past the activity window whose like came back",
        ("customer_id",),
        ("last_order_date", "silent_days", "net_sales_before", "came_back_share", "return_sales"),
    ),
}
