"""The dictionary of the house: every column has one meaning and one unit, every table one row per something."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from kalib.errors import MissingColumnsError


@dataclass(frozen=True)
class Column:
    """A column name of the house: what it means, in which unit."""

    unit: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """A table of the house: what one row of it stands for, and the columns it has at least."""

    one_row_per: str
    key: tuple[str, ...]
    columns: tuple[str, ...]


COLUMNS: dict[str, Column] = {
    "customer_id": Column("text", "who buys, as the source names them"),
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
    "r_score": Column("1 to 5", "recency score, 5 is most recent"),
    "f_score": Column("1 to 5", "frequency score, 5 is most orders"),
    "m_score": Column("1 to 5", "monetary score, 5 is most net sales"),
    "segment": Column("code", "international RFM segment"),
    "segment_8": Column("code", "Chinese eight-cell RFM segment"),
    "tier": Column("code", "customer tier: strategic, key, growth, standard, tail"),
    "tier_rank": Column("count", "rank of the tier, 1 is best"),
    "tier_stability": Column("share", "share of resamples in which the customer falls into the same tier"),
    "customers": Column("count", "customers in the row's class"),
    "customers_share": Column("share", "those over all customers of the table"),
    "net_sales_share": Column("share", "net sales of the row over those of the table"),
    "median_days_since_last_order": Column("days", "median of the days since the last order"),
    "median_orders": Column("count", "median of the orders"),
    "net_sales_365_days_share": Column(
        "share", "net sales of the 365 days up to the snapshot date, of the row over those of the table"
    ),
    "median_net_sales_365_days": Column("currency", "median of the net sales of the 365 days"),
    "median_orders_365_days": Column("count", "median of the orders of the 365 days"),
    "silent_customers": Column("count", "customers with an order, but none in the 365 days up to the snapshot date"),
    "net_sales_change": Column(
        "share", "net sales of the 365 days over those of the same customers in the 365 days before, less 1"
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
    "churn_probability": Column("share", "probability of no order in the horizon after the snapshot date"),
    "partial_churn_probability": Column(
        "share",
        "probability that net sales of the horizon are below half of what the customer's last year makes for so long",
    ),
    "reasons": Column("codes", "what moves the customer's churn probability most: code, value, typical value, effect"),
    "horizon_days": Column("days", "days ahead in which no order means churn"),
    "forecast_is_weak": Column(
        "yes or no", "the forecast ranked customers little better than chance when last checked"
    ),
    "sales_at_risk": Column(
        "currency", "churn probability times net sales of the 365 days before, where these are above 0"
    ),
    "churned": Column("0 or 1", "no order in the horizon after a past snapshot date"),
    "partly_churned": Column(
        "0 or 1", "net sales of the horizon below half of the customer's own pace of the year before"
    ),
    "orders_ahead": Column("count", "orders in the horizon after a past snapshot date"),
    "net_sales_ahead": Column("currency", "net sales in the horizon after a past snapshot date"),
    "rule": Column("code", "the rule that judged the rows"),
    "action": Column("code", "what the rule did: accepted, repaired, set_aside, refused"),
    "rows": Column("count", "rows of the source"),
    "amount": Column("currency", "money of those rows, as far as it can be read"),
    "file": Column("text", "name of the source file"),
    "line": Column("count", "line of the file, the header being line 1; row number in Parquet"),
    "column": Column("text", "header of the offending column, as the file has it"),
    "value": Column("text", "the offending value, as the file has it"),
}
"""Every column of every published table; docs/glossary.md is made from it."""

TABLES: dict[str, Table] = {
    "customers": Table(
        "customer with any row up to as_of, refund-only ones and those whose orders were all cancelled included",
        ("customer_id",),
        ("first_order_date", "last_order_date", "orders", "net_sales", "days_since_last_order"),
    ),
    "months": Table("customer and month with any row", ("customer_id", "month"), ("orders", "net_sales")),
    "mix": Table("customer and category with any row", ("customer_id", "category"), ("orders", "net_sales")),
    "order_days": Table("customer and day with an order", ("customer_id", "order_date"), ("orders", "net_sales")),
    "quality": Table("rule that touched a row", ("rule",), ("action", "rows", "amount")),
    "set_aside": Table("source row that is left out", ("file", "line"), ("rule", "amount")),
    "rfm": Table("customer with an order", ("customer_id",), ("r_score", "f_score", "m_score", "segment", "segment_8")),
    "pareto": Table("customer with an order", ("customer_id",), ("cumulative_share", "abc_class")),
    "scorecard": Table("account", ("customer_id",), ("key_account_score", "key_account_rank", "is_key_account")),
    "migration": Table("customer", ("customer_id",), ("tier_before", "tier_now", "reason")),
    "tiers": Table("customer with an order", ("customer_id",), ("tier", "tier_rank", "tier_stability")),
    "churn": Table("customer with an order in active_days", ("customer_id",), ("churn_probability", "reasons")),
}
"""The published tables with their keys and least columns. A user's own notebook may write others."""


def check_columns(table: pd.DataFrame, columns: Iterable[str], *, name: str, remedy: str = "") -> None:
    """Check that ``table`` has ``columns``.

    Raises
    ------
    MissingColumnsError
        Names the table, what it lacks and what it has.
    """
    missing = set(columns) - set(table.columns)
    if missing:
        raise MissingColumnsError(name, missing, table.columns, remedy)


def check_key(table: pd.DataFrame, key: Iterable[str], *, name: str) -> None:
    """Check that ``table`` has one row per ``key``.

    Raises
    ------
    ValueError
        Names the table and a key that stands in it twice.
    """
    key = list(key)
    check_columns(table, key, name=name)
    twice = table.duplicated(key)
    if twice.any():
        raise ValueError(
            f"`{name}` must have one row per {key}; {table.loc[twice, key].iloc[0].to_dict()} stands in it twice."
        )


def print_glossary() -> str:
    """Return the dictionary as Markdown: docs/glossary.md, which a test holds to it.

    Examples
    --------
    >>> print_glossary().splitlines()[0]
    '# Glossary'
    """
    lines = [
        "# Glossary",
        "",
        "Made from `kalib/schema.py` by `python -m kalib.schema > docs/glossary.md`. A column has one meaning in the whole house;",
        "its unit stands in its name where it is days or a share.",
        "",
        "## Tables",
        "",
        "| table | one row per | has at least |",
        "| --- | --- | --- |",
    ]
    for name, table in TABLES.items():
        columns = ", ".join(f"`{column}`" for column in (*table.key, *table.columns))
        lines.append(f"| `{name}` | {table.one_row_per} | {columns} |")
    lines += ["", "## Columns", "", "| column | unit | meaning |", "| --- | --- | --- |"]
    lines += [f"| `{name}` | {column.unit} | {column.meaning} |" for name, column in COLUMNS.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    print(print_glossary())
