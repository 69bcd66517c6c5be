"""Are the customers of today like those that the forecast was learnt from? Drift of each figure, held against chance."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import chi2

from kalib.errors import NotEnoughDataError
from kalib.schema import check_columns, check_key

BINS, YEAR = 10, 365
SOME, MUCH = 0.1, 0.25
"""Customary limits of the population stability index: below .1 no change to speak of, from .25 a great one (Siddiqi 2006)."""

BY_CHANCE = 0.05
"""An index that chance alone exceeds more often than this is no finding."""


def measure_drift(
    training: pd.DataFrame,
    customers: pd.DataFrame,
    columns: Sequence[str],
    *,
    first_order_date: dt.date | None = None,
    bins: int = BINS,
) -> pd.DataFrame:
    """Measure how far each figure's distribution has moved from training to now.

    The population stability index is the sum over bins of (now - then) * ln(now / then), of shares of customers. Bins are
    the deciles of training; equal values stay together, so there may be fewer, and missing values are a bin of their own.
    Half a customer is added to each bin on both sides, or an empty one would make it infinite. With few customers the
    index is above nought by chance alone: its expected value without any drift is (bins - 1) * (1/n + 1/m), and
    (1/n + 1/m) times the 95 % quantile of chi-square with bins - 1 degrees of freedom is exceeded once in twenty times
    (Yurdakul 2018). A customer that stands in training at several dates counts once in ``n``.

    Parameters
    ----------
    training : the rows that were learnt from: as_of, customer_id and the figures
    customers : those who get a forecast now: customer_id and the figures
    columns : figures of the model; those that either table lacks are left out
    first_order_date : where the history begins: figures of a year before are only compared with training dates that it
        covers them at, for elsewhere they are nought and mean nothing

    Returns
    -------
    DataFrame
        One row per figure, largest index first: figure, psi, chance (expected without drift), chance_most (exceeded by
        chance once in twenty), bins, median_then, median_now (missing ones left out), verdict (``stable``, ``moved`` from
        .1, ``moved_much`` from .25; both only where it is above chance_most).

    Raises
    ------
    NotEnoughDataError
        ``churn_drift_nobody``: one of the tables has no row.

    Sources
    -------
    Siddiqi (2006), Credit Risk Scorecards, ch. 7; Yurdakul (2018), Statistical Properties of Population Stability Index,
    Western Michigan University.

    Examples
    --------
    >>> then = pd.DataFrame({"as_of": pd.Timestamp("2025-01-01"), "customer_id": range(1000), "orders": range(1000)})
    >>> now = pd.DataFrame({"customer_id": range(500), "orders": range(0, 1000, 2)})
    >>> measure_drift(then, now, ["orders"])[["psi", "verdict"]].values.tolist()
    [[0.0, 'stable']]
    """
    check_key(training, ["as_of", "customer_id"], name="training")
    check_key(customers, ["customer_id"], name="customers")
    if training.empty or customers.empty:
        raise NotEnoughDataError("churn_drift_nobody", then=len(training), now=len(customers))
    rows = []
    for name in dict.fromkeys(columns):
        if name not in training or name not in customers:
            continue
        covered = training if first_order_date is None else training[_covers(name, training["as_of"], first_order_date)]
        if covered.empty:
            continue
        then, now = covered[name].to_numpy(float, na_value=np.nan), customers[name].to_numpy(float, na_value=np.nan)
        noise = 1 / covered["customer_id"].nunique() + 1 / len(customers)
        counted = _count(then, now, bins)
        psi, free = _index(*counted), int((counted.sum(axis=0) > 0).sum()) - 1
        most = noise * float(chi2.ppf(1 - BY_CHANCE, free)) if free else 0.0
        beyond = psi > most
        rows.append(
            {
                "figure": name,
                "psi": round(psi, 6),
                "chance": round(noise * free, 6),
                "chance_most": round(most, 6),
                "bins": free + 1,
                "median_then": _median(then),
                "median_now": _median(now),
                "verdict": "moved_much" if beyond and psi >= MUCH else "moved" if beyond and psi >= SOME else "stable",
            }
        )
    columns = ["figure", "psi", "chance", "chance_most", "bins", "median_then", "median_now", "verdict"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["psi", "figure"], ascending=[False, True], ignore_index=True)


def describe_drift(drift: pd.DataFrame) -> dict[str, object]:
    """Describe the drift as facts for the sentences.

    Returns
    -------
    dict
        figures (how many were looked at), moved, moved_much (how many of them moved, and by much), top (the figure that
        moved most), top_psi, top_then, top_now (its medians); the last four None where no figure was looked at.
    """
    check_columns(drift, ["figure", "psi", "verdict"], name="drift")
    top = drift.iloc[0] if len(drift) else None
    return {
        "figures": len(drift),
        "moved": int((drift["verdict"] != "stable").sum()),
        "moved_much": int((drift["verdict"] == "moved_much").sum()),
        "top": None if top is None else str(top["figure"]),
        "top_psi": None if top is None else float(top["psi"]),
        "top_then": None if top is None else float(top["median_then"]),
        "top_now": None if top is None else float(top["median_now"]),
    }


def _covers(name: str, dates: pd.Series, first: dt.date) -> pd.Series:
    """Say for each date whether the history reaches back as far as a figure of a year before looks."""
    found = re.fullmatch(r"\w+?_(next_)?(\d+)_days_last_year", name)
    days = 0 if found is None else YEAR + (0 if found[1] else int(found[2]))
    return (pd.to_datetime(dates) - pd.Timestamp(first)).dt.days >= days


def _count(then: np.ndarray, now: np.ndarray, bins: int) -> np.ndarray:
    """Return the customers of each bin, then and now; the last bin is that of missing values."""
    known = then[~np.isnan(then)]
    edges = np.unique(np.quantile(known, np.arange(1, bins) / bins, method="inverted_cdf")) if len(known) else []
    counted = []
    for values in (then, now):
        missing = np.isnan(values)
        place = np.searchsorted(edges, values[~missing], side="left")
        counted.append([*np.bincount(place, minlength=len(edges) + 1), missing.sum()])
    return np.array(counted, dtype=float)


def _index(then: np.ndarray, now: np.ndarray) -> float:
    used = then + now > 0
    p, q = (counts[used] + 0.5 for counts in (then, now))
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())


def _median(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else np.nan
