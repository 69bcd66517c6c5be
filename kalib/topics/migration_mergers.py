"""Where an account stopped, did another of the same trade or parent rise by about as much, from the same quarter on?"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from kalib.schema import check_columns, check_key

QUARTER, YEAR = 91, 365

OFTEN = 36
"""Days with an order that both need in the year up to the last order of the one that stopped: of fewer, a rise is chance."""

ABOUT = (0.75, 1.25)
"""What the other's rise must be of what the stopped one had bought in the same days a year before, since it stopped."""

AT_ONCE = (0.5, 1.5)
"""The same of the first quarter after it stopped."""

LARGE = 0.4
"""The rise must be so large a part of what the other bought itself in those days a year before: less is everyday change."""

ALREADY = 0.25
"""Who had changed by more than so much of that rise in one of the two quarters before the stop was not steady."""


def find_mergers(
    order_days: pd.DataFrame, accounts: pd.DataFrame | None, stopped: pd.Series, *, as_of: dt.date
) -> pd.DataFrame:
    """Find for each account that stopped the one that may have taken its purchases up.

    Days are compared with the same days a year before. The other account has the same industry or the same parent, and orders
    still; both ordered on 36 days or more in the year before the stop, three a month. From the last order of the stopped one to the
    snapshot date, a quarter or more, the other rose by 75 to 125 % of what the stopped one had bought in those days; in the first
    quarter by 50 to 150 %; in each of the two quarters before the stop it had changed by a quarter of that rise at most; and the rise is two fifths or more of
    its own. Where several fit, none is named: a trade can rise as a whole. A hint is a question to ask, no finding.

    Parameters
    ----------
    order_days : customer_id, order_date, net_sales; one row per customer and day
    accounts : customer_id, and industry or top_parent_id as far as they are known; None: nothing is found
    stopped : customer_id of those who stopped
    as_of : the snapshot date

    Returns
    -------
    DataFrame
        One row per account that stopped and for which one fits: customer_id, taken_up_by, taken_up_sales (what the other rose
        by since), taken_up_of (what the stopped one had bought in the same days a year before); by customer_id.
    """
    columns = ["customer_id", "taken_up_by", "taken_up_sales", "taken_up_of"]
    check_columns(order_days, ["customer_id", "order_date", "net_sales"], name="order_days")
    days = pd.DataFrame({"customer_id": order_days["customer_id"], "net_sales": order_days["net_sales"].astype(float)})
    days["age"] = (pd.Timestamp(as_of) - pd.to_datetime(order_days["order_date"])).dt.days
    days = days[days["age"].between(0, 3 * YEAR)]
    kin, gone = _name_kin(accounts), set(stopped)
    code, names = pd.factorize(days["customer_id"])  # who has not so many days in all has them in no year
    possible = (np.bincount(code, minlength=len(names)) >= OFTEN) & names.isin(kin["customer_id"])
    days = days[possible[code]]
    rows = []
    last = days[days["customer_id"].isin(gone)].groupby("customer_id")["age"].min()
    for customer, since in last[last.between(QUARTER, YEAR)].items():
        others = _list_others(kin, customer, gone)
        sums = _sum_up(days[days["customer_id"].isin([customer, *others])], int(since))
        if customer not in sums.index or not others or sums.at[customer, "often"] < OFTEN:
            continue
        own, found = sums.loc[customer], sums.drop(index=customer)
        rise, at_once = (found[f"{when}_now"] - found[f"{when}_then"] for when in ("since", "once"))
        fits = (found["often"] >= OFTEN) & (rise >= LARGE * found["since_then"])
        for when in ("before", "earlier"):
            fits &= (found[f"{when}_now"] - found[f"{when}_then"]).abs() <= ALREADY * at_once
        fits &= rise.between(*(own["since_then"] * part for part in ABOUT))
        fits &= at_once.between(*(own["once_then"] * part for part in AT_ONCE))
        if own["since_then"] > 0 and fits.sum() == 1:
            other = fits.index[fits][0]
            rows.append((customer, other, round(float(rise[other]), 2), round(float(own["since_then"]), 2)))
    return pd.DataFrame(rows, columns=columns).sort_values("customer_id", ignore_index=True)


def _sum_up(days: pd.DataFrame, since: int) -> pd.DataFrame:
    """Sum net sales up by customer over the days that are compared, ages in days before the snapshot date."""
    spans = {"since": (0, since - 1), "once": (since - QUARTER, since - 1), "before": (since, since + QUARTER - 1)}
    spans["earlier"] = (since + QUARTER, since + 2 * QUARTER - 1)
    age, money = days["age"], days["net_sales"]
    sums = {"often": age.between(since, since + YEAR - 1).astype(int)}
    for name, (low, high) in spans.items():
        sums[f"{name}_now"] = money.where(age.between(low, high), 0.0)
        sums[f"{name}_then"] = money.where(age.between(low + YEAR, high + YEAR), 0.0)
    return pd.DataFrame(sums).groupby(days["customer_id"]).sum()


def _name_kin(accounts: pd.DataFrame | None) -> pd.DataFrame:
    """Name what accounts can have in common: customer_id and kin, a row per industry and parent that is known."""
    parts = []
    for column in ("industry", "top_parent_id"):
        if accounts is not None and column in accounts:
            check_key(accounts, ["customer_id"], name="accounts")
            known = accounts[accounts[column].notna()]
            parts.append(
                pd.DataFrame({"customer_id": known["customer_id"], "kin": column + ":" + known[column].astype("str")})
            )
    return pd.concat(parts) if parts else pd.DataFrame({"customer_id": [], "kin": []}, dtype="str")


def _list_others(kin: pd.DataFrame, customer: str, gone: set[str]) -> list[str]:
    own = kin.loc[kin["customer_id"] == customer, "kin"]
    others = np.unique(kin.loc[kin["kin"].isin(own), "customer_id"].to_numpy(str))
    return [other for other in others.tolist() if other not in gone]


def add_mergers(migration: pd.DataFrame, mergers: pd.DataFrame) -> pd.DataFrame:
    """Add to the account that stopped who may have taken its purchases up, and to that one whose they may be.

    Returns
    -------
    DataFrame
        ``migration`` with taken_up_by and takes_up: a customer_id, or nothing. Of several that one may have taken up, the largest.

    Examples
    --------
    >>> found = pd.DataFrame({"customer_id": ["a"], "taken_up_by": ["b"], "taken_up_sales": [9.0], "taken_up_of": [9.0]})
    >>> add_mergers(pd.DataFrame({"customer_id": ["a", "b"]}), found).fillna("").values.tolist()
    [['a', 'b', ''], ['b', '', 'a']]
    """
    largest = mergers.sort_values(["taken_up_of", "customer_id"], ascending=[False, True]).drop_duplicates(
        "taken_up_by"
    )
    ids = migration["customer_id"]
    by, of = mergers.set_index("customer_id")["taken_up_by"], largest.set_index("taken_up_by")["customer_id"]
    return migration.assign(taken_up_by=ids.map(by).astype(object), takes_up=ids.map(of).astype(object))
