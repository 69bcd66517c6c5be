"""Who moved up or down in a year, and what moved them?"""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
from rfm import name_segments
from silence import states
from tiers import NAMES, Tiers, refit

FIGURES = ["net_sales_365_days", "orders_365_days", "days_since_last_order", "margin_365_days"]
CAUSES = {"monetary": "net_sales_365_days", "frequency": "orders_365_days", "recency": "days_since_last_order"}


def analyse(now: pd.DataFrame, before: pd.DataFrame, model: Tiers, tables: dict[str, pd.DataFrame], accounts: pd.DataFrame, days: pd.DataFrame, edges: dict, as_of: pd.Timestamp, horizon: int, active: int) -> pd.DataFrame:  # fmt: skip
    """Return tiers at both dates by today's tiers and by each date's own, moves, their causes, and segments."""
    year = pd.Timedelta(days=365)
    own = refit(before, model.count)
    sides = {}
    for end, customers, other in (("_before", before, own), ("_now", now, model)):
        ordered = customers[customers.orders > 0].set_index("customer_id")
        kept = ordered[FIGURES].assign(
            tier_rank=model.assign(ordered), own_rank=other.assign(ordered), tenure=ordered.tenure_days
        )
        sides[end] = kept.add_suffix(end)
    table = sides["_before"].join(sides["_now"], how="outer")
    for name in FIGURES:
        table = table.rename(columns={f"{name}_now": name})
        if name != "days_since_last_order":
            table[[name, f"{name}_before"]] = table[[name, f"{name}_before"]].fillna(0)
    names = dict(enumerate(NAMES[model.count], start=1))
    for end in ("before", "now"):
        table[f"tier_{end}"], table[f"tier_{end}_own"] = (
            table[f"tier_rank_{end}"].map(names),
            table[f"own_rank_{end}"].map(names),
        )
    table["tier_steps"] = table.tier_rank_before - table.tier_rank_now
    table["own_steps"] = table.own_rank_before - table.own_rank_now
    table["drift_steps"] = table.own_steps - table.tier_steps
    table["net_sales_moved"] = table.net_sales_365_days - table.net_sales_365_days_before
    was, bought, steps = table.orders_365_days_before > 0, table.orders_365_days > 0, table.tier_steps
    table["move"] = np.select([table.tier_before.isna(), ~was & ~bought, ~was, ~bought, steps > 0, steps < 0], ["new", "silent", "returned", "lost", "promoted", "demoted"], "stayed")  # fmt: skip
    table = explain(table, before.set_index("customer_id"), now.set_index("customer_id"), model)
    tenure = table.tenure_now.fillna(table.tenure_before + 365)
    table["year_kind"] = np.select([~bought & ~was, ~bought, tenure < 365, tenure < 730, was], ["silent", "stopped", "first_year", "second_year", "two_years"], "came_back")  # fmt: skip
    table["base_is_whole"] = tenure >= 730
    table["has_stopped"] = ~table.index.isin(tables["churn"].customer_id) & (table.year_kind != "silent")
    gone = table.index[table.has_stopped & was]
    table["taken_up_by"], table["takes_up"] = mergers(days, accounts, gone, as_of, table.index)
    for end, day, customers in (("before", as_of - year, before), ("now", as_of, now)):
        named = name_segments(customers, states(days, day, active), horizon, edges)
        table[f"segment_{end}"] = named.set_index("customer_id").segment.reindex(table.index)
    table["pace"] = tables["value"].set_index("customer_id").pace.reindex(table.index)
    return table.reset_index(names="customer_id")


def explain(table: pd.DataFrame, before: pd.DataFrame, now: pd.DataFrame, model: Tiers) -> pd.DataFrame:
    """Say which figures moved an account, by replacing them in every order, and whether it hung on little."""
    moved = table[table.move.isin(["promoted", "demoted"])]
    then, later = before.loc[moved.index], now.loc[moved.index]
    sign = np.where(moved.move == "promoted", 1, -1)
    parts = pd.DataFrame(0.0, index=moved.index, columns=list(CAUSES))
    for order in permutations(CAUSES):
        mixed, rank = then.copy(), model.assign(then)
        for code in order:
            mixed[CAUSES[code]] = later[CAUSES[code]]
            new = model.assign(mixed)
            parts[code] += (rank - new) / 6
            rank = new
    parts = parts.round(9)
    along = parts.mul(sign, axis=0)
    table["reason"] = table.move.map({"new": "first_order", "returned": "came_back", "lost": "no_order"}).fillna("none")
    table.loc[(table.move == "lost") & table.tier_now.isna(), "reason"] = "cancelled"
    table.loc[moved.index, "reason"] = along.idxmax(axis=1)
    table["reason_steps"] = (along.max(axis=1) * sign).reindex(table.index)
    table["causes"] = pd.Series([list_causes(*row) for row in zip(parts.to_dict("records"), then.to_dict("records"), later.to_dict("records"), sign, strict=True)], index=moved.index).reindex(table.index)  # fmt: skip
    slight = np.ones(len(moved), bool)
    for figures, other in ((later, moved.tier_rank_before), (then, moved.tier_rank_now)):
        ranks = [model.assign(figures), *(model.assign(shift(figures, way)) for way in (1, -1))]
        slight &= (other >= np.min(ranks, axis=0)) & (other <= np.max(ranks, axis=0))
    table["is_slight"] = pd.Series(slight, index=moved.index).reindex(table.index, fill_value=False)
    return table


def list_causes(steps: dict, then: dict, later: dict, sign: int) -> list[dict[str, object]]:
    """Return the causes of one move, largest part first."""
    found = [
        {"code": code, "before": float(then[CAUSES[code]]), "now": float(later[CAUSES[code]]), "steps": steps[code]}
        for code in CAUSES
        if steps[code]
    ]
    return sorted(found, key=lambda one: -sign * one["steps"])


def shift(figures: pd.DataFrame, way: int) -> pd.DataFrame:
    """Return the figures a tenth better or worse, counts by one at least."""
    orders, days = (
        np.ceil((figures[name] * 0.1).round(6)).clip(lower=1) for name in ("orders_365_days", "days_since_last_order")
    )
    return figures.assign(
        net_sales_365_days=figures.net_sales_365_days + way * 0.1 * figures.net_sales_365_days.abs(),
        orders_365_days=(figures.orders_365_days + way * orders).clip(lower=1),
        days_since_last_order=(figures.days_since_last_order - way * days).clip(lower=0),
    )


def mergers(
    days: pd.DataFrame, accounts: pd.DataFrame, gone: pd.Index, as_of: pd.Timestamp, everybody: pd.Index
) -> tuple[pd.Series, pd.Series]:
    """Return who may have taken up the purchases of an account that stopped: one of its kind that rose by about as much."""
    age = (as_of - days.order_date).dt.days
    days = days.assign(age=age)[age <= 3 * 365]
    by_customer = dict(iter(days.groupby("customer_id")))
    industry = accounts.set_index("customer_id").industry
    parents = accounts.set_index("customer_id").parent_id.to_dict()
    top = pd.Series({c: find_top(c, parents) for c in industry.index})
    found = []
    for customer in gone.intersection(list(by_customer)):
        since = by_customer[customer].age.min()
        if not 91 <= since <= 365:
            continue
        own = compare(by_customer[customer], since)
        if own["often"] < 36:
            continue
        alike = (industry == industry.get(customer)) | (top == top.get(customer))
        others = [c for c in alike.index[alike] if c in by_customer and c not in gone]
        fits = [c for c in others if follows(compare(by_customer[c], since), own)]
        if len(fits) == 1 and own["since"][1] > 0:
            found.append((customer, fits[0], own["since"][1]))
    table = pd.DataFrame(found, columns=["customer", "by", "size"]).sort_values(
        ["size", "customer"], ascending=[False, True]
    )
    first = table.drop_duplicates("by")
    return table.set_index("customer").by.reindex(everybody), first.set_index("by").customer.reindex(everybody)


def find_top(customer: str, parents: dict) -> str:
    """Return the account at the top of a chain of parents."""
    while isinstance(parents.get(customer), str):
        customer = parents[customer]
    return customer


def compare(days: pd.DataFrame, since: int) -> dict[str, object]:
    """Return net sales of the spans that are compared, with those of the same days a year before."""
    age, money = days.age.to_numpy(), days.net_sales.to_numpy()
    spans = {
        "since": (0, since - 1),
        "once": (since - 91, since - 1),
        "before": (since, since + 90),
        "earlier": (since + 91, since + 181),
    }
    sums = {
        name: [money[(age >= low + back) & (age <= high + back)].sum() for back in (0, 365)]
        for name, (low, high) in spans.items()
    }
    return sums | {"often": ((age >= since) & (age < since + 365)).sum()}


def follows(other: dict[str, object], own: dict[str, object]) -> bool:
    """Say whether an account rose by about what the other one had bought, at once and not before."""
    rise, at_once, before, earlier = (
        other[name][0] - other[name][1] for name in ("since", "once", "before", "earlier")
    )
    steady = max(abs(before), abs(earlier)) <= 0.25 * at_once
    like = (
        0.75 * own["since"][1] <= rise <= 1.25 * own["since"][1]
        and 0.5 * own["once"][1] <= at_once <= 1.5 * own["once"][1]
    )
    return bool(other["often"] >= 36 and rise >= 0.4 * other["since"][1] and steady and like)
