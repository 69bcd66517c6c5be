"""What is to be said of the tiers?"""

from __future__ import annotations

import pandas as pd

from kalib.money import add
from kalib.topics.tiers import summarise_tiers
from kalib.topics.tiers_rules import explain_tiers


def describe_tiers(
    tiers: pd.DataFrame, *, choice: pd.DataFrame | None = None, comparison: pd.DataFrame | None = None
) -> dict[str, int | float | str | bool]:
    """Describe the tiers in facts that fill the sentences ``tiers.*``.

    Parameters
    ----------
    tiers : as ``assign_tiers`` returns it
    choice : as ``choose_tiers`` returns it, with this number of tiers among those tried; adds chosen_count, silhouette,
        agreement, why and ``separation``: ``clear`` where the silhouette is above 0.5, ``some`` above 0.25, else
        ``none`` (Kaufman and Rousseeuw 1990)
    comparison : as ``compare_tiers`` returns it; adds each method's figures, named ``<method>_<column>``, and
        ``better``: ``clusters`` where their lead over both plain ways is more than the noise (its interval lies above
        nought), the plain way that leads them likewise, else ``neither``; judged ``better_by`` later sales where known,
        else by stability, where a point is wanted

    Returns
    -------
    dict
        tier_count, customers, active_customers, silent_customers, net_sales, stability, top_tier and top_*, last_tier
        and last_*, unsure_customers and unsure_share (in less than 80 % of the resamples in the same tier), rule_share.
    """
    summary, rules = summarise_tiers(tiers), explain_tiers(tiers)
    active = tiers["orders_365_days"] > 0
    sizes = tiers[active].groupby("tier_rank").size()
    unsure = int((tiers["tier_stability"] < 0.8).sum())
    facts: dict[str, int | float | str | bool] = {
        "tier_count": len(summary),
        "customers": len(tiers),
        "active_customers": int(active.sum()),
        "silent_customers": int((~active).sum()),
        "net_sales": add(tiers["net_sales_365_days"]),
        "stability": float(tiers.loc[active, "tier_stability"].mean()),
        "unsure_customers": unsure,
        "unsure_share": unsure / len(tiers),
        "rule_share": float((rules.set_index("tier_rank")["rule_share"] * sizes).sum() / sizes.sum()),
    }
    for name, row in (("top", summary.iloc[0]), ("last", summary.iloc[-1])):
        facts |= {
            f"{name}_tier": str(row["tier"]),
            f"{name}_customers": int(row["customers"]),
            f"{name}_share": float(row["customers_share"]),
            f"{name}_net_sales": float(row["net_sales_365_days"]),
            f"{name}_net_sales_share": float(row["net_sales_365_days_share"]),
            f"{name}_median_orders": float(row["median_orders_365_days"]),
        }
    if choice is not None:
        row = choice[choice["tier_count"] == len(summary)].iloc[0]
        silhouette = float(row["silhouette"])
        facts |= {
            "chosen_count": int(choice.loc[choice["chosen"], "tier_count"].iloc[0]),
            "silhouette": silhouette,
            "agreement": float(row["agreement"]),
            "why": str(row["why"]),
            "separation": "clear" if silhouette > 0.5 else "some" if silhouette > 0.25 else "none",
        }
    if comparison is not None:
        facts |= _describe_comparison(comparison)
    return facts


def _describe_comparison(comparison: pd.DataFrame) -> dict[str, int | float | str | bool]:
    table = comparison.set_index("method")
    facts: dict[str, int | float | str | bool] = {
        f"{method}_{column}": table.loc[method, column].item() for method in table.index for column in table.columns
    }
    plain = [method for method in table.index if method != "clusters"]
    if "explained_share" in table and table["explained_share"].notna().all():
        facts["better_by"] = "later_sales"
        ahead = all(table.loc[method, "lead_low"] > 0 for method in plain)
        behind = [method for method in plain if table.loc[method, "lead_high"] < 0]
        best = max(behind, key=lambda method: float(table.loc[method, "explained_share"]), default="neither")
    else:
        facts["better_by"] = "stability"
        lead = {
            method: float(table.loc["clusters", "tier_stability"] - table.loc[method, "tier_stability"])
            for method in plain
        }
        ahead = min(lead.values()) > 0.01
        best = min((method for method in plain if lead[method] < -0.01), key=lead.__getitem__, default="neither")
    facts["better"] = "clusters" if ahead else best
    return facts
