"""What is to be said of the tiers?"""

from __future__ import annotations

import datetime as dt

import pandas as pd

from kalib.errors import NotEnoughDataError
from kalib.money import add, share
from kalib.schema import check_columns
from kalib.topics.tiers import TierModel, summarise_tiers
from kalib.topics.tiers_points import is_active
from kalib.topics.tiers_rules import explain_tiers

SURE = 0.8
"""In less than this share of the resamples in the same tier, a customer stands near a border."""

TYPICAL = {
    "net_sales_365_days": "money",
    "orders_365_days": "count",
    "days_since_last_order": "count",
    "margin_365_days": "money",
    "cost_to_serve_365_days": "money",
    "categories_365_days": "count",
    "products_365_days": "count",
    "tenure_days": "count",
}
"""What is typical of a tier, as far as the source has it, and how it is shown."""


def check_snapshot(learn_as_of: dt.date | None, *, as_of: dt.date) -> None:
    """Check that tiers are learnt on a day that the report knows.

    Raises
    ------
    NotEnoughDataError
        ``tiers_learn_ahead``: the day lies after the snapshot date.
    """
    if learn_as_of and learn_as_of > as_of:
        raise NotEnoughDataError("tiers_learn_ahead", learn_as_of=learn_as_of, as_of=as_of)


def choose_finding(choice: pd.DataFrame) -> str:
    """Choose what is found on the number of tiers: a key of the words."""
    if len(choice) == 1:
        return "tiers.choice.finding_one"
    return "tiers.choice.finding_least" if (choice["why"] == "only_choice").any() else "tiers.choice.finding"


def choose_kpis(facts: dict[str, int | float | str | bool]) -> list[str]:
    """Choose the figures at the head of the page: keys of the words, without shares where there are none."""
    end = "" if facts["shares"] == "shares" else "_no_shares"
    kept = ["tiers.kpis.kept"] if facts.get("all_then") else []
    return [f"tiers.kpis.top{end}", f"tiers.kpis.last{end}", "tiers.kpis.silent", "tiers.kpis.stability", *kept]


def choose_sentences(facts: dict[str, int | float | str | bool]) -> list[str]:
    """Choose the sentences on the number of tiers that are true of these ``facts``: keys of the words."""
    if "chosen_count" not in facts:
        return ["tiers.choice.kept"]  # a model of another run: nothing is judged on the customers of today
    said = ["tiers.choice.rule"]
    if "separation" in facts:
        said.append(f"tiers.separation.{facts['separation']}")
    if facts["tier_count"] != facts["chosen_count"]:
        said.append("tiers.choice.other")
    return said


def list_features(model: TierModel) -> pd.DataFrame:
    """List what the customers were grouped by.

    Returns
    -------
    DataFrame
        One row per feature used: feature, feature_scale, feature_weight (over all weights), feature_missing (customers for
        whom the median stood in).
    """
    total = sum(float(how["weight"]) for how in model.features_.values())
    return pd.DataFrame(
        [
            {
                "feature": column,
                "feature_scale": how["scale"],
                "feature_weight": float(how["weight"]) / total,
                "feature_missing": model.missing_[column],
            }
            for column, how in model.features_.items()
        ]
    )


def list_borderline(tiers: pd.DataFrame) -> pd.DataFrame:
    """List the customers who stand near a border: in less than eight of ten resamples in the same tier.

    Returns
    -------
    DataFrame
        The columns of ``tiers``, largest net sales of the year first; ties by customer_id.
    """
    check_columns(tiers, ["customer_id", "tier_stability", "next_tier", "net_sales_365_days"], name="tiers")
    near = tiers[tiers["tier_stability"] < SURE]
    return near.sort_values(["net_sales_365_days", "customer_id"], ascending=[False, True], ignore_index=True)


def tabulate_tiers(tiers: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Tabulate what is typical of each tier: medians over its customers with an order in the year.

    Parameters
    ----------
    tiers : as ``assign_tiers`` returns it
    customers : one row per customer; columns of ``TYPICAL`` that it lacks, or that nobody has, are left out

    Returns
    -------
    DataFrame
        One row per tier, best first: tier, and the medians under the names of their columns.
    """
    known = [column for column in TYPICAL if column in customers and customers[column].notna().any()]
    active = tiers.loc[is_active(tiers), ["customer_id", "tier", "tier_rank"]]
    joined = active.merge(customers[["customer_id", *known]], on="customer_id", how="left", validate="1:1")
    middle = joined.groupby(["tier_rank", "tier"])[known].median().reset_index()
    return middle.drop(columns="tier_rank")


def describe_tiers(
    tiers: pd.DataFrame, *, choice: pd.DataFrame | None = None, comparison: pd.DataFrame | None = None
) -> dict[str, int | float | str | bool]:
    """Describe the tiers in facts that fill the sentences ``tiers.*``.

    Parameters
    ----------
    tiers : as ``assign_tiers`` returns it
    choice : the judgement that ``fit_tiers`` returns; adds chosen_count and least_customers, and where this number of tiers is
        among those tried silhouette, agreement, why and ``separation``: ``clear`` where the silhouette is above 0.5, ``some`` above 0.25, else
        ``none`` (Kaufman and Rousseeuw 1990)
    comparison : as ``compare_tiers`` returns it; adds each method's figures, named ``<method>_<column>``, and
        ``better``: ``clusters`` where their lead over both plain ways in telling later sales is more than the noise (its
        interval lies above nought), the plain way that leads them likewise, else ``neither``; ``unjudged`` where later
        sales are not known, ``ungrouped`` where the customers could not be grouped anew

    Returns
    -------
    dict
        ``shares``: ``shares``, or ``no_shares`` where net sales of the year are not above nought in all; tier_count, customers, active_customers, silent_customers, net_sales, stability, seed_stability, top_tier and top_*, last_tier
        and last_*, unsure_customers and unsure_share (in less than 80 % of the resamples in the same tier), rule_share.
    """
    summary, rules = summarise_tiers(tiers), explain_tiers(tiers)
    active = is_active(tiers)
    sizes = tiers[active].groupby("tier_rank").size()
    unsure = int((tiers["tier_stability"] < SURE).sum())
    facts: dict[str, int | float | str | bool] = {
        "tier_count": len(summary),
        "customers": len(tiers),
        "active_customers": int(active.sum()),
        "silent_customers": int((~active).sum()),
        "net_sales": add(tiers["net_sales_365_days"]),
        "shares": "shares" if add(tiers["net_sales_365_days"]) > 0 else "no_shares",
        "stability": float(tiers.loc[active, "tier_stability"].mean()),
        "unsure_customers": unsure,
        "unsure_share": unsure / len(tiers),
        "seed_stability": float(tiers.loc[active, "tier_seed_stability"].mean()),
        "rule_share": share(float((rules.set_index("tier_rank")["rule_share"] * sizes).sum()), int(sizes.sum())),
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
        facts["chosen_count"] = int(choice.loc[choice["chosen"], "tier_count"].iloc[0])
        facts["least_customers"] = int(choice["least_customers"].iloc[0])
        for row in choice[choice["tier_count"] == len(summary)].itertuples():
            facts |= {"silhouette": float(row.silhouette), "agreement": float(row.agreement), "why": str(row.why)}
            facts["separation"] = "clear" if row.silhouette > 0.5 else "some" if row.silhouette > 0.25 else "none"
    if comparison is not None:
        facts |= _describe_comparison(comparison)
    return facts


def _describe_comparison(comparison: pd.DataFrame) -> dict[str, int | float | str | bool]:
    if comparison.empty:
        return {"better": "ungrouped"}
    table = comparison.set_index("method")
    facts: dict[str, int | float | str | bool] = {
        f"{method}_{column}": table.loc[method, column].item() for method in table.index for column in table.columns
    }
    if "explained_share" not in table or table["explained_share"].isna().any():
        return facts | {"better": "unjudged"}
    plain = [method for method in table.index if method != "clusters"]
    if all(table.loc[method, "lead_low"] > 0 for method in plain):
        return facts | {"better": "clusters"}
    behind = [method for method in plain if table.loc[method, "lead_high"] < 0]
    best = max(behind, key=lambda method: float(table.loc[method, "explained_share"]), default="neither")
    return facts | {"better": best}
