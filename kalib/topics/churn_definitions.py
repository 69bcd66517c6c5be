"""What does it mean that a customer has left? Several definitions side by side: how many they count, how far they agree."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Protocol

import numpy as np
import pandas as pd

from kalib.errors import NotEnoughDataError
from kalib.money import add, share
from kalib.schema import check_columns, check_key

DEFINITIONS = ("no_order", "own_rhythm", "not_alive", "spend_fell")
"""No order within the horizon (the one that is forecast); silence of several times the own gap; less likely than not to be
alive by the purchase model; spend fell by more than a set share."""

FULL = DEFINITIONS[:3]
"""Those that mean leaving altogether."""

LIKELY = 0.5
"""Below this P(alive) a customer is more likely gone than not."""


_ROUNDED = 1e-4
"""Gaps come in six decimals: three times 31/3 days are 31, and not a little less."""


class _Model(Protocol):
    def predict_proba(self, features: pd.DataFrame) -> np.ndarray: ...


def define_leaving(
    labelled: pd.DataFrame,
    customers: pd.DataFrame,
    *,
    silence_factor: float = 3.0,
    p_alive: pd.Series | None = None,
) -> pd.DataFrame:
    """Say of every customer who was active one horizon ago whether it has left by now, by each definition.

    All is as known at the date of ``customers``, when the horizon has just passed. ``no_order``: no order since.
    ``own_rhythm``: silent now for more than ``silence_factor`` times the own mean gap between order days; who has
    ordered on a single day has no rhythm and is held against the typical one, the median of the others' (``by_typical``).
    ``not_alive``: P(alive) below one half now. ``spend_fell``: ``partly_churned``; who bought nothing in the season of the
    year before has nothing that could fall, and has left in part only by leaving altogether.

    Parameters
    ----------
    labelled : the customers active one horizon ago, as ``churn_windows.label`` returns them for that one date:
        customer_id, net_sales_365_days (up to that date), churned, partly_churned, partial_basis
    customers : the features of now: customer_id, days_since_last_order, gap_days
    silence_factor : so many times the own gap
    p_alive : probability of being alive now, by customer_id; None where no purchase model could be fitted

    Returns
    -------
    DataFrame
        One row per customer, by customer_id: customer_id, net_sales_365_days, and as 0.0, 1.0 or missing no_order,
        own_rhythm, not_alive (all missing without ``p_alive``), spend_fell (all missing where nobody has a basis);
        by_typical (True or False), partial_basis.

    Raises
    ------
    NotEnoughDataError
        ``churn_nobody_active``: nobody was active one horizon ago.
    """
    check_key(labelled, ["customer_id"], name="labelled")
    check_key(customers, ["customer_id"], name="customers")
    check_columns(labelled, ["net_sales_365_days", "churned", "partly_churned", "partial_basis"], name="labelled")
    check_columns(customers, ["days_since_last_order", "gap_days"], name="customers")
    if labelled.empty:
        raise NotEnoughDataError("churn_nobody_active")
    table = labelled[["customer_id", "net_sales_365_days"]].sort_values("customer_id", ignore_index=True)
    past = labelled.set_index("customer_id").loc[table["customer_id"]]
    now = customers.set_index("customer_id").reindex(table["customer_id"])
    gap = now["gap_days"].astype(float)
    silence = now["days_since_last_order"].astype(float)
    typical = gap.median()
    table["no_order"] = past["churned"].to_numpy(float)
    beyond = (silence > silence_factor * gap.fillna(typical) + _ROUNDED).astype(float)
    table["own_rhythm"] = beyond.where(silence.notna() & gap.fillna(typical).notna()).to_numpy()
    alive = np.full(len(table), np.nan) if p_alive is None else p_alive.reindex(table["customer_id"]).to_numpy(float)
    table["not_alive"] = np.where(np.isnan(alive), np.nan, alive < LIKELY)
    told = (past["partial_basis"] != "none").any()
    table["spend_fell"] = past["partly_churned"].fillna(0.0).to_numpy(float) if told else np.nan
    table["by_typical"] = gap.isna().to_numpy()
    table["partial_basis"] = past["partial_basis"].to_numpy()
    return table


def summarise_definitions(states: pd.DataFrame) -> pd.DataFrame:
    """Summarise how many customers have left by each definition, and what they had bought.

    Parameters
    ----------
    states : as ``define_leaving`` returns it

    Returns
    -------
    DataFrame
        One row per definition that can be judged: definition, judged (customers), gone (customers), gone_share (of those
        judged), net_sales_365_days (of those gone, in the year before), net_sales_share (of the judged ones' net
        sales; missing where they have none).

    Examples
    --------
    >>> states = pd.DataFrame({"customer_id": ["a", "b"], "net_sales_365_days": [30.0, 10.0], "no_order": [0.0, 1.0],
    ...     "own_rhythm": [1.0, 1.0], "not_alive": [None, None], "spend_fell": [None, 1.0], "by_typical": False})
    >>> summarise_definitions(states)[["definition", "judged", "gone", "gone_share", "net_sales_share"]].values.tolist()
    [['no_order', 2, 1, 0.5, 0.25], ['own_rhythm', 2, 2, 1.0, 1.0], ['spend_fell', 1, 1, 1.0, 1.0]]
    """
    rows = []
    for name in judged_definitions(states):
        judged = states[states[name].notna()]
        gone = judged[judged[name] == 1]
        net_sales, whole = add(gone["net_sales_365_days"]), add(judged["net_sales_365_days"])
        rows.append(
            {
                "definition": name,
                "judged": len(judged),
                "gone": len(gone),
                "gone_share": round(len(gone) / len(judged), 6),
                "net_sales_365_days": net_sales,
                "net_sales_share": round(share(net_sales, whole), 6),
            }
        )
    return pd.DataFrame(rows)


def summarise_combinations(states: pd.DataFrame, *, most: int = 10) -> pd.DataFrame:
    """Summarise which definitions call the same customers gone: one row per combination of answers.

    Customers that one of the definitions cannot judge count as not gone by that one.

    Parameters
    ----------
    most : rows; smaller combinations are put together into the last one

    Returns
    -------
    DataFrame
        Most customers first; the customers who have left by none of the definitions come last: a column of True or
        False per definition that can be judged, customers, customers_share, net_sales_365_days, is_rest (combinations
        put together; their definitions are all False).

    Examples
    --------
    >>> states = pd.DataFrame({"customer_id": ["a", "b", "c"], "net_sales_365_days": [30.0, 10.0, 5.0],
    ...     "no_order": [0.0, 1.0, 1.0], "own_rhythm": [0.0, 1.0, 1.0], "not_alive": None, "spend_fell": [0.0, 1.0, 1.0],
    ...     "by_typical": False})
    >>> summarise_combinations(states)[["no_order", "own_rhythm", "customers"]].values.tolist()
    [[True, True, 2], [False, False, 1]]
    """
    names = judged_definitions(states)
    gone = states[names].eq(1)
    rows = []
    for answers, own in states.groupby([gone[name] for name in names], sort=True):
        net_sales = add(own["net_sales_365_days"])
        rows.append({**dict(zip(names, answers, strict=True)), "customers": len(own), "net_sales_365_days": net_sales})
    table = pd.DataFrame(rows).assign(is_rest=False)
    order = ["nobody", "customers", *names]
    table["nobody"] = ~table[names].any(axis=1)
    table = table.sort_values(order, ascending=[True, False, *[False] * len(names)], ignore_index=True)
    some = table[~table["nobody"]]
    if len(some) > most:
        rest = some.iloc[most - 1 :]
        put = {**dict.fromkeys(names, False), "customers": int(rest["customers"].sum()), "is_rest": True}
        put |= {"net_sales_365_days": add(rest["net_sales_365_days"]), "nobody": False}
        table = pd.concat([some.iloc[: most - 1], pd.DataFrame([put]), table[table["nobody"]]], ignore_index=True)
    table["customers_share"] = (table["customers"] / len(states)).round(6)
    return table[[*names, "customers", "customers_share", "net_sales_365_days", "is_rest"]]


def compare_definitions(states: pd.DataFrame) -> pd.DataFrame:
    """Compare each two definitions on the customers that both can judge.

    Returns
    -------
    DataFrame
        One row per pair: one, other, judged (customers), both (gone by both), one_only, other_only, same_share (judged
        alike), overlap_share (gone by both, over gone by either: Jaccard; missing where nobody is), kappa (agreement
        beyond chance, Cohen 1960: 1 is full, 0 is that of chance; missing where chance alone would agree in full).

    Examples
    --------
    >>> states = pd.DataFrame({"customer_id": list("abcd"), "net_sales_365_days": 1.0, "no_order": [1.0, 1.0, 0.0, 0.0],
    ...     "own_rhythm": [1.0, 0.0, 0.0, 0.0], "not_alive": None, "spend_fell": None, "by_typical": False})
    >>> compare_definitions(states)[["both", "one_only", "other_only", "same_share", "overlap_share", "kappa"]].values.tolist()
    [[1.0, 1.0, 0.0, 0.75, 0.5, 0.5]]
    """
    rows = []
    for one, other in itertools.combinations(judged_definitions(states), 2):
        judged = states[states[one].notna() & states[other].notna()]
        a, b = judged[one].to_numpy(float) == 1, judged[other].to_numpy(float) == 1
        n, both, either = len(judged), int((a & b).sum()), int((a | b).sum())
        same = float((a == b).mean()) if n else np.nan
        chance = a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean()) if n else np.nan
        rows.append(
            {
                "one": one,
                "other": other,
                "judged": n,
                "both": both,
                "one_only": int((a & ~b).sum()),
                "other_only": int((b & ~a).sum()),
                "same_share": round(same, 6),
                "overlap_share": round(both / either, 6) if either else np.nan,
                "kappa": round((same - chance) / (1 - chance), 6) if chance < 1 else np.nan,
            }
        )
    columns = ["one", "other", "judged", "both", "one_only", "other_only", "same_share", "overlap_share", "kappa"]
    return pd.DataFrame(rows, columns=columns)


def describe_definitions(
    states: pd.DataFrame, summary: pd.DataFrame, *, silence_factor: float = 3.0
) -> dict[str, object]:
    """Describe how far the definitions agree, as facts for the sentences.

    Parameters
    ----------
    states : as ``define_leaving`` returns it
    summary : as ``summarise_definitions`` returns it of them
    silence_factor : as ``define_leaving`` had it

    Returns
    -------
    dict
        judged (customers active one horizon ago), definitions (how many mean leaving altogether and can be judged),
        gone, gone_share (by no order), least_share, most_share, least, most (the definitions of leaving altogether with
        the lowest and the highest share), all_agree_share (customers whom these judge alike), by_typical (customers
        without a rhythm), part_share (spend fell), part_only (spend fell, though they still order), part_only_sales (their
        net sales of the year before), part_undefined (customers), silence_factor; part_share is None where nobody could be
        judged.
    """
    full = summary[summary["definition"].isin(FULL)]
    least, most = (full.sort_values(["gone_share", "definition"], ignore_index=True).iloc[at] for at in (0, -1))
    judged = states[states[list(full["definition"])].notna().all(axis=1)]
    alike = judged[list(full["definition"])].nunique(axis=1) == 1
    by: Mapping[str, pd.Series] = {row["definition"]: row for _, row in summary.iterrows()}
    part_only = states[(states["spend_fell"] == 1) & (states["no_order"] == 0)]
    part = by.get("spend_fell")
    return {
        "judged": len(states),
        "definitions": len(full),
        "gone": int(by["no_order"]["gone"]),
        "gone_share": float(by["no_order"]["gone_share"]),
        "least": str(least["definition"]),
        "least_share": float(least["gone_share"]),
        "most": str(most["definition"]),
        "most_share": float(most["gone_share"]),
        "all_agree_share": float(alike.mean()) if len(alike) else None,
        "by_typical": int(states["by_typical"].sum()),
        "part_share": None if part is None else float(part["gone_share"]),
        "part_only": len(part_only),
        "part_only_sales": add(part_only["net_sales_365_days"]),
        "part_undefined": int((states["partial_basis"] == "none").sum()),
        "silence_factor": f"{silence_factor:g}",
    }


def predict_partial(
    model: _Model, churn: pd.DataFrame, customers: pd.DataFrame, reference: Mapping[str, pd.Series]
) -> pd.DataFrame:
    """Predict who leaves in full or in part; never less likely than leaving in full.

    Who bought nothing in the season of the year before has nothing that could fall, and can only leave in full.

    Parameters
    ----------
    model : a ChurnModel fitted to ``partly_churned``, on rows where it is defined
    churn : customer_id, churn_probability; and known_as where there is contract data
    customers : the features of now
    reference : as ``churn_windows.find_reference`` returns it for ``customers``

    Returns
    -------
    DataFrame
        ``churn`` with partial_churn_probability.
    """
    check_key(churn, ["customer_id"], name="churn")
    rows = customers.assign(partial_basis=reference["partial_basis"]).set_index("customer_id", drop=False)
    rows = rows.loc[churn["customer_id"]].reset_index(drop=True)
    full = churn["churn_probability"].to_numpy(float)
    either = np.maximum(model.predict_proba(rows)[:, 1], full)
    return churn.assign(partial_churn_probability=np.where(rows["partial_basis"] == "none", full, either))


def describe_partial(churn: pd.DataFrame, labelled: pd.DataFrame) -> dict[str, object]:
    """Describe the forecast of partial churn, and what spend was held against, as facts for the sentences.

    Parameters
    ----------
    churn : customer_id, and partial_churn_probability where it could be forecast
    labelled : the rows of ``churn_windows.label_partial`` at the date that is looked back on

    Returns
    -------
    dict
        partial_customers, partial_expected (sum of probabilities), partial_share; part_season, part_pace, part_none (customers
        held against the same season, their own pace, nothing). The first three are None without a forecast.
    """
    counts = labelled["partial_basis"].value_counts()
    facts: dict[str, object] = {f"part_{basis}": int(counts.get(basis, 0)) for basis in ("season", "pace", "none")}
    if "partial_churn_probability" not in churn or churn.empty:
        return facts | dict.fromkeys(("partial_customers", "partial_expected", "partial_share"))
    expected = math.fsum(churn["partial_churn_probability"])
    return facts | {
        "partial_customers": len(churn),
        "partial_expected": round(expected, 6),
        "partial_share": round(expected / len(churn), 6),
    }


def list_fallen(states: pd.DataFrame, labelled: pd.DataFrame, *, rows: int = 100) -> pd.DataFrame:
    """List the customers who still order but whose spend fell, those who are short of most first.

    Parameters
    ----------
    states : as ``define_leaving`` returns it
    labelled : the rows that it was made of, with partial_basis, partial_reference and net_sales_ahead

    Returns
    -------
    DataFrame
        One row per customer: customer_id, partial_basis, partial_reference (net sales that were to be expected of the
        horizon), net_sales_ahead (what came), shortfall (the difference).
    """
    fallen = states.loc[(states["spend_fell"] == 1) & (states["no_order"] == 0), "customer_id"]
    columns = ["customer_id", "partial_basis", "partial_reference", "net_sales_ahead"]
    table = labelled.loc[labelled["customer_id"].isin(fallen), columns]
    table = table.assign(shortfall=(table["partial_reference"] - table["net_sales_ahead"]).round(2))
    return table.sort_values(["shortfall", "customer_id"], ascending=[False, True]).head(rows).reset_index(drop=True)


def judged_definitions(states: pd.DataFrame) -> list[str]:
    """Return the definitions that can be judged for at least one customer, in their order."""
    return [name for name in DEFINITIONS if states[name].notna().any()]
