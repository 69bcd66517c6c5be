"""How likely is it that a customer orders no more? A model that must beat a salesperson's rule before it is used."""

from __future__ import annotations

import zlib
from hashlib import blake2b

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
from kalib.topics.churn_features import CANDIDATES, COLUMNS, NEEDED, PURCHASE, SEASON, read_features
from kalib.topics.churn_level import weigh_dates
from kalib.topics.churn_shapley import share_out_linear, share_out_trees

LEAST = 50
"""So many customers must have left, and as many stayed, before anything is learnt."""

_MOST_ROWS = 200_000
_EDGE = 1e-6

_one_thread = threadpool_limits.wrap(limits=1)  # trees this small gain nothing from more, and wait long on busy cores


class ChurnModel(BaseEstimator):
    """Predict churn from the features of a snapshot, learning on past snapshots only.

    Learning: training dates that ``plan`` holds out are predicted in turn, by candidates that learnt on the dates whose
    label window does not overlap the held-out one's. These predictions are recalibrated on the log-odds scale: one
    slope, and an intercept per held-out date. Starting from the simplest, a candidate replaces the one in use only if
    its log loss is lower by more than the noise (95 % interval of the difference, bootstrapped over customers). Where
    too few dates can be held out so, whole customers are held out instead (``held_out_`` says which).

    Predicting: the level is the weighted mean of the held-out dates' intercepts, of the same season and of the newest
    dates above all, as far as the levels of the past tell the one or the other (``kalib.topics.churn_level``).

    Figures of a year before are taken as unknown where the history does not cover them. Rows are sorted before they
    are used, and probabilities are rounded to six decimals: row order and thread count change nothing. Above 200,000
    rows a sample of customers is learnt from, drawn by their ids alone.

    Parameters
    ----------
    target : ``churned`` or ``partly_churned``, a column of the labelled snapshots
    candidates : which of ``CANDIDATES`` may be used, simplest first
    folds : into how many parts customers are dealt where dates cannot be held out
    resamples : how many bootstrap samples measure the noise
    seed : of the bootstrap and the trees

    Attributes
    ----------
    chosen_ : code of the candidate in use
    choice_ : DataFrame, a row per candidate: model, log_loss, against (the candidate it had to beat), gain (by how much
        its log loss is lower), gain_low, gain_high, chosen
    calibration_ : DataFrame, a row per candidate and held-out date: model, as_of, intercept, slope, noise
    held_out_ : ``dates`` or ``customers``
    learnt_from_ : dict, held-out date to the dates that its predictions learnt from
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
    def fit(
        self, labelled: pd.DataFrame, plan: pd.DataFrame, *, fits: dict[str, BaseEstimator] | None = None
    ) -> ChurnModel:
        """Learn from the rows of ``labelled`` whose ``as_of`` has the role ``train`` in ``plan``; no other is looked at.

        Parameters
        ----------
        fits : fits made before, by what they were made from, which are not made again; those made here are added

        Raises
        ------
        NotEnoughDataError
            ``churn_few_customers``: fewer than 50 customers left, or fewer than 50 stayed.
        """
        key = ["as_of", "customer_id"]
        check_columns(labelled, [*key, self.target, "first_order_date", *NEEDED], name="labelled")
        rows = _pick_training(labelled, plan)
        check_key(rows, key, name="labelled")
        rows = _sample(rows).sort_values(key, ignore_index=True)
        _check_outcomes(rows, self.target)
        self.start_ = pd.to_datetime(rows["first_order_date"]).min()
        figures = read_features(rows, self.start_)
        self.typical_ = figures.median()
        x, y, dates = self._with_silence(figures), rows[self.target].to_numpy(), rows["as_of"]
        parts = self._hold_out(rows, plan, y)
        known = x[dates.isin(self.learnt_from_).to_numpy()].groupby(dates).count().min()
        told = [c for c in x.columns[x.min() < x.max()] if c != SEASON or known[c] > 0]
        told = [c for c in told if c not in PURCHASE or x[c].notna().all()]
        self.columns_ = {name: [c for c in COLUMNS[name] if c in told] or COLUMNS[name][:1] for name in self.candidates}
        self.fits_ = {} if fits is None else fits
        self.fitted_, losses, calibrations = {}, {}, []
        judged = np.flatnonzero(np.logical_or.reduce([test for _, test in parts]))
        for name in self.candidates:
            columns = x[self.columns_[name]]
            held_out = np.full(len(x), np.nan)
            for learn, test in parts:
                held_out[test] = _log_odds(self._fit(name, columns[learn], y[learn]), columns[test])
            calibration, odds = _calibrate(held_out[judged], y[judged], dates.iloc[judged])
            calibration["intercept"] *= calibration["as_of"].map(self._share_learnt(dates)).round(9)
            calibrations.append(calibration.assign(model=name))
            losses[name] = np.logaddexp(0, np.where(y[judged] == 1, -odds, odds))
            self.fitted_[name] = self._fit(name, columns, y)
        columns = ["model", "as_of", "intercept", "slope", "noise"]
        self.calibration_ = pd.concat(calibrations, ignore_index=True)[columns]
        self.choice_ = self._choose(losses, rows["customer_id"].iloc[judged])
        self.chosen_ = str(self.choice_.loc[self.choice_["chosen"], "model"].iloc[0])
        return self

    @_one_thread
    def decision_function(self, features: pd.DataFrame, *, model: str | None = None) -> np.ndarray:
        """Return calibrated log-odds of churn, in the order of ``features``; ``model`` names another candidate."""
        check_is_fitted(self)
        name = model or self.chosen_
        check_columns(features, ["as_of", *NEEDED], name="features")
        if not len(features):
            return np.empty(0)
        dates = pd.to_datetime(features["as_of"])
        levels = {date: self._level(name, date) for date in dates.unique()}
        slope = self.calibration_.loc[self.calibration_["model"] == name, "slope"].iloc[0]
        odds = _log_odds(self.fitted_[name], self.read(features)[self.columns_[name]])
        return dates.map(levels).to_numpy(float) + slope * odds

    def predict_proba(self, features: pd.DataFrame, *, model: str | None = None) -> np.ndarray:
        """Return the probabilities of staying and of leaving, two columns, in the order of ``features``."""
        leaving = np.round(expit(self.decision_function(features, model=model)), 6)
        return np.column_stack([1 - leaving, leaving])

    def read(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return the figures that the candidates look at, as they look at them, by the index of ``features``."""
        x = self._with_silence(read_features(features, self.start_))
        x = x.reindex(columns=list(dict.fromkeys(c for columns in self.columns_.values() for c in columns)))
        lacking = [c for c in PURCHASE if c in x]
        return x.fillna(self.typical_[lacking]) if lacking else x

    @_one_thread
    def share_out(self, x: pd.DataFrame, baseline: pd.DataFrame, groups: dict[str, int]) -> np.ndarray:
        """Share out the log-odds of the candidate in use, row less baseline, among groups of figures.

        Exact Shapley values of the groups (see ``kalib.topics.churn_shapley``); they add up to the difference.

        Parameters
        ----------
        x, baseline : as ``read`` returns them
        groups : number of each figure's group, from 0

        Returns
        -------
        ndarray, rows by groups
        """
        columns = self.columns_[self.chosen_]
        fitted, numbers = self.fitted_[self.chosen_], np.array([groups[column] for column in columns])
        slope = float(self.calibration_.loc[self.calibration_["model"] == self.chosen_, "slope"].iloc[0])
        effects = np.zeros((len(x), max(groups.values()) + 1))
        own, other = x[columns], baseline[columns]
        if isinstance(fitted, HistGradientBoostingClassifier):
            found = share_out_trees(fitted, own.to_numpy(float), other.to_numpy(float), numbers)
        else:
            own, other = fitted[:-1].transform(own), fitted[:-1].transform(other)
            found = share_out_linear(fitted[-1].coef_[0], np.asarray(own), np.asarray(other), numbers)
        effects[:, : found.shape[1]] = slope * found
        return effects

    def weigh(self, date: pd.Timestamp) -> pd.Series:
        """Return how much the level of each held-out date counts for a prediction at ``date``, for the candidate in use."""
        return self._weigh(self.chosen_, pd.Timestamp(date))

    def _weigh(self, name: str, date: pd.Timestamp) -> pd.Series:
        own = self.calibration_[self.calibration_["model"] == name]
        weights = weigh_dates(own["as_of"], own["intercept"].to_numpy(), own["noise"].to_numpy(), at=date)
        return pd.Series(weights, index=pd.DatetimeIndex(own["as_of"]))

    def _level(self, name: str, date: pd.Timestamp) -> float:
        own = self.calibration_.loc[self.calibration_["model"] == name, "intercept"].to_numpy()
        return float(own @ self._weigh(name, date).to_numpy())

    def _with_silence(self, figures: pd.DataFrame) -> pd.DataFrame:
        usual = self.typical_["gap_days"] if self.typical_["gap_days"] > 0 else 1.0
        return figures.assign(silence=figures["silence_ratio"].fillna(figures["days_since_last_order"] / usual))

    def _hold_out(self, rows: pd.DataFrame, plan: pd.DataFrame, y: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return which rows are learnt from and which are predicted so, for each part that is held out."""
        dates = rows["as_of"].to_numpy()
        windows = plan.set_index("as_of").loc[np.unique(dates)]
        self.learnt_from_, parts = {}, []
        for date in windows.index[windows["held_out"]]:
            apart = windows.index[(windows["label_end"] <= date) | (windows.index >= windows.loc[date, "label_end"])]
            learn = np.isin(dates, apart)
            if min(y[learn].sum(), (1 - y[learn]).sum()) >= LEAST:
                parts.append((learn, dates == date))
                self.learnt_from_[date] = list(apart)
        self.held_out_ = "dates" if parts else "customers"
        if parts:
            return parts
        self.learnt_from_ = {date: list(windows.index) for date in windows.index[windows["held_out"]]}
        fold, held_out = rows["customer_id"].map(_draw).to_numpy() % self.folds, np.isin(dates, list(self.learnt_from_))
        return [(fold != k, (fold == k) & held_out) for k in np.unique(fold[held_out])]

    def _share_learnt(self, dates: pd.Series) -> dict[pd.Timestamp, float]:
        """Return how much of all rows each held-out date's predictions learnt from.

        A level is measured against the mean level of those rows, the final model stands at that of all rows: the
        nearer the two, the less of the difference is left.
        """
        return {date: float(dates.isin(learnt).mean()) for date, learnt in self.learnt_from_.items()}

    def _fit(self, name: str, x: pd.DataFrame, y: np.ndarray) -> BaseEstimator:
        """Fit a candidate, unless it was fitted to the same figures before."""
        made_from = blake2b(repr((name, self.seed, list(x))).encode())
        for figures in (x.to_numpy(), y):
            made_from.update(np.ascontiguousarray(figures))
        if (key := made_from.hexdigest()) not in self.fits_:
            self.fits_[key] = self._learn(name, x, y)
        return self.fits_[key]

    def _learn(self, name: str, x: pd.DataFrame, y: np.ndarray) -> BaseEstimator:
        if name != "boosting":
            return make_pipeline(
                FunctionTransformer(_log), StandardScaler(), LogisticRegression(solver="newton-cholesky", tol=1e-9)
            ).fit(x, y)
        x = x.loc[:, x.min() < x.max()]  # on some dates the year before is unknown to all
        return HistGradientBoostingClassifier(
            learning_rate=0.05,
            max_iter=100,
            max_leaf_nodes=15,
            max_features=0.4,  # of the figures at each split: trees differ more, and their mean is steadier
            min_samples_leaf=50,
            l2_regularization=1.0,
            monotonic_cst={
                c: 1 for c in x if c == "days_since_last_order"
            },  # with all else equal, longer silence is never a good sign
            early_stopping=False,
            random_state=self.seed,
        ).fit(x, y)

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


def check_learnable(labelled: pd.DataFrame, plan: pd.DataFrame, *, target: str = "churned") -> None:
    """Refuse as ``ChurnModel.fit`` does, before anything is spent on what only the model looks at.

    Raises
    ------
    NotEnoughDataError
        ``churn_few_customers``: fewer than 50 customers left, or fewer than 50 stayed.
    """
    _check_outcomes(_pick_training(labelled, plan), target)


def _pick_training(labelled: pd.DataFrame, plan: pd.DataFrame) -> pd.DataFrame:
    rows = labelled.assign(as_of=pd.to_datetime(labelled["as_of"]).astype("datetime64[s]"))
    return rows[rows["as_of"].isin(plan.loc[plan["role"] == "train", "as_of"])]


def _check_outcomes(rows: pd.DataFrame, target: str) -> None:
    left = rows.groupby(target)["customer_id"].nunique()
    if min(left.get(0, 0), left.get(1, 0)) < LEAST:
        raise NotEnoughDataError(
            "churn_few_customers", left=int(left.get(1, 0)), stayed=int(left.get(0, 0)), least=LEAST
        )


def _log(x: pd.DataFrame) -> pd.DataFrame:
    return np.sign(x) * np.log1p(np.abs(x))


def _log_odds(learnt: BaseEstimator, x: pd.DataFrame) -> np.ndarray:
    if isinstance(learnt, HistGradientBoostingClassifier):
        x = x[learnt.feature_names_in_]
    return logit(np.clip(learnt.predict_proba(x)[:, 1], _EDGE, 1 - _EDGE))


def _calibrate(held_out: np.ndarray, y: np.ndarray, dates: pd.Series) -> tuple[pd.DataFrame, np.ndarray]:
    """Fit one slope for all and an intercept per date (Platt scaling); a weak penalty keeps them finite.

    Returns as_of, intercept, slope and noise (variance of the intercept), and the recalibrated log-odds.
    """
    which = pd.get_dummies(dates).astype(float)
    fitted = LogisticRegression(C=1e3, fit_intercept=False, solver="newton-cholesky", tol=1e-9)
    x = np.column_stack([held_out, which])
    weights = fitted.fit(x, y).coef_[0].round(9)
    odds = x @ weights
    spread = pd.Series(expit(odds) * expit(-odds)).groupby(dates.to_numpy()).sum().clip(lower=1.0)
    noise = (1 / spread[which.columns]).to_numpy().round(9)
    return pd.DataFrame({"as_of": which.columns, "intercept": weights[1:], "slope": weights[0], "noise": noise}), odds


def _draw(customer_id: str) -> int:
    """Return the same number for a customer whoever else is in the table."""
    return zlib.crc32(str(customer_id).encode())


def _sample(rows: pd.DataFrame) -> pd.DataFrame:
    if len(rows) <= _MOST_ROWS:
        return rows
    return rows[rows["customer_id"].map(_draw) % 9973 < 9973 * _MOST_ROWS / len(rows)]
