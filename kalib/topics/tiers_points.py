"""What is a customer to the grouping of tiers? A point: figures of the year, scaled, centred and weighted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kalib.errors import NotEnoughDataError
from kalib.schema import check_columns, check_key

FEATURES: dict[str, dict[str, float | str]] = {
    "net_sales_365_days": {"weight": 1.0, "scale": "root4"},
    "orders_365_days": {"weight": 0.5, "scale": "log"},
    "days_since_last_order": {"weight": 0.1, "scale": "log1p"},
}
"""What counts, how it is scaled, and how much of the squared distance between two customers it may make up. Days since
the last order weigh little: with 0.25, one of five tiers on the shipped sample was made of once large customers gone
quiet, and tiers would no longer be in the order of worth.

Beware: the weights were tuned on that sample. How well the tiers find its latent classes (``rate_tiers``) is therefore
no test of them: it flatters them by as much as the tuning gained."""

SCALES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "none": lambda figures: figures,
    "sqrt": lambda figures: np.sqrt(np.maximum(figures, 0)),
    "root4": lambda figures: np.sqrt(np.sqrt(np.maximum(figures, 0))),
    "log": lambda figures: np.log(np.maximum(figures, 1)),
    "log1p": lambda figures: np.log1p(np.maximum(figures, 0)),
}
"""Below nought counts as nought; for ``log``, below one as one. ``rank`` is learnt: see ``Scaling``. The fourth root lies
between the square root and the logarithm: with the logarithm £10 and £100 are as far apart as £10,000 and £100,000, and
the best tier swells."""

NEEDED = ("orders", "net_sales_365_days", "orders_365_days", "days_since_last_order")
"""Columns that tiers are made, ordered and told by, whatever they are grouped by."""

CHUNK = 20_000
"""Rows that are assigned at a time, so that memory does not grow with the customers."""

_RANKS = 1_001


def check_customers(customers: pd.DataFrame) -> pd.DataFrame:
    """Check the table of one snapshot and return those customers in it who ever ordered, in its order.

    Raises
    ------
    MissingColumnsError
        If it lacks one of ``NEEDED``.
    ValueError
        If a customer stands in it twice.
    """
    remedy = "Build it with `kalib.ledger`, or map your headers under `columns:` in the job file."
    check_columns(customers, ["customer_id", *NEEDED], name="customers", remedy=remedy)
    if not is_sorted(customers):
        check_key(customers, ["customer_id"], name="customers")
    ever = customers["orders"].to_numpy() > 0
    return customers if ever.all() else customers[ever]


def is_sorted(customers: pd.DataFrame) -> bool:
    """Return whether the rows stand in the strict order of ``customer_id``, as the ledger writes them."""
    ids = customers["customer_id"].array
    return len(ids) < 2 or bool((ids[1:] > ids[:-1]).all())


def is_active(table: pd.DataFrame) -> np.ndarray:
    """Return who has an order in the year: they are grouped, the others are in the last tier by rule."""
    return table["orders_365_days"].to_numpy() > 0


@dataclass(frozen=True)
class Scaling:
    """What is learnt of the figures before they are grouped.

    Attributes
    ----------
    features : column to weight and scale, of those that are used
    left_out : column to why it is not: ``absent``, ``text``, ``sparse`` (less than half of the customers have it),
        ``constant``
    missing : column to the number of customers for whom the median stands in
    fill : the medians, by feature
    ranks : column to its quantiles, for those scaled by rank
    mean, scale : by which the scaled figures are centred and divided
    """

    features: dict[str, dict[str, float | str]]
    left_out: dict[str, str]
    missing: dict[str, int]
    fill: dict[str, float]
    ranks: dict[str, np.ndarray]
    mean: np.ndarray
    scale: np.ndarray

    def place(self, active: pd.DataFrame) -> np.ndarray:
        """Return the points of customers: one column per feature, so that squared distances are weighted."""
        return self.centre(self.scaled(active))

    def scaled(self, active: pd.DataFrame) -> np.ndarray:
        """Return the figures in their scales, not yet centred; a missing one counts as the median."""
        check_columns(active, self.features, name="customers")
        points = np.empty((len(active), len(self.features)), order="F")
        for i, (column, how) in enumerate(self.features.items()):
            figures = read_figures(active[column])
            figures = np.where(np.isfinite(figures), figures, self.fill[column])
            points[:, i] = _rescale(figures, str(how["scale"]), self.ranks.get(column))
        return points

    def centre(self, scaled: np.ndarray) -> np.ndarray:
        """Return scaled figures centred, divided by their spread and weighted."""
        weights = np.sqrt([float(how["weight"]) for how in self.features.values()])
        return (scaled - self.mean) / self.scale * weights


def learn_scaling(
    active: pd.DataFrame, features: Mapping[str, Mapping[str, float | str]], *, rows: int
) -> tuple[Scaling, np.ndarray, np.ndarray]:
    """Learn how the figures of customers are scaled.

    Parameters
    ----------
    active : the customers with an order in the year
    features : column to weight and scale
    rows : how many customers the means and spreads are taken of, as ``pick_rows`` picks them: by the features, then by
        net sales of the year, so that who is alike in both may stand in for one another

    Returns
    -------
    Scaling
        What was learnt.
    array
        The figures in their scales, one row per customer.
    array
        The rows picked, in an order that does not depend on that of ``active``.

    Raises
    ------
    NotEnoughDataError
        ``tiers_no_features``: of all features none can be used.
    """
    kept: dict[str, dict[str, float | str]] = {}
    left_out: dict[str, str] = {}
    missing: dict[str, int] = {}
    fill: dict[str, float] = {}
    ranks: dict[str, np.ndarray] = {}
    columns: list[np.ndarray] = []
    for column, how in features.items():
        if column not in active:
            left_out[column] = "absent"
            continue
        if not pd.api.types.is_numeric_dtype(active[column].dtype):
            left_out[column] = "text"
            continue
        figures = read_figures(active[column])
        known = np.isfinite(figures)
        lacking = len(figures) - int(known.sum())
        if lacking * 2 > len(figures):
            left_out[column] = "sparse"
            continue
        middle = float(np.median(figures[known])) if lacking else 0.0
        if lacking:
            figures = np.where(known, figures, middle)
        quantiles = np.quantile(figures, np.linspace(0, 1, _RANKS)) if how["scale"] == "rank" else None
        scaled = _rescale(figures, str(how["scale"]), quantiles)
        if np.ptp(scaled) <= 1e-12 * np.abs(scaled).max():
            left_out[column] = "constant"
            continue
        kept[column] = {"weight": float(how["weight"]), "scale": str(how["scale"])}
        missing[column], fill[column] = lacking, middle
        if quantiles is not None:
            ranks[column] = quantiles
        columns.append(scaled)
    if not kept:
        raise NotEnoughDataError("tiers_no_features", customers=len(active), features=len(features))
    scaled = np.stack(columns).T
    picked = pick_rows([*columns, active["net_sales_365_days"].to_numpy(float)], rows)
    mean = np.array([column[picked].mean() for column in columns])
    spread = np.array([column[picked].std() for column in columns])
    spread[spread == 0] = 1.0
    return Scaling(kept, left_out, missing, fill, ranks, mean, spread), scaled, picked


def read_figures(column: pd.Series) -> np.ndarray:
    """Return a column as floats, what is missing or without bounds as NaN."""
    figures = column.to_numpy(dtype="float64", na_value=np.nan)
    return np.where(np.isinf(figures), np.nan, figures) if np.isinf(figures).any() else figures


def _rescale(figures: np.ndarray, scale: str, ranks: np.ndarray | None) -> np.ndarray:
    if ranks is not None:
        return (np.searchsorted(ranks, figures, "left") + np.searchsorted(ranks, figures, "right")) / (2 * len(ranks))
    return SCALES[scale](figures)


def pick_rows(columns: Sequence[np.ndarray], most: int) -> np.ndarray:
    """Pick at most ``most`` rows, every n-th by the first column, equal ones by the next, and so on.

    The same rows are picked whatever their order: those equal in all columns are alike. Only the values are sorted, and of
    the rows only those that share a value with one that is picked.

    Examples
    --------
    >>> pick_rows([np.array([2.0, 1.0, 2.0]), np.array([5.0, 9.0, 4.0])], 3)
    array([1, 2, 0])
    """
    first = columns[0]
    ordered = np.sort(first)
    places = every_nth(len(first), most)
    values = np.unique(ordered[places])
    at = np.minimum(np.searchsorted(values, first), len(values) - 1)
    rows = np.flatnonzero(values[at] == first)
    rows = rows[np.lexsort([column[rows] for column in reversed(columns)])]
    skipped = np.searchsorted(ordered, values) - np.searchsorted(first[rows], values)
    return rows[places - skipped[np.searchsorted(values, ordered[places])]]


def every_nth(rows: int, most: int) -> np.ndarray:
    """Return at most ``most`` places among ``rows``, evenly from the first to the last."""
    return np.linspace(0, rows - 1, min(rows, most)).astype(int)


def measure_squares(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return the squared distance of each point (columns) from each centre (rows)."""
    squares = np.empty((len(centres), len(points)))
    for square, centre in zip(squares, centres, strict=True):
        np.square(points[:, 0] - centre[0], out=square)
        for i in range(1, points.shape[1]):
            square += np.square(points[:, i] - centre[i])
    return squares


def find_nearest(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return the nearest centre of each point, from 0; of two as near the better, which stands first."""
    nearest = np.zeros(len(points), dtype=np.int8)
    for at in range(0, len(points), CHUNK):
        here, squares = nearest[at : at + CHUNK], measure_squares(points[at : at + CHUNK], centres)
        least = squares[0]
        for centre in range(1, len(centres)):
            np.copyto(here, centre, where=squares[centre] < least)
            np.minimum(least, squares[centre], out=least)
    return nearest


def measure_margin(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return how much farther than the nearest centre the next one is, by point."""
    margin = np.empty(len(points))
    for at in range(0, len(points), CHUNK):
        squares = measure_squares(points[at : at + CHUNK], centres)
        least, second = np.minimum(squares[0], squares[1]), np.maximum(squares[0], squares[1])
        for square in squares[2:]:
            second = np.minimum(second, np.maximum(least, square))
            least = np.minimum(least, square)
        margin[at : at + CHUNK] = np.sqrt(second) - np.sqrt(least)
    return margin


def draw_weights(rows: int, times: int, *, seed: int) -> Iterator[np.ndarray]:
    """Draw as many of ``rows`` with replacement, so many times: how often each was drawn."""
    random = np.random.default_rng(seed)
    for _ in range(times):
        yield random.multinomial(rows, np.full(rows, 1 / rows))


def pick_other(fallen: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Return the tier into which each customer fell most often beside its own; of several the nearest, then the better.

    Examples
    --------
    >>> pick_other(np.array([[2, -1, 2, 0], [0, -1, 1, 3]]), np.array([1, 1]))
    array([0, 3])
    """
    tiers = fallen.shape[1]
    other, most = np.zeros(len(fallen), dtype=np.int64), np.full(len(fallen), -math.inf)
    for tier in range(tiers):
        step = np.abs(base - tier)
        how_often = np.where(step > 0, fallen[:, tier] * (tiers + 1) - step, -math.inf)
        np.copyto(other, tier, where=how_often > most)
        np.maximum(most, how_often, out=most)
    return other
