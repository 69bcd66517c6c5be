"""What is said of who moved between two dates?"""

from __future__ import annotations

from kalib.schema.dictionary import Column, Table

COLUMNS: dict[str, Column] = {
    "tier_before": Column("code", "tier at the earlier date; absent without an order by then"),
    "tier_now": Column(
        "code", "tier at the snapshot date, by the same yardstick; absent if every order was cancelled since"
    ),
    "tier_rank_before": Column("count", "rank of the tier at the earlier date, 1 is best"),
    "tier_rank_now": Column("count", "rank of the tier at the snapshot date, 1 is best"),
    "move": Column(
        "code",
        "promoted, demoted, stayed; new (no order by the earlier date), lost (ordered in the year before it, not in the "
        "last year), returned (the reverse), silent (in neither year)",
    ),
    "tier_steps": Column("count", "tiers moved between the two dates, up is above 0"),
    "net_sales_365_days_before": Column("currency", "net sales of the 365 days up to the earlier date"),
    "orders_365_days_before": Column("count", "orders of the 365 days up to the earlier date"),
    "days_since_last_order_before": Column("days", "days from the last order to the earlier date"),
    "margin_365_days_before": Column("currency", "margin of the 365 days up to the earlier date"),
    "net_sales_moved": Column(
        "currency", "net sales of the 365 days up to the snapshot date, less those up to the earlier"
    ),
    "tier_before_own": Column(
        "code",
        "tier at the earlier date, by as many tiers of the same kind made of the accounts of that date; absent where the job "
        "says which tiers to grade with",
    ),
    "tier_now_own": Column("code", "tier at the snapshot date, by the tiers of the page on tiers"),
    "own_steps": Column("count", "tiers moved from tier_before_own to tier_now_own, up is above 0"),
    "drift_steps": Column("count", "part of own_steps that the yardstick made and not the account"),
    "tier_raw_before": Column("code", "tier at the earlier date as graded, where hysteresis holds tiers back"),
    "tier_raw_now": Column("code", "tier at the snapshot date as graded, where hysteresis holds tiers back"),
    "reason": Column(
        "code",
        "what moved the account most: monetary, frequency, recency, margin or another feature of the tiers, together (more "
        "than ten kinds of feature); "
        "first_order, came_back, no_order, cancelled; held (hysteresis let an earlier move through); none",
    ),
    "reason_steps": Column("tiers", "part of the tiers moved that the reason made, up is above 0"),
    "causes": Column("codes", "what moved the account: code, value before, value now, part of the tiers moved"),
    "is_slight": Column("yes or no", "the account crossed a border with figures that hardly changed"),
    "taken_up_by": Column(
        "text",
        "account that stopped: another of the same industry or parent that rose by about as much from the same quarter on; a hint at a merger",
    ),
    "takes_up": Column("text", "the account that stopped and whose purchases this one may have taken up"),
    "segment_before": Column("code", "RFM segment at the earlier date, by the edges of the page on RFM"),
    "segment_now": Column("code", "RFM segment at the snapshot date"),
}

TABLES: dict[str, Table] = {
    "migration": Table("customer", ("customer_id",), ("tier_before", "tier_now", "reason")),
}
