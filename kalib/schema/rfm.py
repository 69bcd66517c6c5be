"""What do scores and segments mean?"""

from __future__ import annotations

from kalib.schema.dictionary import Column, Table

COLUMNS: dict[str, Column] = {
    "r_score": Column(
        "score", "recency score, from 1 to as many as the job has (5 unless it says so), highest is most recent"
    ),
    "f_score": Column("score", "frequency score, in the same way; highest is most orders"),
    "m_score": Column(
        "score", "monetary score, in the same way; highest is most net sales, or what else the job scores"
    ),
    "segment": Column(
        "code",
        "international RFM segment, or the business's own; new_customers: first order within the horizon; lost: silent for longer than ever, or past the "
        "activity window; within its own rhythm nobody is at_risk, cant_lose_them, hibernating or lost; others: not told apart by the figures",
    ),
    "segment_8": Column("code", "Chinese eight-cell RFM segment"),
    "is_worth_much": Column(
        "yes or no", "frequency and money together in the upper three fifths, whenever the last order was"
    ),
    "is_quiet": Column("yes or no", "worth much, and silent beyond its rhythm and for longer than ever before"),
    "net_sales_per_customer": Column("currency", "net sales of the row's class over its customers"),
    "margin_per_customer": Column("currency", "margin of the row's class over its customers with a known margin"),
    "quiet_customers": Column("count", "customers in the row's class who were worth much and have gone quiet"),
    "still_customers": Column("count", "customers in the row's class who are not silent beyond the activity window"),
    **{
        f"net_sales_per_order_{days}_days": Column(
            "currency",
            f"net sales over orders, both in the {days} days up to the snapshot date; absent without an order",
        )
        for days in (30, 90, 180, 365)
    },
}

TABLES: dict[str, Table] = {
    "rfm": Table("customer with an order", ("customer_id",), ("r_score", "f_score", "m_score", "segment", "segment_8")),
}
