"""What became of what was said last time? An earlier report's forecast is graded by what customers did since."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

from kalib.errors import NotEnoughDataError
from kalib.money import add
from kalib.schema import check_columns, check_key

LIKELY = 0.5
"""From this probability on, a customer was expected to leave."""

SURE = 0.95
"""Beyond what chance gives in so many cases of a hundred, a forecast expected too many or too few."""

LEAST_KNOWN = 0.5
"""A forecast is graded only if today's data knows at least this share of its customers: else they are other customers."""


def choose_review(runs: pd.DataFrame, *, as_of: dt.date) -> pd.DataFrame:
    """Choose which earlier report is graded, and which one is only looked at while its horizon runs.

    The rule: graded is the newest one whose own horizon has passed by ``as_of``; looked at is the newest one, where its
    horizon has not passed yet.

    Parameters
    ----------
    runs : one row per earlier report: run, run_as_of, horizon_days
    as_of : the snapshot date of today's report; reports of that date or later are left out

    Returns
    -------
    DataFrame
        None, one or two rows: role (``grade``, ``interim``), run, run_as_of, horizon_days, passed_days (of the horizon, by
        ``as_of``), label_end (the horizon's last day).

    Examples
    --------
    >>> runs = pd.DataFrame({"run": ["a", "b", "c"], "run_as_of": pd.to_datetime(["2026-01-01", "2026-02-01", "2026-05-01"]),
    ...     "horizon_days": [90, 90, 90]})
    >>> choose_review(runs, as_of=dt.date(2026, 6, 1))[["role", "run", "passed_days"]].values.tolist()
    [['grade', 'b', 90], ['interim', 'c', 31]]
    """
    check_columns(runs, ["run", "run_as_of", "horizon_days"], name="runs")
    table = runs[["run", "run_as_of", "horizon_days"]].dropna()
    table = table.assign(
        run_as_of=pd.to_datetime(table["run_as_of"]).astype("datetime64[s]"),
        horizon_days=table["horizon_days"].astype("int64"),
    )
    gone = (pd.Timestamp(as_of) - table["run_as_of"]).dt.days
    table["passed_days"] = np.minimum(gone, table["horizon_days"])
    table["label_end"] = table["run_as_of"] + pd.to_timedelta(table["horizon_days"], unit="D")
    table = table[gone > 0].sort_values(["run_as_of", "run"])
    passed = table["passed_days"] == table["horizon_days"]
    newest = table.tail(1)
    parts = [table[passed].tail(1).assign(role="grade"), newest[~passed.loc[newest.index]].assign(role="interim")]
    chosen = pd.concat(parts, ignore_index=True)
    return chosen[["role", "run", "run_as_of", "horizon_days", "passed_days", "label_end"]]


def join_outcomes(forecast: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Join what was forecast with what happened, customers whom today's data does not know left out.

    Accounts that the company itself had said to have left were not forecast, and are left out too.

    Parameters
    ----------
    forecast : the earlier report's table of churn: customer_id, churn_probability, net_sales_365_days; and known_as where
        there was contract data
    outcomes : what today's data says of the time since, at the earlier report's date: customer_id, orders_ahead

    Returns
    -------
    DataFrame
        One row per customer, by customer_id: customer_id, churn_probability, net_sales_365_days (then), churned (0 or 1).

    Raises
    ------
    NotEnoughDataError
        ``churn_other_customers``: less than half of the customers of then are known to today's data.
    """
    check_key(forecast, ["customer_id"], name="forecast")
    check_key(outcomes, ["customer_id"], name="outcomes")
    check_columns(forecast, ["churn_probability", "net_sales_365_days"], name="forecast")
    check_columns(outcomes, ["orders_ahead"], name="outcomes")
    said = forecast["known_as"].notna() if "known_as" in forecast else pd.Series(False, index=forecast.index)
    columns = ["customer_id", "churn_probability", "net_sales_365_days"]
    then = forecast.loc[~said & forecast["churn_probability"].notna(), columns]
    table = then.merge(outcomes[["customer_id", "orders_ahead"]], on="customer_id", validate="1:1")
    if len(table) < max(LEAST_KNOWN * len(then), 1):
        raise NotEnoughDataError("churn_other_customers", known=len(table), customers=len(then))
    table["churned"] = (table.pop("orders_ahead") == 0).astype("int64")
    return table.sort_values("customer_id", ignore_index=True)


def grade_forecast(
    joined: pd.DataFrame, *, interval: float = 0.80, resamples: int = 500, seed: int = 0
) -> dict[str, object]:
    """Grade a forecast by what happened.

    The number who left is held against the sum of the probabilities, and the range in which it would fall in 95 of 100
    cases, were each probability right and each customer on its own (normal approximation). The ranking is the AUC: how often a leaver had
    been given a higher probability than a stayer; one half is chance. The Brier score (mean squared error of the
    probability) is held against that of the share who left, said of everybody: a forecast that is worse than this knew
    less than one number, though that number was not to be had then. Their intervals are percentiles over customers drawn
    anew.

    Parameters
    ----------
    joined : as ``join_outcomes`` returns it
    interval : share of outcomes that the intervals of auc and skill hold

    Returns
    -------
    dict
        graded (customers), predicted_left (sum of probabilities), predicted_low, predicted_high, observed_left,
        predicted_share, observed_share, miss (``fits``, ``too_many`` or ``too_few``: what the forecast expected against what
        came, beyond that range); auc, auc_low, auc_high (None where all left or all stayed); brier, base_brier,
        skill (share of base_brier that the forecast saves), skill_low, skill_high (None likewise);
        expected_stay, stay_expected, stay_left, stay_left_sales (customers given less than an even chance of leaving, the
        sum of their probabilities, those of them who left, the net sales of these in the year before the forecast),
        expected_leave, leave_stayed.

    Examples
    --------
    >>> joined = pd.DataFrame({"customer_id": list("abcd"), "churn_probability": [0.9, 0.6, 0.4, 0.1],
    ...     "net_sales_365_days": [1.0, 2.0, 4.0, 8.0], "churned": [1, 0, 1, 0]})
    >>> grade = grade_forecast(joined)
    >>> [grade[name] for name in ("predicted_left", "observed_left", "auc", "brier", "base_brier", "stay_left_sales")]
    [2.0, 2, 0.75, 0.185, 0.25, 4.0]
    """
    check_columns(joined, ["customer_id", "churn_probability", "net_sales_365_days", "churned"], name="joined")
    if joined.empty:
        raise NotEnoughDataError("churn_other_customers", known=0, customers=0)
    rows = joined.sort_values("customer_id", ignore_index=True)
    p, y = rows["churn_probability"].to_numpy(float), rows["churned"].to_numpy(float)
    n, expected, left = len(rows), float(p.sum()), int(y.sum())
    half = float(norm.ppf(0.5 + SURE / 2) * np.sqrt((p * (1 - p)).sum()))
    both = 0 < left < n
    facts: dict[str, object] = {
        "graded": n,
        "predicted_left": round(expected, 6),
        "predicted_low": round(max(expected - half, 0.0), 6),
        "predicted_high": round(min(expected + half, n), 6),
        "observed_left": left,
        "predicted_share": round(expected / n, 6),
        "observed_share": round(left / n, 6),
        "miss": "too_many" if left < expected - half else "too_few" if left > expected + half else "fits",
        "brier": round(float(((p - y) ** 2).mean()), 6),
        "base_brier": round(left / n * (1 - left / n), 6),
    }
    drawn = _draw_anew(p, y, resamples, seed) if both else np.full((1, 2), np.nan)
    edges = [0.5 - interval / 2, 0.5 + interval / 2]
    for at, (name, value) in enumerate((("auc", _auc(p, y)), ("skill", _skill(p, y)))):
        low, high = np.nanquantile(drawn[:, at], edges) if both else (None, None)
        facts[name] = round(float(value), 6) if both else None
        facts |= {
            f"{name}_{end}": None if x is None else round(float(x), 6) for end, x in (("low", low), ("high", high))
        }
    stay = rows[rows["churn_probability"] < LIKELY]
    leave = rows[rows["churn_probability"] >= LIKELY]
    return facts | {
        "expected_stay": len(stay),
        "stay_expected": round(float(stay["churn_probability"].sum()), 6),
        "stay_left": int(stay["churned"].sum()),
        "stay_left_sales": add(stay.loc[stay["churned"] == 1, "net_sales_365_days"]),
        "expected_leave": len(leave),
        "leave_stayed": int((leave["churned"] == 0).sum()),
    }


def review_forecast(joined: pd.DataFrame, run: Mapping[str, object], *, interval: float = 0.80) -> dict[str, object]:
    """Review an earlier report's forecast: a grade where its horizon has passed, else how it stands.

    Parameters
    ----------
    joined : as ``join_outcomes`` returns it
    run : a row of ``choose_review``

    Returns
    -------
    dict
        What ``grade_forecast`` or ``describe_interim`` says, with role, run, run_as_of, label_end, horizon_days, passed_days; and
        says: codes of the sentences that tell it, in their order.
    """
    about = {name: run[name] for name in ("role", "run", "horizon_days", "passed_days")}
    about |= {name: pd.Timestamp(run[name]).date() for name in ("run_as_of", "label_end")}
    if run["role"] == "interim":
        facts = describe_interim(joined)
        return about | facts | {"says": ["interim" if facts["interim_leave"] else "interim_nobody"]}
    facts = grade_forecast(joined, interval=interval)
    says = [facts["miss"], "one_outcome" if facts["auc"] is None else "ranking"]
    return about | facts | {"says": says + ["no_surprise"] * (not facts["stay_left"])}


def list_surprises(joined: pd.DataFrame, *, rows: int = 100) -> pd.DataFrame:
    """List the customers who were expected to stay and left, those with most net sales first.

    Returns
    -------
    DataFrame
        One row per customer: customer_id, churn_probability (said then), net_sales_365_days (of the year before then).
    """
    found = joined[(joined["churned"] == 1) & (joined["churn_probability"] < LIKELY)]
    found = found.sort_values(["net_sales_365_days", "customer_id"], ascending=[False, True])
    columns = ["customer_id", "churn_probability", "net_sales_365_days"]
    return found[columns].head(rows).reset_index(drop=True)


def describe_interim(joined: pd.DataFrame) -> dict[str, object]:
    """Describe how a forecast stands while its horizon still runs: an order refutes it, silence proves nothing yet.

    Parameters
    ----------
    joined : as ``join_outcomes`` returns it, with the outcomes of the days that have passed so far

    Returns
    -------
    dict
        interim_customers, interim_leave (expected to leave), interim_back, interim_back_share (of them, those who have
        ordered since, which refutes the forecast for them; the share is None where nobody was expected to leave),
        interim_stay (expected to stay), interim_silent (of them, those who have not ordered yet).
    """
    leave = joined[joined["churn_probability"] >= LIKELY]
    stay = joined[joined["churn_probability"] < LIKELY]
    back = int((leave["churned"] == 0).sum())
    return {
        "interim_customers": len(joined),
        "interim_leave": len(leave),
        "interim_back": back,
        "interim_back_share": back / len(leave) if len(leave) else None,
        "interim_stay": len(stay),
        "interim_silent": int(stay["churned"].sum()),
    }


def _auc(p: np.ndarray, y: np.ndarray) -> float:
    """Return the chance that a leaver ranks above a stayer, equal ones counting half."""
    left = y.sum()
    stayed = len(y) - left
    if not left or not stayed:
        return np.nan
    return float((rankdata(p)[y == 1].sum() - left * (left + 1) / 2) / (left * stayed))


def _skill(p: np.ndarray, y: np.ndarray) -> float:
    base = y.mean() * (1 - y.mean())
    return float(1 - ((p - y) ** 2).mean() / base) if base else np.nan


def _draw_anew(p: np.ndarray, y: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    drawn = np.empty((resamples, 2))
    for at in range(resamples):
        rows = rng.integers(0, len(p), len(p))
        drawn[at] = _auc(p[rows], y[rows]), _skill(p[rows], y[rows])
    return drawn
