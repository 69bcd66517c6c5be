"""By which rule can a salesperson tell the tiers apart, and how often is it right?"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from kalib.topics.tiers import summarise_tiers


def explain_tiers(tiers: pd.DataFrame) -> pd.DataFrame:
    """Explain the tiers by the one rule that comes nearest: from so much net sales a year on.

    Between two neighbouring tiers the amount is sought that puts most customers on their side of it, then shortened to
    two digits. Most tiers can be told so; the rest of the truth is how often and how lately they buy.

    Returns
    -------
    DataFrame
        One row per tier, best first: tier, tier_rank, from_net_sales_365_days (absent for the last), rule_share (share
        of the tier's customers whom the amounts alone put there; silent ones are left out).
    """
    active = tiers[tiers["orders_365_days"] > 0]
    sales, rank = active["net_sales_365_days"].to_numpy(), active["tier_rank"].to_numpy()
    names = tiers.groupby("tier_rank")["tier"].first()
    cuts = [_best_cut(sales, rank <= r) for r in names.index[:-1]]
    cuts = np.minimum.accumulate(cuts)
    ruled = 1 + (sales[:, None] < cuts).sum(axis=1)
    return pd.DataFrame(
        {
            "tier": names.to_numpy(),
            "tier_rank": names.index.to_numpy(),
            "from_net_sales_365_days": [*cuts, math.nan],
            "rule_share": [
                float((ruled[rank == r] == r).mean()) if (rank == r).any() else math.nan for r in names.index
            ],
        }
    ).astype({"tier": "str"})


def profile_tiers(tiers: pd.DataFrame) -> list[dict[str, int | float | str]]:
    """Profile each tier in facts that fill ``tiers.profile.<tier>``, a sentence that a salesperson can repeat.

    Returns
    -------
    list of dict
        Best tier first: tier, customers, net_sales (median of the year), orders, days, low and high (the tenth and the
        ninetieth of a hundred by net sales), silent_customers, total, share, from_net_sales, rule_share. Medians are
        of the customers with an order in the year.
    """
    rules = explain_tiers(tiers).set_index("tier")
    facts = []
    for row in summarise_tiers(tiers).itertuples(index=False):
        group = tiers[(tiers["tier"] == row.tier) & (tiers["orders_365_days"] > 0)]
        low, high = group["net_sales_365_days"].quantile([0.1, 0.9])
        facts.append(
            {
                "tier": row.tier,
                "customers": row.customers,
                "net_sales": float(group["net_sales_365_days"].median()),
                "orders": float(group["orders_365_days"].median()),
                "days": float(group["days_since_last_order"].median()),
                "low": float(low),
                "high": float(high),
                "silent_customers": row.silent_customers,
                "total": row.net_sales_365_days,
                "share": row.net_sales_365_days_share,
                "from_net_sales": float(rules.loc[row.tier, "from_net_sales_365_days"]),
                "rule_share": float(rules.loc[row.tier, "rule_share"]),
            }
        )
    return facts


def _best_cut(sales: np.ndarray, better: np.ndarray) -> float:
    """Return the amount, to two digits, that best parts the better customers from the rest."""
    order = np.argsort(-sales, kind="stable")
    gain = np.cumsum(np.where(better[order], 1, -1))
    sales = sales[order]
    last = np.append(sales[1:] != sales[:-1], True)  # equal sales stand on one side
    at = int(np.argmax(np.where(last, gain, -len(sales) - 1)))
    cut = (sales[at] + sales[at + 1]) / 2 if at + 1 < len(sales) else sales[at]
    return float(f"{cut:.1e}")
