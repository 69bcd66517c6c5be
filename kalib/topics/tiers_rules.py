"""By which rule can a salesperson tell the tiers apart, and how often is it right?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier

from kalib.schema import COLUMNS, check_columns
from kalib.topics.tiers import summarise_tiers
from kalib.topics.tiers_points import is_active, pick_rows, read_figures

DEPTH = 3
"""Questions in a row that a rule may ask; more are not repeated by anybody."""

ROWS = 20_000
"""Customers that a tree is grown on; of more, every n-th. All are asked how often it is right."""

FOLDS = 5

LEAST = 20
"""With fewer customers with an order in the year, a model of another run grades them, but no rules are made from them."""

SHOWN = {"currency": "money", "count": "count", "days": "count", "share": "percent"}
"""Unit to how a figure of it is shown."""


def explain_tiers(tiers: pd.DataFrame) -> pd.DataFrame:
    """Explain the tiers by the one amount that comes nearest: from so much net sales a year on.

    Between two neighbouring tiers the amount is sought that puts most customers on their side of it, then shortened to
    two digits. Most tiers can be told so; the rest of the truth is how often and how lately they buy.

    Returns
    -------
    DataFrame
        One row per tier, best first: tier, tier_rank, from_net_sales_365_days (absent for the last), rule_share (share
        of the tier's customers whom the amounts alone put there; silent ones are left out).
    """
    active = tiers[is_active(tiers)]
    sales, rank = active["net_sales_365_days"].to_numpy(), active["tier_rank"].to_numpy()
    names = tiers.groupby("tier_rank")["tier"].first()
    cuts = _find_cuts(sales, rank, names.index)
    ruled = _rank_by_cuts(sales, cuts, names.index)
    return pd.DataFrame(
        {
            "tier": names.to_numpy(),
            "tier_rank": names.index.to_numpy(),
            "from_net_sales_365_days": [*cuts, math.nan],
            "rule_share": [
                float((ruled[rank == r] == r).mean()) if (rank == r).any() else math.nan for r in names.index
            ],
        }
    ).astype({"tier": "str"})


def list_rules(tiers: pd.DataFrame, *, features: Sequence[str], depth: int = DEPTH) -> pd.DataFrame:
    """List the rules of a shallow decision tree that restates the tiers, best tier first.

    The tree (CART, Breiman et al. 1984) asks at most ``depth`` questions in a row. Its amounts are shortened to two digits
    and its counts to whole numbers, then each end is given to the tier that most of its customers have, and two ends of
    one question with the same tier become one. Who lacks a figure counts as the median.

    Parameters
    ----------
    tiers : as ``assign_tiers`` returns it
    features : columns of it that the questions may be of; those that the tiers were made of

    Returns
    -------
    DataFrame
        One row per rule: tier, tier_rank, customers (with an order in the year whom it names), right_share (of them, in
        that tier), ranges: a list of column, low (from it on; None: no limit), high (below it; None: no limit) and how
        (they are shown). No row for fewer than ``LEAST`` such customers.
    """
    if is_active(tiers).sum() < LEAST:
        return pd.DataFrame(columns=["tier", "tier_rank", "customers", "right_share", "ranges"])
    table, figures, rank = _read(tiers, features)
    tree = _grow(table[list(features)], figures, rank, depth)
    names = tiers.groupby("tier_rank")["tier"].first()
    rows = []
    for leaf, ranges, inside in _walk(tree, figures, {}, np.ones(len(rank), dtype=bool)):
        if inside.any():
            rows.append(
                {
                    "tier": names[leaf],
                    "tier_rank": leaf,
                    "customers": int(inside.sum()),
                    "right_share": float((rank[inside] == leaf).mean()),
                    "ranges": [
                        {"column": features[at], "low": low, "high": high, "how": _show(features[at])}
                        for at, (low, high) in sorted(ranges.items())
                    ],
                }
            )
    listed = pd.DataFrame(rows)
    return listed.sort_values(["tier_rank", "customers"], ascending=[True, False], kind="stable", ignore_index=True)


def judge_rules(tiers: pd.DataFrame, *, features: Sequence[str], depth: int = DEPTH) -> pd.DataFrame:
    """Judge how often the amounts and the tree are right, on all customers and on those they were not made from.

    Returns
    -------
    DataFrame
        A row per rule, ``amounts`` and ``tree``: rule, fidelity (share of the customers with an order in the year whom it
        puts into their tier), fidelity_elsewhere (the same for a fifth of them by rules made from the other four, in
        turn), least_tier and least_share (of the tiers that it names, the one whose customers it finds least often, and
        how often) and unnamed_tiers (list of those that have customers and that it puts nobody into). No row for fewer
        than ``LEAST`` such customers.
    """
    if is_active(tiers).sum() < LEAST:
        return pd.DataFrame(
            columns=["rule", "fidelity", "fidelity_elsewhere", "least_tier", "least_share", "unnamed_tiers"]
        )
    table, figures, rank = _read(tiers, features)
    sales = table["net_sales_365_days"].to_numpy(float)
    ranks = np.unique(tiers["tier_rank"])
    picked = pick_rows([*figures.T, rank, sales], ROWS)
    names = tiers.groupby("tier_rank")["tier"].first()

    def by_amounts(made: np.ndarray, asked: np.ndarray) -> np.ndarray:
        return _rank_by_cuts(sales[asked], _find_cuts(sales[made], rank[made], ranks), ranks)

    def by_tree(made: np.ndarray, asked: np.ndarray) -> np.ndarray:
        tree = _grow(table[list(features)].iloc[made], figures[made], rank[made], depth)
        return _ask(tree, figures[asked])

    rows = []
    everyone = np.arange(len(rank))
    for name, answer in (("amounts", by_amounts), ("tree", by_tree)):
        said = answer(everyone, everyone)
        right = said == rank
        folds = [np.arange(len(picked)) % FOLDS == fold for fold in range(FOLDS)]
        elsewhere = [answer(picked[~fold], picked[fold]) == rank[picked[fold]] for fold in folds if fold.any()]
        found = {r: float(right[rank == r].mean()) for r in ranks if (rank == r).any()}
        named = set(said.tolist())
        least = min((r for r in found if r in named), key=found.__getitem__)
        rows.append(
            {
                "rule": name,
                "fidelity": float(right.mean()),
                "fidelity_elsewhere": float(np.concatenate(elsewhere).mean()),
                "least_tier": names[least],
                "least_share": found[least],
                "unnamed_tiers": [str(names[r]) for r in found if r not in named],
            }
        )
    return pd.DataFrame(rows)


def describe_rules(judged: pd.DataFrame) -> dict[str, float | str | list[str]]:
    """Describe the rules in facts that fill ``tiers.rules.*``.

    Parameters
    ----------
    judged : as ``judge_rules`` returns it

    Returns
    -------
    dict
        Each rule's figures, named ``<rule>_<column>``, and rule: ``tree`` where it is right for at least one more in a
        hundred, on customers that it was not made from; else ``amounts``, which are easier to say; ``few`` where none
        could be made.
    """
    if judged.empty:
        return {"rule": "few"}
    table = judged.set_index("rule")
    gain = table.loc["tree", "fidelity_elsewhere"] - table.loc["amounts", "fidelity_elsewhere"]
    facts = {f"{rule}_{column}": table.loc[rule, column] for rule in table.index for column in table.columns}
    return facts | {"rule": "tree" if gain >= 0.01 else "amounts"}


def choose_remarks(facts: Mapping[str, object]) -> list[str]:
    """Choose the remarks on the rules that are true of these ``facts``: keys of the words."""
    if facts["rule"] == "few":
        return []
    return [
        "tiers.rules.note",
        *(f"tiers.rules.unnamed.{rule}" for rule in ("tree", "amounts") if facts[f"{rule}_unnamed_tiers"]),
    ]


def profile_tiers(tiers: pd.DataFrame) -> list[dict[str, int | float | str]]:
    """Profile each tier in facts that fill ``tiers.profile.<tier>``, a sentence that a salesperson can repeat.

    Returns
    -------
    list of dict
        Best tier first: tier, customers, net_sales (median of the year), orders, days, low and high (the tenth and the
        ninetieth of a hundred by net sales), silent_customers, total, share, from_net_sales, rule_share. Medians are
        of the customers with an order in the year. ``place`` is ``last`` for the last tier, else ``above``.
    """
    rules = explain_tiers(tiers).set_index("tier")
    facts = []
    summary = summarise_tiers(tiers)
    for row in summary.itertuples(index=False):
        group = tiers[(tiers["tier"] == row.tier) & is_active(tiers)]
        low, high = group["net_sales_365_days"].quantile([0.1, 0.9])
        facts.append(
            {
                "tier": row.tier,
                "customers": row.customers,
                "net_sales": float(group["net_sales_365_days"].median()),
                "orders": float(group["orders_365_days"].median()),
                "days": float(group["days_since_last_order"].median()),
                "low": float(low),
                "high": float(high),
                "silent_customers": row.silent_customers,
                "total": row.net_sales_365_days,
                "share": row.net_sales_365_days_share,
                "from_net_sales": float(rules.loc[row.tier, "from_net_sales_365_days"]),
                "rule_share": float(rules.loc[row.tier, "rule_share"]),
                "place": "last" if row.tier_rank == summary["tier_rank"].max() else "above",
            }
        )
    return facts


@dataclass(frozen=True)
class _Question:
    """Is the figure in column ``at`` below ``cut``? Each answer leads to another question or to a tier's rank."""

    at: int
    cut: float
    below: _Question | int
    above: _Question | int


def _read(tiers: pd.DataFrame, features: Sequence[str]) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    check_columns(tiers, features, name="tiers")
    table = tiers[is_active(tiers)]
    figures = np.column_stack([read_figures(table[column]) for column in features])
    middle = np.array([np.median(column[np.isfinite(column)]) for column in figures.T])
    return table, np.where(np.isfinite(figures), figures, middle), table["tier_rank"].to_numpy()


def _grow(table: pd.DataFrame, figures: np.ndarray, rank: np.ndarray, depth: int) -> _Question | int:
    rows = pick_rows([*figures.T, rank], ROWS)
    least = max(5, len(rows) // 200)
    grown = DecisionTreeClassifier(max_depth=depth, min_samples_leaf=least, random_state=0)
    tree = grown.fit(figures[rows], rank[rows]).tree_
    whole = [column for column in table if _show(column) in ("count", "days")]

    def ask(node: int, inside: np.ndarray) -> _Question | int:
        if tree.children_left[node] < 0 or not inside.any():
            return _name(rank[inside]) if inside.any() else 0
        at = int(tree.feature[node])
        cut = _shorten(float(tree.threshold[node]), whole=table.columns[at] in whole)
        under = figures[:, at] < cut
        below, above = (
            ask(int(child), inside & side)
            for child, side in ((tree.children_left[node], under), (tree.children_right[node], ~under))
        )
        if (
            not isinstance(below, _Question)
            and not isinstance(above, _Question)
            and (below == above or 0 in (below, above))
        ):
            return max(below, above)
        return _Question(at, cut, below, above)

    return ask(0, np.ones(len(rank), dtype=bool))


def _name(rank: np.ndarray) -> int:
    """Return the tier that most have; of two as frequent the better."""
    found, times = np.unique(rank, return_counts=True)
    return int(found[np.argmax(times)])


def _walk(
    tree: _Question | int, figures: np.ndarray, ranges: dict[int, tuple[float | None, float | None]], inside: np.ndarray
) -> list[tuple[int, dict[int, tuple[float | None, float | None]], np.ndarray]]:
    if not isinstance(tree, _Question):
        return [(tree, ranges, inside)]
    low, high = ranges.get(tree.at, (None, None))
    under = figures[:, tree.at] < tree.cut
    return [
        *_walk(tree.below, figures, ranges | {tree.at: (low, tree.cut)}, inside & under),
        *_walk(tree.above, figures, ranges | {tree.at: (tree.cut, high)}, inside & ~under),
    ]


def _ask(tree: _Question | int, figures: np.ndarray) -> np.ndarray:
    answer = np.zeros(len(figures), dtype=np.int64)
    for leaf, _, inside in _walk(tree, figures, {}, np.ones(len(figures), dtype=bool)):
        answer[inside] = leaf
    return answer


def _show(column: str) -> str:
    return SHOWN.get(COLUMNS[column].unit, "number2") if column in COLUMNS else "number2"


def _shorten(cut: float, *, whole: bool) -> float:
    """Return a cut in two digits; for whole numbers the first one that is not below it.

    Examples
    --------
    >>> _shorten(268_431.7, whole=False), _shorten(11.5, whole=True), _shorten(0.1234, whole=False)
    (270000.0, 12.0, 0.12)
    """
    return float(math.ceil(cut)) if whole and abs(cut) < 100 else float(f"{cut:.1e}")


def _find_cuts(sales: np.ndarray, rank: np.ndarray, ranks: Sequence[int]) -> np.ndarray:
    cuts = [_best_cut(sales, rank <= r) for r in list(ranks)[:-1]]
    return np.minimum.accumulate(cuts) if cuts else np.empty(0)


def _rank_by_cuts(sales: np.ndarray, cuts: np.ndarray, ranks: Sequence[int]) -> np.ndarray:
    return np.asarray(ranks)[(sales[:, None] < cuts).sum(axis=1)]


def _best_cut(sales: np.ndarray, better: np.ndarray) -> float:
    """Return the amount, to two digits, that best parts the better customers from the rest."""
    order = np.argsort(-sales, kind="stable")
    gain = np.cumsum(np.where(better[order], 1, -1))
    sales = sales[order]
    last = np.append(sales[1:] != sales[:-1], True)  # equal sales stand on one side
    at = int(np.argmax(np.where(last, gain, -len(sales) - 1)))
    cut = (sales[at] + sales[at + 1]) / 2 if at + 1 < len(sales) else sales[at]
    return float(f"{cut:.1e}")
