"""What became of the accounts that a year ago would have been listed as rising or declining?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from kalib.topics.pace import PACES
from kalib.years import LEAST

BECAME = ("grew", "held", "fell")
"""Bought more in the next year, about as much, or less (or nothing at all)."""

ABOUT = 0.1
"""Share up to which a year's sales are about as much as the year's before."""

TENTHS = 10


def follow_pace(pace: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Follow what accounts bought in the year after an earlier date, against the year up to it.

    Parameters
    ----------
    pace : as ``pace.measure_pace`` gives it as of a year ago, of what was known then
    customers : as of now: customer_id, net_sales_365_days

    Returns
    -------
    DataFrame
        ``pace`` with net_sales_after, became (one of ``BECAME``), size_tenth (by net_sales_now, 10 the largest).
    """
    after = customers.set_index("customer_id")["net_sales_365_days"].reindex(pace["customer_id"]).fillna(0.0)
    after = pd.Series(after.to_numpy(float), index=pace.index)
    became = np.select(
        [after > (1 + ABOUT) * pace["net_sales_now"], after >= (1 - ABOUT) * pace["net_sales_now"]], BECAME[:2], "fell"
    )
    tenth = np.ceil(pace["net_sales_now"].rank(pct=True) * TENTHS)
    return pace.assign(
        net_sales_after=after, became=pd.Series(became, index=pace.index, dtype="str"), size_tenth=tenth.astype(int)
    )


def summarise_became(followed: pd.DataFrame) -> pd.DataFrame:
    """Summarise what became of those listed, beside accounts of like size that were not.

    The others are weighted so that they are of the sizes of those listed: in each tenth by sales the share of those not listed, as often as
    accounts of that tenth are listed.

    Returns
    -------
    DataFrame
        Two rows for each of ``rising`` and ``falling`` that has accounts: pace, who (``listed``, ``like_size``), customers, grew_share, held_share,
        fell_share. A tenth in which all are listed has nobody to compare with and is left out of ``like_size``.
    """
    rows = []
    steady = followed[followed["pace"] == "steady"]
    for kind in PACES[:2]:
        listed = followed[followed["pace"] == kind]
        if listed.empty:
            continue
        weights = listed["size_tenth"].value_counts()
        others = steady[steady["size_tenth"].isin(weights.index)]
        weight = others["size_tenth"].map(weights / others["size_tenth"].value_counts())
        rows.append({"pace": kind, "who": "listed", "customers": len(listed), **_shares(listed, 1.0)})
        rows.append({"pace": kind, "who": "like_size", "customers": len(others), **_shares(others, weight)})
    return pd.DataFrame(rows, columns=["pace", "who", "customers", *(f"{name}_share" for name in BECAME)])


def describe_became(became: pd.DataFrame, *, before: dt.date) -> dict[str, object]:
    """Describe what became of last year's lists, in facts that fill sentences.

    Returns
    -------
    dict
        before, and for each of rising and falling: ``<kind>_then`` (accounts listed), ``<kind>_<became>`` and ``<kind>_others_<became>``
        (shares), ``<kind>_proof``: ``none`` (nobody was listed), ``few`` (fewer than ten, or nobody of like size), ``better`` (went on as
        listed more often than those of like size by more than chance: the lower end of the 80 % Wilson interval), else ``level``.
    """
    facts: dict[str, object] = {"before": before}
    for kind, on in {"rising": "grew", "falling": "fell"}.items():
        rows = became[became["pace"] == kind].set_index("who")
        if rows.empty:
            facts |= {f"{kind}_then": 0, f"{kind}_proof": "none"}
            continue
        listed, others = rows.loc["listed"], rows.loc["like_size"]
        facts[f"{kind}_then"] = int(listed["customers"])
        for name in BECAME:
            facts[f"{kind}_{name}"] = float(listed[f"{name}_share"])
            facts[f"{kind}_others_{name}"] = float(others[f"{name}_share"])
        facts[f"{kind}_proof"] = _judge(listed, others, f"{on}_share")
    return facts


def _judge(listed: Mapping[str, float], others: Mapping[str, float], on: str) -> str:
    if listed["customers"] < LEAST or others["customers"] < LEAST:
        return "few"
    count = round(listed[on] * listed["customers"])
    low = binomtest(count, int(listed["customers"])).proportion_ci(0.8, method="wilson").low
    return "better" if low > others[on] else "level"


def _shares(accounts: pd.DataFrame, weight: pd.Series | float) -> dict[str, float]:
    weights = pd.Series(weight, index=accounts.index)
    whole = float(weights.sum())
    return {
        f"{name}_share": float(weights[accounts["became"] == name].sum()) / whole if whole else np.nan
        for name in BECAME
    }
