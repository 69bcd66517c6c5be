"""Who are our key accounts? Measures become criteria, criteria a score, each step open to challenge."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from kalib.errors import NotEnoughDataError
from kalib.schema import COLUMNS, check_columns, check_key

DECIMALS = 9
"""Scores and contributions are rounded to so many decimals before anything is compared: equal accounts stay equal."""

CLIP = 3.0
"""Standard deviations from the mean at which a z-score is cut off."""

TIED = 0.25
"""From this share of equal figures on ranks are no scale: one return in the year would fall below all who have none."""

FEW = 8
"""Of so few accounts some are equal by chance."""

TRIMMED = 0.05
"""So large a share of the accounts that differ from the usual figure counts as being at the end."""

FLOORS: dict[str, float] = {"returns_share_365_days": 0.02, "overdue_share": 0.02}
"""Below these a figure is no evidence and counts as 0: a bottle sent back, an invoice paid a week late."""

LEAST_ORDERS = 12
"""Orders of the year from which on an account's dependence on one product can be told: fewer hold few products anyway."""

LEAST_ACCOUNTS, LEAST_SHARE = 10, 0.1
"""A figure known of fewer accounts than the smaller of these (a number, a share) has too few to be compared with."""

LEAST_KNOWN = 0.5
"""Share of the weights that must rest on known criteria before an account can be key by its score."""


@dataclass(frozen=True)
class Measure:
    """One figure of an account that a criterion is made of.

    ``higher`` says whether more is better; ``source`` is the table it comes from, ``derived`` where it is worked out of
    several columns by ``gather_measures``. What does not count ``by_default`` can be named in the job file.
    """

    name: str
    criterion: str
    higher: bool
    source: str
    by_default: bool = True


MEASURES: tuple[Measure, ...] = (
    Measure("net_sales_365_days", "purchasing_power", True, "customers"),
    Measure("net_sales_per_order_365_days", "purchasing_power", True, "derived"),
    Measure("relationship_days", "loyalty", True, "derived"),
    Measure("orders_365_days", "loyalty", True, "customers", by_default=False),
    Measure("regularity", "loyalty", True, "customers"),
    Measure("wallet_share", "loyalty", True, "derived"),
    Measure("price_against_peers_365_days", "loyalty", True, "customers"),
    Measure("new_products_share_365_days", "loyalty", True, "customers"),
    Measure("profit_rate_365_days", "profit", True, "derived"),
    Measure("profit_365_days", "profit", True, "derived", by_default=False),
    Measure("net_sales_trend", "potential", True, "customers"),
    Measure("net_sales_change", "potential", True, "customers", by_default=False),
    Measure("unspent_wallet", "potential", True, "derived", by_default=False),
    Measure("unbought_sales", "potential", True, "derived", by_default=False),
    Measure("expected_sales", "potential", True, "value", by_default=False),
    Measure("influence", "influence", True, "accounts"),
    Measure("referrals", "influence", True, "accounts"),
    Measure("followers", "influence", True, "accounts"),
    Measure("satisfaction", "satisfaction", True, "accounts"),
    Measure("complaints", "satisfaction", False, "accounts"),
    Measure("returns_share_365_days", "satisfaction", False, "derived"),
    Measure("overdue_share", "risk", False, "derived"),
    Measure("largest_product_share_365_days", "risk", False, "customers"),
    Measure("churn_probability", "risk", False, "churn"),
)
"""What each criterion is made of unless the job file says otherwise. A measure counts in one criterion only.

Money counts as size in one criterion, purchasing power; the others are rates, so that they can differ from it (decision 13).
"""

CRITERIA: tuple[str, ...] = tuple(dict.fromkeys(measure.criterion for measure in MEASURES))
"""The criteria, in the order in which they are shown."""

_KNOWN = {measure.name: measure for measure in MEASURES}
_OF_THE_YEAR = ("net_sales_365_days", "orders_365_days")


@dataclass(frozen=True)
class Use:
    """A measure as the job uses it: in which criterion, which way round, and against which threshold, if any."""

    name: str
    criterion: str
    higher: bool
    threshold: float | None = None


@dataclass(frozen=True)
class Sheet:
    """The criteria of all accounts on one scale from 0 (worst) to 1 (best); missing where nothing is known.

    Attributes
    ----------
    accounts : customer_id of the accounts with an order, sorted
    values : their measures, one row each in the same order, with net_sales_365_days
    uses : the measures that say something, of the criteria that are left
    criteria : those criteria
    measure_scores, criterion_scores : accounts by measures, accounts by criteria
    normalise : rank, range or zscore
    """

    accounts: np.ndarray
    values: pd.DataFrame
    uses: tuple[Use, ...]
    criteria: tuple[str, ...]
    measure_scores: np.ndarray
    criterion_scores: np.ndarray
    normalise: str

    @property
    def value(self) -> np.ndarray:
        """Return net sales of the 365 days: what the rule ``value_share`` adds up."""
        return self.values["net_sales_365_days"].to_numpy(float)


@dataclass(frozen=True)
class Scores:
    """What the weights make of a sheet, accounts by criteria where it has two sides.

    Attributes
    ----------
    score : 0 to 1, missing where nothing is known
    known : share of the weights that rests on known criteria
    own_weights : the weights of the criteria that are known of the account, adding up to 1
    contributions : those times the criteria, adding up to the score; missing where the criterion is
    """

    score: np.ndarray
    known: np.ndarray
    own_weights: np.ndarray
    contributions: np.ndarray


def gather_measures(
    customers: pd.DataFrame,
    *,
    as_of: dt.date,
    accounts: pd.DataFrame | None = None,
    mix: pd.DataFrame | None = None,
    churn: pd.DataFrame | None = None,
    value: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Gather what is known of every account with an order, by ``customer_id``; what a table lacks is absent or missing.

    Worked out of several columns, each missing where a part of it is:

    - ``net_sales_per_order_365_days``: net sales over orders of the year; missing without an order in it;
    - ``relationship_days``: days since the first order, or since the account was opened where that was earlier;
    - ``wallet_share``: net sales of the year over the wallet; ``unspent_wallet``: the wallet less net sales, at least 0;
    - ``profit_365_days``: margin less cost to serve, where there is one, else the margin alone; ``profit_rate_365_days``: that
      over net sales of the year;
    - ``unbought_sales``: what the categories that the account never bought would add to its year, if it bought them in
      the proportions in which the house sells them; missing without sales in a category;
    - ``returns_share_365_days``: returns over gross sales of the year;
    - ``overdue_share``: money overdue over that money and net sales of the year together; 0 where nothing is overdue.

    What is below its floor (``FLOORS``) is no evidence and counts as 0; dependence on one product is told from ``LEAST_ORDERS``
    orders of the year on. The forecast of leaving is left out where its own check calls it weak.

    Parameters
    ----------
    customers : one row per customer: customer_id, orders, net_sales_365_days, orders_365_days, tenure_days, ...
    as_of : the snapshot date
    accounts : one row per account, rolled up where the run's level is the parent (``roll_up_accounts``)
    mix, churn, value : tables of the run, where it has them

    Returns
    -------
    DataFrame
        customer_id and one column per measure that the tables can give, beside their own numeric columns.
    """
    check_columns(customers, ["customer_id", "orders", *_OF_THE_YEAR], name="customers")
    check_key(customers, ["customer_id"], name="customers")
    table = customers[customers["orders"] > 0].sort_values("customer_id", ignore_index=True)
    for beside, name, columns in (
        (accounts, "accounts", None),
        (churn, "churn", ["churn_probability", "forecast_is_weak"]),
        (value, "value", ["expected_sales"]),
    ):
        if beside is not None:
            check_key(beside, ["customer_id"], name=name)
            kept = [c for c in (columns or beside.columns) if c in beside and c not in table and c != "customer_id"]
            table = put_beside(table, beside[["customer_id", *kept]])
    if "forecast_is_weak" in table and "churn_probability" in table:
        table["churn_probability"] = table["churn_probability"].mask(table["forecast_is_weak"].eq(True))
    table = table.assign(**_derive(table, as_of=as_of, mix=mix))
    numbers = [name for name in table if name != "customer_id" and pd.api.types.is_numeric_dtype(table[name].dtype)]
    flags = [name for name in numbers if pd.api.types.is_bool_dtype(table[name].dtype)]
    kept = [name for name in numbers if name not in flags]
    return table[["customer_id", *kept]].astype(dict.fromkeys(kept, "float64"))


def put_beside(table: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Put the columns of another table beside, by customer_id, which both have once: missing where the other lacks one.

    Examples
    --------
    >>> table = pd.DataFrame({"customer_id": ["a", "b"]})
    >>> put_beside(table, pd.DataFrame({"customer_id": ["b"], "wallet": [9.0]}))["wallet"].tolist()
    [nan, 9.0]
    """
    own = other.set_index("customer_id").reindex(table["customer_id"])
    return pd.concat([table.reset_index(drop=True), own.reset_index(drop=True)], axis=1)


def _derive(table: pd.DataFrame, *, as_of: dt.date, mix: pd.DataFrame | None) -> dict[str, pd.Series]:
    has = set(table.columns).issuperset
    sales, orders = table["net_sales_365_days"].astype(float), table["orders_365_days"].astype(float)
    made = {"net_sales_per_order_365_days": sales / orders.where(orders > 0)}
    if has(["tenure_days"]):
        made["relationship_days"] = _relationship(table, as_of)
    if has(["wallet"]):
        wallet = table["wallet"].where(table["wallet"] > 0)
        made |= {"wallet_share": sales / wallet, "unspent_wallet": (wallet - sales).clip(lower=0)}
    if has(["margin_365_days"]):
        cost = table["cost_to_serve_365_days"] if has(["cost_to_serve_365_days"]) else 0.0
        made["profit_365_days"] = (table["margin_365_days"] - cost).round(2)
        made["profit_rate_365_days"] = made["profit_365_days"] / sales.where(sales > 0)
    if has(["returns_365_days"]):
        gross = sales + table["returns_365_days"]
        made["returns_share_365_days"] = table["returns_365_days"] / gross.where(gross > 0)
    if has(["overdue_amount"]):
        overdue = table["overdue_amount"].clip(lower=0)
        made["overdue_share"] = (overdue / (overdue + sales.clip(lower=0)).where(overdue > 0)).mask(overdue == 0, 0.0)
    if has(["largest_product_share_365_days"]):
        made["largest_product_share_365_days"] = table["largest_product_share_365_days"].where(orders >= LEAST_ORDERS)
    if mix is not None:
        unbought = unbought_share(mix).reindex(table["customer_id"]).to_numpy()
        made["unbought_rate"] = pd.Series(unbought / np.where(unbought < 1, 1 - unbought, np.nan))
        made["unbought_sales"] = sales.clip(lower=0) * made["unbought_rate"]
    return made | {name: made[name].mask(made[name] < floor, 0.0) for name, floor in FLOORS.items() if name in made}


def _relationship(table: pd.DataFrame, as_of: dt.date) -> pd.Series:
    """Return days since the account was opened, or since its first order where nobody said or that was earlier."""
    tenure = table["tenure_days"].astype(float)
    if "since" not in table:
        return tenure
    opened = (pd.Timestamp(as_of) - pd.to_datetime(table["since"])).dt.days
    return np.fmax(tenure, opened)


def unbought_share(mix: pd.DataFrame) -> pd.Series:
    """Return per customer the share of the house's sales that lies in categories which the customer never bought.

    Parameters
    ----------
    mix : one row per customer and category: net_sales; a category counts as bought with net sales above 0

    Examples
    --------
    >>> mix = pd.DataFrame({"customer_id": ["a", "a", "b"], "category": ["x", "y", "x"], "net_sales": [30.0, 25, 45]})
    >>> unbought_share(mix).to_dict()
    {'a': 0.0, 'b': 0.25}
    """
    check_columns(mix, ["customer_id", "category", "net_sales"], name="mix")
    bought = mix[mix["net_sales"] > 0]
    shares = bought.groupby("category")["net_sales"].sum()
    shares = shares / shares.sum()
    own = bought["category"].map(shares).astype(float).groupby(bought["customer_id"]).sum()
    return (1 - own).round(DECIMALS).clip(lower=0.0)


def roll_up_accounts(accounts: pd.DataFrame) -> pd.DataFrame:
    """Return one row per account at the top of its chain of parents.

    Its name, industry, region, kind and manager are its own. Money and counts (wallet, complaints, referrals, followers)
    are added up, and unknown as soon as one member's is: a sum with a gap would pass for the whole. Satisfaction is the
    mean of the members who were asked, influence the highest of them, since the earliest. A chain is rolled up only as
    far as its head has a row of its own or is named as a parent.

    Parameters
    ----------
    accounts : customer_id, and top_parent_id where there are parents

    Examples
    --------
    >>> accounts = pd.DataFrame({"customer_id": ["a", "b", "c"], "top_parent_id": ["a", "a", "c"],
    ...                          "wallet": [10.0, 5.0, None], "satisfaction": [None, 8.0, None]})
    >>> roll_up_accounts(accounts)[["customer_id", "wallet", "satisfaction"]].fillna(-1).values.tolist()
    [['a', 15.0, 8.0], ['c', -1.0, -1.0]]
    """
    check_key(accounts, ["customer_id"], name="accounts")
    if "top_parent_id" not in accounts:
        return accounts.sort_values("customer_id", ignore_index=True)
    members = accounts.groupby("top_parent_id")
    heads = (
        accounts.set_index("customer_id")
        .reindex(sorted(members.groups))
        .drop(columns=["parent_id", "top_parent_id"], errors="ignore")
    )
    for column in ("wallet", "complaints", "referrals", "followers"):
        if column in accounts:
            heads[column] = members[column].apply(_whole_sum)
    for column, how in (("satisfaction", "mean"), ("influence", "max"), ("since", "min")):
        if column in accounts:
            heads[column] = members[column].agg(how)
    return heads.rename_axis("customer_id").reset_index().astype({"customer_id": "str"})


def _whole_sum(figures: pd.Series) -> float:
    return float(figures.sum()) if figures.notna().all() else float("nan")


def choose_measures(criteria: Mapping[str, object] | None = None) -> tuple[Use, ...]:
    """Choose the measures of each criterion: the house's, or the job's where it names its own.

    Parameters
    ----------
    criteria : criterion to False (switched off) or to ``{"measures": [{"measure": ..., "direction": ...,
        "threshold": ...}]}``; a criterion that is not named keeps the measures of the house

    Returns
    -------
    tuple of Use, in the order of ``CRITERIA``

    Examples
    --------
    >>> off = dict.fromkeys(CRITERIA, False)
    >>> [use.name for use in choose_measures(off | {"profit": {"measures": [{"measure": "margin_365_days"}]}})]
    ['margin_365_days']
    """
    criteria = criteria or {}
    uses = []
    for criterion in CRITERIA:
        own = criteria.get(criterion)
        if own is False:
            continue
        named = own.get("measures") if isinstance(own, Mapping) else None
        if named is None:
            uses += [Use(m.name, criterion, m.higher) for m in MEASURES if m.criterion == criterion and m.by_default]
            continue
        for item in named:
            name, direction = item["measure"], item.get("direction")
            higher = direction == "higher" if direction else name not in _KNOWN or _KNOWN[name].higher
            uses.append(Use(name, criterion, higher, item.get("threshold")))
    return tuple(uses)


def list_measures(measures: pd.DataFrame, uses: Sequence[Use]) -> pd.DataFrame:
    """List every measure that was asked for and what became of it.

    ``measure_state`` is ``used``; ``constant`` where all known figures are equal, so that the measure says nothing;
    ``unknown`` where no account has a figure; ``few`` where fewer than ten have one, and less than a tenth of all; ``absent`` where the source lacks the column; ``no_such_name`` where
    the job asks for a column that the house does not know.

    Returns
    -------
    DataFrame
        criterion, measure, higher_is_better, threshold, known_accounts, known_share, measure_state.
    """
    rows = []
    for use in uses:
        values = measures[use.name] if use.name in measures else pd.Series(dtype=float)
        known = int(values.notna().sum())
        if use.name not in measures:
            state = "absent" if use.name in _KNOWN or use.name in COLUMNS else "no_such_name"
        elif not known:
            state = "unknown"
        elif known < min(LEAST_ACCOUNTS, LEAST_SHARE * len(measures)):
            state = "few"
        else:
            state = "constant" if values.min() == values.max() else "used"
        share = known / len(measures) if len(measures) else 0.0
        rows.append((use.criterion, use.name, use.higher, use.threshold, known, share, state))
    names = ["criterion", "measure", "higher_is_better", "threshold", "known_accounts", "known_share", "measure_state"]
    return pd.DataFrame(rows, columns=names)


def build_sheet(measures: pd.DataFrame, *, uses: Sequence[Use] | None = None, normalise: str = "rank") -> Sheet:
    """Put all measures on a scale from 0 to 1 and take the mean per criterion over what is known.

    A measure that is absent, unknown, known of hardly anybody or the same for all says nothing and is left out, and a criterion without any
    measure with it; ``list_measures`` says so. Missing stays missing: it is neither 0 nor the mean. A criterion of an
    account is the mean of its known measures.

    Parameters
    ----------
    measures : as ``gather_measures`` returns them
    uses : as ``choose_measures`` returns them; default: those of the house
    normalise : ``rank``, ``range`` or ``zscore``, see ``score_measure``; a measure with a threshold is held to that

    Raises
    ------
    NotEnoughDataError
        ``scorecard_few_accounts``: fewer than two accounts with an order. ``scorecard_no_criteria``: no measure tells the
        accounts apart.
    """
    check_key(measures, ["customer_id"], name="measures")
    check_columns(measures, ["net_sales_365_days"], name="measures")
    if len(measures) < 2:
        raise NotEnoughDataError("scorecard_few_accounts", accounts=len(measures))
    table = measures.sort_values("customer_id", ignore_index=True)
    uses = choose_measures() if uses is None else tuple(uses)
    states = list_measures(table, uses)["measure_state"]
    left = tuple(use for use, state in zip(uses, states, strict=True) if state == "used")
    if not left:
        raise NotEnoughDataError("scorecard_no_criteria", accounts=len(measures))
    values = table.drop(columns="customer_id")
    scores = score_values(values, left, normalise=normalise)
    criteria = tuple(name for name in CRITERIA if any(use.criterion == name for use in left))
    return Sheet(
        accounts=table["customer_id"].to_numpy(object),
        values=values,
        uses=left,
        criteria=criteria,
        measure_scores=scores,
        criterion_scores=score_criteria(scores, left, criteria),
        normalise=normalise,
    )


def score_values(values: pd.DataFrame, uses: Sequence[Use], *, normalise: str) -> np.ndarray:
    """Return the measures on a scale from 0 to 1: accounts by uses."""
    columns = [
        score_measure(values[use.name].to_numpy(float), higher=use.higher, threshold=use.threshold, normalise=normalise)
        for use in uses
    ]
    return np.column_stack(columns)


def score_criteria(scores: np.ndarray, uses: Sequence[Use], criteria: Sequence[str]) -> np.ndarray:
    """Return the mean of each criterion's known measures: accounts by criteria; missing where none is known."""
    known = ~np.isnan(scores)
    filled = np.where(known, scores, 0.0)
    out = np.empty((len(scores), len(criteria)))
    for at, criterion in enumerate(criteria):
        own = [i for i, use in enumerate(uses) if use.criterion == criterion]
        count = known[:, own].sum(axis=1)
        out[:, at] = np.where(count > 0, filled[:, own].sum(axis=1) / np.maximum(count, 1), np.nan)
    return out


def score_measure(
    values: np.ndarray, *, higher: bool = True, threshold: float | None = None, normalise: str = "rank"
) -> np.ndarray:
    """Put one measure on a scale from 0 (worst) to 1 (best); equal figures get equal scores, missing stays missing.

    - ``rank``: the share of the other accounts that are worse, equal ones counting half. Where a quarter or more have the very
      same figure, as no returns, a place among the others is no scale: one return would fall below all who have none. Then
      they keep their place, and the others lie between it and the end by how far their figure is from the usual one;
    - ``range``: the way from the lowest figure (0) to the highest (1);
    - ``zscore``: standard deviations from the mean, cut off at three on both sides, -3 being 0 and 3 being 1;
    - against a ``threshold``: 1 from the threshold on, in proportion below it (figures below 0 count as 0); where less is
      better, 1 up to the threshold and threshold over figure above it.

    Where all known figures are equal, rank, range and zscore give all of them one half.

    Examples
    --------
    >>> score_measure(np.array([5.0, 1.0, 5.0, np.nan, 9.0])).round(3).tolist()
    [0.5, 0.0, 0.5, nan, 1.0]
    >>> score_measure(np.array([0.1, 0.0, 0.4]), higher=False, threshold=0.1).tolist()
    [1.0, 1.0, 0.25]
    >>> score_measure(np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.02, 0.2, 0.2]), higher=False).tolist()
    [0.6875, 0.6875, 0.6875, 0.6875, 0.6875, 0.6875, 0.61875, 0.0, 0.0]
    """
    out = np.full(len(values), np.nan)
    known = ~np.isnan(values)
    own = values[known]
    if not len(own):
        return out
    if threshold is not None:
        if higher:
            out[known] = np.clip(own / threshold, 0.0, 1.0)
        else:
            out[known] = threshold / np.maximum(own, threshold)
        return out
    if normalise == "rank":
        scaled = _rank_untied(own)
    elif normalise == "range":
        low, high = own.min(), own.max()
        scaled = (own - low) / (high - low) if high > low else np.full(len(own), 0.5)
    elif normalise == "zscore":
        spread = own.std()
        distance = (own - own.mean()) / spread if spread > 0 else np.zeros(len(own))
        scaled = (np.clip(distance, -CLIP, CLIP) + CLIP) / (2 * CLIP)
    else:
        raise ValueError(f"`normalise` is rank, range or zscore; it was {normalise!r}.")
    out[known] = scaled if higher else 1 - scaled
    return out


def _rank(own: np.ndarray) -> np.ndarray:
    """Return the share of the others that are lower, equal ones counting half."""
    return (rankdata(own) - 1) / (len(own) - 1) if len(own) > 1 else np.full(1, 0.5)


def _rank_untied(own: np.ndarray) -> np.ndarray:
    """Return ranks, or, where too many are equal for that, amounts on either side of the figure that most have.

    Whoever has the usual figure keeps the rank of that; the others lie between it and 0 or 1 by how far they are from it, as far
    as the most extreme but one in twenty of their side.
    """
    ranks = _rank(own)
    figures, counts = np.unique(own, return_counts=True)
    if len(own) < FEW or counts.max() < TIED * len(own):
        return ranks
    usual = figures[counts.argmax()]
    place = ranks[own == usual][0]
    below, above = own < usual, own > usual
    if below.any():
        ranks[below] = place * (1 - _measure_way(usual - own[below]))
    if above.any():
        ranks[above] = place + (1 - place) * _measure_way(own[above] - usual)
    return ranks


def _measure_way(distances: np.ndarray) -> np.ndarray:
    return np.minimum(distances / np.quantile(distances, 1 - TRIMMED), 1.0)


def score_accounts(criterion_scores: np.ndarray, weights: np.ndarray) -> Scores:
    """Weigh the criteria into one score per account.

    The score is the weighted mean over the account's known criteria: their weights are scaled up so that they add up to
    1 again. The contributions are those weights times the criteria, and add up to the score exactly, both rounded to
    nine decimals. ``known`` is the share of the weights that rests on known criteria. An account with nothing known has
    no score.

    Parameters
    ----------
    criterion_scores : accounts by criteria, 0 to 1, missing where unknown
    weights : one per criterion, not below 0, adding up to 1

    Examples
    --------
    >>> scores = score_accounts(np.array([[0.8, 0.5], [0.8, np.nan]]), np.array([0.75, 0.25]))
    >>> scores.score.tolist(), scores.known.tolist(), scores.contributions[0].tolist()
    ([0.725, 0.8], [1.0, 0.75], [0.6, 0.125])
    """
    known = ~np.isnan(criterion_scores)
    weighed = known * weights
    total = weighed.sum(axis=1)
    has = total > 0
    own = weighed / np.where(has, total, 1.0)[:, None]
    contributions = np.where(known, np.round(own * np.where(known, criterion_scores, 0.0), DECIMALS), np.nan)
    score = np.where(has, np.round(np.nansum(contributions, axis=1), DECIMALS), np.nan)
    known_share = np.round(total / weights.sum(), DECIMALS)
    return Scores(score=score, known=known_share, own_weights=own, contributions=contributions)


def rank_accounts(scores: Scores, *, least_known: float = LEAST_KNOWN) -> np.ndarray:
    """Rank the accounts by score, 1 being the best, equal scores sharing the better rank.

    An account of which too little is known is not ranked: a mean of one or two criteria would stand beside means of
    seven.
    """
    eligible = is_known_enough(scores, least_known)
    ranks = np.full(len(scores.score), np.nan)
    if eligible.any():
        ranks[eligible] = rankdata(-scores.score[eligible], method="min")
    return ranks


def is_known_enough(scores: Scores, least_known: float) -> np.ndarray:
    """Say of each account whether enough is known for its score to count."""
    return ~np.isnan(scores.score) & (scores.known >= least_known - 1e-9)
