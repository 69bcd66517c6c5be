"""Which accounts changed their tier between two dates, and what money went with them?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from kalib.errors import NotEnoughDataError
from kalib.money import add, share
from kalib.schema import check_columns, check_key

FIGURES = ("net_sales_365_days", "orders_365_days", "days_since_last_order", "margin_365_days")
"""What is told of an account at both dates, as far as the source has it."""

MOVES = ("promoted", "demoted", "new", "returned", "lost", "stayed", "silent")
"""What an account did. ``new`` had no order by the earlier date. ``lost`` had one in the year before it and has none in
the year before the later date, ``returned`` the reverse; ``silent`` had none in either year, and stays in the last tier
by rule."""

SILENT, NEW = "silent", "new"
"""Places beside the tiers: without an order in the year, and without one by the earlier date."""


class Grader(Protocol):
    """Anything that puts customers into ordered tiers, as ``TierModel`` does."""

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame: ...


def check_tiers(tiers: pd.DataFrame | None, *, why: str | None) -> None:
    """Check that the run has tiers to measure with.

    Raises
    ------
    NotEnoughDataError
        ``migration_no_tiers``: it has none; ``why`` says why not.
    """
    if tiers is None:
        raise NotEnoughDataError("migration_no_tiers", why=why or "")


def fit_yardstick(model: BaseEstimator, customers: pd.DataFrame) -> BaseEstimator | None:
    """Fit a model with the settings of ``model`` to another snapshot: tiers of the same number and kind, made anew.

    A report of that time could have chosen another number of tiers, and this does not.

    Returns
    -------
    the fitted model, or None where that snapshot has too few customers to be graded by itself
    """
    try:
        return clone(model).fit(customers)
    except NotEnoughDataError:
        return None


def check_features(snapshots: pd.DataFrame, features: Sequence[str]) -> pd.DataFrame:
    """Return ``snapshots`` if the features that tiers are made of are known for past dates.

    Raises
    ------
    NotEnoughDataError
        ``migration_features``: what a tier is made of, such as categories or payments, is known for today only.
    """
    lacking = sorted(set(features) - set(snapshots.columns))
    if lacking:
        raise NotEnoughDataError("migration_features", columns=", ".join(lacking))
    return snapshots


def grade_customers(model: Grader, customers: pd.DataFrame, *, features: Sequence[str] = ()) -> pd.DataFrame:
    """Grade the customers of one snapshot, and keep the figures that are compared.

    Parameters
    ----------
    model : a fitted model that orders customers into tiers
    customers : one row per customer of one snapshot
    features : further columns to keep, those that the model grades by

    Returns
    -------
    DataFrame
        One row per customer whom the model grades, by ``customer_id``: customer_id, tier, tier_rank, ``FIGURES`` as
        far as ``customers`` has them, and ``features``.
    """
    check_key(customers, ["customer_id"], name="customers")
    grades = model.predict(customers)[["customer_id", "tier", "tier_rank"]]
    check_key(grades, ["customer_id"], name="grades")
    kept = [column for column in dict.fromkeys([*FIGURES, *features]) if column in customers]
    table = grades.merge(customers[["customer_id", *kept]], on="customer_id", how="left", validate="1:1")
    return table.sort_values("customer_id", ignore_index=True)


def compare_grades(
    before: pd.DataFrame,
    now: pd.DataFrame,
    *,
    own_before: pd.DataFrame | None = None,
    own_now: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Compare the tiers of two snapshots that were graded by one yardstick.

    What an account did is read off the two tiers, and off the orders of the two years: whoever has no order in the year is in the
    last tier by rule, which is no tier reached by buying little. An account that had an order at the earlier date and
    has none now, because it was cancelled since, is lost and has no tier.

    Where the tiers of either date by a yardstick made anew at that date are given, what these two would show
    falls apart exactly into two parts: steps that the account made, and steps that the yardstick made.

    Parameters
    ----------
    before, now : as ``grade_customers`` returns them
    own_before, own_now : the same customers by the yardstick of that date: customer_id, tier, tier_rank

    Returns
    -------
    DataFrame
        One row per customer graded at either date, by ``customer_id``: customer_id, tier_before, tier_now,
        tier_rank_before, tier_rank_now, move (``MOVES``), tier_steps (tiers moved, up above 0; absent without both), each of
        ``FIGURES`` as ``<figure>_before`` and ``<figure>`` (money and orders 0 where there was nothing yet), net_sales_moved
        (net sales of the year, now less before); where own grades are given: tier_before_own, tier_now_own, own_steps (as
        tier_steps, each date by its own yardstick), drift_steps (what the yardstick added to the account's own steps).
        Where the tiers were held back (tier_raw and tier_rank_raw in both tables): tier_raw_before and tier_raw_now, as
        graded, and drift_steps is against these.

    Raises
    ------
    NotEnoughDataError
        ``migration_nobody_before``: nobody is graded at the earlier date.

    Examples
    --------
    >>> before = pd.DataFrame({"customer_id": ["a", "b"], "tier": ["key", "tail"], "tier_rank": [1, 2],
    ...     "net_sales_365_days": [90.0, 10.0], "orders_365_days": [9, 1], "days_since_last_order": [1, 60]})
    >>> now = before.assign(tier=["tail", "key"], tier_rank=[2, 1], net_sales_365_days=[30.0, 80.0])
    >>> compare_grades(before, now)[["customer_id", "move", "tier_steps", "net_sales_moved"]].values.tolist()
    [['a', 'demoted', -1.0, -60.0], ['b', 'promoted', 1.0, 70.0]]
    """
    for name, table in (("before", before), ("now", now)):
        check_columns(table, ["customer_id", "tier", "tier_rank", *FIGURES[:3]], name=name)
        check_key(table, ["customer_id"], name=name)
    if before.empty:
        raise NotEnoughDataError("migration_nobody_before")
    figures = [figure for figure in FIGURES if figure in before and figure in now]
    raw = [column for column in ("tier_raw", "tier_rank_raw") if column in before and column in now]
    kept = ["customer_id", "tier", "tier_rank", *raw, *figures]
    table = before[kept].merge(now[kept], on="customer_id", how="outer", suffixes=("_before", ""), validate="1:1")
    table = table.rename(columns={column: f"{column}_now" for column in ("tier", "tier_rank", *raw)})
    for figure in figures:
        if figure != "days_since_last_order":
            names = [f"{figure}_before", figure]
            kind = "int64" if figure == "orders_365_days" else "float64"
            table[names] = table[names].fillna(0).astype(kind)
    table["tier_steps"] = (table["tier_rank_before"] - table["tier_rank_now"]).astype(float)
    table["raw_steps"] = table["tier_steps"]
    if raw:
        table["raw_steps"] = (table["tier_rank_raw_before"] - table["tier_rank_raw_now"]).astype(float)
    table["move"] = find_moves(table)
    table["net_sales_moved"] = (table["net_sales_365_days"] - table["net_sales_365_days_before"]).round(2)
    if own_before is not None and own_now is not None:
        table = _add_own(table, own_before, own_now)
    first = ["customer_id", "tier_before", "tier_now", "tier_rank_before", "tier_rank_now", "move", "tier_steps"]
    dropped = ("raw_steps", "tier_rank_raw_before", "tier_rank_raw_now")
    table = table[[*first, *(column for column in table if column not in (*first, *dropped))]]
    return table.sort_values("customer_id", ignore_index=True)


def count_places(migration: pd.DataFrame) -> pd.DataFrame:
    """Count accounts and money by where they were and where they are: the migration matrix, cell by cell.

    Over all rows of a place before, accounts and net sales before are those of the place at the earlier date; over all
    columns of a place now, those of the later date.

    Parameters
    ----------
    migration : as ``compare_grades`` returns it

    Returns
    -------
    DataFrame
        One row per cell, also empty ones, best first: place_before (the tiers, ``silent``, ``new``), place_now (the tiers,
        ``silent``; neither of these two where nobody is there), at_before and at_now (their places from 0), move (of the cell's accounts), customers,
        net_sales_365_days_before, net_sales_365_days, net_sales_moved.
    """
    placed, tiers = place_accounts(migration), _name_tiers(migration)
    places_before = [*tiers, *(place for place in (SILENT, NEW) if (placed["place_before"] == place).any())]
    places_now = [*tiers, *(place for place in (SILENT,) if (placed["place_now"] == place).any())]
    groups = dict(iter(placed.groupby(["place_before", "place_now"])))
    rows = []
    for i, before in enumerate(places_before):
        for j, now in enumerate(places_now):
            group = groups.get((before, now), migration.iloc[:0])
            rows.append(
                {
                    "place_before": before,
                    "place_now": now,
                    "at_before": i,
                    "at_now": j,
                    "move": _move_between(before, now, i, j),
                    "customers": len(group),
                    "net_sales_365_days_before": add(group["net_sales_365_days_before"]),
                    "net_sales_365_days": add(group["net_sales_365_days"]),
                    "net_sales_moved": add(group["net_sales_moved"]),
                }
            )
    return pd.DataFrame(rows)


def place_accounts(migration: pd.DataFrame) -> pd.DataFrame:
    """Return ``migration`` with place_before and place_now: the tier, ``silent`` without an order in the year, or ``new``."""
    before = migration["tier_before"].where(migration["orders_365_days_before"] > 0, SILENT)
    before = before.where(migration["tier_before"].notna(), NEW)
    now = migration["tier_now"].where(migration["orders_365_days"] > 0, SILENT)
    return migration.assign(place_before=before, place_now=now)


def summarise_tier_flows(places: pd.DataFrame) -> pd.DataFrame:
    """Summarise what came into each tier and what left it.

    Parameters
    ----------
    places : as ``count_places`` returns it

    Returns
    -------
    DataFrame
        One row per tier, best first: tier, customers_before, came_from_above, came_from_below, joined (new or returned),
        left_upwards, left_downwards, left_silent, customers_now, net_sales_365_days_before, net_sales_365_days. Before,
        plus what came, less what left, is now. The tier without those who had no order in the year.
    """
    rows = []
    tiers = [place for place in places["place_now"].unique() if place != SILENT]
    for at, tier in enumerate(tiers):
        into, out = places[places["place_now"] == tier], places[places["place_before"] == tier]
        rows.append(
            {
                "tier": tier,
                "customers_before": int(out["customers"].sum()),
                "came_from_below": int(into.loc[into["move"] == "promoted", "customers"].sum()),
                "came_from_above": int(into.loc[into["move"] == "demoted", "customers"].sum()),
                "joined": int(into.loc[into["move"].isin(["new", "returned"]), "customers"].sum()),
                "left_upwards": int(out.loc[out["at_now"] < at, "customers"].sum()),
                "left_downwards": int(out.loc[out["move"] == "demoted", "customers"].sum()),
                "left_silent": int(out.loc[out["move"] == "lost", "customers"].sum()),
                "customers_now": int(into["customers"].sum()),
                "net_sales_365_days_before": add(out["net_sales_365_days_before"]),
                "net_sales_365_days": add(into["net_sales_365_days"]),
            }
        )
    return pd.DataFrame(rows)


def summarise_moves(migration: pd.DataFrame) -> pd.DataFrame:
    """Summarise accounts and money by what they did: a bridge from the sales of one year to those of the other.

    Returns
    -------
    DataFrame
        One row per move, in the order of ``MOVES``, empty ones too: move, customers, customers_share,
        net_sales_365_days_before, net_sales_365_days, net_sales_moved. The money moved adds up to the change of the whole.
    """
    groups = dict(iter(migration.groupby("move")))
    rows = []
    for move in MOVES:
        group = groups.get(move, migration.iloc[:0])
        row = {"move": move, "customers": len(group), "customers_share": share(len(group), len(migration))}
        columns = ("net_sales_365_days_before", "net_sales_365_days", "net_sales_moved")
        rows.append(row | {column: add(group[column]) for column in columns})
    return pd.DataFrame(rows)


def list_moves(migration: pd.DataFrame, move: str | Sequence[str]) -> pd.DataFrame:
    """List the accounts of a move, or of several, with the most money moved first.

    Returns
    -------
    DataFrame
        The columns of ``migration``; ties by customer_id.
    """
    moves = [move] if isinstance(move, str) else list(move)
    found = migration[migration["move"].isin(moves)]
    most = found.assign(most=found["net_sales_moved"].abs())
    return most.sort_values(["most", "customer_id"], ascending=[False, True], ignore_index=True).drop(columns="most")


def add_segments(migration: pd.DataFrame, before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Add the segment at both dates, by the same edges and the same names.

    Parameters
    ----------
    before, now : customer_id and segment at each date

    Returns
    -------
    DataFrame
        ``migration`` with segment_before and segment_now, each absent where the customer had no order by the date.
    """
    segments = {}
    for when, named in (("before", before), ("now", now)):
        check_key(named, ["customer_id"], name=f"segments {when}")
        segments[f"segment_{when}"] = migration["customer_id"].map(named.set_index("customer_id")["segment"])
    return migration.assign(**segments)


def count_flows(migration: pd.DataFrame) -> pd.DataFrame:
    """Count how many customers went from which segment to which, largest flow first; who stayed is left out.

    Parameters
    ----------
    migration : as ``add_segments`` returns it

    Returns
    -------
    DataFrame
        segment_before, segment_now, customers, customers_share (of those who were in that segment before),
        net_sales_moved. Only customers who had a segment at both dates.
    """
    both = migration.dropna(subset=["segment_before", "segment_now"])
    groups = both.groupby(["segment_before", "segment_now"])["net_sales_moved"]
    flows = groups.agg(customers="size", net_sales_moved=add).reset_index()
    flows["customers_share"] = flows["customers"] / flows.groupby("segment_before")["customers"].transform("sum")
    flows = flows[flows["segment_before"] != flows["segment_now"]]
    order = ["customers", "segment_before", "segment_now"]
    columns = ["segment_before", "segment_now", "customers", "customers_share", "net_sales_moved"]
    return flows.sort_values(order, ascending=[False, True, True], ignore_index=True)[columns]


def describe_segments(migration: pd.DataFrame) -> dict[str, object]:
    """Describe how many customers changed their segment: both, changed, changed_share, and the largest flow's flow_*.

    Where there are no segments, changed is None.
    """
    if "segment_now" not in migration:
        return {"changed": None}
    both, flows = migration.dropna(subset=["segment_before", "segment_now"]), count_flows(migration)
    changed = int(flows["customers"].sum())
    facts: dict[str, object] = {"both": len(both), "changed": changed, "changed_share": share(changed, len(both))}
    if len(flows):
        first = flows.iloc[0]
        facts |= {"flow_before": str(first["segment_before"]), "flow_now": str(first["segment_now"])}
        facts["flow_customers"] = int(first["customers"])
    return facts


def describe_migration(migration: pd.DataFrame, *, before: dt.date, as_of: dt.date) -> dict[str, object]:
    """Describe the moves in facts that fill the sentences ``migration.*``.

    Parameters
    ----------
    migration : as ``compare_grades`` returns it; with is_slight as ``migration_causes.explain_moves`` adds it
    before, as_of : the two dates

    Returns
    -------
    dict
        before, as_of, days (between them), customers; per move ``<move>`` (accounts), ``<move>_share`` (of those graded
        at the earlier date, for new ones of those graded now), ``<move>_net_sales_before``, ``<move>_net_sales``,
        ``<move>_moved`` (signed) and ``<move>_size`` (its size); compared (with an order in both years), moved, moved_share; net_sales_before,
        net_sales, net_sales_moved; top_before, top_now, top_kept, top_kept_share, top_came, top_left;
        money_follows (those on the way up buy more and new ones bring money, those on the way down buy less and lost ones took
        money away); slight; has_own; where own grades are there: own_moves (each date by tiers of its own), one_moves (by one
        yardstick, before tiers are held back),
        drift_only (the yardstick moved and not the account), drift_hidden (the account moved, and the yardstick with
        it), drift_turned (seen the other way round), drift_up and drift_down (of drift_only).
    """
    facts: dict[str, object] = {"before": before, "as_of": as_of, "days": (as_of - before).days}
    graded_before, graded_now = migration["tier_before"].notna().sum(), migration["tier_now"].notna().sum()
    facts |= {"customers": len(migration), "customers_before": int(graded_before), "customers_now": int(graded_now)}
    for row in summarise_moves(migration).itertuples(index=False):
        facts |= {
            row.move: row.customers,
            f"{row.move}_share": share(row.customers, int(graded_now if row.move == "new" else graded_before)),
            f"{row.move}_net_sales_before": row.net_sales_365_days_before,
            f"{row.move}_net_sales": row.net_sales_365_days,
            f"{row.move}_moved": row.net_sales_moved,
            f"{row.move}_size": abs(row.net_sales_moved),
        }
    both = migration["move"].isin(["promoted", "demoted", "stayed"])
    moved = int(migration["move"].isin(["promoted", "demoted"]).sum())
    top = int((migration["tier_rank_before"] == 1).sum())
    facts |= {
        "compared": int(both.sum()),
        "moved": moved,
        "moved_share": share(moved, int(both.sum())),
        "net_sales_before": add(migration["net_sales_365_days_before"]),
        "net_sales": add(migration["net_sales_365_days"]),
        "net_sales_moved": add(migration["net_sales_moved"]),
        "net_sales_moved_size": abs(add(migration["net_sales_moved"])),
        "top_before": top,
        "top_kept": int(((migration["tier_rank_before"] == 1) & (migration["tier_rank_now"] == 1)).sum()),
        "top_now": int((migration["tier_rank_now"] == 1).sum()),
        "slight": int(migration["is_slight"].sum()) if "is_slight" in migration else 0,
        "has_own": "own_steps" in migration,
    }
    facts["top_kept_share"] = share(facts["top_kept"], top)
    facts |= {"top_came": facts["top_now"] - facts["top_kept"], "top_left": top - facts["top_kept"]}
    ups, downs = ([facts[f"{move}_moved"] for move in pair] for pair in (("promoted", "new"), ("demoted", "lost")))
    facts["money_follows"] = min(ups) >= 0 >= max(downs)
    if "own_steps" in migration:
        own = np.sign(migration.loc[both, "own_steps"])
        steps = np.sign(migration.loc[both, "own_steps"] - migration.loc[both, "drift_steps"])
        facts |= {
            "own_moves": int((own != 0).sum()),
            "one_moves": int((steps != 0).sum()),
            "drift_only": int(((own != 0) & (steps == 0)).sum()),
            "drift_up": int(((own > 0) & (steps == 0)).sum()),
            "drift_down": int(((own < 0) & (steps == 0)).sum()),
            "drift_hidden": int(((own == 0) & (steps != 0)).sum()),
            "drift_turned": int((own * steps < 0).sum()),
        }
    return facts


def find_moves(table: pd.DataFrame) -> pd.Series:
    """Find what each account did, one of ``MOVES``.

    Parameters
    ----------
    table : tier_before (missing of who was not graded then), orders_365_days_before, orders_365_days, tier_steps
    """
    was, bought = table["orders_365_days_before"] > 0, table["orders_365_days"] > 0
    steps = table["tier_steps"]
    conditions = [table["tier_before"].isna(), ~was & ~bought, ~was, ~bought, steps > 0, steps < 0]
    codes = ["new", "silent", "returned", "lost", "promoted", "demoted"]
    return pd.Series(np.select(conditions, codes, "stayed"), index=table.index, dtype="str")


def _move_between(before: str, now: str, at_before: int, at_now: int) -> str:
    if before == NEW:
        return "new"
    if before == SILENT:
        return "silent" if now == SILENT else "returned"
    if now == SILENT:
        return "lost"
    return "promoted" if at_now < at_before else "demoted" if at_now > at_before else "stayed"


def _add_own(table: pd.DataFrame, own_before: pd.DataFrame, own_now: pd.DataFrame) -> pd.DataFrame:
    ranks = {}
    for when, own in (("before", own_before), ("now", own_now)):
        check_key(own, ["customer_id"], name=f"own_{when}")
        by_id = own.set_index("customer_id")
        table[f"tier_{when}_own"] = table["customer_id"].map(by_id["tier"])
        ranks[when] = table["customer_id"].map(by_id["tier_rank"])
    table["own_steps"] = (ranks["before"] - ranks["now"]).astype(float)
    table["drift_steps"] = table["own_steps"] - table["raw_steps"]
    return table


def _name_tiers(migration: pd.DataFrame) -> list[str]:
    """Return the tiers that anybody was or is in, best first."""
    pairs = {}
    for when in ("before", "now"):
        known = migration[[f"tier_rank_{when}", f"tier_{when}"]].dropna().drop_duplicates()
        pairs |= dict(known.itertuples(index=False, name=None))
    return [pairs[rank] for rank in sorted(pairs)]
