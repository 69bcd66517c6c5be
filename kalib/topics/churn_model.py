"""How likely is it that a customer orders no more? A model that must beat a salesperson's rule before it is used."""

from __future__ import annotations

import zlib

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from kalib.errors import NotEnoughDataError
from kalib.schema import check_columns, check_key

CANDIDATES = ("recency", "silence", "rfm", "boosting")
"""What may predict churn, simplest first: days of silence alone; silence against the customer's own gap; logistic
regression on recency, frequency and money; boosted trees on everything."""

COLUMNS = {
    "recency": ["days_since_last_order"],
    "silence": ["silence"],
    "rfm": ["days_since_last_order", "orders_365_days", "net_sales_365_days"],
    "boosting": [
        "days_since_last_order", "silence_ratio", "gap_days", "gap_days_spread",
        "orders_90_days", "orders_180_days", "orders_365_days",
        "net_sales_90_days", "net_sales_180_days", "net_sales_365_days",
        "orders_90_days_last_year", "net_sales_90_days_last_year",
        "orders_365_days_last_year", "net_sales_365_days_last_year",
        "orders_next_90_days_last_year", "tenure_days", "returns_share", "margin_365_days",
    ],
}  # fmt: skip
"""What each candidate looks at; ``silence`` is silence_ratio, or, after a single order, silence over the usual gap."""

OPTIONAL = ("margin_365_days", "orders_next_90_days_last_year")

SEASON = "orders_next_90_days_last_year"
"""Only looked at where every training date knows it: the level is taken from last year's season, which must know it too."""

LEAST = 50
"""So many customers must have left, and as many stayed, before anything is learnt."""

_MOST_ROWS = 200_000
_EDGE = 1e-6

_one_thread = threadpool_limits.wrap(limits=1)  # trees this small gain nothing from more, and wait long on busy cores


class ChurnModel(BaseEstimator):
    """Predict churn from the features of a snapshot, learning on past snapshots only.

    Learning: each candidate is cross-fitted on the training snapshots, whole customers at a time, so that every
    customer is predicted by a model that never saw it. These predictions are recalibrated on the log-odds scale: one
    slope, and an intercept per training snapshot. Starting from the simplest, a candidate replaces the one in use only
    if its log loss is lower by more than the noise (95 % interval of the difference, bootstrapped over customers).

    Predicting: the intercept is that of the training snapshots of the same season (mean, where there are several), for
    a quarter that leads to Christmas has fewer leavers than the one after; without such a snapshot, the newest one's.

    Figures of a year before are taken as unknown where the history does not cover them. Customers are dealt into folds
    by their id alone, rows are sorted before they are used, and probabilities are rounded to six decimals: row order and
    thread count change nothing. Above 200,000 rows a sample of customers is learnt from.

    Parameters
    ----------
    target : ``churned`` or ``partly_churned``, a column of the labelled snapshots
    candidates : which of ``CANDIDATES`` may be used, simplest first
    folds : into how many parts customers are dealt
    resamples : how many bootstrap samples measure the noise
    seed : of the bootstrap and the trees

    Attributes
    ----------
    chosen_ : code of the candidate in use
    choice_ : DataFrame, a row per candidate: model, log_loss, against (the candidate it had to beat), gain (by how much
        its log loss is lower), gain_low, gain_high, chosen
    calibration_ : DataFrame, a row per candidate and training snapshot: model, as_of, intercept, slope
    typical_ : Series, median of each feature over the training rows
    start_ : first order date that the training rows know of

    Examples
    --------
    >>> ChurnModel(target="partly_churned").get_params()["target"]
    'partly_churned'
    """

    def __init__(
        self,
        *,
        target: str = "churned",
        candidates: tuple[str, ...] = CANDIDATES,
        folds: int = 5,
        resamples: int = 200,
        seed: int = 0,
    ) -> None:
        self.target, self.candidates, self.folds, self.resamples, self.seed = target, candidates, folds, resamples, seed

    @_one_thread
    def fit(self, labelled: pd.DataFrame, plan: pd.DataFrame) -> ChurnModel:
        """Learn from the rows of ``labelled`` whose ``as_of`` has the role ``train`` in ``plan``; no other is looked at.

        Raises
        ------
        NotEnoughDataError
            ``churn_few_customers``: fewer than 50 customers left, or fewer than 50 stayed.
        """
        key = ["as_of", "customer_id"]
        check_columns(labelled, [*key, self.target, "first_order_date", *_needed(self.candidates)], name="labelled")
        rows = labelled.assign(as_of=pd.to_datetime(labelled["as_of"]).astype("datetime64[s]"))
        rows = rows[rows["as_of"].isin(plan.loc[plan["role"] == "train", "as_of"])]
        check_key(rows, key, name="labelled")
        rows = _sample(rows).sort_values(key, ignore_index=True)
        left = rows.groupby(self.target)["customer_id"].nunique()
        if min(left.get(0, 0), left.get(1, 0)) < LEAST:
            raise NotEnoughDataError(
                "churn_few_customers", left=int(left.get(1, 0)), stayed=int(left.get(0, 0)), least=LEAST
            )
        self.start_ = pd.to_datetime(rows["first_order_date"]).min()
        self.newest_ = rows["as_of"].max()
        known = [column for column in _needed(CANDIDATES) + list(OPTIONAL) if column in rows]
        self.typical_ = _as_known(rows, self.start_)[known].median()
        x, y = self._prepare(rows), rows[self.target].to_numpy()
        dates = x.groupby(rows["as_of"].to_numpy()).count().min()
        told = [c for c in x if x[c].nunique() > 1 and (c != SEASON or dates[c] > 0)]
        self.columns_ = {name: [c for c in COLUMNS[name] if c in told] for name in self.candidates}
        fold = rows["customer_id"].map(_draw).to_numpy() % self.folds
        self.fitted_, losses, calibrations = {}, {}, []
        for name in self.candidates:
            columns = x[self.columns_[name]]
            held_out = np.empty(len(x))
            for k in np.unique(fold):
                learnt = self._make(name).fit(columns[fold != k], y[fold != k])
                held_out[fold == k] = _log_odds(learnt, columns[fold == k])
            calibration = _calibrate(held_out, y, rows["as_of"])
            calibrations.append(calibration.assign(model=name))
            odds = (
                rows["as_of"].map(calibration.set_index("as_of")["intercept"]) + calibration["slope"].iloc[0] * held_out
            )
            losses[name] = np.logaddexp(0, np.where(y == 1, -odds, odds))
            self.fitted_[name] = self._make(name).fit(columns, y)
        self.calibration_ = pd.concat(calibrations, ignore_index=True)[["model", "as_of", "intercept", "slope"]]
        self.choice_ = self._choose(losses, rows["customer_id"])
        self.chosen_ = str(self.choice_.loc[self.choice_["chosen"], "model"].iloc[0])
        return self

    @_one_thread
    def decision_function(self, features: pd.DataFrame, *, model: str | None = None) -> np.ndarray:
        """Return calibrated log-odds of churn, in the order of ``features``; ``model`` names another candidate."""
        check_is_fitted(self)
        name = model or self.chosen_
        check_columns(features, ["as_of", *_needed((name,))], name="features")
        x = self._prepare(features).reindex(columns=self.columns_[name])
        calibration = self.calibration_[self.calibration_["model"] == name].set_index("as_of")
        dates = pd.to_datetime(features["as_of"])
        level = {date: calibration.loc[self.calibrated_on(date), "intercept"].mean() for date in dates.unique()}
        if not len(x):
            return np.empty(0)
        return dates.map(level).to_numpy(float) + calibration["slope"].iloc[0] * _log_odds(self.fitted_[name], x)

    def predict_proba(self, features: pd.DataFrame, *, model: str | None = None) -> np.ndarray:
        """Return the probabilities of staying and of leaving, two columns, in the order of ``features``."""
        leaving = np.round(expit(self.decision_function(features, model=model)), 6)
        return np.column_stack([1 - leaving, leaving])

    def calibrated_on(self, date: pd.Timestamp) -> list[pd.Timestamp]:
        """Return the training snapshots whose level a prediction at ``date`` takes: the same season's, else the newest."""
        snapshots = sorted(self.calibration_["as_of"].unique())
        date = pd.Timestamp(date)
        ages = [(date - day).days for day in snapshots]
        same = [
            day for day, age in zip(snapshots, ages, strict=True) if age > 182 and abs((age + 182) % 365 - 182) <= 15
        ]
        return same or [self.newest_]

    def _prepare(self, features: pd.DataFrame) -> pd.DataFrame:
        known = _as_known(features, self.start_)
        usual = self.typical_["gap_days"] if self.typical_["gap_days"] > 0 else 1.0
        silence = known["silence_ratio"].fillna(known["days_since_last_order"] / usual)
        return known.assign(silence=silence)

    def _make(self, name: str) -> BaseEstimator:
        if name != "boosting":
            return make_pipeline(FunctionTransformer(_log), StandardScaler(), LogisticRegression())
        return HistGradientBoostingClassifier(
            learning_rate=0.05,
            max_iter=100,
            max_leaf_nodes=15,
            min_samples_leaf=50,
            l2_regularization=1.0,
            monotonic_cst={"days_since_last_order": 1},  # with all else equal, longer silence is never a good sign
            early_stopping=False,
            random_state=self.seed,
        )

    def _choose(self, losses: dict[str, np.ndarray], customers: pd.Series) -> pd.DataFrame:
        code, names = pd.factorize(customers, sort=True)
        rows = np.bincount(code)
        rng = np.random.default_rng(self.seed)
        weights = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=self.resamples)
        table, best = [], self.candidates[0]
        for name in self.candidates:
            row = {"model": name, "log_loss": round(float(losses[name].mean()), 6), "against": None}
            if name != best:
                by_customer = np.bincount(code, weights=losses[best] - losses[name])
                gains = weights @ by_customer / (weights @ rows)
                low, high = np.quantile(gains, [0.025, 0.975])
                row |= {"against": best, "gain": by_customer.sum() / rows.sum(), "gain_low": low, "gain_high": high}
                best = name if low > 0 else best
            table.append(row)
        columns = ["model", "log_loss", "against", "gain", "gain_low", "gain_high"]
        choice = pd.DataFrame(table, columns=columns).round(6)
        return choice.assign(chosen=choice["model"] == best)


def _needed(candidates: tuple[str, ...]) -> list[str]:
    own = [column for name in candidates for column in COLUMNS[name] if column != "silence" and column not in OPTIONAL]
    return list(dict.fromkeys([*own, "days_since_last_order", "silence_ratio", "gap_days"]))


def _as_known(features: pd.DataFrame, start: pd.Timestamp) -> pd.DataFrame:
    """Return the features as numbers, with those of a year before missing where the history does not reach so far."""
    used = [c for c in dict.fromkeys([*_needed(CANDIDATES), *OPTIONAL]) if c in features]
    table = features[used].astype("float64")
    history = (pd.to_datetime(features["as_of"]) - start).dt.days
    for days in (90, 365):
        for column in (f"orders_{days}_days_last_year", f"net_sales_{days}_days_last_year"):
            if column in table:
                table[column] = table[column].where(history >= 365 + days)
    if "orders_next_90_days_last_year" in table:
        table["orders_next_90_days_last_year"] = table["orders_next_90_days_last_year"].where(history >= 365)
    return table


def _log(x: pd.DataFrame) -> pd.DataFrame:
    return np.sign(x) * np.log1p(np.abs(x))


def _log_odds(learnt: BaseEstimator, x: pd.DataFrame) -> np.ndarray:
    return logit(np.clip(learnt.predict_proba(x)[:, 1], _EDGE, 1 - _EDGE))


def _calibrate(held_out: np.ndarray, y: np.ndarray, dates: pd.Series) -> pd.DataFrame:
    """Fit one slope for all and an intercept per snapshot (Platt scaling); a weak penalty keeps them finite."""
    which = pd.get_dummies(dates).astype(float)
    fitted = LogisticRegression(C=1e3, fit_intercept=False, max_iter=1000, tol=1e-8)
    weights = fitted.fit(np.column_stack([held_out, which]), y).coef_[0]
    return pd.DataFrame({"as_of": which.columns, "intercept": weights[1:].round(9), "slope": weights[0].round(9)})


def _draw(customer_id: str) -> int:
    """Return the same number for a customer whoever else is in the table."""
    return zlib.crc32(str(customer_id).encode())


def _sample(rows: pd.DataFrame) -> pd.DataFrame:
    if len(rows) <= _MOST_ROWS:
        return rows
    return rows[rows["customer_id"].map(_draw) % 9973 < 9973 * _MOST_ROWS / len(rows)]
