"""What is said of customers first seen in the same period?"""

from __future__ import annotations

from kalib.schema.dictionary import Column, Table

COLUMNS: dict[str, Column] = {
    "cohort_start": Column(
        "date", "first day of the month, quarter or year in which the cohort's customers first ordered"
    ),
    "period": Column(
        "count", "periods since the first order: 0 begins with the month of the customer's own first order"
    ),
    "period_months": Column("months", "length of a period, and of what a cohort spans"),
    "active_customers": Column("count", "the cohort's customers with an order in the period"),
    "active_share": Column("share", "those over all customers of the cohort"),
    "net_sales_ratio": Column(
        "ratio", "net sales of the period over those of the cohort's period 0; absent where these are not above 0"
    ),
    "is_finished": Column("yes or no", "the period is over for every customer of the cohort"),
    "may_be_older": Column(
        "yes or no", "the record begins with this cohort, and many of its customers had been customers before"
    ),
}

TABLES: dict[str, Table] = {
    "cohorts": Table(
        "cohort and period since the first order",
        ("cohort_start", "period"),
        ("customers", "active_customers", "active_share", "net_sales", "net_sales_ratio", "is_finished"),
    ),
}
