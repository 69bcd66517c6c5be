"""Which figures moved an account from one tier to another, and would it have taken little to leave it there?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from kalib.schema import check_columns, check_key
from kalib.topics.migration import Grader

KINDS = {"net_sales": "monetary", "orders": "frequency", "days_since_last_order": "recency", "margin": "margin"}
"""How a feature begins, and which cause it belongs to; features of one cause are changed together."""

CAUSES = ("monetary", "frequency", "recency", "margin")
"""The causes with a name; of two that moved an account equally, the first is told. Other features stand for themselves."""

MOST_CAUSES = 10
"""Every subset of the causes is graded: 2 to this power, times the accounts that moved."""

TOGETHER = "together"
"""The one cause of all features, where they would make more than ``MOST_CAUSES``."""

LESS_IS_BETTER = ("days_", "gap_", "median_gap_", "silence", "returns", "discount", "overdue", "net_sales_per_visit")
"""How a feature begins of which less is better."""

COUNTED = ("orders", "days_", "order_days", "order_months")
"""How a feature begins that is a whole number."""

SLIGHT = 0.1
"""A move is slight if figures a tenth better or worse would have made it, or unmade it, at either date."""


def explain_moves(
    migration: pd.DataFrame,
    model: Grader,
    before: pd.DataFrame,
    now: pd.DataFrame,
    *,
    features: Sequence[str],
    slight: float = SLIGHT,
) -> pd.DataFrame:
    """Explain each move by the figures that made it, in tiers that add up to the move.

    The figures of the earlier date are replaced by those of the later one, cause by cause, in every order that there
    is; what a cause changes the tier by, on average over these orders, is its part of the move (Shapley 1953). The
    parts add up to the tiers moved, exactly. Told is the cause with the largest part in the direction of the move.

    Who is new, came back or fell silent is in or out of the tiers by rule, and that is the reason: ``first_order``, ``came_back``,
    ``no_order``, or ``cancelled`` where the only orders were cancelled since. ``none`` for who stayed. Features of more than ten kinds are
    one cause, ``together``. Where the tiers compared are held back
    (see ``migration_series.steady``) and the raw tier did not move that way between the two dates, the reason is ``held``.

    Parameters
    ----------
    migration : as ``migration.compare_grades`` returns it
    model : the yardstick of both dates
    before, now : one row per customer of each snapshot: customer_id, orders, and all that ``model`` grades by
    features : the columns that the tiers are made of
    slight : share by which figures are changed to see whether the move hangs on little

    Returns
    -------
    DataFrame
        ``migration`` with reason, reason_steps (part of the move that it made), causes (list of code, before, now, steps,
        largest part first; none for ``held``; values absent for ``together``), is_slight: the figures hardly changed, they only crossed a border. With all of them better
        or worse by the share ``slight`` the account would have been in the other tier at either date.

    References
    ----------
    L. S. Shapley (1953), A value for n-person games.
    """
    moved = migration.loc[migration["move"].isin(["promoted", "demoted"])].set_index("customer_id")
    groups = group_features(features)
    ids = moved.index
    then, later = (_rows(table, ids, features, name) for table, name in ((before, "before"), (now, "now")))
    parts = share_steps(model, then, later, groups)
    direction = pd.Series(np.where(moved["move"] == "promoted", 1, -1), index=ids)
    along = parts.mul(direction, axis=0)
    reasons = pd.Series("held", index=ids, dtype="str")
    reason_steps = pd.Series(math.nan, index=ids)
    if len(ids):
        found = along.sum(axis=1).round(6) > 0
        reasons = along.idxmax(axis=1).where(found, "held")  # of equal ones the first, in the order of the causes
        reason_steps = (along.max(axis=1) * direction).where(found)
    held = pd.Series(data=True, index=ids)
    for figures, other in ((later, moved["tier_rank_before"]), (then, moved["tier_rank_now"])):
        best, worst = find_band(model, figures, features=features, margin=slight)
        held &= (other >= best) & (other <= worst)
    table = migration.set_index("customer_id")
    by_rule = {"new": "first_order", "returned": "came_back", "lost": "no_order"}
    table["reason"] = table["move"].map(by_rule).fillna("none")
    table.loc[(table["move"] == "lost") & table["tier_now"].isna(), "reason"] = "cancelled"
    table["reason"] = reasons.reindex(table.index).fillna(table["reason"]).astype("str")
    table["reason_steps"] = reason_steps.reindex(table.index)
    told = parts.where(reason_steps.notna(), 0.0)  # what went the other way does not explain a move let through late
    table["causes"] = _list_causes(told, then, later, groups, direction).reindex(table.index)
    table["is_slight"] = held.reindex(table.index, fill_value=False).astype(bool)
    return table.reset_index()


def group_features(features: Sequence[str]) -> dict[str, list[str]]:
    """Group the columns that tiers are made of into causes, those with a name first; more than ten causes are one, ``TOGETHER``.

    Examples
    --------
    >>> group_features(["orders_365_days", "net_sales_365_days", "tenure_days", "net_sales_90_days"])
    {'monetary': ['net_sales_365_days', 'net_sales_90_days'], 'frequency': ['orders_365_days'], 'tenure_days': ['tenure_days']}
    """
    groups: dict[str, list[str]] = {}
    for feature in features:
        groups.setdefault(_find_kind(feature), []).append(feature)
    if len(groups) > MOST_CAUSES:
        return {TOGETHER: list(features)}
    known = [code for code in CAUSES if code in groups]
    return {code: groups[code] for code in [*known, *sorted(set(groups) - set(known))]}


def share_steps(
    model: Grader, before: pd.DataFrame, now: pd.DataFrame, groups: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Share each account's steps between tiers out among the causes, by Shapley's value.

    Parameters
    ----------
    before, now : the same customers at both dates, with customer_id as index, in the same order
    groups : cause to its columns

    Returns
    -------
    DataFrame
        By customer_id, a column per cause: its steps, up above 0. A row adds up to the tiers moved.
    """
    codes, n = list(groups), len(groups)
    if before.empty:
        return pd.DataFrame(index=before.index, columns=codes, dtype=float)
    ranks: dict[frozenset[str], np.ndarray] = {}
    for size in range(n + 1):
        for subset in combinations(codes, size):
            mixed = before.copy()
            for code in subset:
                mixed[list(groups[code])] = now[list(groups[code])]
            ranks[frozenset(subset)] = _rank(model, mixed)
    parts = {}
    for code in codes:
        sum_of_orders = np.zeros(len(before), dtype="int64")  # whole numbers: the parts add up exactly
        for subset, rank in ranks.items():
            if code not in subset:
                orders = math.factorial(len(subset)) * math.factorial(n - len(subset) - 1)
                sum_of_orders += orders * (rank - ranks[subset | {code}])
        parts[code] = sum_of_orders / math.factorial(n)
    return pd.DataFrame(parts, index=before.index)


def find_band(
    model: Grader, customers: pd.DataFrame, *, features: Sequence[str], margin: float
) -> tuple[pd.Series, pd.Series]:
    """Find between which tiers customers are who were a little better or a little worse in everything.

    A figure is better or worse by ``margin`` of itself, and a count or a number of days by at least one. An account
    that ordered in the year still did; one that did not still did not.

    Parameters
    ----------
    customers : one row per customer with an order, with customer_id as index
    margin : share, 0 for none

    Returns
    -------
    (best, worst)
        tier_rank by customer_id: best with figures so much better, worst with figures so much worse. Neither leaves
        out the tier that the customer is in.
    """
    if customers.empty:
        return (pd.Series(index=customers.index, dtype="int64"),) * 2
    ranks = [_rank(model, customers)]
    ranks += [_rank(model, _shift(customers, features, margin * sign)) for sign in (1, -1) if margin]
    best, worst = np.min(ranks, axis=0), np.max(ranks, axis=0)
    silent = (customers["orders_365_days"] == 0).to_numpy()
    best[silent], worst[silent] = ranks[0][silent], ranks[0][silent]
    return pd.Series(best, index=customers.index), pd.Series(worst, index=customers.index)


def summarise_causes(migration: pd.DataFrame) -> pd.DataFrame:
    """Summarise what moved the accounts that changed their tier.

    Returns
    -------
    DataFrame
        One row per move (promoted, demoted) and reason, most accounts first: move, reason, customers, tier_steps (sum
        of the parts that the reason made in these moves), net_sales_moved, slight (accounts whose move hangs on little).
    """
    moved = migration[migration["move"].isin(["promoted", "demoted"])]
    groups = moved.groupby(["move", "reason"])
    table = groups.agg(
        customers=("customer_id", "size"),
        tier_steps=("reason_steps", "sum"),
        net_sales_moved=("net_sales_moved", lambda money: round(math.fsum(money), 2)),
        slight=("is_slight", "sum"),
    ).reset_index()
    return table.sort_values(["move", "customers", "reason"], ascending=[False, False, True], ignore_index=True)


def describe_causes(migration: pd.DataFrame, *, features: Sequence[str] = ()) -> dict[str, object]:
    """Describe what moved most accounts: first_cause, first_cause_customers; nothing where nobody moved.

    Where ``features`` are of too many kinds to be told apart: together (true), kinds (how many), most (how many could be).
    """
    moved = migration.loc[migration["move"].isin(["promoted", "demoted"]), "reason"]
    counts = moved.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    if counts.empty:
        return {}
    facts = {"first_cause": str(counts.index[0]), "first_cause_customers": int(counts.iloc[0])}
    kinds = len({_find_kind(feature) for feature in features})
    return facts | {"together": kinds > MOST_CAUSES, "kinds": kinds, "most": MOST_CAUSES}


def _find_kind(feature: str) -> str:
    return next((code for start, code in KINDS.items() if feature.startswith(start)), feature)


def _rows(table: pd.DataFrame, ids: pd.Index, features: Sequence[str], name: str) -> pd.DataFrame:
    check_columns(table, ["customer_id", "orders", "orders_365_days", *features], name=name)
    check_key(table, ["customer_id"], name=name)
    return table.set_index("customer_id").loc[ids]


def _rank(model: Grader, customers: pd.DataFrame) -> np.ndarray:
    graded = model.predict(customers.reset_index()).set_index("customer_id")
    return graded.loc[customers.index, "tier_rank"].to_numpy("int64")


def _shift(customers: pd.DataFrame, features: Sequence[str], margin: float) -> pd.DataFrame:
    """Return the customers with every feature better by a share of itself, or worse where the share is below 0."""
    shifted = customers.copy()
    for feature in features:
        value, sign = customers[feature].astype(float), -1 if feature.startswith(LESS_IS_BETTER) else 1
        change = value.abs() * margin * sign
        if feature.startswith(COUNTED):
            change = np.sign(margin) * sign * np.ceil((value * abs(margin)).round(6)).clip(lower=1)
            value = (value + change).clip(lower=1 if feature == "orders_365_days" else 0)
        else:
            value = value + change
        shifted[feature] = value
    shifted["orders_365_days"] = shifted["orders_365_days"].where(customers["orders_365_days"] > 0, 0)
    return shifted


def _list_causes(
    parts: pd.DataFrame,
    before: pd.DataFrame,
    now: pd.DataFrame,
    groups: Mapping[str, Sequence[str]],
    direction: pd.Series,
) -> pd.Series:
    shown = {code: columns[0] for code, columns in groups.items()}
    then, later = (
        {
            code: [math.nan] * len(table) if code == TOGETHER else table[column].astype(float).tolist()
            for code, column in shown.items()
        }
        for table in (before, now)
    )
    steps = {code: parts[code].tolist() for code in shown}
    lists = []
    for i, sign in enumerate(direction.tolist()):
        rows = [
            {"code": code, "before": then[code][i], "now": later[code][i], "steps": steps[code][i]}
            for code in shown
            if steps[code][i] != 0
        ]
        lists.append(sorted(rows, key=lambda row: -sign * row["steps"]))
    return pd.Series(lists, index=parts.index, dtype=object)
