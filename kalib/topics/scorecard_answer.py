"""What is to be said of the list: how many accounts, how sure, and which are worth a second look?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from kalib.money import add, share
from kalib.topics.scorecard import CRITERIA, Sheet
from kalib.topics.scorecard_sensitivity import FIRST
from kalib.topics.scorecard_stability import CERTAIN, CLASSES, LIKELY

SHOWN = 20
"""Accounts that the figure shows."""


def join_evidence(
    scorecard: pd.DataFrame,
    *,
    frequencies: pd.DataFrame,
    earlier: pd.Series,
    weightings: pd.Series,
    ranks: pd.DataFrame,
    smallest: pd.DataFrame,
) -> pd.DataFrame:
    """Join to the list what is known of how sure it is; accounts without an order have none of it.

    Parameters
    ----------
    scorecard : as ``apply_overrides`` returns it
    frequencies : of ``resample_list``; earlier : of ``compare_weeks``; weightings : of ``compare_lists``; ranks : of
        ``compare_orders``; smallest : of ``find_smallest_changes``

    Returns
    -------
    DataFrame
        One row per account, by customer_id, with selection_frequency, selection_class, earlier_lists, weightings,
        rank_best, rank_worst, smallest_change, smallest_change_criterion; and the score and contribution of every criterion, missing where the
        data lacks it.
    """
    table = scorecard.merge(frequencies, on="customer_id", how="left", validate="1:1")
    for counts in (earlier, weightings):
        table[counts.name] = table["customer_id"].map(counts).astype("Int64")
    for found in (ranks, smallest):
        table = table.merge(found, on="customer_id", how="left", validate="1:1")
    for criterion in CRITERIA:
        for what in ("score", "contribution"):
            if f"{criterion}_{what}" not in table:
                table[f"{criterion}_{what}"] = np.nan
    assert len(table) == len(scorecard)
    first = [
        *("customer_id", "account_class", "key_account_score", "key_account_rank", "is_key_account", "key_by_rule"),
        *("rule_result", "known_weight_share", "net_sales_365_days", "selection_frequency", "selection_class"),
        *(
            "earlier_lists",
            "weightings",
            "rank_best",
            "rank_worst",
            "lifted_by",
            "lifted_by_next",
            "held_back_by",
            "smallest_change",
        ),
        *("smallest_change_criterion", "override_by", "override_date", "override_reason"),
    ]
    parts = [f"{criterion}_{what}" for criterion in CRITERIA for what in ("score", "contribution")]
    return table[[*first, *parts]]


def describe_list(
    scorecard: pd.DataFrame,
    *,
    overrides: pd.DataFrame | None = None,
    review: pd.DataFrame | None = None,
    orders: pd.DataFrame | None = None,
) -> dict[str, object]:
    """Describe the list in facts that fill the sentences ``scorecard.*``.

    ``certain`` accounts are on the list, and by the rule in at least nine of ten resamples, ``close`` ones in fewer; whoever
    is on it by name only is neither. ``missed`` are off it, and on it by the rule in at least one half. ``always`` are on it by every set of weights,
    ``sometimes`` by some only.

    Parameters
    ----------
    review : of ``review_year``, where the record reaches back so far; orders : of ``compare_orders``

    Returns
    -------
    dict
        answer (the sentence to say: answer, answer_no_share, answer_none), accounts, scored, little_known, no_order, prospects, key_accounts, key_share, key_net_sales, key_net_sales_share, by_rule,
        certain, close, missed, always, sometimes, added, removed (by overrides), least_score (of those on the list by the
        rule); then, stayed (on the list a year ago, and today too), certain_then, certain_stayed, close_then, close_stayed;
        first (by score), least_kept (of them under the least favourable weights).
    """
    key, by_rule = scorecard["is_key_account"], scorecard["key_by_rule"]
    frequency = scorecard["selection_frequency"]
    with_order = scorecard["account_class"].isin(["scored", "little_known"])
    sales = scorecard["net_sales_365_days"]
    weightings = scorecard["weightings"].fillna(0).astype(int)
    most = int(weightings.max()) if len(weightings) else 0
    changed = overrides[overrides["changes_list"]] if overrides is not None else pd.DataFrame({"key": []})
    key_sales, total = add(sales[key].dropna()), add(sales.dropna())
    has_share = bool(key.any()) and total > 0
    scored = int((scorecard["account_class"] == "scored").sum())
    first = min(FIRST, scored)
    return {
        "answer": "answer" if has_share else "answer_no_share" if key.any() else "answer_none",
        "accounts": len(scorecard),
        "scored": scored,
        "with_order": int(with_order.sum()),
        "little_known": int((scorecard["account_class"] == "little_known").sum()),
        "no_order": int((scorecard["account_class"] == "no_order").sum()),
        "prospects": int((scorecard["account_class"] == "prospect").sum()),
        "key_accounts": int(key.sum()),
        "key_share": share(int(key.sum()), int(with_order.sum())),
        "key_net_sales": key_sales,
        "key_net_sales_share": share(key_sales, total),
        "by_rule": int(by_rule.sum()),
        "certain": int((key & by_rule & (frequency >= CERTAIN)).sum()),
        "close": int((key & by_rule & (frequency < CERTAIN)).sum()),
        "missed": int((~key & ~by_rule & (frequency >= LIKELY)).sum()),
        "always": int((weightings == most).sum()) if most else 0,
        "sometimes": int(((weightings > 0) & (weightings < most)).sum()),
        "added": int(changed["key"].eq(True).sum()),
        "removed": int(changed["key"].eq(False).sum()),
        "least_score": float(scorecard.loc[by_rule, "key_account_score"].min()),
        "first": first,
        "least_kept": int(orders["first_kept"].min()) if orders is not None and len(orders) else first,
        **_describe_review(review),
    }


def _describe_review(review: pd.DataFrame | None) -> dict[str, int]:
    """Return how many were on the list a year ago and still are: all, those clear of the line then, and those near it."""
    if review is None:
        return dict.fromkeys(("then", "stayed", "certain_then", "certain_stayed", "close_then", "close_stayed"), 0)
    clear = review["selection_class"] == CLASSES[0]
    counts = {}
    for prefix, rows in (("", review), ("certain_", review[clear]), ("close_", review[~clear])):
        counts |= {f"{prefix}then": int(rows["on_list_then"].sum()), f"{prefix}stayed": int(rows["stayed"].sum())}
    return counts


def choose_kpis(facts: Mapping[str, object]) -> list[str]:
    """Choose the figures at the head of the page that say something: keys of the words."""
    if facts["key_accounts"]:
        names = ["key", "sales", "certain", "close", *(["kept"] if facts["then"] else []), "weights"]
    else:
        names = ["largest", "scored"]
    return [f"scorecard.kpis.{name}" for name in [*names, *(["prospects"] if facts["prospects"] else [])]]


def list_key_accounts(scorecard: pd.DataFrame) -> pd.DataFrame:
    """List the key accounts by net sales of the year: what hangs on each; the score is a profile beside it.

    By score the first twenty of the sample bring half as much of the next year's sales (docs/validation.md).

    Returns
    -------
    DataFrame
        The columns of ``scorecard`` with lifted, the codes of the one or two criteria that lift the score most.
    """
    listed = scorecard[scorecard["is_key_account"]]
    listed = listed.sort_values(["net_sales_365_days", "customer_id"], ascending=[False, True], ignore_index=True)
    pairs = zip(listed["lifted_by"], listed["lifted_by_next"], strict=True)
    return listed.assign(lifted=[[code for code in pair if isinstance(code, str)] for pair in pairs])


def list_best_off(scorecard: pd.DataFrame, *, rows: int = SHOWN) -> pd.DataFrame:
    """List the accounts with the best ranks that are not on the list: small and good, or too little known of."""
    off = scorecard[~scorecard["is_key_account"] & ~scorecard["key_by_rule"] & scorecard["key_account_score"].notna()]
    order = off.sort_values(["key_account_score", "customer_id"], ascending=[False, True], ignore_index=True)
    return order.head(rows)


def list_largest_off(scorecard: pd.DataFrame) -> pd.DataFrame:
    """List the accounts that are larger than the smallest key account by the rule and not on the list, with what it found wanting.

    Whoever was put on the list by name may be small, and is no measure.

    Returns
    -------
    DataFrame
        The columns of ``scorecard``, most net sales first; nobody where the rule names no key account.
    """
    smallest = scorecard.loc[scorecard["is_key_account"] & scorecard["key_by_rule"], "net_sales_365_days"].min()
    off = scorecard[~scorecard["is_key_account"] & (scorecard["net_sales_365_days"] > smallest)]
    return off.sort_values(["net_sales_365_days", "customer_id"], ascending=[False, True], ignore_index=True)


def list_close_calls(scorecard: pd.DataFrame, *, on_list: bool) -> pd.DataFrame:
    """List the accounts whose place hangs on a few orders.

    Parameters
    ----------
    on_list : those on the list by the rule in fewer than nine of ten resamples, the least sure first; or those off it and on
        it in at least one of ten, the surest first
    """
    frequency = scorecard["selection_frequency"]
    if on_list:
        rows = scorecard[scorecard["is_key_account"] & scorecard["key_by_rule"] & (frequency < CERTAIN)]
    else:
        off = ~scorecard["is_key_account"] & ~scorecard["key_by_rule"]
        rows = scorecard[off & scorecard["selection_class"].isin(CLASSES[:3])]
    return rows.sort_values(
        ["selection_frequency", "key_account_score", "customer_id"],
        ascending=[on_list, False, True],
        ignore_index=True,
    )


def count_classes(scorecard: pd.DataFrame, *, review: pd.DataFrame | None = None) -> pd.DataFrame:
    """Count accounts by how often they are selected, on the list by the rule and off it.

    Parameters
    ----------
    review : of ``review_year``, where the record reaches back so far

    Returns
    -------
    DataFrame
        selection_class (certain first), on_list, off_list; and on_list_then, stayed, stayed_share of ``review``.
    """
    rows = [
        (
            name,
            int(
                (scorecard["is_key_account"] & scorecard["key_by_rule"] & (scorecard["selection_class"] == name)).sum()
            ),
            int((~scorecard["key_by_rule"] & (scorecard["selection_class"] == name)).sum()),
        )
        for name in CLASSES
    ]
    table = pd.DataFrame(rows, columns=["selection_class", "on_list", "off_list"])
    if review is None or not len(review):
        return table
    return table.merge(review, on="selection_class", how="left").astype({"on_list_then": "Int64", "stayed": "Int64"})


def list_weight_dependent(scorecard: pd.DataFrame) -> pd.DataFrame:
    """List the accounts that some sets of weights put on the list and others don't, the best score first."""
    weightings = scorecard["weightings"].fillna(0).astype(int)
    rows = scorecard[(weightings > 0) & (weightings < weightings.max())]
    return rows.sort_values(["key_account_score", "customer_id"], ascending=[False, True], ignore_index=True)


def list_easily_moved(scorecard: pd.DataFrame, *, rows: int = SHOWN) -> pd.DataFrame:
    """List the accounts that the smallest change of one weight puts on the list or takes off it, the smallest first."""
    moved = scorecard[scorecard["smallest_change"].notna()]
    size = moved["smallest_change"].abs()
    order = moved.assign(size=size).sort_values(["size", "customer_id"], ignore_index=True)
    return order.drop(columns="size").head(rows)


def name_moves(moved: pd.DataFrame, moves: pd.DataFrame, names: pd.Series, *, most: int = 3) -> pd.DataFrame:
    """Put beside each move of a weight the names of the accounts that enter and leave, the first few of each.

    Parameters
    ----------
    moved, moves : as ``move_weights`` returns them
    names : name by customer_id

    Returns
    -------
    DataFrame
        ``moved`` without the moves that change nothing, with names_entered and names_left (+2 for two more; missing where
        there is none).
    """
    told = {}
    for (criterion, weight, change), group in moves.groupby(["criterion", "weight_moved", "list_change"]):
        own = [str(names.get(account, account)) for account in sorted(group["customer_id"])]
        more = f" +{len(own) - most}" if len(own) > most else ""
        told[criterion, weight, change] = ", ".join(own[:most]) + more
    keys = list(zip(moved["criterion"], moved["weight_moved"], strict=True))
    table = moved.assign(
        names_entered=[told.get((*key, "entered")) for key in keys],
        names_left=[told.get((*key, "left")) for key in keys],
    )
    return table[(table["entered"] > 0) | (table["left"] > 0)].reset_index(drop=True)


def tabulate_contributions(listed: pd.DataFrame) -> pd.DataFrame:
    """Return what each criterion gives to the score of each account, in hundredths of a point of score.

    Returns
    -------
    DataFrame
        The rows of ``listed`` with score_points and <criterion>_points for the criteria that anyone has.
    """
    points = {"score_points": listed["key_account_score"] * 100}
    for criterion in CRITERIA:
        given = listed[f"{criterion}_contribution"]
        if given.notna().any():
            points[f"{criterion}_points"] = given * 100
    return listed.assign(**points)


def show_criteria(listed: pd.DataFrame, sheet: Sheet, *, rows: int = SHOWN) -> pd.DataFrame:
    """Return the criteria of the first accounts of a list in the form that the figure draws.

    Returns
    -------
    DataFrame
        place (0 is the top row), name, criterion, criterion_score (missing where unknown), key_account_score.
    """
    shown = listed.head(rows)
    long = [
        (place, row["name"], criterion, row[f"{criterion}_score"], row["key_account_score"])
        for place, row in enumerate(shown.to_dict("records"))
        for criterion in sheet.criteria
    ]
    return pd.DataFrame(long, columns=["place", "name", "criterion", "criterion_score", "key_account_score"])


def describe_criteria(cells: pd.DataFrame) -> dict[str, object]:
    """Describe the accounts of the figure: how many, and the criterion in which they are weakest on the mean.

    Parameters
    ----------
    cells : as ``show_criteria`` returns them

    Returns
    -------
    dict
        shown, weakest (criterion; missing where nothing is known), weakest_points (its mean, of 100).
    """
    means = cells.groupby("criterion")["criterion_score"].mean().dropna()
    return {
        "shown": cells["place"].nunique(),
        "weakest": means.idxmin() if len(means) else None,
        "weakest_points": round(100 * means.min()) if len(means) else None,
    }


def spell_rule(rule: Mapping[str, object], *, inside: bool = False) -> list[dict[str, object]]:
    """Return a rule as lines to be said one after the other: code (all, any, score, top, value_share) and figure.

    Examples
    --------
    >>> [(line["code"], line["figure"]) for line in spell_rule({"all": [{"score": 0.7}, {"top": 50}]})]
    [('all', 2), ('score', 0.7), ('top', 50)]
    """
    ((name, argument),) = rule.items()
    if name not in ("any", "all"):
        return [{"code": name, "figure": argument}]
    lines: list[dict[str, object]] = [{"code": f"inner_{name}" if inside else name, "figure": len(argument)}]
    for part in argument:
        lines += spell_rule(part, inside=True)
    return lines


def list_measure_values(sheet: Sheet, *, customer_ids: list[str] | None = None) -> pd.DataFrame:
    """List what each account's criteria are made of: every measure's figure and what it is on the scale from 0 to 1.

    Parameters
    ----------
    customer_ids : the accounts wanted; default: all

    Returns
    -------
    DataFrame
        One row per account and measure that is known of it: customer_id, measure, criterion, measure_value,
        measure_score.
    """
    at = np.arange(len(sheet.accounts))
    if customer_ids is not None:
        at = np.flatnonzero(np.isin(sheet.accounts.astype(str), customer_ids))
    parts = [
        pd.DataFrame(
            {
                "customer_id": sheet.accounts[at].astype(str),
                "measure": use.name,
                "criterion": use.criterion,
                "measure_value": sheet.values[use.name].to_numpy(float)[at],
                "measure_score": np.round(sheet.measure_scores[at, i], 9),
            }
        )
        for i, use in enumerate(sheet.uses)
    ]
    table = pd.concat(parts, ignore_index=True).dropna(subset=["measure_value"])
    return table.sort_values(["customer_id", "measure"], ignore_index=True).astype({"customer_id": "str"})
