"""What is said of who may leave?"""

from __future__ import annotations

from kalib.schema.dictionary import Column, Table

COLUMNS: dict[str, Column] = {
    "churn_probability": Column("share", "probability of no order in the horizon after the snapshot date"),
    "partial_churn_probability": Column(
        "share",
        "probability that net sales of the horizon fall by more than a set share (half by default) against the same days a "
        "year before, or, for newer customers, against their own pace; never below the probability of no order",
    ),
    "reasons": Column(
        "codes",
        "what raises the customer's churn probability most (effect above 0), and what lowers it (below 0): code, value, typical "
        "value, effect; an infinite effect is no figure of the model but the company's word, or that it has paused as long before",
    ),
    "horizon_days": Column("days", "days ahead in which no order means churn"),
    "forecast_is_weak": Column(
        "yes or no", "the forecast ranked customers little better than chance when last checked"
    ),
    "sales_at_risk": Column(
        "currency",
        "churn probability times the share of accounts of its kind that then stayed away for a year more (where that is known), times "
        "net sales of the 365 days before, where these are above 0; where that share is not known, the forecast is weak or the naive list found clearly more at past "
        "dates, these net sales of customers silent beyond their rhythm, and 0 of all others",
    ),
    "stake_basis": Column(
        "code",
        "how lists of those at risk are ordered: away (probability of leaving, times the share that stays away, times money) or "
        "overdue (who is silent beyond its rhythm, by net sales of the 365 days; no probability is multiplied by money)",
    ),
    "best_rule": Column("code", "the simple rule that ranked customers best when the forecast was checked"),
    "rule_score": Column("number", "how likely the customer leaves by that rule, for ranking only: higher is likelier"),
    "churned": Column("0 or 1", "no order in the horizon after a past snapshot date"),
    "partly_churned": Column(
        "0 or 1",
        "net sales of the horizon fell by more than a set share against the same days a year before, or, for newer customers, "
        "against their own pace; absent where that is not above 0",
    ),
    "orders_ahead": Column("count", "orders in the horizon after a past snapshot date"),
    "net_sales_ahead": Column("currency", "net sales in the horizon after a past snapshot date"),
}

TABLES: dict[str, Table] = {
    "churn": Table("customer with an order in active_days", ("customer_id",), ("churn_probability", "reasons")),
    "churn_check": Table(
        "customer active on the newest date whose horizon has passed",
        ("customer_id",),
        ("as_of", "churned", "churn_probability", "best_rule", "rule_score"),
    ),
}
