"""Which dates can be compared, how many accounts move from each to the next, and how many of them only to and fro?"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from kalib.errors import NotEnoughDataError
from kalib.money import add, share
from kalib.schema import check_key
from kalib.topics.migration import Grader, check_features, compare_grades, find_moves, fit_yardstick, grade_customers
from kalib.topics.migration_causes import explain_moves, find_band

YEAR = 365
"""Tiers are made of so many days; with less history before it, a date is graded too low."""


@dataclass(frozen=True)
class Dates:
    """Which dates are compared.

    Attributes
    ----------
    before, as_of : the two dates of the page
    series : dates of the series, the last of which is as_of; fewer than two where there is none
    history_days : days of orders up to before, before itself among them
    """

    before: dt.date
    as_of: dt.date
    series: tuple[dt.date, ...]
    history_days: int

    @property
    def all(self) -> list[dt.date]:
        """Return every date that has to be graded, in order."""
        return sorted({self.before, self.as_of, *self.series})

    @property
    def note(self) -> str:
        """Return what the page has to say of the dates: ``full``, ``overlap`` (of the two years) or ``thin`` (less than a year of orders before)."""
        if self.history_days < YEAR:
            return "thin"
        return "overlap" if self.apart_days < YEAR else "full"

    @property
    def apart_days(self) -> int:
        """Return how many days lie between the two dates."""
        return (self.as_of - self.before).days


def choose_dates(
    first_order: dt.date | None,
    as_of: dt.date,
    *,
    before: dt.date | int | None = None,
    periods: int = 4,
    period_days: int = 91,
) -> Dates:
    """Choose the earlier date and those of the series, as far as the log reaches back.

    By default the earlier date lies 365 days before ``as_of``, so that the two years do not overlap; a log with less than a full
    year of orders up to that day has nothing to compare. A date that the job asks for is taken as it is. A series takes only dates with a full year of orders before them; one that lies within a tenth of a period of the earlier
    date is that date.

    Parameters
    ----------
    first_order : date of the first order in the log
    as_of : the later date
    before : the earlier date, or how many days it lies back
    periods, period_days : how many periods the series has, and how long they are

    Raises
    ------
    NotEnoughDataError
        ``migration_no_order``: there is none. ``migration_short_history``: there is less than a full year of orders
        up to the date 365 days back. ``migration_before_late``: the date asked for is not before as_of. ``migration_before_early``: it lies
        before the first order.

    Examples
    --------
    >>> dates = choose_dates(dt.date(2023, 7, 1), dt.date(2025, 6, 30), periods=2)
    >>> dates.before, dates.note, [day.isoformat() for day in dates.series]
    (datetime.date(2024, 6, 30), 'full', ['2024-12-30', '2025-03-31', '2025-06-30'])
    """
    if first_order is None:
        raise NotEnoughDataError("migration_no_order")
    full = first_order + dt.timedelta(days=YEAR - 1)
    series = [as_of - dt.timedelta(days=period_days * i) for i in range(periods, -1, -1)]
    kept = tuple(date for date in series if date >= full)
    chosen = before if isinstance(before, dt.date) else as_of - dt.timedelta(days=before or YEAR)
    if before is None and chosen < full:
        days = max((as_of - first_order).days + 1, 1)
        raise NotEnoughDataError("migration_short_history", days=days, least=2 * YEAR)
    if chosen >= as_of:
        raise NotEnoughDataError("migration_before_late", before=chosen, as_of=as_of)
    if chosen < first_order:
        raise NotEnoughDataError("migration_before_early", before=chosen, first=first_order)
    near = dt.timedelta(days=period_days // 10)  # a year is a day more than four times 91 days
    series = sorted({chosen if abs(date - chosen) <= near and date != as_of else date for date in kept})
    return Dates(chosen, as_of, tuple(series), (chosen - first_order).days + 1)


@dataclass(frozen=True)
class Migration:
    """What was compared, and with what.

    Attributes
    ----------
    table : one row per customer, as ``migration.compare_grades`` and ``migration_causes.explain_moves`` return it
    series : every date graded, as ``grade_series`` returns it
    before, now : the snapshots compared
    drift : ``told``: the table tells the yardstick's steps from the accounts'; else why it does not: ``fixed`` (the job says which
        tiers to grade with, so they do not drift) or ``few`` (too few customers then for tiers of their own)
    """

    table: pd.DataFrame
    series: pd.DataFrame
    before: pd.DataFrame
    now: pd.DataFrame
    drift: str


def find_first_order(customers: pd.DataFrame) -> dt.date | None:
    """Return the date of the first order of all, None where nobody ordered."""
    found = pd.to_datetime(customers["first_order_date"]).min()
    return None if pd.isna(found) else found.date()


def list_features(model: BaseEstimator, columns: Sequence[str]) -> list[str]:
    """Return the columns that tiers are made of: as the model names them, else the ``columns`` it was fitted on."""
    return list(getattr(model, "features_", columns))


def build_migration(
    model: BaseEstimator,
    snapshots: pd.DataFrame,
    dates: Dates,
    *,
    features: Sequence[str],
    yardstick: str = "now",
    fixed: bool = False,
    keep: int = 1,
    margin: float = 0.0,
) -> Migration:
    """Build the migration table: both dates graded by one yardstick, each move explained, drift told apart.

    Parameters
    ----------
    model : the tiers of the run, fitted
    snapshots : one row per date of ``dates`` and customer
    dates : as ``choose_dates`` returns it
    features : the columns that tiers are made of
    yardstick : ``now``: both dates by ``model``; ``before``: both by the same kind of model fitted to the earlier date
    fixed : the job says which tiers to grade with (learnt as of a date, or kept by another run), so that every report has the same
        ones: drift is not told apart
    keep, margin : what keeps tiers back, as for ``grade_series``

    Raises
    ------
    NotEnoughDataError
        ``migration_nobody_before``: nobody is graded at the earlier date. ``migration_no_yardstick``: the
        earlier date is to be the yardstick, and has too few customers to be graded by itself. ``migration_features``: a feature
        is not known for past dates.
    """
    check_features(snapshots, features)
    day = pd.to_datetime(snapshots["as_of"])
    before, now = (snapshots[day == pd.Timestamp(date)].drop(columns="as_of") for date in (dates.before, dates.as_of))
    if not (before["orders"] > 0).any():
        raise NotEnoughDataError("migration_nobody_before")
    own = None if fixed and yardstick == "now" else fit_yardstick(model, before)
    if yardstick == "before" and own is None:
        raise NotEnoughDataError("migration_no_yardstick", before=dates.before)
    used = own if yardstick == "before" else model
    series = grade_series(used, snapshots, features=features, keep=keep, margin=margin)
    graded = pd.to_datetime(series["as_of"])
    held = keep > 1 or margin > 0
    pair = [
        series[graded == pd.Timestamp(date)].drop(columns=["as_of"] if held else ["as_of", "tier_raw", "tier_rank_raw"])
        for date in (dates.before, dates.as_of)
    ]
    owns = {}
    drift = "fixed" if fixed else "few" if own is None else "told"
    if drift == "told":
        owns = {"own_before": own.predict(before), "own_now": model.predict(now)}
    table = compare_grades(*pair, **owns)
    return Migration(explain_moves(table, used, before, now, features=features), series, before, now, drift)


def name_holding(*, keep: int = 1, margin: float = 0.0) -> list[str]:
    """Name what is said of tiers held back: each rule that the job asks for, and then once how the page on tiers differs.

    Examples
    --------
    >>> name_holding(), name_holding(margin=0.1), name_holding(keep=2, margin=0.1)
    ([], ['margin', 'page'], ['keep', 'margin', 'page'])
    """
    asked = [name for name, on in {"keep": keep > 1, "margin": margin > 0}.items() if on]
    return [*asked, "page"] if asked else []


def grade_series(
    model: Grader,
    snapshots: pd.DataFrame,
    *,
    features: Sequence[str] = (),
    keep: int = 1,
    margin: float = 0.0,
) -> pd.DataFrame:
    """Grade the customers of several snapshots by one yardstick, and hold their tiers back where the job asks for it.

    Parameters
    ----------
    model : the yardstick of all dates
    snapshots : one row per as_of and customer
    features : the columns that the tiers are made of
    keep : snapshots in a row that have to agree before another tier counts
    margin : share by which every figure may be worse, or better, with another tier still reached

    Returns
    -------
    DataFrame
        One row per date and customer graded, by as_of and customer_id: as_of, tier and tier_rank (those that count), tier_raw
        and tier_rank_raw (as the model grades; the same unless ``keep`` or ``margin`` ask for more), and what
        ``migration.grade_customers`` returns beside them.
    """
    check_key(snapshots, ["as_of", "customer_id"], name="snapshots")
    parts = []
    for date, customers in snapshots.groupby("as_of", sort=True):
        graded = grade_customers(model, customers, features=features)
        best = worst = graded["tier_rank"]
        if margin:
            known = customers.set_index("customer_id").loc[graded["customer_id"]]
            best, worst = find_band(model, known, features=features, margin=margin)
        parts.append(graded.assign(as_of=date, best=best.to_numpy(), worst=worst.to_numpy()))
    table = pd.concat(parts, ignore_index=True)
    names = dict(table[["tier_rank", "tier"]].drop_duplicates().itertuples(index=False, name=None))
    table = table.rename(columns={"tier": "tier_raw", "tier_rank": "tier_rank_raw"})
    place, _, (raw, best, worst, orders) = _lay_out(table, "tier_rank_raw", "best", "worst", "orders_365_days")
    held = steady(raw, best=best, worst=worst, at_once=orders == 0, keep=keep)
    table["tier_rank"] = held[place].astype(int)
    table["tier"] = table["tier_rank"].map(names).astype("str")
    first = ["as_of", "customer_id", "tier", "tier_rank", "tier_raw", "tier_rank_raw"]
    rest = [column for column in table if column not in (*first, "best", "worst")]
    return table[[*first, *rest]]  # date by date, each by customer


def _lay_out(
    series: pd.DataFrame, *columns: str
) -> tuple[tuple[np.ndarray, np.ndarray], list[dt.date], list[np.ndarray]]:
    """Lay columns out as customers by dates, NaN where a customer is not graded: the place of each row, the dates, the columns."""
    customer, names = pd.factorize(series["customer_id"], sort=True)
    date, dates = pd.factorize(pd.to_datetime(series["as_of"]), sort=True)
    laid = [np.full((len(names), len(dates)), math.nan) for _ in columns]
    for column, out in zip(columns, laid, strict=True):
        out[customer, date] = series[column]
    return (customer, date), [day.date() for day in dates], laid


def steady(
    ranks: np.ndarray,
    *,
    best: np.ndarray | None = None,
    worst: np.ndarray | None = None,
    at_once: np.ndarray | None = None,
    keep: int = 1,
) -> np.ndarray:
    """Hold ranks back until a change is sure: an account keeps its tier unless all that speaks of it says another.

    At each date the ranks that speak are those between ``best`` and ``worst`` on the last ``keep`` dates. If the rank held lies
    among them it stays; else it moves to the nearest of them, and no further. With ``keep=2`` a change takes place once
    two dates in a row agree on the direction; from 3 by way of 2 to 1 it goes to 2 first. An account takes its first rank at once, and so
    where ``at_once`` says so, and after that.

    Parameters
    ----------
    ranks : accounts by dates; NaN where an account is not graded
    best, worst : the ranks that a margin allows; default: ``ranks``
    at_once : where a rank is one by rule, which is not held back
    keep : how many dates in a row must agree

    Returns
    -------
    array as ``ranks``

    Examples
    --------
    >>> steady(np.array([[2.0, 1, 2, 1, 1], [3, 2, 1, 1, 1], [2, 3, 3, 2, 3]]), keep=2).tolist()
    [[2.0, 2.0, 2.0, 2.0, 1.0], [3.0, 3.0, 2.0, 1.0, 1.0], [2.0, 2.0, 3.0, 3.0, 3.0]]
    """
    best, worst = (ranks if band is None else band for band in (best, worst))
    at_once = np.zeros(ranks.shape, bool) if at_once is None else at_once
    held = np.full(ranks.shape, math.nan)
    since = np.zeros(len(ranks), int)  # the first date that may speak
    for now in range(ranks.shape[1]):
        graded, previous = ~np.isnan(ranks[:, now]), held[:, now - 1] if now else np.full(len(ranks), math.nan)
        anew = np.isnan(previous) | at_once[:, now] | (at_once[:, now - 1] if now else False)
        since = np.where(anew, now, since)
        low, high = best[:, now].copy(), worst[:, now].copy()
        for back in range(1, keep):
            speaks = (now - back >= since) if now - back >= 0 else np.zeros(len(ranks), bool)
            earlier = max(now - back, 0)
            low = np.where(speaks, np.fmin(low, best[:, earlier]), low)
            high = np.where(speaks, np.fmax(high, worst[:, earlier]), high)
        held[:, now] = np.where(anew, ranks[:, now], np.clip(previous, low, high))
        held[~graded, now] = math.nan
    return held


def count_returns(ranks: np.ndarray) -> np.ndarray:
    """Count how often each account turned back: a move one way, and the next one the other way.

    Examples
    --------
    >>> count_returns(np.array([[2.0, 1, 2, 1, 1], [3, 2, 1, 1, 2], [2, 2, 2, 1, math.nan]])).tolist()
    [2, 1, 0]
    """
    steps = np.sign(np.nan_to_num(np.diff(ranks, axis=1)))
    turns, last = np.zeros(len(ranks), int), np.zeros(len(ranks))
    for column in steps.T:
        turns += (column * last) < 0
        last = np.where(column != 0, column, last)
    return turns


def compare_holding(series: pd.DataFrame, *, keep: int = 2) -> dict[str, int]:
    """Compare how often accounts turn back, as graded and as they would if a change had to last.

    Parameters
    ----------
    series : as ``grade_series`` returns it
    keep : snapshots in a row that would have to agree

    Returns
    -------
    dict
        turns_raw, turns_held (as the tiers that count have it), turns_kept (with ``keep``), turning_accounts (by the raw tiers). Only accounts
        with an order in the year at all dates: who falls silent or comes back does not turn about a border.
    """
    _, _, (orders, *ranks) = _lay_out(series, "orders_365_days", "tier_rank_raw", "tier_rank")
    ranks_raw, ranks = (rank[(orders > 0).all(axis=1)] for rank in ranks)
    raw = count_returns(ranks_raw)
    return {
        "turns_raw": int(raw.sum()),
        "turns_held": int(count_returns(ranks).sum()),
        "turns_kept": int(count_returns(steady(ranks_raw, keep=keep)).sum()),
        "turning_accounts": int((raw > 0).sum()),
        "keep": keep,
    }


def summarise_periods(series: pd.DataFrame, dates: Sequence[dt.date]) -> pd.DataFrame:
    """Summarise the moves from each date to the next.

    Parameters
    ----------
    series : as ``grade_series`` returns it
    dates : in order; those of the series that are compared

    Returns
    -------
    DataFrame
        One row per period: as_of (its end), period_start, customers (with an order in the year at both ends), promoted,
        demoted, promoted_share, demoted_share (of those customers), promoted_net_sales_share and demoted_net_sales_share
        (net sales of the year, at the start, of those who moved, over those of all these customers), new, returned, lost,
        net_sales_moved (of all accounts).
    """
    _, days, laid = _lay_out(series, "tier_rank", "orders_365_days", "net_sales_365_days")
    rows = []
    for start, end in pairwise(dates):
        moves = _find_moves(*laid, days.index(start), days.index(end))
        counts = moves["move"].value_counts()
        both = moves[moves["move"].isin(["promoted", "demoted", "stayed"])]
        base = add(both["net_sales_365_days_before"])
        row = {"as_of": end, "period_start": start, "customers": len(both)}
        for move in ("promoted", "demoted"):
            money = add(both.loc[both["move"] == move, "net_sales_365_days_before"])
            row |= {
                move: int(counts.get(move, 0)),
                f"{move}_share": share(int(counts.get(move, 0)), len(both)),
                f"{move}_net_sales_share": share(money, base),
            }
        row |= {move: int(counts.get(move, 0)) for move in ("new", "returned", "lost")}
        rows.append(row | {"net_sales_moved": add(moves["net_sales_moved"])})
    return pd.DataFrame(rows)


def _find_moves(rank: np.ndarray, orders: np.ndarray, sales: np.ndarray, then: int, now: int) -> pd.DataFrame:
    """Find what each account graded on either of two dates did between them, as ``migration.compare_grades`` does."""
    graded = ~np.isnan(rank[:, [then, now]]).all(axis=1)
    orders, sales = np.nan_to_num(orders[graded]), np.nan_to_num(sales[graded])
    table = pd.DataFrame(
        {
            "tier_before": rank[graded, then],
            "tier_steps": rank[graded, then] - rank[graded, now],
            "orders_365_days_before": orders[:, then],
            "orders_365_days": orders[:, now],
            "net_sales_365_days_before": sales[:, then],
            "net_sales_moved": (sales[:, now] - sales[:, then]).round(2),
        }
    )
    return table.assign(move=find_moves(table))


def describe_series(series: pd.DataFrame, dates: Dates, *, keep: int = 2) -> dict[str, object]:
    """Describe the dates and the series in facts that fill the sentences ``migration.*``.

    Parameters
    ----------
    series : as ``grade_series`` returns it
    keep : what is tried where the job asks for no hysteresis

    Returns
    -------
    dict
        history_days, overlap_days (of the two years), periods; where there is one or more, up_share and down_share (of accounts, mean of the
        periods), and what ``compare_holding`` returns.
    """
    facts: dict[str, object] = {"history_days": dates.history_days, "overlap_days": max(YEAR - dates.apart_days, 0)}
    table = summarise_periods(series, dates.series)
    facts |= {"periods": len(table)}
    if len(table):
        facts |= {"up_share": float(table["promoted_share"].mean()), "down_share": float(table["demoted_share"].mean())}
        inside = pd.to_datetime(series["as_of"]).isin(pd.to_datetime(list(dates.series)))
        facts |= compare_holding(series[inside], keep=keep)
    return facts
