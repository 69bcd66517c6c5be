"""Which account stands at the top? Follows the parents of accounts, and finds those that go round in a circle."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd


def find_cycle(parents: Mapping[str, str]) -> list[str]:
    """Return the accounts of a circle, each the child of the next; empty where there is none.

    Parameters
    ----------
    parents : account to its parent; an account that has none is left out

    Examples
    --------
    >>> find_cycle({"b": "a", "c": "b"}), find_cycle({"d": "b", "a": "b", "b": "c", "c": "a"})
    ([], ['a', 'b', 'c'])
    """
    done: set[str] = set()
    for start in sorted(parents):
        path: list[str] = []
        on_path: set[str] = set()
        account = start
        while account in parents and account not in done and account not in on_path:
            path.append(account)
            on_path.add(account)
            account = parents[account]
        if account in on_path:
            circle = path[path.index(account) :]
            first = circle.index(min(circle))
            return circle[first:] + circle[:first]
        done.update(path)
    return []


def top_parents(accounts: pd.DataFrame) -> pd.DataFrame:
    """Return the account at the top of each account's chain of parents: itself, where it has no parent.

    Parameters
    ----------
    accounts : customer_id, and parent_id where there are parents; missing for an account at the top

    Returns
    -------
    DataFrame
        customer_id (every account, and every parent that has no row of its own), account_id; sorted, one row each.

    Raises
    ------
    ValueError
        Accounts that are each other's parents.

    Examples
    --------
    >>> shops = pd.DataFrame({"customer_id": ["a", "b", "c"], "parent_id": [None, "a", "x"]})
    >>> list(top_parents(shops).itertuples(index=False, name=None))
    [('a', 'a'), ('b', 'a'), ('c', 'x'), ('x', 'x')]
    """
    parents: dict[str, str] = {}
    if "parent_id" in accounts:
        has = accounts["parent_id"].notna() & (accounts["parent_id"] != accounts["customer_id"])
        parents = dict(zip(accounts.loc[has, "customer_id"], accounts.loc[has, "parent_id"], strict=True))
    circle = find_cycle(parents)
    if circle:
        raise ValueError(f"{', '.join(circle)}: these accounts are each other's parents.")
    top: dict[str, str] = {}
    for start in {*accounts["customer_id"], *parents.values()}:
        path, account = [], start
        while account not in top and account in parents:
            path.append(account)
            account = parents[account]
        head = top.get(account, account)
        top.update(dict.fromkeys([*path, account], head))
    return pd.DataFrame(sorted(top.items()), columns=["customer_id", "account_id"], dtype="str")
