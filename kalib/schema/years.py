"""What is said of accounts against the span before?"""

from __future__ import annotations

from kalib.schema.dictionary import Column

COLUMNS: dict[str, Column] = {
    "year_kind": Column(
        "code",
        "two_years: ordered in both years of 365 days, with the first order on record before them (730 days back or more); second_year, first_year: "
        "first order within the year before, or within the last; came_back: ordered in the last, not in the one before, with an older first order; stopped: "
        "ordered in the year before, not in the last; silent: in neither. Where half-years are compared, the same of these",
    ),
    "base_is_whole": Column(
        "yes or no", "the first order on record lies before the span that is compared with, which it could use in full"
    ),
    "has_stopped": Column(
        "yes or no",
        "ordered in one of the two spans and counts as a customer no more: no order in the activity window of the page on churn, or "
        "in the last span where that page is missing",
    ),
    "net_sales_then": Column("currency", "net sales of the span that is compared with"),
    "net_sales_now": Column("currency", "net sales of the span up to the snapshot date"),
    "retention_base": Column(
        "code",
        "accounts that ordered in the span before: whole (with an older first order), part (with the first one in it), all",
    ),
    "customers_kept": Column("count", "accounts that ordered in the span before and in the last one"),
    "retention_share": Column(
        "share",
        "net revenue retention: net sales of the last span over those of the span before, of the accounts that ordered in the span before "
        "and had all of it",
    ),
}
