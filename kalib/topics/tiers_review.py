"""How many accounts kept their tier over the last year, and was that to be seen from how surely they were placed?"""

from __future__ import annotations

import pandas as pd

from kalib.money import share
from kalib.schema import check_columns
from kalib.topics.tiers import TierModel, is_active
from kalib.topics.tiers_facts import SURE

PLACES = ("clear", "near")
"""Clear of the borders: the same tier in eight of ten resamples or more; near one: in fewer."""

WHOLE = 2 * 365 - 1
"""Days since the first order of all from which on a year ago had a whole year before it."""


def review_year(tiers: pd.DataFrame, past: pd.DataFrame, *, model: TierModel) -> pd.DataFrame:
    """Count who is in the same tier as a year ago, by how clearly the account was placed then; by the same model.

    Resamples say how exactly the year was measured, and not how long a tier lasts.

    Parameters
    ----------
    tiers : of today, as ``assign_tiers`` returns it
    past : customers as they stood a year ago; those with an order in the year before are judged

    Returns
    -------
    DataFrame
        One row per place that anyone had, then ``all``: tier_place, then (accounts), same_tier, higher_tier, lower_tier (of those who
        ordered in the year since), no_order (the others: they are in the last tier by rule), same_tier_share. Empty where the
        record did not reach back a whole year then, or nobody could be placed.
    """
    check_columns(tiers, ["customer_id", "tier_rank", "orders_365_days", "tenure_days"], name="tiers")
    columns = ["tier_place", "then", "same_tier", "higher_tier", "lower_tier", "no_order", "same_tier_share"]
    if not len(past) or tiers["tenure_days"].max() < WHOLE or not is_active(past).any():
        return pd.DataFrame(columns=columns)
    before = model.assess(past)
    before = before[is_active(before)]
    now = before["customer_id"].map(tiers[is_active(tiers)].set_index("customer_id")["tier_rank"])
    moved = now - before["tier_rank"]  # missing of who has not ordered since
    place = before["tier_stability"].ge(SURE).map({True: "clear", False: "near"})
    rows = []
    for name, own in [*((name, moved[place == name]) for name in PLACES), ("all", moved)]:
        same, higher, lower = int(own.eq(0).sum()), int(own.lt(0).sum()), int(own.gt(0).sum())
        if len(own):
            rows.append((name, len(own), same, higher, lower, int(own.isna().sum()), share(same, len(own))))
    return pd.DataFrame(rows, columns=columns)


def describe_review(review: pd.DataFrame) -> dict[str, int | float]:
    """Describe a review in facts: then, same_tier and same_tier_share, of all and, with the place before it, of each place.

    Examples
    --------
    >>> row = {"tier_place": "all", "then": 4, "same_tier": 3, "higher_tier": 1, "lower_tier": 0, "no_order": 0, "same_tier_share": 0.75}
    >>> describe_review(pd.DataFrame([row]))["same_tier_share"]
    0.75
    """
    facts: dict[str, int | float] = {f"{place}_then": 0 for place in (*PLACES, "all")}
    for row in review.to_dict("records"):
        place = row["tier_place"]
        facts |= {f"{place}_then": row["then"], f"{place}_same": row["same_tier"]}
        facts[f"{place}_same_share"] = row["same_tier_share"]
        if place == "all":
            facts["same_tier_share"] = row["same_tier_share"]
    return facts
