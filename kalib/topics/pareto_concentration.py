"""How much hangs on the largest accounts, is it more than a year ago, and what if one of them were lost?"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, nan

import numpy as np
import pandas as pd

from kalib.errors import NotEnoughDataError
from kalib.money import add
from kalib.topics.pareto import WINDOWS, to_cents

RULE = 0.80
"""The share that the rule of eighty and twenty speaks of; it is measured, whatever the limits of the classes."""

YEAR = 365

SAME_POINTS = 0.5
"""Hundredths by which the share of the largest must move to be more, or less, than a year ago."""

TOPS = (1, 5, 10, 20, 50, 100, 200, 500)
"""How many of the largest accounts are looked at together, as far as there are more accounts than that."""


def compute_gini(values: pd.Series) -> float:
    """Compute the Gini coefficient of the values above 0: 0 where all are equal, near 1 where one has nearly all.

    With the n values in rising order, ``G = 2 * sum(i * x_i) / (n * sum(x)) - (n + 1) / n``, which is the mean difference
    between any two of them (each with itself included) over twice their mean; no correction for small n. Values of 0
    and below are left out: who bought nothing is no account of the period, and returns are nobody's share. One value
    alone has 0; no value above 0 has none, NaN.

    Source: Gini's mean difference in the form for ordered values, A. Sen, On Economic Inequality (1973), p. 31.

    Examples
    --------
    >>> compute_gini(pd.Series([1.0, 2, 3, 4])), compute_gini(pd.Series([5.0, 5, 0, -7]))
    (0.25, 0.0)
    """
    return _gini(_positive(values))


def measure_concentration(values: pd.Series) -> dict[str, int | float]:
    """Measure how concentrated the values above 0 are; all shares are of their sum.

    Parameters
    ----------
    values : money, one per account

    Returns
    -------
    dict
        accounts (with a value above 0), accounts_for_80 (the fewest that bring 80 %), accounts_for_80_share (of these
        accounts), top_fifth_share (what the largest 20 % of them bring, their number rounded up), largest_share,
        top_accounts (10, or 5 or 1 where there are not more than twice as many), top_share (what these bring), gini,
        equal_accounts (1 over the sum of the squared shares: as many accounts of one size would be as concentrated).

    Raises
    ------
    NotEnoughDataError
        ``pareto_nothing_sold``: no value is above 0.

    Examples
    --------
    >>> facts = measure_concentration(pd.Series([60.0, 20, 10, 10, 0, -5]))
    >>> facts["accounts"], facts["accounts_for_80"], facts["largest_share"], facts["gini"]
    (4, 2, 0.6, 0.4)
    """
    rising = _positive(values)
    if not len(rising):
        raise NotEnoughDataError("pareto_nothing_sold", accounts=len(values))
    brought = rising[::-1].cumsum()
    count, total = len(rising), int(brought[-1])
    needed = _count_needed(brought, total)
    top = next((n for n in (10, 5) if count > 2 * n), 1)
    return {
        "accounts": count,
        "accounts_for_80": needed,
        "accounts_for_80_share": needed / count,
        "top_fifth_share": int(brought[ceil(count / 5) - 1]) / total,
        "largest_share": int(brought[0]) / total,
        "top_accounts": top,
        "top_share": int(brought[top - 1]) / total,
        "gini": _gini(rising),
        "equal_accounts": 1 / float(np.sum(np.square(rising / total))),
    }


def compare_concentration(values: pd.Series, before: pd.Series | None) -> dict[str, int | float]:
    """Measure how concentrated the accounts are, and by how much that has changed.

    Parameters
    ----------
    values : money, one per account
    before : the same at an earlier date, of the accounts known then; None where the history does not reach so far

    Returns
    -------
    dict
        As ``measure_concentration``; and with the end ``_before`` what it was, with ``_change`` the difference: NaN
        without a before, or where nothing was sold then.
    """
    now = measure_concentration(values)
    then = dict.fromkeys(now, nan)
    if before is not None and len(rising := _positive(before)):
        then = measure_concentration(before)
        top = int(now["top_accounts"])
        then["top_share"] = float(rising[::-1][:top].sum() / rising.sum())
    changes = {f"{name}_change": now[name] - then[name] for name in now}
    return now | {f"{name}_before": value for name, value in then.items()} | changes


def summarise_tops(values: pd.Series, before: pd.Series | None = None) -> pd.DataFrame:
    """Summarise what the largest one, five, ten ... accounts bring together, now and before.

    Returns
    -------
    DataFrame
        top_accounts, smallest_value (of the last of them), top_share; with a before also top_share_before and
        top_share_change. Only as many as there are accounts; the largest numbers end below all of them.
    """
    rising = _positive(values)
    brought = rising[::-1].cumsum()
    tops = [n for n in TOPS if n < len(rising)] or [1]
    table = pd.DataFrame(
        {
            "top_accounts": tops,
            "smallest_value": [int(rising[-n]) / 100 for n in tops],
            "top_share": [int(brought[n - 1]) / int(brought[-1]) for n in tops],
        }
    )
    if before is not None and len(then := _positive(before)[::-1].cumsum()):
        table["top_share_before"] = [int(then[min(n, len(then)) - 1]) / int(then[-1]) for n in tops]
        table["top_share_change"] = table["top_share"] - table["top_share_before"]
    return table


def list_losses(pareto: pd.DataFrame, *, rows: int = 10) -> pd.DataFrame:
    """List the largest accounts, and what would be left if each of them alone were lost.

    Parameters
    ----------
    pareto : as ``kalib.topics.pareto.assign_classes`` returns it
    rows : how many of the largest accounts; fewer where fewer have net sales

    Returns
    -------
    DataFrame
        One row per account, largest first, equal ones by customer_id: customer_id, window_net_sales,
        window_net_sales_share, window_margin and margin_lost_share (of all margin; where margin is known),
        as_smallest_accounts (how many of the smallest other accounts together do not bring more), as_b_accounts (over the
        mean account of class B; absent without that class); and of the others: top_share_after (of the ten largest),
        gini_after, accounts_for_80_after. With nobody left, these are absent.
    """
    sold = pareto[pareto["window_net_sales"] > 0]
    largest = sold.sort_values(["window_net_sales", "customer_id"], ascending=[False, True]).head(rows)
    columns = ["customer_id", "window_net_sales", "window_net_sales_share"]
    table = largest[columns].reset_index(drop=True)
    if "window_margin" in pareto:
        margin = to_cents(pareto["window_margin"].dropna()).sum()
        table["window_margin"] = largest["window_margin"].to_numpy()
        table["margin_lost_share"] = table["window_margin"] / (margin / 100) if margin > 0 else nan
    rising = _positive(sold["window_net_sales"])
    falling = rising[::-1]
    brought = np.concatenate([[0], falling.cumsum()])
    from_below = rising.cumsum()
    middle = sold.loc[sold["abc_class"] == "B", "window_net_sales"]
    average = to_cents(middle).sum() / len(middle) if len(middle) else nan
    count, total = len(rising), int(brought[-1])
    weighted = float(np.sum(np.arange(1, count + 1) * rising.astype(float)))
    after = []
    for place, lost in enumerate(falling[:rows].tolist()):
        left = total - lost
        others = count - 1
        smaller = min(int(np.searchsorted(from_below, lost, side="right")), others - place)
        if not others:
            after.append((0, lost / average, nan, nan, nan))
            continue
        # Without it, whoever is larger loses a place in the rising order.
        ranks = weighted - (count - place) * lost - int(brought[place])
        gini = max(2 * ranks / (others * left) - (others + 1) / others, 0.0)
        top = min(10, others)
        ten = int(brought[top + 1]) - lost if place < top else int(brought[top])
        after.append((smaller, lost / average, ten / left, gini, _needed_without(brought, place, lost)))
    names = ["as_smallest_accounts", "as_b_accounts", "top_share_after", "gini_after", "accounts_for_80_after"]
    return table.join(pd.DataFrame(after, columns=names))


def find_before(past: pd.DataFrame, *, window: str = "365_days") -> pd.Series | None:
    """Find the net sales of the window as they stood at an earlier date, or None where the log did not reach back a year then.

    Parameters
    ----------
    past : the snapshot of that date: orders, tenure_days and the net sales of the window
    """
    known = past[past["orders"] > 0]
    values = known[WINDOWS[window][0]]
    whole_year = (known["tenure_days"] >= YEAR - 1).any()
    return values.reset_index(drop=True) if whole_year and (values > 0).any() else None


def describe_concentration(pareto: pd.DataFrame, before: pd.Series | None) -> dict[str, int | float | str]:
    """Describe concentration in facts: those of ``compare_concentration``, and those below.

    ``sales_change`` is net sales over what they were, less 1; ``top_points`` is by how many hundredths the share of the
    largest has moved, and ``top_relief`` the same with the sign turned, since more weight on few accounts is a risk; a move
    of less than half a hundredth counts as none.
    """
    facts: dict[str, int | float | str] = compare_concentration(pareto["window_net_sales"], before)
    now, then = add(pareto["window_net_sales"]), nan if before is None else add(before)
    change = facts["top_share_change"]
    points = round(change * 100, 1) if change == change else nan
    moved = "" if points != points else "_same" if abs(points) < SAME_POINTS else "_up" if points > 0 else "_down"
    return facts | {
        "sales_change": now / then - 1 if then > 0 else nan,
        "top_points": abs(points),
        "top_relief": 0.0 if moved == "_same" else -points,
        "moved": moved,
        "tops_finding": f"finding{moved}",
        "curve_finding": "finding" if facts["accounts"] >= 2 * TOPS[1] else "finding_few",
    }


def describe_losses(losses: pd.DataFrame) -> dict[str, int | float | str]:
    """Describe what ``list_losses`` found in facts: of the largest account, and of those listed together."""
    first = losses.iloc[0]
    smallest = int(first["as_smallest_accounts"])
    alone = first["window_net_sales_share"] == 1
    return {
        "as_smallest_accounts": smallest,
        "as_b_accounts": float(first["as_b_accounts"]),
        "listed": len(losses),
        "listed_share": float(losses["window_net_sales_share"].sum()),
        "losses_note": "together" if first["as_b_accounts"] >= 1 else "together_plain",
        "losses_finding": "finding_single" if alone else "finding" if smallest > 1 else "finding_few",
    }


def list_answers(facts: Mapping[str, object]) -> list[str]:
    """List the sentences that make up the answer, as words below ``pareto.answer``."""
    if facts["accounts"] == 1:
        return ["single"]
    if facts["top_accounts"] == 1:
        return ["main", "losing_first"]
    return ["main", f"top{facts['moved']}", "losing"]


def list_kpis(facts: Mapping[str, object]) -> list[str]:
    """List the figures at the head of the page, as words below ``pareto.kpi``: four to six, what is not known left out."""
    compared = facts["moved"] != ""
    sales = (
        "sales_all"
        if facts["window"] == "all"
        else "sales"
        if facts["sales_change"] == facts["sales_change"]
        else "sales_alone"
    )
    top = "largest" if facts["top_accounts"] == 1 else "top" if compared else "top_alone"
    kpis = [sales, "class_a", top, "equal"]
    return [*kpis, *(["unprofitable"] if "losing_accounts" in facts else []), "erratic"]


def _needed_without(brought: np.ndarray, place: int, lost: int) -> int:
    """Count the fewest accounts that bring 80 % once the one at ``place`` is gone."""
    wanted = _wanted(int(brought[-1]) - lost)
    fewer = int(np.searchsorted(brought[: place + 1], wanted))
    return fewer if fewer <= place else int(np.searchsorted(brought, wanted + lost)) - 1


def _count_needed(brought: np.ndarray, total: int) -> int:
    return int(np.searchsorted(brought, _wanted(total))) + 1


def _wanted(total: int) -> int:
    return -(-total * round(RULE * 100) // 100)


def _positive(values: pd.Series) -> np.ndarray:
    cents = to_cents(values.fillna(0))
    return np.sort(cents[cents > 0])


def _gini(rising: np.ndarray) -> float:
    count = len(rising)
    if not count:
        return nan
    weights = np.arange(1, count + 1) * 2.0 - count - 1
    return max(float(np.sum(weights * rising)) / (count * float(rising.sum())), 0.0)
