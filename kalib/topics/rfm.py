"""Who bought lately, often and much? Scores from 1 to 5, and segments made of them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from kalib.errors import NotEnoughDataError
from kalib.money import add, share
from kalib.schema import check_columns, check_key

BINS = 5
"""Scores run from 1 to this."""

MEASURES = {"r_score": "days_since_last_order", "f_score": "orders", "m_score": "net_sales"}
"""Which column each score is made of."""

SEGMENTS = (
    "champions",
    "loyal",
    "potential_loyalist",
    "new_customers",
    "promising",
    "need_attention",
    "about_to_sleep",
    "at_risk",
    "cant_lose_them",
    "hibernating",
    "lost",
)
"""The international segments, best first."""

GRID = {
    # fm:   1                 2                     3                     4            5
    5: ("new_customers", "potential_loyalist", "potential_loyalist", "champions", "champions"),
    4: ("promising", "potential_loyalist", "potential_loyalist", "loyal", "loyal"),
    3: ("about_to_sleep", "about_to_sleep", "need_attention", "loyal", "loyal"),
    2: ("hibernating", "hibernating", "at_risk", "at_risk", "cant_lose_them"),
    1: ("lost", "lost", "at_risk", "at_risk", "cant_lose_them"),
}
"""Segment by recency score (the key) and by frequency and monetary score together, fm, from 1 to 5."""

SEGMENTS_8 = {
    # M high?  R high?  F high?
    (True, True, True): "important_value",
    (True, True, False): "important_develop",
    (True, False, True): "important_keep",
    (True, False, False): "important_winback",
    (False, True, True): "general_value",
    (False, True, False): "general_develop",
    (False, False, True): "general_keep",
    (False, False, False): "general_winback",
}
"""The Chinese eight cells, best first: is the score above the mean score of all customers?"""

LEAVING = ("at_risk", "cant_lose_them")
"""Segments of customers who were worth much and have gone quiet."""


class RfmScorer(BaseEstimator):
    """Score customers from 1 to 5 by edges that were learnt on one snapshot.

    The edges are the four quintiles by linear interpolation (Hyndman and Fan's type 7). A score is 1 plus the number
    of edges that lie strictly below the figure; for recency it is turned round, so that 5 is the most recent. Equal
    figures therefore always get equal scores, whatever the row order. Where many customers have the same figure (most
    have one order, say), two edges coincide and a score stays empty.

    Edges are kept, so that a second snapshot is measured with the first one's rule and only customers who moved change
    their score.

    Attributes
    ----------
    edges_ : dict of score to its four edges, ascending, in the unit of its column
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
    """

    def fit(self, customers: pd.DataFrame) -> RfmScorer:
        """Learn the edges from the customers with an order.

        Raises
        ------
        NotEnoughDataError
            ``rfm_few_customers``: with fewer than five customers there are no fifths.
        """
        table = _with_an_order(customers)
        if len(table) < BINS:
            raise NotEnoughDataError("rfm_few_customers", customers=len(table), least=BINS)
        self.edges_ = {score: _quintiles(table[column].to_numpy(float)) for score, column in MEASURES.items()}
        scores = self._score(table)
        self.means_ = {score: int(scores[score].sum()) / len(scores) for score in MEASURES}
        self.customers_ = len(table)
        return self

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Return scores and segments of the customers with an order, by ``customer_id``.

        Returns
        -------
        DataFrame
            customer_id, days_since_last_order, orders, net_sales, r_score, f_score, m_score, segment, segment_8.
        """
        check_is_fitted(self)
        table = _with_an_order(customers)
        scores = self._score(table)
        high = {score: scores[score].to_numpy() > self.means_[score] for score in MEASURES}
        cells = zip(*(high[score].tolist() for score in ("m_score", "r_score", "f_score")), strict=True)
        return table.assign(
            **{score: scores[score] for score in MEASURES},
            segment=[find_segment(*row) for row in scores[list(MEASURES)].itertuples(index=False)],
            segment_8=[SEGMENTS_8[cell] for cell in cells],
        ).astype({"segment": "str", "segment_8": "str"})

    def _score(self, table: pd.DataFrame) -> pd.DataFrame:
        scores = {
            score: 1 + np.searchsorted(self.edges_[score], table[column].to_numpy(float), side="left")
            for score, column in MEASURES.items()
        }
        scores["r_score"] = BINS + 1 - scores["r_score"]
        return pd.DataFrame(scores, index=table.index, dtype="int64")


def find_segment(r_score: int, f_score: int, m_score: int) -> str:
    """Find the international segment of three scores; each of the 125 has exactly one.

    Frequency and monetary score count as one: their mean, a half rounded up. The grid then gives the segment. It is
    the common one of recency and frequency, with the customers who are lowest on both split into hibernating and lost.

    Examples
    --------
    >>> find_segment(5, 5, 4), find_segment(1, 1, 1), find_segment(2, 5, 5)
    ('champions', 'lost', 'cant_lose_them')
    """
    return GRID[r_score][(f_score + m_score + 1) // 2 - 1]


def score_rfm(customers: pd.DataFrame, *, scorer: RfmScorer | None = None) -> pd.DataFrame:
    """Score the customers of one snapshot.

    Parameters
    ----------
    customers : one row per customer: customer_id, days_since_last_order, orders, net_sales
    scorer : fitted on another snapshot whose edges are to be used; default: fitted on these customers

    Returns
    -------
    DataFrame
        One row per customer with an order, by ``customer_id``: customer_id, days_since_last_order, orders, net_sales,
        r_score, f_score, m_score, segment, segment_8.

    Raises
    ------
    NotEnoughDataError
        ``rfm_few_customers``: fewer than five customers have an order.

    Examples
    --------
    >>> customers = pd.DataFrame({
    ...     "customer_id": list("abcdef"), "orders": [1, 2, 3, 4, 5, 6], "net_sales": [10.0, 20, 30, 40, 50, 60],
    ...     "days_since_last_order": [60, 50, 40, 30, 20, 10],
    ... })
    >>> score_rfm(customers)[["customer_id", "r_score", "f_score", "m_score", "segment"]].tail(2)
      customer_id  r_score  f_score  m_score    segment
    4           e        5        4        4  champions
    5           f        5        5        5  champions
    """
    return (scorer or RfmScorer().fit(customers)).predict(customers)


def summarise_segments(rfm: pd.DataFrame, *, by: str = "segment") -> pd.DataFrame:
    """Summarise customers and sales by segment, best segment first; empty segments are left out.

    Parameters
    ----------
    rfm : as ``score_rfm`` returns it
    by : ``segment`` or ``segment_8``

    Returns
    -------
    DataFrame
        ``by``, customers, customers_share, net_sales, net_sales_share, median_days_since_last_order, median_orders.
        Shares of sales are absent where net sales do not add up to something above nought.
    """
    order = {"segment": SEGMENTS, "segment_8": tuple(SEGMENTS_8.values())}
    if by not in order:
        raise ValueError(f"`by` is one of {', '.join(order)}; it was {by!r}.")
    total = add(rfm["net_sales"])
    rows = [
        {
            by: code,
            "customers": len(group),
            "customers_share": len(group) / len(rfm),
            "net_sales": add(group["net_sales"]),
            "net_sales_share": share(add(group["net_sales"]), total),
            "median_days_since_last_order": float(group["days_since_last_order"].median()),
            "median_orders": float(group["orders"].median()),
        }
        for code in order[by]
        if len(group := rfm[rfm[by] == code])
    ]
    return pd.DataFrame(rows)


def summarise_cells(rfm: pd.DataFrame) -> pd.DataFrame:
    """Summarise customers and sales by recency and frequency score: always 25 rows, empty cells with nought.

    Returns
    -------
    DataFrame
        r_score, f_score, customers, net_sales, net_sales_share.
    """
    total = add(rfm["net_sales"])
    groups = {cell: group["net_sales"] for cell, group in rfm.groupby(["r_score", "f_score"])}
    rows = []
    for cell in ((r, f) for r in range(BINS, 0, -1) for f in range(1, BINS + 1)):
        money = groups.get(cell, pd.Series(dtype=float))
        net_sales = add(money)
        rows.append((*cell, len(money), net_sales, share(net_sales, total)))
    return pd.DataFrame(rows, columns=["r_score", "f_score", "customers", "net_sales", "net_sales_share"])


def summarise_scores(rfm: pd.DataFrame) -> pd.DataFrame:
    """Summarise what each score stands for: the range of days, orders and money of the customers who have it.

    Returns
    -------
    DataFrame
        score (5 to 1), days_from, days_to, orders_from, orders_to, net_sales_from, net_sales_to; absent where no
        customer has the score.
    """
    names = {"r_score": "days", "f_score": "orders", "m_score": "net_sales"}
    table = pd.DataFrame({"score": range(BINS, 0, -1)})
    for score, column in MEASURES.items():
        ranges = rfm.groupby(score)[column].agg(["min", "max"]).reindex(table["score"]).astype(float)
        table[f"{names[score]}_from"] = ranges["min"].to_numpy()
        table[f"{names[score]}_to"] = ranges["max"].to_numpy()
    return table


def list_quiet(rfm: pd.DataFrame) -> pd.DataFrame:
    """List the customers who were worth much and have gone quiet, at risk or not to be lost, most net sales first.

    Returns
    -------
    DataFrame
        The columns of ``rfm``.
    """
    quiet = rfm[rfm["segment"].isin(LEAVING)]
    return quiet.sort_values(["net_sales", "customer_id"], ascending=[False, True], ignore_index=True)


def describe_rfm(rfm: pd.DataFrame) -> dict[str, int | float | str]:
    """Describe the scores in facts that fill the sentences ``rfm.*``.

    ``best_*`` are champions and loyal customers, ``leaving_*`` are at risk and can't lose them, ``keep_*`` are the
    Chinese 重要保持客户, ``corner_*`` those with the highest recency and frequency score, ``one_order_*`` those with
    one order. ``*_share`` is the share of customers, ``*_net_sales_share`` of sales. ``empty_scores`` of the fifteen
    scores have no customer, because too many customers have equal figures.
    """
    total = add(rfm["net_sales"])
    groups = {
        "best": rfm["segment"].isin(["champions", "loyal"]),
        "champions": rfm["segment"] == "champions",
        "leaving": rfm["segment"].isin(LEAVING),
        "new": rfm["segment"] == "new_customers",
        "keep": rfm["segment_8"] == "important_keep",
        "corner": (rfm["r_score"] == BINS) & (rfm["f_score"] == BINS),
        "one_order": rfm["orders"] == 1,
    }
    facts: dict[str, int | float | str] = {"customers": len(rfm), "net_sales": total}
    for name, rows in groups.items():
        net_sales = add(rfm.loc[rows, "net_sales"])
        facts |= {
            f"{name}_customers": int(rows.sum()),
            f"{name}_share": float(rows.mean()),
            f"{name}_net_sales": net_sales,
            f"{name}_net_sales_share": share(net_sales, total),
        }
    segments = summarise_segments(rfm)
    largest = segments.loc[segments["customers"].idxmax()]
    leaving = rfm.loc[groups["leaving"], "days_since_last_order"]
    return facts | {
        "largest_segment": str(largest["segment"]),
        "largest_share": float(largest["customers_share"]),
        "largest_net_sales_share": float(largest["net_sales_share"]),
        "leaving_median_days": float(leaving.median()) if len(leaving) else math.nan,
        "empty_scores": len(MEASURES) * BINS - sum(rfm[score].nunique() for score in MEASURES),
    }


def _with_an_order(customers: pd.DataFrame) -> pd.DataFrame:
    remedy = "Build it with `kalib.ledger`, or map your headers under `columns:` in the job file."
    columns = ["customer_id", *MEASURES.values()]
    check_columns(customers, columns, name="customers", remedy=remedy)
    table = customers.loc[customers["orders"] > 0, columns]
    check_key(table, ["customer_id"], name="customers")
    table = table.sort_values("customer_id", ignore_index=True)
    return table.astype({"days_since_last_order": "int64", "orders": "int64", "net_sales": "float64"})


def _quintiles(values: np.ndarray) -> np.ndarray:
    # The rank is kept in integers: as a float, (n - 1) * 0.6 may fall short of a whole number, and so of its customer.
    ordered = np.sort(values)
    edges = []
    for k in range(1, BINS):
        below, part = divmod((len(ordered) - 1) * k, BINS)
        edge = ordered[below]
        edges.append(edge + (ordered[below + 1] - edge) * part / BINS if part else edge)
    return np.array(edges)
