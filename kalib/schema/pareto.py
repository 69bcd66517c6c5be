"""What do classes and concentration mean?"""

from __future__ import annotations

from kalib.schema.dictionary import Column, Table

COLUMNS: dict[str, Column] = {
    "window_net_sales": Column(
        "currency", "net sales of the window of `pareto.window`: 365 days up to the snapshot date, or all the history"
    ),
    "window_margin": Column("currency", "margin of the same window; absent where the source has no cost"),
    "sales_rank": Column("count", "1 and the number of customers with more net sales in the window"),
    "window_net_sales_share": Column(
        "share", "net sales of the window over those of all customers whose net sales in it are above 0"
    ),
    "cumulative_share": Column(
        "share",
        "brought by the customers with at least as much, over the net sales of all that are above 0; 1 at 0 or below",
    ),
    "abc_class": Column("code", "class by net sales of the window: A, B, C; C where nothing was bought in it"),
    "margin_abc_class": Column("code", "the same by margin of the window"),
    "profit_365_days": Column("currency", "margin less cost to serve, both of the 365 days up to the snapshot date"),
    "profit_abc_class": Column("code", "class by profit of the 365 days: A, B, C; C where nothing was earned"),
    "demand_months": Column(
        "count", "whole months of the window since the month of the first order, that month included"
    ),
    "demand_variability": Column(
        "ratio",
        "standard deviation of the monthly demand in these months over its mean, the season taken off where the record holds two whole years; absent "
        "where xyz_class is unknown",
    ),
    "xyz_class": Column(
        "code",
        "X steady, Y uneven, Z erratic demand beside the season; unknown where the history is too short, nothing was bought, or the customer "
        "is silent for longer than ever or has stopped",
    ),
    "is_seasonal": Column(
        "yes or no",
        "the season explains a quarter or more of the variation of the monthly demand, and makes xyz_class better",
    ),
    "loss_kind": Column(
        "code",
        "clear: costs more than it brings in the 365 days, still orders, and is of class A by sales or has a monthly profit below 0 by more than chance "
        "over two years; unclear: a loss that is neither; stopped: a loss of who orders no more; none. Absent where profit is not known",
    ),
}

TABLES: dict[str, Table] = {
    "pareto": Table(
        "customer with an order",
        ("customer_id",),
        ("window_net_sales", "sales_rank", "cumulative_share", "abc_class", "xyz_class"),
    ),
}
