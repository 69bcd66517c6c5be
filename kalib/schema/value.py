"""What is said of what each account is worth?"""

from __future__ import annotations

from kalib.schema.dictionary import Column, Table

COLUMNS: dict[str, Column] = {
    "p_alive": Column("share", "probability that the customer still buys, by the purchase model in use"),
    "expected_orders": Column(
        "order days",
        "order days expected within horizon_days after the snapshot date; several orders of one day count once",
    ),
    "expected_orders_low": Column("count", "lower end of the interval of the order days within horizon_days"),
    "expected_orders_high": Column("count", "upper end of the interval of the order days within horizon_days"),
    "expected_sales": Column(
        "currency", "net sales expected within horizon_days after the snapshot date, returns taken off"
    ),
    "expected_sales_low": Column("currency", "lower end of the interval of the net sales within horizon_days"),
    "expected_sales_high": Column("currency", "upper end of the interval of the net sales within horizon_days"),
    "sales_per_order": Column(
        "currency",
        "net sales expected per order day: the customer's own mean and that of all, weighted by how many orders tell",
    ),
    "margin_per_order": Column("currency", "the same of margin; absent where the source has no cost"),
    "clv": Column(
        "currency",
        "customer lifetime value: margin expected within value_months, discounted; net sales where the source has no cost, as clv_basis says",
    ),
    "clv_low": Column("currency", "lower end of the interval of clv"),
    "clv_high": Column(
        "currency", "upper end of the interval of clv; below clv where coming back is a small chance of much"
    ),
    "clv_if_active": Column(
        "currency",
        "the same, given that the customer still buys: what is lost if it leaves now; 0 where it is known to have left",
    ),
    "pause_is_usual": Column(
        "yes or no",
        "the model takes the account for gone, though it has been silent for as long before and came back: do not lean on its clv",
    ),
    "clv_basis": Column("code", "what clv is made of: margin, or net_sales where the source has no cost"),
    "value_months": Column("months", "months that clv looks ahead"),
    "purchase_model": Column("code", "purchase model in use: bg_nbd, mbg_nbd or pareto_nbd"),
}

TABLES: dict[str, Table] = {
    "value": Table(
        "customer with an order",
        ("customer_id",),
        ("p_alive", "expected_orders", "expected_sales", "clv", "clv_low", "clv_high", "purchase_model"),
    ),
}
