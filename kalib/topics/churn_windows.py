"""Which windows does the history itself suggest: how long is churn's horizon, who still counts, which past dates teach?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from kalib.errors import NotEnoughDataError
from kalib.schema import check_columns, check_key

HORIZONS = (30, 60, 90, 180, 365)
"""Candidate horizons, in days."""

ACTIVE = (90, 180, 365, 540, 730, 1095)
"""Candidate windows within which a customer still counts, in days."""

HORIZON_DAYS, ACTIVE_DAYS = 90, 365
"""The horizon and the activity window where the data does not tell one."""

YEAR = 365
SEASON_DAYS = 15
"""Two dates are of the same season if whole years apart, give or take so many days."""

LEAST_SILENT = 30
"""Fewer silent customers than this prove nothing about who returns."""

_HISTORY = 180
_MOST_ROWS = 200_000
_YEARS_BACK = 2


def choose_horizon(
    order_days: pd.DataFrame,
    *,
    as_of: dt.date,
    share: float = 0.9,
    least_dates: int = 4,
    candidates: tuple[int, ...] = HORIZONS,
) -> pd.DataFrame:
    """Choose the horizon of churn from how soon customers come back.

    The rule: the shortest candidate within which at least ``share`` of the repeat orders come, each customer counting
    once, so that a customer who leaves is told from one who is merely between two orders. The longer the horizon, the
    fewer past dates have theirs behind them: where none holds so many orders and leaves ``least_dates`` dates to
    learn from and to check on, the longest that leaves them is taken, and in a short history the longest that leaves
    two. Gaps that are still open at ``as_of`` are left out, which makes a short history look a little faster than it is.

    Parameters
    ----------
    order_days : customer_id, order_date; rows after ``as_of`` are not looked at
    share : share of the repeat orders that must come within the horizon
    least_dates : past dates that must have their whole horizon in the history

    Returns
    -------
    DataFrame
        One row per candidate: horizon_days, repeat_share, snapshots (past dates whose horizon lies in the history),
        chosen, why (``chosen``, ``longest_possible``, ``few_repeats``, ``longer_than_needed``, ``history``).

    Raises
    ------
    NotEnoughDataError
        ``churn_few_repeats``: no customer came back. ``churn_history``: the history carries none of the candidates.

    Examples
    --------
    >>> days = pd.date_range("2023-01-01", "2026-01-01", freq="40D")
    >>> table = choose_horizon(pd.DataFrame({"customer_id": "a", "order_date": days}), as_of=dt.date(2026, 1, 1))
    >>> table.loc[table["chosen"], "horizon_days"].tolist()
    [60]
    """
    customer, day = _orders(order_days, as_of)
    gaps, first = _gaps(customer, day), _date(day.min())
    table = pd.DataFrame({"horizon_days": sorted(candidates)})
    table["repeat_share"] = [_share_within(gaps, days) for days in table["horizon_days"]]
    table["snapshots"] = [_labelled(as_of, first, days) for days in table["horizon_days"]]
    carried = table["snapshots"] >= 2
    if not carried.any():
        shortest = int(table["horizon_days"].min())
        raise NotEnoughDataError(
            "churn_history", needed_days=_HISTORY + 2 * shortest, has_days=(pd.Timestamp(as_of) - first).days
        )
    enough, lasting = table["repeat_share"] >= share, table["snapshots"] >= least_dates
    carried &= lasting | ~lasting.any()
    wanted = table.loc[enough & carried, "horizon_days"]
    chosen = wanted.min() if len(wanted) else table.loc[carried, "horizon_days"].max()
    table["chosen"] = table["horizon_days"] == chosen
    table["why"] = np.select(
        [table["chosen"] & enough, table["chosen"], ~carried, ~enough],
        ["chosen", "longest_possible", "history", "few_repeats"],
        "longer_than_needed",
    )
    return table


def summarise_repeats(order_days: pd.DataFrame, *, as_of: dt.date, days: int = 365) -> pd.DataFrame:
    """Summarise how soon customers come back: the curve that ``choose_horizon`` reads.

    Returns
    -------
    DataFrame
        One row per day from 0 to ``days``: gap_days, repeat_share (share of the repeat orders that came within so many
        days, each customer counting once).

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b", "b"],
    ...     "order_date": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-01", "2026-01-04"])})
    >>> summarise_repeats(orders, as_of=dt.date(2026, 6, 30), days=3)["repeat_share"].tolist()
    [0.0, 0.5, 0.5, 1.0]
    """
    gaps = _gaps(*_orders(order_days, as_of))
    mass = np.bincount(np.minimum(gaps["gap"], days + 1), weights=gaps["weight"], minlength=days + 2)
    return pd.DataFrame({"gap_days": np.arange(days + 1), "repeat_share": np.cumsum(mass)[:-1].round(6)})


def choose_active_days(
    order_days: pd.DataFrame,
    *,
    as_of: dt.date,
    horizon_days: int,
    share: float = 0.1,
    candidates: tuple[int, ...] = ACTIVE,
) -> pd.DataFrame:
    """Choose how long a silent customer still counts as one.

    The rule: the shortest candidate, not below the horizon, beyond which fewer than ``share`` of the silent customers
    ever came back within the horizon. It is asked at past dates, one horizon apart, back from ``as_of`` less the
    horizon, as long as the history before the date covers the candidate; a customer silent at several dates counts at
    each. Fewer than 30 such customers prove nothing. Where all return more often, the longest candidate with proof is
    taken.

    Parameters
    ----------
    order_days : customer_id, order_date; rows after ``as_of`` are not looked at
    share : who returns less often than this is a customer no more

    Returns
    -------
    DataFrame
        One row per candidate: active_days, silent (customers silent for longer, over all dates), returned (of them,
        within the horizon), return_share, chosen, why (``chosen``, ``longest_possible``, ``still_return``,
        ``longer_than_needed``, ``below_horizon``, ``few_silent``).

    Raises
    ------
    NotEnoughDataError
        ``churn_few_silent``: no candidate has 30 silent customers.
    """
    customer, day = _orders(order_days, as_of)
    table = pd.DataFrame({"active_days": sorted(candidates), "silent": 0, "returned": 0})
    known_days = _count_days(as_of) - horizon_days - day.min()
    for covered in range(known_days, int(table["active_days"].min()) - 1, -horizon_days):
        silence, back = _find_silence(customer, day, day.min() + covered, horizon_days=horizon_days)
        for row, days in table["active_days"].items():
            if covered >= days:
                table.loc[row, "silent"] += int((silence > days).sum())
                table.loc[row, "returned"] += int((back & (silence > days)).sum())
    table["return_share"] = (table["returned"] / table["silent"].where(table["silent"] > 0)).round(6)
    proven, long_enough = table["silent"] >= LEAST_SILENT, table["active_days"] >= horizon_days
    if not (proven & long_enough).any():
        raise NotEnoughDataError("churn_few_silent", silent=int(table["silent"].max()), least=LEAST_SILENT)
    gone = table["return_share"] < share
    wanted = table.loc[proven & long_enough & gone, "active_days"]
    chosen = wanted.min() if len(wanted) else table.loc[proven & long_enough, "active_days"].max()
    table["chosen"] = table["active_days"] == chosen
    table["why"] = np.select(
        [table["chosen"] & gone, table["chosen"], ~long_enough, ~proven, ~gone],
        ["chosen", "longest_possible", "below_horizon", "few_silent", "still_return"],
        "longer_than_needed",
    )
    return table


def plan_snapshots(
    *, as_of: dt.date, first_order_date: dt.date, horizon_days: int, active_days: int, customers: int = 0
) -> pd.DataFrame:
    """Plan which past dates the churn model learns from, and which one it is reported on.

    The rule: the newest date whose horizon has passed, ``as_of`` less the horizon, is for the report alone: nothing is
    trained, tuned or calibrated on it. Training dates have their whole horizon on or before that date. They are the
    dates one and two years (of 365 days) before ``as_of`` and before the report date, since customers behave by
    season, and between them dates one horizon apart (at least 90 days), two years back; a date less than half a step
    from one of the former gives way to it. These are held out in turn: candidates are compared and calibrated on
    them. Further training dates lie between them, a third of a horizon apart (at least 30 days); they only teach, and
    of them there are no more than the model will look at. Before a training date lies a history of ``active_days``, or of
    180 days where that is less.

    Parameters
    ----------
    customers : customers known at ``as_of``: dates between are thinned out where all dates would make more than 200,000
        rows; 0 where not known

    Returns
    -------
    DataFrame
        One row per date, oldest first: as_of, role (``train``, ``report``, ``score``), held_out (a training date that others
        are judged on), label_end (missing for ``score``), history_days (days known before the date), same_season (the date
        is of the season of ``as_of`` or of the report).

    Raises
    ------
    NotEnoughDataError
        ``churn_history``: there is no training date.

    Examples
    --------
    >>> plan = plan_snapshots(as_of=dt.date(2011, 12, 9), first_order_date=dt.date(2009, 12, 1), horizon_days=90,
    ...     active_days=365)
    >>> [f"{row.as_of:%Y-%m-%d} {row.role}" for row in plan[plan["held_out"] | (plan["role"] != "train")].itertuples()]
    ... # doctest: +NORMALIZE_WHITESPACE
    ['2010-06-17 train', '2010-09-10 train', '2010-12-09 train', '2011-03-14 train', '2011-06-12 train',
     '2011-09-10 report', '2011-12-09 score']
    >>> len(plan)
    15
    """
    now, first, horizon = pd.Timestamp(as_of), pd.Timestamp(first_order_date), pd.Timedelta(days=horizon_days)
    report, least = now - horizon, min(active_days, _HISTORY)
    step = max(horizon_days, 90)
    years = [pd.Timedelta(days=YEAR * k) for k in range(1, _YEARS_BACK + 1)]
    seasonal = {day - year for day in (now, report) for year in years}
    seasonal = {date for date in seasonal if date <= report - horizon and (date - first).days >= least}
    held_out = sorted(seasonal | _between(report - horizon, report - years[-1], step, seasonal, first, least))
    if not held_out:
        raise NotEnoughDataError("churn_history", needed_days=least + 2 * horizon_days, has_days=(now - first).days)
    more = _between(report - horizon, held_out[0], max(horizon_days // 3, 30), set(held_out), first, least)
    room = max(_MOST_ROWS // customers - len(held_out), 0) if customers else len(more)
    more = sorted(more, reverse=True)[:: max(-(-len(more) // room), 1)] if room else []
    dates = sorted({*held_out, *more})
    plan = pd.DataFrame({"as_of": pd.DatetimeIndex([*dates, report, now]).astype("datetime64[s]")})
    plan["role"] = ["train"] * len(dates) + ["report", "score"]
    plan["held_out"] = plan["as_of"].isin(held_out)
    plan["label_end"] = (plan["as_of"] + horizon).where(plan["role"] != "score")
    plan["history_days"] = (plan["as_of"] - first).dt.days
    plan["same_season"] = [
        role != "train" or is_same_season(date, now) or is_same_season(date, report)
        for date, role in zip(plan["as_of"], plan["role"], strict=True)
    ]
    return plan


def _between(
    newest: pd.Timestamp, oldest: pd.Timestamp, step: int, taken: set[pd.Timestamp], first: pd.Timestamp, least: int
) -> set[pd.Timestamp]:
    """Return dates one step apart, back from the newest, that keep half a step from those taken and have a history."""
    dates = pd.date_range(newest, oldest, freq=f"-{step}D")
    apart = (date for date in dates if all(abs((date - other).days) * 2 >= step for other in taken))
    return {date for date in apart if (date - first).days >= least}


def is_same_season(one: pd.Timestamp, other: pd.Timestamp) -> bool:
    """Say whether two dates are whole years apart, give or take 15 days.

    >>> is_same_season(pd.Timestamp("2010-12-09"), pd.Timestamp("2011-12-01"))
    True
    """
    half = YEAR // 2
    return abs((abs((one - other).days) + half) % YEAR - half) <= SEASON_DAYS


def label(
    snapshots: pd.DataFrame,
    outcomes: pd.DataFrame,
    *,
    active_days: int,
    horizon_days: int,
    fall: float = 0.5,
    year_before: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Label the customers who were active at each past date with what they did next.

    Active is whoever ordered in the ``active_days`` up to the date. ``churned``: no order in the horizon. What is
    ``partly_churned``, see ``label_partial``.

    Parameters
    ----------
    snapshots : features with as_of and customer_id
    outcomes : as_of, customer_id, orders_ahead, net_sales_ahead
    fall, year_before : as for ``label_partial``

    Returns
    -------
    DataFrame
        The active rows of ``snapshots``, with orders_ahead, net_sales_ahead, churned (0 or 1), and the columns of
        ``label_partial``.

    Raises
    ------
    ValueError
        If an active customer has no outcome: a missing outcome is not churn.
    """
    key = ["as_of", "customer_id"]
    check_key(snapshots, key, name="snapshots")
    check_key(outcomes, key, name="outcomes")
    check_columns(snapshots, ["orders", "days_since_last_order", "net_sales_365_days"], name="snapshots")
    active = snapshots[(snapshots["orders"] > 0) & (snapshots["days_since_last_order"] <= active_days)]
    active = active.assign(as_of=pd.to_datetime(active["as_of"]).astype("datetime64[s]"))
    ahead = outcomes.assign(as_of=pd.to_datetime(outcomes["as_of"]).astype("datetime64[s]"))
    table = active.merge(ahead[[*key, "orders_ahead", "net_sales_ahead"]], on=key, how="left", validate="one_to_one")
    lacking = table["orders_ahead"].isna()
    if lacking.any():
        raise ValueError(
            f"`outcomes` lacks {int(lacking.sum())} active customers, {table.loc[lacking, key].iloc[0].to_dict()} first."
        )
    table["churned"] = (table["orders_ahead"] == 0).astype("int64")
    return label_partial(table, year_before, horizon_days=horizon_days, fall=fall)


def label_partial(
    labelled: pd.DataFrame, year_before: pd.DataFrame | None, *, horizon_days: int, fall: float = 0.5
) -> pd.DataFrame:
    """Label who left in part: spend fell by more than ``fall`` against the same season of the year before.

    The rule: net sales of the horizon below ``1 - fall`` of those of the same days a year (365 days) before. Who was no
    customer yet at that date a year before is held against the own pace instead: what the net sales of the year up to
    the date make for so many days. So is everybody where the horizon is longer than a year, or where ``year_before`` is
    not given. Where what it is held against is not above nought (nothing bought in that season), nothing can have
    fallen: partial churn is not defined, and missing. Who orders no more at all has always left in part as well.

    Parameters
    ----------
    labelled : as_of, customer_id, net_sales_365_days, net_sales_ahead, churned
    year_before : outcomes of the same horizon at the dates 365 days before: as_of, customer_id, net_sales_ahead
    fall : share by which spend must fall

    Returns
    -------
    DataFrame
        ``labelled`` with partial_basis (``season``, ``pace``, or ``none`` where it is not defined), partial_reference
        (net sales that were to be expected of the horizon) and partly_churned (0.0, 1.0, or missing).

    Examples
    --------
    >>> labelled = pd.DataFrame({"as_of": pd.Timestamp("2026-01-01"), "customer_id": ["a", "b", "c"],
    ...     "net_sales_365_days": [365.0, 365.0, 365.0], "net_sales_ahead": [40.0, 40.0, 40.0], "churned": 0})
    >>> before = pd.DataFrame({"as_of": pd.Timestamp("2025-01-01"), "customer_id": ["a", "c"],
    ...     "net_sales_ahead": [70.0, 0.0]})
    >>> table = label_partial(labelled, before, horizon_days=90)
    >>> table[["partial_basis", "partial_reference", "partly_churned"]].to_numpy().tolist()
    [['season', 70.0, 0.0], ['pace', 90.0, 1.0], ['none', 0.0, nan]]
    """
    check_columns(labelled, ["net_sales_365_days", "net_sales_ahead", "churned"], name="labelled")
    table = labelled.drop(columns=["partial_basis", "partial_reference", "partly_churned"], errors="ignore")
    table = table.assign(**find_reference(table, year_before, horizon_days=horizon_days))
    fell = (table["net_sales_ahead"] < (1 - fall) * table["partial_reference"]).astype(float)
    fell = fell.where(table["partial_basis"] != "none").mask(table["churned"] == 1, 1.0)
    return table.assign(partly_churned=fell)


def find_reference(
    snapshots: pd.DataFrame, year_before: pd.DataFrame | None, *, horizon_days: int
) -> dict[str, pd.Series]:
    """Find what the net sales of the horizon are to be held against, as known at each row's date; see ``label_partial``.

    Parameters
    ----------
    snapshots : as_of, customer_id, net_sales_365_days
    year_before : as for ``label_partial``

    Returns
    -------
    dict
        partial_basis, partial_reference: Series by the index of ``snapshots``.
    """
    key = ["as_of", "customer_id"]
    check_key(snapshots, key, name="snapshots")
    pace = snapshots["net_sales_365_days"].astype(float) * horizon_days / YEAR
    season = pd.Series(np.nan, index=snapshots.index)
    if year_before is not None and horizon_days <= YEAR:  # a longer one would reach beyond the date itself
        check_key(year_before, key, name="year_before")
        check_columns(year_before, ["net_sales_ahead"], name="year_before")
        dates = pd.to_datetime(year_before["as_of"]).astype("datetime64[s]") + pd.Timedelta(days=YEAR)
        known = year_before.assign(as_of=dates).set_index(key)["net_sales_ahead"].astype(float)
        day = pd.to_datetime(snapshots["as_of"]).astype("datetime64[s]")
        wanted = pd.MultiIndex.from_arrays([day, snapshots["customer_id"]], names=key)
        season = pd.Series(known.reindex(wanted).to_numpy(), index=snapshots.index)
    reference = season.fillna(pace).round(2)
    basis = np.select([~(reference > 0), season.notna()], ["none", "season"], "pace")
    return {"partial_basis": pd.Series(basis, index=snapshots.index), "partial_reference": reference}


def list_year_before(dates: Iterable[dt.date]) -> list[dt.date]:
    """Return the dates 365 days before.

    >>> list_year_before([dt.date(2026, 6, 30)])
    [datetime.date(2025, 6, 30)]
    """
    return [pd.Timestamp(date).date() - dt.timedelta(days=YEAR) for date in dates]


def list_outcome_dates(plan: pd.DataFrame, *, horizon_days: int) -> list[dt.date]:
    """List the dates after which must be known what came: those of the past, and a year before each date of the plan.

    A horizon longer than a year is compared with no year before.

    Examples
    --------
    >>> plan = pd.DataFrame({"as_of": pd.to_datetime(["2026-04-01", "2026-06-30"]), "role": ["report", "score"]})
    >>> [str(date) for date in list_outcome_dates(plan, horizon_days=90)]
    ['2025-04-01', '2025-06-30', '2026-04-01']
    """
    past = plan.loc[plan["role"] != "score", "as_of"].dt.date.tolist()
    return sorted({*past, *(list_year_before(plan["as_of"]) if horizon_days <= YEAR else [])})


def _orders(order_days: pd.DataFrame, as_of: dt.date) -> tuple[np.ndarray, np.ndarray]:
    """Return customer (a number) and day (since 1970) of each order day up to a date, once each, by customer and day."""
    check_columns(order_days, ["customer_id", "order_date"], name="order_days")
    date = pd.to_datetime(order_days["order_date"])
    known = (date <= pd.Timestamp(as_of)).to_numpy()
    if not known.any():
        raise NotEnoughDataError("churn_few_repeats", customers=0)
    customer = pd.factorize(order_days["customer_id"], sort=True)[0][known]
    day = date.to_numpy()[known].astype("datetime64[D]").astype(np.int64)
    order = np.lexsort((day, customer))
    customer, day = customer[order], day[order]
    once = (np.diff(customer, prepend=-1) != 0) | (np.diff(day, prepend=0) != 0)
    return customer[once], day[once]


def _count_days(date: dt.date) -> int:
    return (pd.Timestamp(date) - pd.Timestamp(0)).days


def _date(day: int) -> pd.Timestamp:
    return pd.Timestamp(0) + pd.Timedelta(days=int(day))


def _find_silence(
    customer: np.ndarray, day: np.ndarray, date: int, *, horizon_days: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return how long each customer known at a date had been silent, and whether it ordered within the horizon."""
    known, last = day <= date, np.full(customer[-1] + 1, np.nan)
    last[customer[known]] = day[known]  # the latest stays, for the days are in order
    back = np.zeros(len(last), bool)
    back[customer[(day > date) & (day <= date + horizon_days)]] = True
    seen = ~np.isnan(last)
    return date - last[seen], back[seen]


def _gaps(customer: np.ndarray, day: np.ndarray) -> pd.DataFrame:
    """Return the gaps between each customer's order days, weighted so that each customer counts once."""
    same = np.diff(customer) == 0
    repeats = np.bincount(customer[1:][same], minlength=customer[-1] + 1)
    if not same.any():
        raise NotEnoughDataError("churn_few_repeats", customers=int(np.unique(customer).size))
    count = repeats[customer[1:][same]]
    return pd.DataFrame({"gap": np.diff(day)[same], "weight": 1 / count / np.count_nonzero(repeats)})


def _share_within(gaps: pd.DataFrame, days: int) -> float:
    return round(float(gaps.loc[gaps["gap"] <= days, "weight"].sum()), 6)


def _labelled(as_of: dt.date, first: pd.Timestamp, horizon_days: int) -> int:
    try:
        plan = plan_snapshots(as_of=as_of, first_order_date=first, horizon_days=horizon_days, active_days=_HISTORY)
    except NotEnoughDataError:
        return 0
    return int((plan["held_out"] | (plan["role"] == "report")).sum())


def find_windows(
    order_days: pd.DataFrame, *, as_of: dt.date, stated: Callable[[str], object] = lambda name: None
) -> dict[str, int]:
    """Find the two windows that every page shares: those of the job or of its earlier runs, else those the data chooses.

    Parameters
    ----------
    order_days : customer_id, order_date; rows after ``as_of`` are not looked at
    stated : says what the job states of ``horizon_days`` and ``active_days``; None where it says nothing

    Returns
    -------
    dict
        horizon_days, active_days; 90 and 365 where the data is too short to choose.

    Examples
    --------
    >>> days = pd.DataFrame({"customer_id": ["a"], "order_date": pd.to_datetime(["2026-01-01"])})
    >>> find_windows(days, as_of=dt.date(2026, 6, 30), stated={"active_days": 180}.get)
    {'horizon_days': 90, 'active_days': 180}
    """
    horizon, active = stated("horizon_days"), stated("active_days")
    if not horizon:
        try:
            table = choose_horizon(order_days, as_of=as_of)
            horizon = table.loc[table["chosen"], "horizon_days"].iloc[0]
        except NotEnoughDataError:
            horizon = HORIZON_DAYS
    if not active:
        try:
            table = choose_active_days(order_days, as_of=as_of, horizon_days=int(horizon))
            active = table.loc[table["chosen"], "active_days"].iloc[0]
        except NotEnoughDataError:
            active = ACTIVE_DAYS
    return {"horizon_days": int(horizon), "active_days": int(active)}
