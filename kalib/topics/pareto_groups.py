"""Where do the large accounts sit? Concentration by industry, region, kind and group of companies."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from kalib.money import add, share
from kalib.schema import check_columns, check_key
from kalib.topics.pareto import to_cents
from kalib.topics.pareto_concentration import compute_gini, measure_concentration

DIMENSIONS = ("industry", "region", "kind")
"""Columns of the accounts by which they are looked at, where they have them."""

UNKNOWN = "unknown"
"""Stands for an account of which the column is empty, or which the table of accounts lacks."""

MOST = 8
"""Groups of a dimension that are shown one by one; what is smaller is put together."""

OTHERS = "others"


def summarise_groups(
    pareto: pd.DataFrame, accounts: pd.DataFrame | None, *, dimensions: Iterable[str] = DIMENSIONS
) -> pd.DataFrame:
    """Summarise accounts with net sales by each dimension that the table of accounts has, largest group first.

    Groups beyond the eighth are put together as ``others``; accounts without an entry are ``unknown``, and come last.

    Parameters
    ----------
    pareto : as ``kalib.topics.pareto.assign_classes`` returns it
    accounts : one row per customer_id with some of ``dimensions``; others than those of ``pareto`` are left out; None
        where there is no such table

    Returns
    -------
    DataFrame
        One row per dimension and group: dimension, group, accounts, accounts_share, net_sales, net_sales_share,
        class_a_accounts, largest_share (of the group's largest account within it), gini (within it); with margin
        also margin and margin_on_sales. Empty where the accounts have no such column.
    """
    check_columns(pareto, ["customer_id", "window_net_sales", "abc_class"], name="pareto")
    accounts = pareto[["customer_id"]] if accounts is None else accounts
    check_key(accounts, ["customer_id"], name="accounts")
    sold = pareto[pareto["window_net_sales"] > 0]
    present = [name for name in dimensions if name in accounts and accounts[name].notna().any()]
    known = sold.merge(accounts[["customer_id", *present]], on="customer_id", how="left", validate="1:1")
    whole = add(known["window_net_sales"])
    rows = []
    for dimension in present:
        group = known[dimension].astype("object").where(known[dimension].notna(), UNKNOWN).astype(str)
        group = group.where(group.str.strip() != "", UNKNOWN)
        rows += _summarise(known.assign(group=_fold(group, known["window_net_sales"])), dimension, whole)
    columns = ["dimension", "group", "accounts", "accounts_share", "net_sales", "net_sales_share", "class_a_accounts"]
    columns += ["largest_share", "gini", *(["margin", "margin_on_sales"] if "window_margin" in pareto else [])]
    return pd.DataFrame(rows, columns=columns)


def summarise_chains(pareto: pd.DataFrame, accounts: pd.DataFrame | None) -> pd.DataFrame:
    """Summarise the groups of companies that have at least two accounts with net sales, largest first.

    Returns
    -------
    DataFrame
        customer_id (of the head), accounts, net_sales, net_sales_share, class_a_accounts, largest_share (of the largest
        account in the group); with margin also margin and margin_on_sales. Empty where no group has two, and without
        parents.
    """
    if accounts is None or "top_parent_id" not in accounts:
        return pd.DataFrame(columns=["customer_id", "accounts", "net_sales"])
    sold, head = _with_heads(pareto, accounts)
    several = head.duplicated(keep=False).to_numpy()
    sold, head = sold[several], head[several].to_numpy()
    cents = pd.Series(to_cents(sold["window_net_sales"]))
    by = cents.groupby(head)
    table = pd.DataFrame({"accounts": by.size(), "net_sales": by.sum() / 100})
    table["net_sales_share"] = table["net_sales"] / add(pareto["window_net_sales"].clip(lower=0))
    table["class_a_accounts"] = (sold["abc_class"] == "A").groupby(head).sum()
    table["largest_share"] = by.max() / by.sum()
    if "window_margin" in pareto:
        margin = pd.Series(to_cents(sold["window_margin"].fillna(0))).groupby(head).sum()
        table["margin"] = margin / 100
        table["margin_on_sales"] = margin / by.sum()
    table = table.rename_axis("customer_id").reset_index()
    return table.sort_values(["net_sales", "customer_id"], ascending=[False, True], ignore_index=True)


def describe_chains(pareto: pd.DataFrame, accounts: pd.DataFrame) -> dict[str, int | float]:
    """Describe how concentrated net sales are when each group of companies counts as one account.

    Returns
    -------
    dict
        The figures of ``measure_concentration`` with ``chain_`` before their names; chains (groups with at least two
        accounts with net sales), chains_share (of net sales).
    """
    sold, head = _with_heads(pareto, accounts)
    by = pd.Series(to_cents(sold["window_net_sales"])).groupby(head.to_numpy())
    cents, several = by.sum(), by.size() > 1
    facts = {f"chain_{name}": value for name, value in measure_concentration(cents / 100).items()}
    return facts | {"chains": int(several.sum()), "chains_share": float(cents[several].sum() / cents.sum())}


def describe_groups(groups: pd.DataFrame) -> dict[str, object]:
    """Describe where one account weighs most: among known groups with at least five accounts, of any dimension.

    Returns
    -------
    dict
        dependent_group, dependent_dimension, dependent_share (of its largest account), dependent_sales_share (of the
        group in all net sales); first_group, first_dimension and first_share, the largest group of the first dimension.
        None and NaN where there is no such group.
    """
    known = groups[~groups["group"].isin([UNKNOWN, OTHERS])]
    some = known[known["accounts"] >= 5]
    facts: dict[str, object] = {"groups": len(known)}
    for name, rows in (
        ("dependent", some.sort_values("largest_share", ascending=False, kind="stable")),
        ("first", known),
    ):
        row = rows.iloc[0] if len(rows) else None
        facts[f"{name}_group"] = None if row is None else str(row["group"])
        facts[f"{name}_dimension"] = None if row is None else str(row["dimension"])
        facts[f"{name}_sales_share"] = np.nan if row is None else float(row["net_sales_share"])
        facts[f"{name}_largest_share"] = np.nan if row is None else float(row["largest_share"])
    return facts


def _with_heads(pareto: pd.DataFrame, accounts: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Return the accounts with net sales and, row by row, the head of each; most are their own."""
    sold = pareto[pareto["window_net_sales"] > 0].reset_index(drop=True)
    heads = accounts[["customer_id", "top_parent_id"]]
    head = sold[["customer_id"]].merge(heads, on="customer_id", how="left", validate="1:1")["top_parent_id"]
    return sold, head.fillna(sold["customer_id"])


def _fold(group: pd.Series, money: pd.Series) -> pd.Series:
    """Put together what is smaller than the largest groups."""
    cents = np.rint(money * 100).groupby(group).sum()
    named = cents[cents.index != UNKNOWN].reset_index()
    named.columns = ["group", "money"]
    kept = named.sort_values(["money", "group"], ascending=[False, True])["group"].head(MOST)
    if len(named) <= MOST + 1:
        return group
    return group.where(group.isin([*kept, UNKNOWN]), OTHERS)


def _summarise(known: pd.DataFrame, dimension: str, whole: float) -> list[dict[str, object]]:
    rows = []
    for code, group in known.groupby("group", sort=True):
        money = group["window_net_sales"]
        net_sales = add(money)
        row = {
            "dimension": dimension,
            "group": code,
            "accounts": len(group),
            "accounts_share": len(group) / len(known),
            "net_sales": net_sales,
            "net_sales_share": share(net_sales, whole),
            "class_a_accounts": int((group["abc_class"] == "A").sum()),
            "largest_share": share(float(money.max()), net_sales),
            "gini": compute_gini(money),
        }
        if "window_margin" in group:
            row["margin"] = add(group["window_margin"].dropna())
            row["margin_on_sales"] = share(row["margin"], net_sales)
        rows.append(row)
    last = {OTHERS: 1, UNKNOWN: 2}
    return sorted(rows, key=lambda row: (last.get(row["group"], 0), -row["net_sales"], row["group"]))
