"""How does a figure become a score? By edges that were learnt on one snapshot, or that the business set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from kalib.errors import NotEnoughDataError
from kalib.schema import check_columns
from kalib.topics.rfm_segments import (
    BINS,
    FEWEST,
    MOST,
    Bins,
    Rule,
    assign_cells,
    assign_eight,
    is_worth_much,
    list_cells,
)

SCORES = {"r_score": "recency", "f_score": "frequency", "m_score": "monetary"}
"""What each score is of; the names of the settings."""

_MONEY = {"total": "net_sales", "mean": "net_sales_per_order", "margin": "margin"}
_BASE = ("customer_id", "days_since_last_order", "orders", "net_sales")
_REMEDY = "Build it with `kalib.ledger`, or map your headers under `columns:` in the job file."


class RfmScorer(BaseEstimator):
    """Score customers by edges that were learnt on one snapshot, or that the business set.

    Learnt edges are quantiles by linear interpolation (Hyndman and Fan's type 7), which cut the customers into as many
    equal parts as there are scores. A score is 1 plus the number of edges that lie strictly below the figure: who is on
    an edge stays below it. For recency it is turned round, so that the highest is the most recent. Equal figures
    therefore always get equal scores, whatever the row order. Where many customers have the same figure (most have one
    order, say), two edges coincide and a score stays empty. A figure that is not known, as the margin of a customer
    without costs, takes no part in the edges and gets the score 1.

    Edges are kept, so that a second snapshot is measured with the first one's rule and only customers who moved change
    their score.

    Parameters
    ----------
    bins : how many scores there are, 2 to 10, or a number for each of recency, frequency and monetary
    edges : fixed edges, ascending, for some or all of recency, frequency and monetary; the number of scores follows
    monetary : ``total`` net sales, their ``mean`` per order, or ``margin``
    window_days : count orders and money in the 30, 90, 180 or 365 days up to the snapshot date; default: all of them
    segments : rules of the business's own (``name`` and ranges of ``r``, ``f``, ``m``); default: the international
        eleven
    rest : segment of what no rule covers

    Attributes
    ----------
    edges_ : dict of score to its edges, ascending, in the unit of its column
    bins_ : dict of score to how many there are
    means_ : dict of score to its mean over the customers fitted; the eight cells call a score above it high
    customers_ : how many customers were fitted

    Examples
    --------
    >>> customers = pd.DataFrame({
    ...     "customer_id": list("abcdef"), "orders": [1, 2, 3, 4, 5, 6], "net_sales": [10.0, 20, 30, 40, 50, 60],
    ...     "days_since_last_order": [60, 50, 40, 30, 20, 10],
    ... })
    >>> scorer = RfmScorer().fit(customers)
    >>> scorer.edges_["f_score"].tolist()
    [2.0, 3.0, 4.0, 5.0]
    >>> scorer.predict(customers)["f_score"].tolist()
    [1, 1, 2, 3, 4, 5]
    >>> RfmScorer(edges={"frequency": [1, 4]}).fit(customers).predict(customers)["f_score"].tolist()
    [1, 2, 2, 2, 3, 3]
    """

    def __init__(
        self,
        *,
        bins: int | Mapping[str, int] = BINS,
        edges: Mapping[str, Sequence[float] | None] | None = None,
        monetary: str = "total",
        window_days: int | None = None,
        segments: Sequence[Rule] | None = None,
        rest: str | None = None,
    ) -> None:
        self.bins = bins
        self.edges = edges
        self.monetary = monetary
        self.window_days = window_days
        self.segments = segments
        self.rest = rest

    @property
    def measures(self) -> dict[str, str]:
        """Return the column that each score is made of."""
        if self.monetary not in _MONEY:
            raise ValueError(f"`monetary` is one of {', '.join(_MONEY)}; it was {self.monetary!r}.")
        return {
            "r_score": "days_since_last_order",
            "f_score": f"orders{self._window}",
            "m_score": f"{_MONEY[self.monetary]}{self._window}",
        }

    @property
    def features(self) -> list[str]:
        """Return the columns of ``customers`` that scores are made from, beside customer_id."""
        money = "margin" if self.monetary == "margin" else "net_sales"
        return [*dict.fromkeys([*_BASE[1:], f"orders{self._window}", f"{money}{self._window}"])]

    @property
    def _window(self) -> str:
        return f"_{self.window_days}_days" if self.window_days else ""

    @property
    def counts(self) -> Bins:
        """Return how many scores of recency, frequency and money there are, once fitted."""
        return tuple(self.bins_[score] for score in SCORES)

    def fit(self, customers: pd.DataFrame) -> RfmScorer:
        """Learn the edges from the customers with an order.

        Raises
        ------
        NotEnoughDataError
            ``rfm_few_customers``: fewer customers than scores, so there are no equal parts. ``rfm_no_margin``: the
            money is to be margin, and no cost is known.
        """
        return self._fit(self.select(customers))

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Return scores and segments of the customers with an order, row by row in the order they come in.

        ``score_rfm`` is the door that checks that each customer has one row, and sorts them.

        Returns
        -------
        DataFrame
            customer_id, days_since_last_order, orders, net_sales, what else was scored, r_score, f_score, m_score,
            segment, segment_8, is_worth_much.
        """
        check_is_fitted(self)
        return self._predict(self.select(customers))

    def fit_predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Learn the edges from customers and score them: the same as one after the other, in less time."""
        table = self.select(customers)
        return self._fit(table)._predict(table)

    def select(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Return the columns that scores are made of, of the customers with an order, in the order they come in.

        Raises
        ------
        MissingColumnsError
            A column is not there. NotEnoughDataError ``rfm_no_margin`` where that is the margin.
        """
        if self.monetary == "margin" and self.measures["m_score"] not in customers:
            raise NotEnoughDataError("rfm_no_margin")
        check_columns(customers, ["customer_id", *self.features], name="customers", remedy=_REMEDY)
        ordered = customers["orders"].to_numpy() > 0
        wanted = [*dict.fromkeys(["customer_id", *self.features, *(name for name in ("margin",) if name in customers)])]
        table = customers[wanted] if ordered.all() else customers.loc[ordered, wanted]
        table = table.reset_index(drop=True).astype({"days_since_last_order": "int64", "orders": "int64"})
        figures = {column: "float64" for column in table if column not in _BASE[:3]}
        table = table.astype(figures)
        if self.monetary == "mean":
            table[self.measures["m_score"]] = self._divide(table)
        return table

    def _divide(self, table: pd.DataFrame) -> np.ndarray:
        """Divide whole cents by orders, so that equal means are equal; without an order in the window there is none."""
        orders = table[self.measures["f_score"]].to_numpy(float)
        cents = np.rint(table[f"net_sales{self._window}"].to_numpy() * 100)
        return np.divide(cents, orders, out=np.full(len(table), np.nan), where=orders > 0) / 100

    def _fit(self, table: pd.DataFrame) -> RfmScorer:
        self.bins_, given = self._read_parameters()
        if not len(table):
            raise NotEnoughDataError("rfm_few_customers", customers=0, least=max(self.bins_.values()))
        self.edges_, self.means_ = {}, {}
        for score, column in self.measures.items():
            figures = table[column].to_numpy()
            edges = given[score]
            if edges is None:
                known = figures[~np.isnan(figures)]
                if not len(known) and self.monetary == "margin":
                    raise NotEnoughDataError("rfm_no_margin")
                if len(known) < self.bins_[score]:
                    raise NotEnoughDataError("rfm_few_customers", customers=len(known), least=self.bins_[score])
                edges = _find_edges(known, self.bins_[score])
            self.edges_[score] = edges
            self.means_[score] = int(self._score(score, figures).sum(dtype=np.int64)) / len(figures)
        self.customers_ = len(table)
        return self

    def _predict(self, table: pd.DataFrame) -> pd.DataFrame:
        bins = self.counts
        scores = {score: self._score(score, table[column].to_numpy()) for score, column in self.measures.items()}
        cell = np.zeros(len(table), np.int16)
        for own, most in zip(scores.values(), bins, strict=True):
            cell = cell * np.int16(most) + (own - 1)
        means = tuple(self.means_[score] for score in SCORES)
        worth = np.array([is_worth_much(*one, bins=bins) for one in list_cells(bins)])
        return table.assign(
            **{score: own.astype(np.int64) for score, own in scores.items()},
            segment=_look_up(assign_cells(bins, self.segments, rest=self.rest), cell),
            segment_8=_look_up(assign_eight(bins, means), cell),
            is_worth_much=worth[cell],
        )

    def _score(self, score: str, figures: np.ndarray) -> np.ndarray:
        """Count the edges strictly below each figure; what is not known lies above none."""
        above = np.zeros(len(figures), np.int8)
        for edge in self.edges_[score]:
            above += figures > edge
        return np.int8(self.bins_[score]) - above if score == "r_score" else above + np.int8(1)

    def _read_parameters(self) -> tuple[dict[str, int], dict[str, np.ndarray | None]]:
        """Return the number of each score and its fixed edges, if any."""
        bins, given = {}, {}
        for score, name in SCORES.items():
            edges = (self.edges or {}).get(name)
            count = self.bins if isinstance(self.bins, int) else self.bins.get(name, BINS)
            if edges is not None:
                count = len(edges) + 1
                if not all(low < high for low, high in pairwise(edges)):
                    raise ValueError(f"`edges` of {name} must ascend; they are {list(edges)}.")
            if not FEWEST <= count <= MOST:
                raise ValueError(f"{name} has {FEWEST} to {MOST} scores; here are {count}.")
            bins[score], given[score] = count, None if edges is None else np.array(edges, float)
        return bins, given


def _find_edges(figures: np.ndarray, bins: int) -> np.ndarray:
    """Return the type-7 quantiles that cut figures into ``bins`` equal parts.

    The ranks are kept in whole numbers: as a float, (n - 1) * 0.6 may fall short of one, and so of its customer.
    """
    ranks = [divmod((len(figures) - 1) * k, bins) for k in range(1, bins)]
    wanted = sorted({rank for below, part in ranks for rank in ((below, below + 1) if part else (below,))})
    ordered = np.partition(figures, wanted)
    edges = []
    for below, part in ranks:
        edge = float(ordered[below])
        edges.append(edge + (float(ordered[below + 1]) - edge) * part / bins if part else edge)
    return np.array(edges)


def _look_up(names: Sequence[str], cell: np.ndarray) -> pd.api.extensions.ExtensionArray:
    return pd.array(names, dtype="str").take(cell)
