"""Forecasts a second way: likelihoods by quadrature, a plain pipeline beside the churn model. No line of kalib's but what is compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from scipy.integrate import quad_vec
from scipy.optimize import brentq, minimize
from scipy.special import betaln, expit, gammaln, logit
from scipy.stats import rankdata
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from kalib.topics.purchase import summarise_histories
from kalib.topics.purchase_models import MODELS
from kalib.topics.purchase_spend import GammaGamma, summarise_spend

ROOT = Path(__file__).resolve().parents[1]

PUBLISHED = {
    "bg_nbd": {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259, "log_likelihood": -9582.429},
    "pareto_nbd": {"r": 0.5533, "alpha": 10.5776, "s": 0.6063, "beta": 11.6715, "log_likelihood": -9594.976},
}
HELD_OUT = {"bg_nbd": 1653, "pareto_nbd": 1666, "mbg_nbd": 1577}
PAPERS = {
    "bg_nbd": "Fader, Hardie, Lee 2005",
    "pareto_nbd": "Fader, Hardie 2005",
    "mbg_nbd": "Batislam, Denizel, Filiztekin 2007",
}

UNTIL = pd.Timestamp("1997-09-30")
"""The last day that the papers fit to."""

Line = tuple[str, object, object, str]


def check_cdnow() -> Iterator[Line]:
    """The tenth of CDNOW that the papers fit: parameters, likelihoods, hold-outs."""
    log = pd.read_csv(ROOT / "data/cdnow/orders.csv", dtype={"customer_id": str}, parse_dates=["order_date"])
    sample = (ROOT / "tests/reference/cdnow_sample.txt").read_text(encoding="ascii").split()
    rows = log[log["customer_id"].isin(sample)].rename(columns={"amount": "net_sales"})
    weeks = summarise_histories(rows, as_of=UNTIL.date(), unit_days=7)
    later = rows[rows["order_date"] > UNTIL].drop_duplicates(["customer_id", "order_date"])
    for code, maker in MODELS.items():
        model = maker().fit(weeks)
        for name, value in PUBLISHED.get(code, {}).items():
            ours = model.log_likelihood_ if name == "log_likelihood" else model.params_[name]
            yield f"{code}, {name}", round(float(ours), 3 if name == "log_likelihood" else 4), value, PAPERS[code]
        if code in PUBLISHED:
            x, tx, t = (weeks[name].to_numpy(float) for name in ("frequency", "recency", "age"))
            there = float(np.logaddexp(*_PARTS[code](x, tx, t, PUBLISHED[code])).sum())
            yield f"{code}, log-likelihood above that at the printed figures", model.log_likelihood_ - there, None, ""
        expected = float(model.expected_orders(weeks, 39).sum())
        yield f"{code}, orders expected in the 39 weeks after", round(expected), HELD_OUT[code], PAPERS[code]
        yield f"{code}, of those that happened", f"{expected / len(later):.1%}", None, f"{len(later):,} happened"
    spend = GammaGamma().fit(summarise_spend(rows, as_of=UNTIL.date()))
    for name, value in {"p": 6.25, "q": 3.74, "gamma": 15.44}.items():
        yield f"gamma-gamma, {name}", round(float(spend.params_[name]), 2), value, "Fader, Hardie 2013"
    yield "gamma-gamma, log-likelihood", round(float(spend.log_likelihood_), 2), -4055.92, "Fader, Hardie 2013"
    yield from _explain_shortfall(weeks, later)


def _explain_shortfall(weeks: pd.DataFrame, later: pd.DataFrame) -> Iterator[Line]:
    """Whose orders does the forecast lack, and when? By orders before, and by quarter of the hold-out."""
    happened = weeks["customer_id"].map(later.groupby("customer_id").size()).fillna(0).to_numpy()
    model = MODELS["bg_nbd"]().fit(weeks)
    expected = model.expected_orders(weeks, 39)
    for name, chosen in {
        "no repeat order before": weeks["frequency"] == 0,
        "one or two": weeks["frequency"].between(1, 2),
        "three or more": weeks["frequency"] >= 3,
    }.items():
        told = f"{expected[chosen].sum():,.0f} expected, {happened[chosen].sum():,.0f} happened"
        yield f"bg_nbd, customers with {name}", told, None, ""
    by_then = np.diff([0, *(model.expected_orders(weeks, weeks_ahead).sum() for weeks_ahead in (13, 26, 39))])
    quarter = (pd.to_datetime(later["order_date"]) - UNTIL).dt.days.sub(1) // 91
    for place, orders in enumerate(by_then):
        told = f"{orders:,.0f} expected, {int((quarter == place).sum()):,} happened"
        yield f"bg_nbd, quarter {place + 1} of the hold-out", told, None, ""


def check_value(value: pd.DataFrame, days: pd.DataFrame, as_of: str, horizon: int) -> Iterator[Line]:
    """The purchase model in use: its likelihood and P(alive) with the dropout integrated numerically, and orders simulated."""
    code = str(value["purchase_model"].iloc[0])
    histories = duckdb.sql(f"""SELECT customer_id, count(*) - 1 AS frequency, max(day) - min(day) AS recency,
        DATE '{as_of}' - min(day) AS age FROM (SELECT customer_id, CAST(order_date AS DATE) AS day FROM days WHERE orders > 0)
        GROUP BY 1 ORDER BY 1""").df()
    x, tx, t = (histories[name].to_numpy(float) for name in ("frequency", "recency", "age"))
    model = MODELS[code]().fit(histories)
    at = dict(model.params_)
    yield "purchase model in use", code, None, " · ".join(f"{name} {value:.4g}" for name, value in at.items())
    alive, gone = _PARTS[code](x, tx, t, at)
    both = np.logaddexp(alive, gone)
    yield "log-likelihood", round(model.log_likelihood_, 2), round(float(both.sum()), 2), "numerical integral"
    found = minimize(
        lambda theta: -np.logaddexp(*_PARTS[code](x, tx, t, dict(zip(at, np.exp(theta), strict=True)))).sum(),
        np.log(list(at.values())) + 0.2,
        method="Nelder-Mead",
        options={"xatol": 1e-6, "fatol": 1e-6, "maxiter": 4000},
    )
    yield "log-likelihood, the best found", round(model.log_likelihood_, 2), round(-found.fun, 2), "Nelder-Mead"
    yield (
        "customers who still buy, expected",
        float(value["p_alive"].sum()),
        float(np.exp(alive - both).sum()),
        "integral",
    )
    if code != "pareto_nbd":
        drawn = _simulate(x, t, np.exp(alive - both), at, horizon, first=int(code == "mbg_nbd"))
        yield f"order days expected in {horizon} days", float(value["expected_orders"].sum()), drawn, "simulated"


def _simulate(
    x: np.ndarray,
    t: np.ndarray,
    alive: np.ndarray,
    at: Mapping[str, float],
    horizon: int,
    *,
    first: int,
    draws: int = 200,
) -> float:
    """Return the mean number of orders in a simulation: who lives on, how often it buys, when it drops out."""
    rng = np.random.default_rng(11)
    totals = []
    for _ in range(draws):
        rate = rng.gamma(at["r"] + x) / (at["alpha"] + t)
        leaves = rng.beta(at["a"], at["b"] + x + first)
        orders = np.minimum(rng.poisson(rate * horizon), rng.geometric(np.maximum(leaves, 1e-12)))
        totals.append((orders * (rng.random(len(x)) < alive)).sum())
    return float(np.mean(totals))


def _geometric(first: int) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    def parts(x: np.ndarray, tx: np.ndarray, t: np.ndarray, at: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
        r, alpha, a, b = (at[name] for name in ("r", "alpha", "a", "b"))
        base = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        alive = base + betaln(a, b + x + first) - betaln(a, b) - (r + x) * np.log(alpha + t)
        gone = base + betaln(a + 1, b + x - 1 + first) - betaln(a, b) - (r + x) * np.log(alpha + tx)
        return alive, np.where(x + first > 0, gone, -np.inf)

    return parts


def _pareto(x: np.ndarray, tx: np.ndarray, t: np.ndarray, at: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
    r, alpha, s, beta = (at[name] for name in ("r", "alpha", "s", "beta"))
    base = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    alive = base - (r + x) * np.log(alpha + t) + s * np.log(beta / (beta + t))

    def at_share(u: float) -> np.ndarray:
        when = tx + u * (t - tx)
        density = np.log(s) + s * np.log(beta) - (s + 1) * np.log(beta + when) - (r + x) * np.log(alpha + when)
        return np.exp(density + (r + x) * np.log(alpha + tx)) * (t - tx)

    integral = quad_vec(at_share, 0, 1, epsrel=1e-9, limit=500)[0]
    with np.errstate(divide="ignore"):
        return alive, base - (r + x) * np.log(alpha + tx) + np.log(integral)


_PARTS = {"bg_nbd": _geometric(0), "mbg_nbd": _geometric(1), "pareto_nbd": _pareto}


def check_forecast(days: pd.DataFrame, check: pd.DataFrame, facts: Mapping[str, object]) -> Iterator[Line]:
    """The churn forecast at a date that nothing was learnt from, beside a plain pipeline of boosted trees."""
    date, horizon = pd.Timestamp(check["as_of"].iloc[0]), int(facts["horizon_days"])
    rows, asked = check.set_index("customer_id"), _features(days, date, horizon)
    left, ours = rows["churned"].to_numpy(), rows["churn_probability"].to_numpy()
    yield "customers", len(rows), len(asked), "SQL over the order days"
    yield "left, share", float(left.mean()), float(asked["left_"].mean()), "SQL"
    yield "AUC", facts["auc"], float(roc_auc_score(left, ours)), "scikit-learn"
    yield "average precision", facts["average_precision"], float(average_precision_score(left, ours)), "scikit-learn"
    yield "Brier score", facts["brier"], float(brier_score_loss(left, ours)), "scikit-learn"
    error, shape = _miss(left, ours), _miss(left, _move(ours, float(left.mean())))
    yield "calibration error, ten groups", facts["calibration_error"], error, "numpy"
    yield "of it: the level (base rate shifted)", facts["shift_error"], error - shape, "numpy, level moved by brentq"
    yield "of it: the shape", facts["shape_error"], shape, "numpy, level moved by brentq"
    rule = float(roc_auc_score(left, rows["rule_score"]))
    yield "AUC of the best simple rule", facts["rule_auc"], rule, "scikit-learn"
    for name, back in {
        "three quarters before": (horizon, 2 * horizon, 3 * horizon),
        "these and the season a year before": (horizon, 2 * horizon, 3 * horizon, 365),
    }.items():
        theirs = (
            _plain(days, asked, [date - pd.Timedelta(days=n) for n in back], horizon).reindex(rows.index).to_numpy()
        )
        figures = roc_auc_score(left, theirs), brier_score_loss(left, theirs), theirs.mean()
        yield (
            f"plain pipeline on {name}",
            "AUC {:.3f}, Brier {:.3f}, mean {:.3f}".format(*figures),
            None,
            "boosted trees, 28 features",
        )
        low, high = _paired(left, ours, theirs)
        gain = roc_auc_score(left, ours) - figures[0]
        yield f"AUC above it ({low:+.3f} to {high:+.3f})", f"{gain:+.3f}", None, "95 %, paired bootstrap"


def _miss(left: np.ndarray, p: np.ndarray) -> float:
    """Return the mean distance of predicted and observed share over tenths by rank."""
    tenth = np.minimum((rankdata(p) - 0.5) * 10 // len(p), 9).astype(int)
    return float(np.abs(np.bincount(tenth, weights=left - p)).sum() / len(p))


def _move(p: np.ndarray, share: float) -> np.ndarray:
    """Return the probabilities with their log-odds moved so that their mean is ``share``."""
    odds = logit(np.clip(p, 1e-6, 1 - 1e-6))
    return expit(odds + brentq(lambda move: expit(odds + move).mean() - share, -20, 20))


def _paired(left: np.ndarray, one: np.ndarray, other: np.ndarray, draws: int = 500) -> tuple[float, float]:
    rng = np.random.default_rng(7)
    gains = []
    for _ in range(draws):
        at = rng.integers(0, len(left), len(left))
        gains.append(roc_auc_score(left[at], one[at]) - roc_auc_score(left[at], other[at]))
    return tuple(np.quantile(gains, [0.025, 0.975]))


def _plain(days: pd.DataFrame, asked: pd.DataFrame, dates: Sequence[pd.Timestamp], horizon: int) -> pd.Series:
    learnt = pd.concat([_features(days, date, horizon) for date in dates])
    columns = [column for column in learnt if column not in ("customer_id", "left_")]
    model = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=150, max_leaf_nodes=15, min_samples_leaf=40, random_state=0
    ).fit(learnt[columns].astype(float), learnt["left_"])
    return pd.Series(model.predict_proba(asked[columns].astype(float))[:, 1], index=asked["customer_id"])


def _features(days: pd.DataFrame, date: pd.Timestamp, horizon: int) -> pd.DataFrame:
    windows = ", ".join(
        f"coalesce(sum({what}) FILTER (day > DATE '{date.date()}' - {n}), 0) AS {what}_{n}"
        for what in ("orders", "net_sales")
        for n in (30, 60, 90, 180, 365)
    )
    return duckdb.sql(_FEATURES_SQL.format(date=date.date(), horizon=horizon, windows=windows)).df()


_FEATURES_SQL = """
WITH d AS (SELECT customer_id, CAST(order_date AS DATE) AS day, orders, net_sales FROM days WHERE order_date <= DATE '{date}'),
o AS (SELECT *, day - lag(day) OVER (PARTITION BY customer_id ORDER BY day) AS gap,
    row_number() OVER (PARTITION BY customer_id ORDER BY day DESC) AS back FROM d WHERE orders > 0),
a AS (SELECT customer_id, DATE '{date}' - max(day) AS silent, DATE '{date}' - min(day) AS tenure, sum(orders) AS orders,
    count(*) AS days, avg(gap) AS gap, stddev_samp(gap) AS spread, median(gap) AS middle, max(gap) AS longest,
    max(gap) FILTER (back = 1) AS last_gap, max(net_sales) AS most, avg(net_sales) AS usual,
    max(net_sales) FILTER (back = 1) AS last_sale, avg(net_sales) FILTER (back <= 3) AS late_sale,
    count(DISTINCT date_trunc('month', day)) AS months FROM o GROUP BY 1),
w AS (SELECT customer_id, sum(net_sales) AS sales, sum(-net_sales) FILTER (net_sales < 0) AS back, {windows} FROM d GROUP BY 1),
f AS (SELECT customer_id, count(*) FILTER (orders > 0) AS ahead FROM days
    WHERE order_date > DATE '{date}' AND order_date <= DATE '{date}' + {horizon} GROUP BY 1)
SELECT a.*, w.* EXCLUDE customer_id, silent / nullif(gap, 0) AS ratio, tenure / days AS pace, coalesce(ahead, 0) = 0 AS left_
FROM a JOIN w USING (customer_id) LEFT JOIN f USING (customer_id) WHERE silent <= 365 ORDER BY customer_id
"""
