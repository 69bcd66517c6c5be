"""What is known of a customer, a month, a category and a day?"""

from __future__ import annotations

from kalib.schema.dictionary import Column, Table

COLUMNS: dict[str, Column] = {
    "customer_id": Column("text", "who buys, as the source names them"),
    "parent_id": Column("text", "the account that this one belongs to; missing at the top"),
    "top_parent_id": Column("text", "the account at the top of the chain of parents; its own id at the top"),
    "as_of": Column("date", "snapshot date: nothing after it is known to the row"),
    "first_order_date": Column("date", "day of the first order"),
    "last_order_date": Column("date", "day of the last order"),
    "order_date": Column("date", "day of the order, in the business's time zone"),
    "month": Column("date", "first day of the calendar month"),
    "category": Column("text", "product category, as the source names it"),
    "orders": Column(
        "count", "distinct orders with at least one line that is not a return, less those cancelled in full by then"
    ),
    "order_days": Column("count", "distinct days with an order"),
    "order_months": Column("count", "distinct calendar months with an order"),
    "net_sales": Column("currency", "sales less returns and cancellations"),
    "gross_sales": Column("currency", "sales before returns and cancellations"),
    "returns": Column("currency", "value of returned and cancelled goods, as a positive figure"),
    "returns_share": Column("share", "returns over gross sales"),
    "margin": Column("currency", "net sales less the cost of the goods; absent where the source has no cost"),
    "days_since_last_order": Column("days", "snapshot date less the day of the last order (recency)"),
    "tenure_days": Column("days", "snapshot date less the day of the first order"),
    "gap_days": Column("days", "mean gap between the days with an order; absent with fewer than two of them"),
    "median_gap_days": Column("days", "median gap between the days with an order; absent with fewer than two of them"),
    "gap_days_spread": Column("days", "standard deviation of those gaps; absent with fewer than three order days"),
    "regularity": Column(
        "-1 to 1",
        "mean gap less its spread, over the two together: 1 is clockwork, 0 is chance, below 0 are bursts "
        "(Goh and Barabási 2008, sign changed); absent with fewer than three order days",
    ),
    "silence_ratio": Column("ratio", "days since the last order over the customer's own mean gap"),
    "net_sales_per_order": Column("currency", "net sales over orders"),
    "lines_per_order": Column("ratio", "lines that are no returns over orders, cancelled orders left out of both"),
    "units_per_order": Column("ratio", "units sold less units returned, over orders; absent without quantities"),
    "net_sales_trend": Column(
        "-1 to 1",
        "net sales of the 180 days up to the snapshot date less those of the 180 days before, over the two together; "
        "below 0 counts as 0; absent where both are 0",
    ),
    **{
        f"{what}_{days}_days{end}": Column(
            unit,
            f"{text} in the {days} days up to the snapshot date"
            if not end
            else f"the same {days} days a year (365 days) before: {text}",
        )
        for what, unit, text in (
            ("orders", "count", "orders"),
            ("net_sales", "currency", "net sales"),
            ("margin", "currency", "margin"),
        )
        for end in ("", "_last_year")
        for days in (30, 90, 180, 365)
    },
    "orders_next_90_days_last_year": Column("count", "orders in the 90 days that followed the same date a year before"),
    "returns_365_days": Column("currency", "returns in the 365 days up to the snapshot date"),
    "returns_365_days_last_year": Column("currency", "the same 365 days a year (365 days) before: returns"),
    "discounts": Column(
        "currency", "money taken off the price of what was sold; absent where the source has no discount"
    ),
    "discount_share": Column("share", "discounts over gross sales before them"),
    "discounts_365_days": Column("currency", "discounts in the 365 days up to the snapshot date"),
    "discount_share_365_days": Column("share", "the share of discounts in those 365 days"),
    **{
        name: column
        for what, plural in (("product", "products"), ("category", "categories"))
        for name, column in (
            (
                f"{plural}_365_days",
                Column("count", f"{plural} with net sales above 0 in the 365 days up to the snapshot date"),
            ),
            (
                f"largest_{what}_share_365_days",
                Column("share", f"the largest of these {plural} over all of them, by net sales"),
            ),
            (
                f"{what}_concentration_365_days",
                Column(
                    "0 to 1", f"sum of the squared shares of these {plural} (Herfindahl index): 1 is one {what} alone"
                ),
            ),
        )
    },
    "new_products_share_365_days": Column(
        "share",
        "share of sales in the 365 days that is in products which nobody bought before them; absent where the log does "
        "not reach 365 days further back",
    ),
    "price_against_peers_365_days": Column(
        "ratio",
        "paid in the 365 days over what the same units of the same products cost the other customers on average; over 1 "
        "is dearer; absent where nobody else bought them",
    ),
    "collection_rate": Column(
        "ratio",
        "paid by the snapshot date over invoiced and due by then, credits taken off; absent where nothing was due",
    ),
    "days_late": Column(
        "days",
        "from the due date to the day of payment, a mean over the money paid by then; below 0 where it came early",
    ),
    "overdue_amount": Column(
        "currency",
        "due before the snapshot date and not paid by then, credits taken off; absent where no line has known terms",
    ),
    "contacts_365_days": Column("count", "visits and calls in the 365 days up to the snapshot date"),
    "contact_hours_365_days": Column("hours", "hours of these contacts"),
    "contact_cost_365_days": Column("currency", "cost of these contacts"),
    "days_since_last_contact": Column("days", "snapshot date less the day of the last contact; absent without one"),
    "costs_365_days": Column(
        "currency",
        "rebates, promotion, logistics and other costs of the periods that ended in the 365 days up to the snapshot date",
    ),
    "cost_to_serve_365_days": Column("currency", "these costs and those of the contacts together"),
}

TABLES: dict[str, Table] = {
    "customers": Table(
        "customer with any row up to as_of, refund-only ones and those whose orders were all cancelled included",
        ("customer_id",),
        ("first_order_date", "last_order_date", "orders", "net_sales", "days_since_last_order"),
    ),
    "months": Table("customer and month with any row", ("customer_id", "month"), ("orders", "net_sales")),
    "mix": Table("customer and category with any row", ("customer_id", "category"), ("orders", "net_sales")),
    "order_days": Table("customer and day with an order", ("customer_id", "order_date"), ("orders", "net_sales")),
}
