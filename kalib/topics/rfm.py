"""Who bought recently, often and much? Scores, and segments made of them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from kalib.errors import NotEnoughDataError
from kalib.money import add, share
from kalib.schema import check_key
from kalib.topics.rfm_scorer import SCORES, RfmScorer
from kalib.topics.rfm_segments import (
    BINS,
    GRID,
    LEAVING,
    SEGMENTS,
    SEGMENTS_8,
    Rule,
    assign_cells,
    find_fifths,
    find_segment,
    find_unreachable,
)

__all__ = [
    "BINS",
    "GRID",
    "LEAVING",
    "MEASURES",
    "SEGMENTS",
    "SEGMENTS_8",
    "RfmScorer",
    "apply_rules",
    "check_snapshot",
    "choose_sentences",
    "count_renamed",
    "describe_rfm",
    "find_segment",
    "list_quiet",
    "list_segments",
    "mark_quiet",
    "name_segments",
    "score_rfm",
    "summarise_cells",
    "summarise_scores",
    "summarise_segments",
]

NOT_TOLD = "others"
"""Segment of all where their figures cannot tell them apart."""

MIDDLE = 3
"""Fifth of recency that a customer within its own rhythm has at least."""

ENDED = ("quiet", "lapsed", "lost")
"""States of silence of which a customer may be called lost."""

MEASURES = RfmScorer().measures
"""Which column each score is made of, unless the settings say otherwise."""


def score_rfm(customers: pd.DataFrame, *, scorer: RfmScorer | None = None) -> pd.DataFrame:
    """Score the customers of one snapshot.

    Parameters
    ----------
    customers : one row per customer: customer_id, days_since_last_order, orders, net_sales, and what else the scorer
        scores
    scorer : fitted on another snapshot whose edges are to be used; default: fitted on these customers

    Returns
    -------
    DataFrame
        One row per customer with an order, by ``customer_id``: customer_id, days_since_last_order, orders, net_sales,
        margin where there is one, what else was scored, r_score, f_score, m_score, segment, segment_8, is_worth_much.

    Raises
    ------
    NotEnoughDataError
        ``rfm_few_customers``: fewer than five customers have an order.
    ValueError
        A customer stands in it twice.

    Examples
    --------
    >>> customers = pd.DataFrame({
    ...     "customer_id": list("abcdef"), "orders": [1, 2, 3, 4, 5, 6], "net_sales": [10.0, 20, 30, 40, 50, 60],
    ...     "days_since_last_order": [60, 50, 40, 30, 20, 10],
    ... })
    >>> score_rfm(customers)[["customer_id", "r_score", "f_score", "m_score", "segment"]].tail(2)
      customer_id  r_score  f_score  m_score    segment
    4           e        5        4        4  champions
    5           f        5        5        5  champions
    """
    table = (scorer or RfmScorer()).select(customers)
    ids = table["customer_id"].array
    if not bool(
        (ids[1:] > ids[:-1]).all()
    ):  # rows in order, as the ledger writes them, are one per customer at a glance
        table = table.take(ids.argsort()).reset_index(drop=True)
        ids = table["customer_id"].array
        if bool((ids[1:] == ids[:-1]).any()):
            check_key(table, ["customer_id"], name="customers")
    return scorer.predict(table) if scorer else RfmScorer().fit_predict(table)


def check_snapshot(learn_as_of: dt.date | None, *, as_of: dt.date) -> None:
    """Check that edges are learnt on a day that the report knows.

    Raises
    ------
    NotEnoughDataError
        ``rfm_learn_ahead``: the day lies after the snapshot date.
    """
    if learn_as_of and learn_as_of > as_of:
        raise NotEnoughDataError("rfm_learn_ahead", learn_as_of=learn_as_of, as_of=as_of)


def apply_rules(scorer: RfmScorer, *, segments: Sequence[Rule] | None, rest: str | None) -> RfmScorer:
    """Give the scorer of another run this job's own segments; its edges stay.

    Raises
    ------
    NotEnoughDataError
        ``rfm_rules_overlap``, ``rfm_rules_leave_out``: the rules do not fit the model's scores.
    """
    assign_cells(scorer.counts, segments, rest=rest)
    return scorer.set_params(segments=segments, rest=rest)


def list_segments(rfm: pd.DataFrame, *, scorer: RfmScorer | None = None) -> list[str]:
    """List the segments there may be, best first.

    These are the international eleven, or the business's own in the order of its rules. Without the scorer, own ones
    are those that customers have, by the mean of their scores.
    """
    if scorer is not None and scorer.segments is not None:
        return [str(rule["name"]) for rule in scorer.segments] + ([scorer.rest] if scorer.rest else [])
    if rfm["segment"].isin(SEGMENTS).all():
        return list(SEGMENTS)
    means = rfm.groupby("segment")[list(SCORES)].mean().sum(axis=1)
    return sorted(means.index, key=lambda code: (-round(means[code], 9), code))


def summarise_segments(rfm: pd.DataFrame, *, by: str = "segment", scorer: RfmScorer | None = None) -> pd.DataFrame:
    """Summarise what each segment brings, best segment first; empty segments are left out.

    Parameters
    ----------
    rfm : as ``score_rfm`` returns it
    by : ``segment`` or ``segment_8``
    scorer : that made it, which knows the order of the business's own segments

    Returns
    -------
    DataFrame
        ``by``, customers, customers_share, net_sales, net_sales_share, net_sales_per_customer, where there is margin
        margin and margin_per_customer, median_days_since_last_order, median_orders, quiet_customers, and where ``mark_quiet`` has said so still_customers (not
        silent for so long that they no longer count as customers). Shares of sales are absent where net sales do not add up to something above nought.
    """
    if by not in ("segment", "segment_8"):
        raise ValueError(f"`by` is one of segment, segment_8; it was {by!r}.")
    order = list_segments(rfm, scorer=scorer) if by == "segment" else list(SEGMENTS_8.values())
    total = add(rfm["net_sales"])
    rows = []
    for code in order:
        group = rfm[rfm[by] == code]
        if group.empty:
            continue
        net_sales = add(group["net_sales"])
        row = {
            by: code,
            "customers": len(group),
            "customers_share": len(group) / len(rfm),
            "net_sales": net_sales,
            "net_sales_share": share(net_sales, total),
            "net_sales_per_customer": net_sales / len(group),
        }
        if "margin" in rfm:
            known = group["margin"].dropna()
            margin = add(known) if len(known) else math.nan
            row |= {"margin": margin, "margin_per_customer": margin / len(known) if len(known) else math.nan}
        row |= {
            "median_days_since_last_order": float(group["days_since_last_order"].median()),
            "median_orders": float(group["orders"].median()),
            "quiet_customers": int(group["is_quiet"].sum()) if "is_quiet" in group else 0,
        }
        if "silence" in group:
            row["still_customers"] = int((~group["silence"].isin(ENDED[1:])).sum())
        rows.append(row)
    return pd.DataFrame(rows)


def summarise_cells(rfm: pd.DataFrame, *, scorer: RfmScorer | None = None) -> pd.DataFrame:
    """Summarise customers and sales by recency and frequency score: a row for each cell, empty cells with nought.

    Returns
    -------
    DataFrame
        r_score, f_score, customers, net_sales, net_sales_share.
    """
    recency, frequency, _ = _counts(scorer)
    total = add(rfm["net_sales"])
    groups = dict(iter(rfm.groupby(["r_score", "f_score"])["net_sales"]))
    rows = []
    for cell in ((r, f) for r in range(recency, 0, -1) for f in range(1, frequency + 1)):
        money = groups.get(cell, pd.Series(dtype=float))
        net_sales = add(money)
        rows.append((*cell, len(money), net_sales, share(net_sales, total)))
    return pd.DataFrame(rows, columns=["r_score", "f_score", "customers", "net_sales", "net_sales_share"])


def summarise_scores(rfm: pd.DataFrame, *, scorer: RfmScorer | None = None) -> pd.DataFrame:
    """Summarise what each score stands for: the range of days, orders and money of the customers who have it.

    Returns
    -------
    DataFrame
        score (highest first), days_from, days_to, orders_from, orders_to, money_from, money_to; absent where no
        customer has the score, and above the highest score of that figure.
    """
    measures = scorer.measures if scorer else MEASURES
    table = pd.DataFrame({"score": range(max(_counts(scorer)), 0, -1)})
    for (score, column), name in zip(measures.items(), ("days", "orders", "money"), strict=True):
        ranges = rfm.groupby(score)[column].agg(["min", "max"]).reindex(table["score"]).astype(float)
        table[f"{name}_from"] = ranges["min"].to_numpy()
        table[f"{name}_to"] = ranges["max"].to_numpy()
    return table


def name_segments(
    rfm: pd.DataFrame, customers: pd.DataFrame, silence: pd.DataFrame, *, new_days: int, scorer: RfmScorer | None = None
) -> pd.DataFrame:
    """Name the international segments so that nobody is called new, at risk or lost who is not.

    Scores rank customers against each other: of those who order every month somebody always ordered least recently, and of
    equal figures all have the lowest score. So a figure that is the same for all takes no part: of frequency and money the other
    counts alone. Who is within its own rhythm counts as having ordered in the middle fifth at least. Lost is who is silent for longer
    than ever or no customer any more, else hibernating; new is whose first order is recent, else promising. Where recency is the
    same for all, or frequency and money both are, nobody can be told apart, and all are ``others``. The business's own
    segments stay as they are.

    Parameters
    ----------
    rfm : as ``score_rfm`` returns it
    customers : customer_id, tenure_days
    silence : customer_id, silence
    new_days : a first order within so many days up to the snapshot date is new
    scorer : that made it

    Returns
    -------
    DataFrame
        ``rfm`` with segment so named.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": list("abcdef"), "orders": 36, "net_sales": [3.0, 4, 5, 6, 7, 8],
    ...     "days_since_last_order": [5, 9, 14, 19, 24, 29], "tenure_days": 1000})
    >>> silence = customers[["customer_id"]].assign(silence="buying")
    >>> scored = score_rfm(customers)
    >>> scored["segment"].tolist()
    ['new_customers', 'new_customers', 'potential_loyalist', 'about_to_sleep', 'at_risk', 'at_risk']
    >>> name_segments(scored, customers, silence, new_days=90)["segment"].tolist()
    ['promising', 'promising', 'potential_loyalist', 'need_attention', 'loyal', 'loyal']
    """
    if scorer is not None and scorer.segments is not None:
        return rfm
    scores = dict(zip(SCORES, _fifths(rfm, scorer), strict=True))
    same = {score: rfm[column].nunique(dropna=False) == 1 for score, column in _measures(scorer).items()}
    if same["r_score"] or (same["f_score"] and same["m_score"]):
        return rfm.assign(segment=NOT_TOLD)
    scores["f_score"], scores["m_score"] = (
        scores["m_score" if same["f_score"] else "f_score"],
        scores["f_score" if same["m_score"] else "m_score"],
    )
    ids = rfm["customer_id"]
    states = ids.map(silence.set_index("customer_id")["silence"])
    recency = np.where(states == "buying", np.maximum(scores["r_score"], MIDDLE), scores["r_score"])
    cells = np.column_stack([recency, scores["f_score"], scores["m_score"]])
    place, found = pd.factorize(cells @ [100, 10, 1])  # fifths are digits
    names = [find_segment(*map(int, str(cell))) for cell in found]
    named = pd.Series(np.array(names, dtype=object)[place], index=rfm.index, dtype="str")
    first = ids.map(customers.set_index("customer_id")["tenure_days"])
    named = named.mask((named == "new_customers") & ~(first < new_days), "promising")
    return rfm.assign(segment=named.mask((named == "lost") & ~states.isin(ENDED), "hibernating"))


def mark_quiet(rfm: pd.DataFrame, silence: pd.DataFrame) -> pd.DataFrame:
    """Mark who was worth much and has gone quiet: silent beyond its rhythm and for longer than ever, and a customer still.

    A low recency score says no such thing: whoever orders twice a year has one after three months, and in a book of weekly
    buyers the lowest fifth has ordered last week.

    Parameters
    ----------
    rfm : as ``score_rfm`` returns it
    silence : customer_id, silence, usual_gap_days, longest_gap_days, net_sales_before

    Returns
    -------
    DataFrame
        The rows of ``rfm`` with these columns and is_quiet.

    Examples
    --------
    >>> rfm = pd.DataFrame({"customer_id": ["a", "b"], "is_worth_much": [True, True]})
    >>> silence = pd.DataFrame({"customer_id": ["a", "b"], "silence": ["quiet", "pausing"], "usual_gap_days": 7.0,
    ...     "longest_gap_days": [21.0, 90.0], "net_sales_before": 100.0})
    >>> mark_quiet(rfm, silence)["is_quiet"].tolist()
    [True, False]
    """
    known = silence[["customer_id", "silence", "usual_gap_days", "longest_gap_days", "net_sales_before"]]
    table = rfm.merge(known, on="customer_id", how="left", validate="1:1")
    return table.assign(is_quiet=table["is_worth_much"] & (table["silence"] == "quiet"))


def list_quiet(rfm: pd.DataFrame) -> pd.DataFrame:
    """List the customers who were worth much and have gone quiet, those who bought most in their last year first.

    Parameters
    ----------
    rfm : as ``mark_quiet`` returns it

    Returns
    -------
    DataFrame
        The columns of ``rfm``.
    """
    quiet = rfm[rfm["is_quiet"]]
    return quiet.sort_values(["net_sales_before", "customer_id"], ascending=[False, True], ignore_index=True)


def count_renamed(rfm: pd.DataFrame, scored: pd.DataFrame) -> int:
    """Count the customers whose segment is another than their scores alone would make it."""
    return int((rfm["segment"].to_numpy() != scored["segment"].to_numpy()).sum())


def describe_rfm(rfm: pd.DataFrame, *, scorer: RfmScorer | None = None) -> dict[str, object]:
    """Describe the scores in facts that fill the sentences ``rfm.*``.

    ``best_*`` are champions and loyal customers, ``champions_*`` the champions, or of the business's own segments the
    first that has customers (``top_segment`` says which), ``leaving_*`` worth much and gone quiet (nobody where ``rfm`` is not
    marked; leaving_net_sales_before: what they bought in their last year), ``keep_*`` the
    Chinese 重要保持客户, ``corner_*`` those with the highest recency and frequency score, ``one_order_*`` those with
    one order. ``*_share`` is the share of customers, ``*_net_sales_share`` of sales. ``empty_scores`` have no customer,
    because too many customers have equal figures; ``constant`` lists what is the same for all, ``unreachable`` the
    segments that nobody can be in, ``unknown_money`` counts the customers whose money is not known.

    Parameters
    ----------
    rfm : as ``score_rfm`` returns it
    scorer : that made it; default: five scores of the whole history

    Raises
    ------
    NotEnoughDataError
        ``rfm_few_customers``: there is nobody to describe.
    """
    if rfm.empty:
        raise NotEnoughDataError("rfm_few_customers", customers=0, least=1)
    total = add(rfm["net_sales"])
    segments = summarise_segments(rfm, scorer=scorer)
    is_own = not set(segments["segment"]) <= set(SEGMENTS)
    top = segments["segment"].iloc[0] if is_own else SEGMENTS[0]
    recency, frequency, _ = counts = _counts(scorer)
    groups = {
        "best": rfm["segment"].isin([top] if is_own else ["champions", "loyal"]),
        "champions": rfm["segment"] == top,
        "leaving": rfm["is_quiet"] if "is_quiet" in rfm else pd.Series(data=False, index=rfm.index),
        "new": rfm["segment"] == "new_customers",
        "keep": rfm["segment_8"] == "important_keep",
        "corner": (rfm["r_score"] == recency) & (rfm["f_score"] == frequency),
        "one_order": rfm["orders"] == 1,
    }
    named = is_own and scorer is not None and scorer.segments is None and set(segments["segment"]) == {NOT_TOLD}
    facts: dict[str, object] = {"customers": len(rfm), "net_sales": total, "top_segment": top, "is_own": is_own}
    facts["is_named"] = not named
    for name, rows in groups.items():
        net_sales = add(rfm.loc[rows, "net_sales"])
        facts |= {
            f"{name}_customers": int(rows.sum()),
            f"{name}_share": float(rows.mean()),
            f"{name}_net_sales": net_sales,
            f"{name}_net_sales_share": share(net_sales, total),
        }
    quiet = rfm[groups["leaving"]]
    facts["leaving_net_sales_before"] = add(quiet["net_sales_before"]) if len(quiet) else 0.0
    unreachable = _list_unreachable(rfm, scorer) if scorer and facts["is_named"] else []
    unreachable = [code for code in unreachable if code not in set(segments["segment"])]
    largest = segments.loc[segments["customers"].idxmax()]
    richest = segments.loc[segments["net_sales"].idxmax()]
    leaving = quiet["days_since_last_order"]
    measures = scorer.measures if scorer else MEASURES
    return (
        facts
        | {
            "largest_segment": str(largest["segment"]),
            "largest_share": float(largest["customers_share"]),
            "largest_net_sales_share": float(largest["net_sales_share"]),
            "richest_segment": str(richest["segment"]),
            "richest_share": float(richest["customers_share"]),
            "richest_net_sales_share": float(richest["net_sales_share"]),
            "leaving_bad": -int(groups["leaving"].sum()),
            "leaving_median_days": float(leaving.median()) if len(leaving) else math.nan,
            "empty_scores": sum(counts) - sum(rfm[score].nunique() for score in SCORES),
            "cells": recency * frequency,
            "even_share": 1 / (recency * frequency),
            "constant": [SCORES[score] for score, column in measures.items() if rfm[column].nunique(dropna=False) == 1],
            "unknown_money": int(rfm[measures["m_score"]].isna().sum()),
            "unreachable": unreachable,
            "reachable": [code for code in list_segments(rfm, scorer=scorer) if code not in unreachable],
        }
        | _describe_scorer(scorer)
    )


def choose_sentences(facts: dict[str, object], *, origin: str = "here") -> dict[str, object]:
    """Choose the sentences of the page that fit its facts.

    Parameters
    ----------
    facts : as ``describe_rfm`` returns them
    origin : of the edges: ``here``, ``past`` (an earlier snapshot of the same customers) or ``model`` (another run's)

    Returns
    -------
    dict
        ``answer`` (two keys of the words), ``cells``, ``segments`` and ``segments_8`` (one each), ``scored`` (those of
        the remarks on how it was scored).
    """
    has_shares = not math.isnan(float(facts["best_net_sales_share"]))
    if len(facts["constant"]) == len(SCORES):
        first = "rfm.answer.alike"
    elif not facts["is_named"]:
        first = "rfm.answer.not_named"
    elif not has_shares:
        first = "rfm.answer.no_shares"
    elif not facts["best_customers"]:
        first = "rfm.answer.none"
    else:
        first = "rfm.answer.own" if facts["is_own"] else "rfm.answer.best"
    corner = "finding" if has_shares else "finding_no_shares"
    segments = "finding" if facts["champions_customers"] else "finding_none"
    segments = segments if facts["is_named"] else "not_named"
    origin = "given" if facts["all_given"] and origin != "model" else origin
    few = len(facts["unreachable"]) <= len(facts["reachable"])
    remarks = {
        "rfm.scored.money": facts["money"] != "total",
        "rfm.scored.window": facts["window_days"],
        f"rfm.scored.{origin}": True,
        "rfm.scored.some_given": facts["given"] and not facts["all_given"] and origin != "model",
        "rfm.scored.names": facts["is_named"] and not facts["is_own"] and facts.get("new_days"),
        "rfm.scored.renamed": facts.get("renamed") and facts["is_named"],
        "rfm.scored.constant": facts["constant"],
        "rfm.scored.unknown_money": facts["unknown_money"],
        "rfm.scored.empty_scores": facts["empty_scores"],
        "rfm.scored.unreachable": facts["unreachable"] and few,
        "rfm.scored.reachable": facts["unreachable"] and not few,
    }
    return {
        "answer": [first, "rfm.answer.leaving" if facts["leaving_customers"] else "rfm.quiet.none"],
        "cells": f"rfm.cells.{corner}" if facts["corner_customers"] else "rfm.cells.finding_none",
        "segments": f"rfm.segments.{segments}",
        "segments_8": "rfm.segments_8.finding" if facts["keep_customers"] else "rfm.segments_8.finding_none",
        "scored": [key for key, holds in remarks.items() if holds],
    }


def _measures(scorer: RfmScorer | None) -> dict[str, str]:
    return scorer.measures if scorer else MEASURES


def _fifths(rfm: pd.DataFrame, scorer: RfmScorer | None) -> list[np.ndarray]:
    """Return the scores of each customer as fifths, a column for each score."""
    bands = [np.array(find_fifths(most)) for most in _counts(scorer)]
    return [band[rfm[name].to_numpy(int) - 1] for band, name in zip(bands, SCORES, strict=True)]


def _counts(scorer: RfmScorer | None) -> tuple[int, int, int]:
    return scorer.counts if scorer else (BINS, BINS, BINS)


def _list_unreachable(rfm: pd.DataFrame, scorer: RfmScorer) -> list[str]:
    cells = assign_cells(scorer.counts, scorer.segments, rest=scorer.rest)
    have = tuple(rfm[score].to_numpy() for score in SCORES)
    return find_unreachable(cells, scorer.counts, have, among=list_segments(rfm, scorer=scorer))


def _describe_scorer(scorer: RfmScorer | None) -> dict[str, object]:
    scorer = scorer or RfmScorer()
    given = [name for name in SCORES.values() if (scorer.edges or {}).get(name) is not None]
    return {
        "money": scorer.monetary,
        "window_days": scorer.window_days,
        "given": given,
        "all_given": len(given) == len(SCORES),
        "learnt_customers": getattr(scorer, "customers_", 0),
    }
