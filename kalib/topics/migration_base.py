"""Which moves can be compared, which began with only a part of the year before, and who has stopped ordering since?"""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from kalib.money import add, share
from kalib.schema import check_columns, check_key
from kalib.topics.migration import MOVES
from kalib.years import YEAR, find_kinds, is_whole

PARTS = ("promoted", "demoted", "stayed", "second_year", *(move for move in MOVES[2:] if move != "stayed"))
"""The parts of the bridge: moves between tiers of accounts that had all of the year before, and those of ``second_year``, who had
a part of it; then who is new, came back, was lost, or silent."""

BETWEEN = ("promoted", "demoted", "stayed")
"""Moves of accounts with an order in both years."""


def add_base(
    migration: pd.DataFrame,
    before: pd.DataFrame,
    now: pd.DataFrame,
    *,
    apart_days: int,
    still: Iterable[str] | None = None,
) -> pd.DataFrame:
    """Add whether an account had all of the year before, and whether it has stopped ordering.

    An account whose first order fell into the year before had a part of it, and seems to grow by having begun.

    Parameters
    ----------
    migration : as ``migration.compare_grades`` returns it
    before, now : one row per customer of each snapshot: customer_id, tenure_days
    apart_days : days between the two dates
    still : who still counts as a customer, having ordered in the activity window; None: whoever ordered in the year

    Returns
    -------
    DataFrame
        ``migration`` with year_kind (``kalib.years.find_kinds``), base_is_whole, and has_stopped (ordered in either year, and counts
        as a customer no more).

    Examples
    --------
    >>> one = pd.DataFrame({"customer_id": ["a", "b"], "orders_365_days": [3, 3], "orders_365_days_before": [3, 1]})
    >>> now = pd.DataFrame({"customer_id": ["a", "b"], "tenure_days": [900.0, 500]})
    >>> add_base(one, now, now, apart_days=365)[["year_kind", "base_is_whole", "has_stopped"]].values.tolist()
    [['two_years', True, False], ['second_year', False, False]]
    """
    ids = migration["customer_id"]
    tenures = []
    for name, table in (("now", now), ("before", before)):
        check_columns(table, ["customer_id", "tenure_days"], name=name)
        check_key(table, ["customer_id"], name=name)
        tenures.append(ids.map(table.set_index("customer_id")["tenure_days"]).astype(float))
    tenure = tenures[0].fillna(tenures[1] + apart_days)  # every order cancelled since: as it was known then
    bought, bought_before = migration["orders_365_days"], migration["orders_365_days_before"]
    kinds = find_kinds(tenure, bought, bought_before, apart=apart_days)
    counts = bought > 0 if still is None else ids.isin(set(still))
    return migration.assign(
        year_kind=kinds, base_is_whole=is_whole(tenure, apart=apart_days), has_stopped=~counts & (kinds != "silent")
    )


def summarise_parts(migration: pd.DataFrame) -> pd.DataFrame:
    """Summarise accounts and money by what they did, those with a part of the year before apart: a bridge between two years.

    Parameters
    ----------
    migration : as ``add_base`` returns it

    Returns
    -------
    DataFrame
        One row per part, in the order of ``PARTS``, empty ones too: move (the part), customers, net_sales_365_days_before,
        net_sales_365_days, net_sales_moved. The money moved adds up to the change of the whole.
    """
    groups = dict(iter(migration.groupby(name_parts(migration))))
    rows = []
    for part in PARTS:
        group = groups.get(part, migration.iloc[:0])
        columns = ("net_sales_365_days_before", "net_sales_365_days", "net_sales_moved")
        rows.append({"move": part, "customers": len(group), **{column: add(group[column]) for column in columns}})
    return pd.DataFrame(rows)


def name_parts(migration: pd.DataFrame) -> pd.Series:
    """Name each account's part of the bridge: its move, or ``second_year`` where it had a part of the year before."""
    part = migration["move"].isin(BETWEEN) & ~migration["base_is_whole"]
    return migration["move"].mask(part, "second_year")


def list_between(migration: pd.DataFrame, move: str, *, whole: bool | None = None) -> pd.DataFrame:
    """List the accounts of a move between tiers that still order, the most money moved first, or the most bought where that is no measure.

    Parameters
    ----------
    move : promoted, demoted or stayed
    whole : only those with all of the year before (True), or with a part of it (False)

    Returns
    -------
    DataFrame
        The columns of ``migration``; ties by customer_id.
    """
    found = migration[(migration["move"] == move) & ~migration["has_stopped"]]
    if whole is not None:
        found = found[found["base_is_whole"] == whole]
    most = found["net_sales_365_days"] if whole is False else found["net_sales_moved"].abs()
    return _sort(found.assign(most=-most), "most").drop(columns="most")


def list_stopped(migration: pd.DataFrame) -> pd.DataFrame:
    """List the accounts that ordered in the year before and have stopped since, by what they had brought in it.

    They are those without an order in the last year, and those who ordered in it and have been silent for too long to count as
    customers.
    """
    found = migration[migration["has_stopped"] & (migration["orders_365_days_before"] > 0)]
    return _sort(found.assign(most=-found["net_sales_365_days_before"]), "most").drop(columns="most")


def take_pace(migration: pd.DataFrame, value: pd.DataFrame | None, *, apart_days: int) -> pd.DataFrame:
    """Return ``migration`` with pace, as the page on value measured it, where it compares the same two years; else missing.

    Parameters
    ----------
    value : customer_id, pace; None where the run has no such page
    apart_days : between the two dates of the migration
    """
    if value is None or "pace" not in value or apart_days not in (YEAR, YEAR + 1):
        return migration.assign(pace=_read_pace(migration))
    return migration.merge(value[["customer_id", "pace"]], on="customer_id", how="left", validate="1:1")


def list_rising(migration: pd.DataFrame, *, least_growth: float = 0.25) -> pd.DataFrame:
    """List the accounts on the rise below the best tier, whether or not they have reached another tier.

    On the rise is who buys more than a year ago by more than chance explains (``kalib.topics.pace``). Where nobody's pace is known,
    who grew by ``least_growth`` or more: half of such growth is chance, and most of them do not go on.

    Parameters
    ----------
    migration : with pace, where ``take_pace`` put it there
    least_growth : share by which net sales of the year grew at least, where nobody's pace is known

    Returns
    -------
    DataFrame
        The columns of ``migration``, and change_share; most money gained first, ties by customer_id. Left out are accounts without
        a rate of growth: those that had a part of the year before, or bought for nothing, or less, in it; and who has stopped.
    """
    rising = _with_growth(migration)
    below = (rising["tier_rank_now"] > 1) & rising["move"].isin(BETWEEN) & rising["base_is_whole"]
    grew = _read_pace(rising) == "rising" if knows_pace(migration) else rising["change_share"] >= least_growth
    rising = rising[below & ~rising["has_stopped"] & grew]
    return _sort(rising.assign(most=-rising["net_sales_moved"]), "most").drop(columns="most")


def list_sliding(migration: pd.DataFrame, *, least_fall: float = 0.25) -> pd.DataFrame:
    """List the accounts of the upper half of the tiers whose sales fell, though they still have their tier and still order.

    In decline is who buys less than a year ago by more than chance explains; where nobody's pace is known, by ``least_fall`` or more. Who had a part of the year before and bought less than in that part has fallen all the more.

    Parameters
    ----------
    migration : with pace, where ``take_pace`` put it there
    least_fall : share by which net sales of the year fell at least, of accounts whose pace is not known

    Returns
    -------
    DataFrame
        The columns of ``migration``, and change_share; most money lost first, ties by customer_id.
    """
    sliding = _with_growth(migration)
    tiers = int(pd.concat([migration["tier_rank_before"], migration["tier_rank_now"]]).nunique())
    upper = (sliding["tier_rank_now"] <= tiers / 2) & (sliding["move"] == "stayed") & ~sliding["has_stopped"]
    pace = _read_pace(sliding)
    fell = (pace == "falling") | (pace.isna() & (sliding["change_share"] <= -least_fall))
    return _sort(sliding[upper & fell], "net_sales_moved")


def knows_pace(migration: pd.DataFrame) -> bool:
    """Say whether anybody's pace is known."""
    return bool(_read_pace(migration).notna().any())


def _read_pace(migration: pd.DataFrame) -> pd.Series:
    if "pace" in migration:
        return migration["pace"]
    return pd.Series(pd.NA, index=migration.index, dtype="str")


def describe_base(migration: pd.DataFrame) -> dict[str, object]:
    """Describe what of the moves can be compared, in facts that fill the sentences ``migration.*``.

    Returns
    -------
    dict
        Per part of ``PARTS``: ``part_<part>`` (accounts), ``part_<part>_moved`` and ``part_<part>_size`` (its size). promoted_newer, promoted_newer_share
        (of all who moved up), promoted_newer_money (of the money of those who moved up and gained); ``<move>_listed`` and ``<move>_stopped`` for
        promoted and demoted: accounts that still order, and those who have stopped; promoted_whole, promoted_whole_net_sales (of
        those listed who had all of the year before), promoted_part (of those listed, the others), demoted_listed_net_sales_before,
        demoted_listed_net_sales; stopped, stopped_net_sales_before, stopped_lately (of them, with an order in the year);
        like_before, like_now, like_change (net revenue retention less 1), like_customers; knows_pace, rising, sliding; parts_follow (those on the
        way up buy more and those on the way down less).
    """
    facts: dict[str, object] = {}
    for row in summarise_parts(migration).itertuples(index=False):
        name = f"part_{row.move}"
        facts |= {name: row.customers, f"{name}_moved": row.net_sales_moved, f"{name}_size": abs(row.net_sales_moved)}
    up = migration[migration["move"] == "promoted"]
    newer = up[~up["base_is_whole"]]
    facts |= {"promoted_newer": len(newer), "promoted_newer_share": share(len(newer), len(up))}
    facts["promoted_newer_money"] = share(add(newer["net_sales_moved"]), add(up["net_sales_moved"]))
    for move in ("promoted", "demoted"):
        listed = list_between(migration, move)
        facts |= {
            f"{move}_listed": len(listed),
            f"{move}_stopped": int((migration["move"] == move).sum()) - len(listed),
            f"{move}_listed_net_sales_before": add(listed["net_sales_365_days_before"]),
            f"{move}_listed_net_sales": add(listed["net_sales_365_days"]),
        }
    whole, stopped = list_between(migration, "promoted", whole=True), list_stopped(migration)
    like = migration[migration["base_is_whole"] & (migration["orders_365_days_before"] > 0)]
    before, now = add(like["net_sales_365_days_before"]), add(like["net_sales_365_days"])
    return facts | {
        "promoted_whole": len(whole),
        "promoted_whole_net_sales": add(whole["net_sales_365_days"]),
        "promoted_part": facts["promoted_listed"] - len(whole),
        "stopped": len(stopped),
        "stopped_net_sales_before": add(stopped["net_sales_365_days_before"]),
        "stopped_lately": int((stopped["orders_365_days"] > 0).sum()),
        "like_customers": len(like),
        "like_before": before,
        "like_now": now,
        "like_change": share(now, before) - 1,
        "knows_pace": knows_pace(migration),
        "rising": len(list_rising(migration)),
        "sliding": len(list_sliding(migration)),
        "parts_follow": facts["part_promoted_moved"] >= 0 >= facts["part_demoted_moved"],
    }


def list_answers(facts: dict[str, object]) -> list[str]:
    """List the sentences that make up the answer, as words below ``migration``."""
    said = ["answer" if facts["moved"] else "nobody"]
    said += ["base"] if facts["promoted_newer"] else []
    said += ["like"] if facts["like_change"] == facts["like_change"] else []
    money = "money" if facts["new"] else "money_no_new"
    said += [money if facts["parts_follow"] and facts["money_follows"] else "money_against"]
    return said + (["second"] if facts["part_second_year"] else [])


def _sort(table: pd.DataFrame, by: str) -> pd.DataFrame:
    return table.sort_values([by, "customer_id"], ignore_index=True)


def _with_growth(migration: pd.DataFrame) -> pd.DataFrame:
    base = migration["net_sales_365_days_before"]
    growth = (migration["net_sales_moved"] / base.where(base > 0, math.nan)).rename("change_share")
    return migration.assign(change_share=growth)
