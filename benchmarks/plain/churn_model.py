"""How likely does a customer order no more? Four candidates, compared and calibrated on dates held out in turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

SEASON = "orders_next_90_days_last_year"
COLUMNS = {
    "recency": ["days_since_last_order"],
    "silence": ["silence"],
    "rfm": ["days_since_last_order", "orders_365_days", "net_sales_365_days", "p_alive"],
    "boosting": [
        *("days_since_last_order", "silence_ratio", "silence_excess", "gap_days", "gap_days_spread"),
        *("orders_30_days", "orders_90_days", "orders_180_days", "orders_365_days"),
        *("net_sales_90_days", "net_sales_180_days", "net_sales_365_days"),
        *(
            "orders_90_days_last_year",
            "net_sales_90_days_last_year",
            "orders_365_days_last_year",
            "net_sales_365_days_last_year",
        ),
        *(SEASON, "tenure_days", "returns_share", "margin_365_days", "p_alive", "expected_orders"),
    ],
}
RAW = [
    name
    for name in dict.fromkeys(name for own in COLUMNS.values() for name in own)
    if name not in ("silence", "silence_excess")
]
ROUNDED = dict.fromkeys(("gap_days", "gap_days_spread", "silence_ratio", "returns_share"), 6)


@dataclass
class Churn:
    """What was learnt: the candidate in use, all candidates fitted, their columns and calibration, and typical figures."""

    start: pd.Timestamp
    typical: pd.Series
    columns: dict[str, list[str]]
    fitted: dict[str, object]
    calibration: dict[str, pd.DataFrame]
    chosen: str

    def read(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the figures that the candidates look at."""
        return with_silence(figures(rows, self.start), self.typical)

    def slope(self, name: str) -> float:
        """Return the calibration's slope."""
        return self.calibration[name].slope.iloc[0]

    def predict(self, rows: pd.DataFrame, name: str | None = None) -> np.ndarray:
        """Return the probability of leaving, at the level that past dates foretell."""
        name = name or self.chosen
        own = self.calibration[name]
        level = {date: own.intercept @ weigh(own, date) for date in rows.as_of.unique()}
        odds = log_odds(self.fitted[name], self.read(rows)[self.columns[name]])
        return expit(rows.as_of.map(level).to_numpy(float) + self.slope(name) * odds).round(6)


def figures(rows: pd.DataFrame, start: pd.Timestamp) -> pd.DataFrame:
    """Return figures as numbers; those of a year before are missing where the history does not reach so far."""
    table = rows[RAW].astype(float).round(ROUNDED)
    history = (rows.as_of - start).dt.days
    for name in [name for name in RAW if name.endswith("_last_year")]:
        table[name] = table[name].where(history >= 365 + (0 if name == SEASON else int(name.split("_")[-4])))
    return table.assign(silence_excess=excess(table.days_since_last_order, table.gap_days, table.gap_days_spread))


def excess(silence: pd.Series, gap: pd.Series, spread: pd.Series) -> pd.Series:
    """Return by how many spreads of the own gap a silence is longer than it."""
    return (silence - gap) / np.hypot(spread.fillna(gap), 5.0)


def with_silence(table: pd.DataFrame, typical: pd.Series) -> pd.DataFrame:
    """Return the figures with silence over the own gap, after a single order over the usual one."""
    return table.assign(silence=table.silence_ratio.fillna(table.days_since_last_order / typical.gap_days))


def fit(name: str, x: pd.DataFrame, y: np.ndarray) -> object:
    """Fit one candidate."""
    if name != "boosting":
        log = FunctionTransformer(lambda figures: np.sign(figures) * np.log1p(np.abs(figures)))
        return make_pipeline(log, StandardScaler(), LogisticRegression(solver="newton-cholesky", tol=1e-9)).fit(x, y)
    x = x[[column for column in x if x[column].nunique() > 1]]
    settings = {
        "learning_rate": 0.05,
        "max_iter": 100,
        "max_leaf_nodes": 15,
        "max_features": 0.4,
        "min_samples_leaf": 50,
    }
    return HistGradientBoostingClassifier(**settings, l2_regularization=1.0, monotonic_cst={"days_since_last_order": 1}, early_stopping=False, random_state=0).fit(x, y)  # fmt: skip


def log_odds(model: object, x: pd.DataFrame) -> np.ndarray:
    """Return the log-odds that a candidate gives."""
    return logit(np.clip(model.predict_proba(x[model.feature_names_in_])[:, 1], 1e-6, 1 - 1e-6))


def choose_best(
    labelled: pd.DataFrame, dates: pd.DataFrame, target: str, candidates: tuple[str, ...] = tuple(COLUMNS)
) -> Churn:
    """Fit all candidates; a later one replaces the one in use if its log loss is lower by more than noise."""
    train = dates[dates.role == "train"].set_index("as_of")
    rows = labelled[labelled.as_of.isin(train.index)].sort_values(["as_of", "customer_id"], ignore_index=True)
    y, start = rows[target].to_numpy(), rows.first_order_date.min()
    x = figures(rows, start)
    typical = x.median()
    x = with_silence(x, typical)
    parts = {}
    for date in train.index[train.held_out]:
        apart = train.index[(train.label_end <= date) | (train.index >= train.label_end[date])]
        learn = rows.as_of.isin(apart).to_numpy()
        if min(y[learn].sum(), (1 - y[learn]).sum()) >= 50:
            parts[date] = learn
    told = [name for name in x if x[name].nunique() > 1]
    if min(x.loc[rows.as_of == date, SEASON].count() for date in parts) == 0:
        told.remove(SEASON)
    columns = {name: [column for column in COLUMNS[name] if column in told] for name in candidates}
    judged = rows.as_of.isin(parts).to_numpy()
    fitted, calibration, losses = {}, {}, {}
    for name in candidates:
        own, held_out = x[columns[name]], np.full(len(x), np.nan)
        for date, learn in parts.items():
            test = (rows.as_of == date).to_numpy()
            held_out[test] = log_odds(fit(name, own[learn], y[learn]), own[test])
        calibration[name], odds = calibrate(held_out[judged], y[judged], rows.as_of[judged])
        share = {date: learn.mean() for date, learn in parts.items()}
        calibration[name]["intercept"] *= calibration[name].index.map(share)
        losses[name] = np.logaddexp(0, np.where(y[judged] == 1, -odds, odds))
        fitted[name] = fit(name, own, y)
    return Churn(start, typical, columns, fitted, calibration, pick(losses, rows.customer_id[judged]))


def calibrate(held_out: np.ndarray, y: np.ndarray, dates: pd.Series) -> tuple[pd.DataFrame, np.ndarray]:
    """Return an intercept for each date with its noise, one slope for all, and the log-odds so calibrated."""
    which = pd.get_dummies(dates).astype(float)
    x = np.column_stack([held_out, which])
    weights = LogisticRegression(C=1e3, fit_intercept=False, solver="newton-cholesky", tol=1e-9).fit(x, y).coef_[0]
    odds = x @ weights
    told = pd.Series(expit(odds) * expit(-odds)).groupby(dates.to_numpy()).sum().clip(lower=1.0)
    return pd.DataFrame(
        {"intercept": weights[1:], "slope": weights[0], "noise": 1 / told[which.columns].to_numpy()},
        index=which.columns,
    ), odds


def pick(losses: dict[str, np.ndarray], customers: pd.Series) -> str:
    """Return the candidate in use, by a bootstrap over customers."""
    code, who = pd.factorize(customers, sort=True)
    weights = np.random.default_rng(0).multinomial(len(who), np.full(len(who), 1 / len(who)), size=200)
    best, *others = losses
    for name in others:
        gains = weights @ np.bincount(code, weights=losses[best] - losses[name]) / (weights @ np.bincount(code))
        best = name if np.quantile(gains, 0.025) > 5e-7 else best
    return best


def weigh(past: pd.DataFrame, at: pd.Timestamp) -> np.ndarray:
    """Weigh past levels for what they tell of another date: ordinary kriging with a yearly and a drifting part."""
    days = (past.index - at).days.to_numpy(float)
    apart = days[:, None] - days[None, :]

    def covariance(days: np.ndarray, season: float, drift: float) -> np.ndarray:
        return season * np.exp(-2 * (np.sin(np.pi * days / 365.25) / 0.7) ** 2) + drift * np.exp(-np.abs(days) / 365.25)

    best, weights, levels = -np.inf, None, past.intercept.to_numpy()
    for season in (0.0, 0.01, 0.03, 0.1, 0.3, 1.0):
        for drift in (0.003, 0.01, 0.03, 0.1, 0.3):
            known = covariance(apart, season, drift) + np.diag(past.noise + 0.002)
            ones = np.linalg.solve(known, np.ones(len(days)))
            left = levels - ones @ levels / ones.sum()
            likely = left @ np.linalg.solve(known, left) + np.linalg.slogdet(known)[1] + np.log(ones.sum())
            likely += (np.log(max(season, 0.01 / 3) / 0.1) / 1.5) ** 2 + (np.log(drift / 0.03) / 1.5) ** 2
            if -likely / 2 > best + 1e-9:
                shared = covariance(days, season, drift)
                best, weights = -likely / 2, np.linalg.solve(known, shared + (1 - ones @ shared) / ones.sum())
    return weights
