"""What is said of any class of customers?"""

from __future__ import annotations

from kalib.schema.dictionary import Column

COLUMNS: dict[str, Column] = {
    "customers": Column("count", "customers in the row's class"),
    "customers_share": Column("share", "those over all customers of the table"),
    "net_sales_share": Column("share", "net sales of the row over those of the table"),
    "median_days_since_last_order": Column("days", "median of the days since the last order"),
    "median_orders": Column("count", "median of the orders"),
}
