"""How many leave at a date that nobody knows yet? The level of past dates, by season and by age."""

from __future__ import annotations

import numpy as np
import pandas as pd

SEASONS = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)
"""How much the level may swing with the seasons, candidates: variance of the log-odds."""

DRIFTS = (0.003, 0.01, 0.03, 0.1, 0.3)
"""How much it may drift within a year or so, candidates."""

_YEAR = 365.25
_WIDTH = 0.7
_USUAL = {"season": 0.1, "drift": 0.03}
_LEAST_NOISE = 0.002


def weigh_dates(dates: pd.Series, levels: np.ndarray, noise: np.ndarray, *, at: pd.Timestamp) -> np.ndarray:
    """Weigh past levels for what they tell of the level at another date.

    Levels are thought of as a mean, a part that comes again each year, and a part that drifts and is forgotten within
    about a year (a Gaussian process). How large the two parts are is read from the levels themselves, the likeliest of a few
    candidates, with a mild preference for moderate ones, since few dates tell little. Where levels swing with the
    seasons, dates of the same season weigh most; where they drift, the newest; where they do neither, all alike. The
    estimate is the weighted mean of the levels (ordinary kriging: weights add up to 1).

    Parameters
    ----------
    dates : of the levels
    levels : log-odds
    noise : variance of each, from its number of customers
    at : the date asked for

    Returns
    -------
    ndarray
        A weight per date; they add up to 1, and one or the other may be a little below 0.

    Source: Cressie (1993), Statistics for Spatial Data, section 3.2; Rasmussen, Williams (2006), Gaussian Processes for
    Machine Learning, equations 2.30 (marginal likelihood) and 4.31 (periodic covariance).

    Examples
    --------
    >>> quarters = pd.Series(pd.date_range("2023-01-01", periods=8, freq="91D"))
    >>> swings = np.array([0.9, -0.1, -0.9, 0.1] * 2)
    >>> weights = weigh_dates(quarters, swings, np.full(8, 0.01), at=quarters.iloc[-1] + pd.Timedelta(days=91))
    >>> int(weights.argmax()), bool(0.5 < weights @ swings < 0.9)
    (4, True)
    """
    days = (pd.to_datetime(dates) - pd.Timestamp(at)).dt.days.to_numpy(float)
    error = np.diag(np.asarray(noise, float) + _LEAST_NOISE)
    best, weights = -np.inf, np.full(len(days), 1 / len(days))
    for season in SEASONS:
        for drift in DRIFTS:
            known = _covariance(days[:, None] - days[None, :], season, drift) + error
            inverse = np.linalg.inv(known)
            total = inverse.sum()
            left = levels - inverse.sum(axis=0) @ levels / total
            likely = -0.5 * (left @ inverse @ left + np.linalg.slogdet(known)[1] + np.log(total))
            likely -= 0.5 * (np.log(max(season, SEASONS[1] / 3) / _USUAL["season"]) / 1.5) ** 2
            likely -= 0.5 * (np.log(drift / _USUAL["drift"]) / 1.5) ** 2
            if likely > best + 1e-9:
                shared = _covariance(days, season, drift)
                lacking = (1 - inverse.sum(axis=0) @ shared) / total
                best, weights = likely, inverse @ (shared + lacking)
    return weights


def _covariance(days: np.ndarray, season: float, drift: float) -> np.ndarray:
    yearly = np.exp(-2 * np.sin(np.pi * days / _YEAR) ** 2 / _WIDTH**2)
    return season * yearly + drift * np.exp(-np.abs(days) / _YEAR)
