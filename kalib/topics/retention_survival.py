"""How is time until something happens estimated where it has not happened to all yet? Kaplan and Meier's curve."""

from __future__ import annotations

from math import nan

import numpy as np
import pandas as pd
from scipy.special import ndtri

from kalib.schema import check_columns


def estimate_survival(spells: pd.DataFrame, *, interval: float = 0.8) -> pd.DataFrame:
    """Estimate which share is still waiting after so many days: the product-limit estimate of Kaplan and Meier.

    At each day on which somebody came back, ``S(t) = S(before) * (1 - returned / at_risk)``; whoever is still waiting when
    the record ends counts as at risk up to and including its last day, and not after. Intervals are Greenwood's, on the
    scale of ``log(-log S)``, so that they stay between 0 and 1; before the first return there is none and where nobody
    waits any more there is none either: both ends are the estimate.

    Parameters
    ----------
    spells : days (from 0), returned (whether the spell ended; else it was still open after so many days); each row must be
        independent of the others, one per customer
    interval : share that the interval holds

    Returns
    -------
    DataFrame
        One row per distinct number of days, in order, from 0: days, at_risk, returned, open, waiting_share,
        waiting_error (Greenwood's standard error), waiting_low, waiting_high.

    Raises
    ------
    ValueError
        No spell at all, or one of fewer than 0 days.

    Source: Kaplan and Meier (1958), J. Amer. Statist. Assoc. 53, section 2; Greenwood (1926); the interval: Kalbfleisch and
    Prentice, The Statistical Analysis of Failure Time Data (1980), section 1.3.

    Examples
    --------
    >>> spells = pd.DataFrame({"days": [3, 5, 5, 8], "returned": [True, True, False, True]})
    >>> estimate_survival(spells)[["days", "at_risk", "returned", "waiting_share"]].values.tolist()
    [[0.0, 4.0, 0.0, 1.0], [3.0, 4.0, 1.0, 0.75], [5.0, 3.0, 1.0, 0.5], [8.0, 1.0, 1.0, 0.0]]
    """
    check_columns(spells, ["days", "returned"], name="spells")
    days, ended = spells["days"].to_numpy(dtype=np.int64), spells["returned"].to_numpy(dtype=bool)
    if not len(days) or days.min() < 0:
        raise ValueError("a survival curve needs at least one spell, each of 0 days or more.")
    times = np.union1d([0], days)
    places = np.searchsorted(times, days)
    returned = np.bincount(places[ended], minlength=len(times))
    all_ended = np.bincount(places, minlength=len(times))
    at_risk = len(days) - np.concatenate([[0], np.cumsum(all_ended)[:-1]])
    waiting = np.cumprod(1 - returned / at_risk)
    left = at_risk - returned
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(returned > 0, returned / (at_risk * left.astype(float)), 0.0)
        variance = np.cumsum(terms)
        inner = (waiting > 0) & (waiting < 1)
        spread = np.where(inner, np.sqrt(variance) / np.abs(np.log(waiting)), 0.0)
    reach = np.exp(ndtri(0.5 + interval / 2) * spread)
    return pd.DataFrame(
        {
            "days": times,
            "at_risk": at_risk,
            "returned": returned,
            "open": all_ended - returned,
            "waiting_share": waiting,
            "waiting_error": np.where(inner, waiting * np.sqrt(np.where(inner, variance, 0.0)), 0.0),
            "waiting_low": np.where(inner, waiting**reach, waiting),
            "waiting_high": np.where(inner, waiting ** (1 / reach), waiting),
        }
    )


def read_curve(curve: pd.DataFrame, days: int) -> dict[str, float]:
    """Read off a curve which share was back within so many days, and between which ends.

    Beyond the longest spell on record nothing is known, unless all are back by then.

    Parameters
    ----------
    curve : as ``estimate_survival`` returns it

    Returns
    -------
    dict
        back_share, back_low, back_high: NaN beyond the record.

    Examples
    --------
    >>> spells = pd.DataFrame({"days": [3, 5, 5, 8], "returned": [True, True, False, False]})
    >>> curve = estimate_survival(spells)
    >>> read_curve(curve, 4)["back_share"], read_curve(curve, 9)["back_share"]
    (0.25, nan)
    """
    row = curve.iloc[int(np.searchsorted(curve["days"], days, side="right")) - 1]
    if days > curve["days"].iloc[-1] and row["waiting_share"] > 0:
        return dict.fromkeys(("back_share", "back_low", "back_high"), nan)
    return {
        "back_share": float(1 - row["waiting_share"]),
        "back_low": float(1 - row["waiting_high"]),
        "back_high": float(1 - row["waiting_low"]),
    }


def find_median(curve: pd.DataFrame) -> float:
    """Find after how many days half are back: the first on which no more than half still wait; NaN where it is never so.

    Examples
    --------
    >>> find_median(estimate_survival(pd.DataFrame({"days": [3, 5, 9], "returned": [True, True, False]})))
    5.0
    """
    half = curve["waiting_share"] <= 0.5 + 1e-12
    return float(curve.loc[half, "days"].iloc[0]) if half.any() else nan
