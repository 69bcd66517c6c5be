"""Does it pay to act on those who may leave, and on whom first?"""

from __future__ import annotations

import pandas as pd


def analyse(churn: pd.DataFrame, value: pd.DataFrame, contacts: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return what is at stake with each account, and from which rate of success on a contact pays."""
    cost = contact_cost(contacts, as_of)
    table = churn[(churn.silence != "one_order") & churn.known_as.isna()].merge(
        value[["customer_id", "clv_if_active"]], on="customer_id"
    )
    is_away = table.stake_basis == "away"
    table["value_at_stake"] = (table.clv_if_active.round(2).clip(lower=0) * table.away_share.where(is_away, 1.0)).round(
        2
    )
    best = (table.churn_probability * table.value_at_stake).round(2)
    rate = cost / (table.churn_probability * table.value_at_stake)
    rank = best.where(is_away, table.sales_at_risk).rank(ascending=False, method="min").astype(int)
    kept = ["customer_id", "churn_probability", "value_at_stake", "stake_basis"]
    return (
        table[kept]
        .assign(expected_loss=best, break_even_rate=rate.where(rate <= 1), campaign_rank=rank)
        .sort_values("campaign_rank")
    )


def contact_cost(contacts: pd.DataFrame, as_of: pd.Timestamp) -> float:
    """Return the mean cost of the kind of contact on which most was spent in the year."""
    days = (as_of - contacts.contact_date).dt.days
    kinds = contacts[days.between(0, 364) & contacts.cost.notna()].groupby("kind").cost.agg(["size", "sum", "mean"])
    return kinds[kinds["size"] >= 30].sort_values("sum")["mean"].iloc[-1]
