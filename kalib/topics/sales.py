"""How do the accounts stand against a year ago, and which of them should be looked at first?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from kalib.money import add
from kalib.schema import check_columns, check_key
from kalib.years import YEAR, Span, is_whole

ATTRIBUTES = ("name", "region", "manager")
"""What a list shows of an account beside its figures, where the table of accounts has it."""

WORTH_TELLING = 0.01
"""Share of the sales of the span before from which a part of the change is told."""

MERGER = ("taken_up_by", "takes_up")
"""Columns that name another account, with which a merger is suspected."""


def name_accounts(table: pd.DataFrame, accounts: pd.DataFrame | None) -> pd.DataFrame:
    """Return ``table`` with each customer's name, region and manager as far as they are known.

    Without accounts, or for a customer that they lack, the name is the customer's id.

    Parameters
    ----------
    table : one row per customer_id
    accounts : one row per customer_id, or None

    Examples
    --------
    >>> table = pd.DataFrame({"customer_id": ["a", "b"]})
    >>> name_accounts(table, pd.DataFrame({"customer_id": ["a"], "name": ["Ada"]}))["name"].tolist()
    ['Ada', 'b']
    """
    check_columns(table, ["customer_id"], name="table")
    if accounts is None:
        return table.assign(name=table["customer_id"])
    check_key(accounts, ["customer_id"], name="accounts")
    known = ["customer_id", *[column for column in ATTRIBUTES if column in accounts]]
    named = table.merge(accounts[known], on="customer_id", how="left", validate="m:1")
    if "name" not in named:
        named["name"] = named["customer_id"]
    return named.assign(name=named["name"].fillna(named["customer_id"]))


def name_others(table: pd.DataFrame, accounts: pd.DataFrame | None, columns: Sequence[str]) -> pd.DataFrame:
    """Return ``table`` with the name in place of the id in columns that name another account.

    Examples
    --------
    >>> table = pd.DataFrame({"customer_id": ["a", "b"], "taken_up_by": ["b", None]})
    >>> name_others(table, pd.DataFrame({"customer_id": ["b"], "name": ["Bob"]}), ["taken_up_by"])["taken_up_by"].tolist()
    ['Bob', None]
    """
    names = (
        {}
        if accounts is None or "name" not in accounts
        else accounts.set_index("customer_id")["name"].dropna().to_dict()
    )
    named = {
        column: pd.Series(
            [names.get(one, one) if isinstance(one, str) else None for one in table[column]], table.index, dtype=object
        )
        for column in columns
        if column in table
    }
    return table.assign(**named)


def describe_sales(customers: pd.DataFrame, span: Span) -> dict[str, object]:
    """Return sales and customers of the year up to the snapshot date, or of the days that the history has.

    Parameters
    ----------
    span : as ``kalib.years.choose_span`` returns it

    Returns
    -------
    dict
        days (365, or fewer where the history is shorter), as_of, span_days (of the two spans that are compared), net_sales, active (customers
        with an order), new (first order within these days), silent (ordered in the year before, not in this one), silent_sales
        (what they bought in it), top_ten_share.
    """
    check_columns(
        customers,
        [
            "net_sales_365_days",
            "net_sales_365_days_last_year",
            "orders_365_days",
            "orders_365_days_last_year",
            "tenure_days",
        ],
        name="customers",
    )
    now, before = customers["net_sales_365_days"], customers["net_sales_365_days_last_year"]
    silent = (customers["orders_365_days"] == 0) & (customers["orders_365_days_last_year"] > 0)
    net_sales = math.fsum(now)
    return {
        "days": min(YEAR, span.history_days),
        "span_days": span.days,
        "as_of": span.as_of,
        "net_sales": net_sales,
        "active": int((customers["orders_365_days"] > 0).sum()),
        "new": int(((customers["tenure_days"] < YEAR) & (customers["orders"] > 0)).sum()),
        "silent": int(silent.sum()),
        "silent_sales": math.fsum(before[silent]),
        "top_ten_share": math.fsum(now.nlargest(10)) / net_sales if net_sales > 0 else None,
    }


def list_said(facts: Mapping[str, object], span: Span) -> list[str]:
    """List the sentences on sales and their change, as words below ``summary``: what cannot be compared is not.

    Parameters
    ----------
    facts : what ``describe_sales`` and, where there is a span to compare with, ``kalib.years.describe_change`` return
    """
    said = ["sales" if span.history_days >= YEAR else "sales_short"]
    if span.name == "none" or facts["net_sales_change"] is None:
        return said
    said += [f"change.{span.name}"]
    if facts["like"] != "known":
        return [*said, "like.few"]
    rest = {f"newer_{span.name}": facts["newer_moved"], "back": facts["other_moved"]}
    told = [f"like.{name}" for name, money in rest.items() if abs(money) >= WORTH_TELLING * facts["net_sales_then"]]
    return [*said, f"like.{span.name}", *told]


def list_figures(facts: Mapping[str, object], span: Span) -> list[str]:
    """List the figures on sales and accounts at the head of the page, as words below ``summary.kpis``."""
    if span.name == "none" or facts["net_sales_change"] is None:
        return ["sales_alone", "active_alone"]
    return [f"sales_{span.name}", "like" if facts["like"] == "known" else f"active_{span.name}"]


def describe_best(grades: pd.DataFrame) -> dict[str, object]:
    """Return the best tier, its accounts and its share of the year's net sales.

    Parameters
    ----------
    grades : one row per tier, best first: tier, customers, net_sales_365_days_share

    Examples
    --------
    >>> describe_best(pd.DataFrame({"tier": ["key"], "customers": [2], "net_sales_365_days_share": [0.5]}))
    {'best_tier': 'key', 'best_customers': 2, 'best_share': 0.5}
    """
    best = grades.iloc[0]
    return {
        "best_tier": str(best["tier"]),
        "best_customers": int(best["customers"]),
        "best_share": float(best["net_sales_365_days_share"]),
    }


def describe_key_accounts(scorecard: pd.DataFrame, customers: pd.DataFrame) -> dict[str, object]:
    """Return how many key accounts there are, what they bring.

    Parameters
    ----------
    scorecard : one row per account: is_key_account
    customers : net_sales_365_days

    Returns
    -------
    dict
        key_accounts, key_net_sales (of the 365 days), key_share (None where there are no net sales), key_none (the sentence to say
        where there is none: none, or spread_thin where the business is one of many small customers).

    Examples
    --------
    >>> scorecard = pd.DataFrame({"customer_id": ["a", "b"], "is_key_account": [True, False]})
    >>> customers = pd.DataFrame({"customer_id": ["a", "b"], "net_sales_365_days": [75.0, 25.0]})
    >>> describe_key_accounts(scorecard, customers)
    {'key_accounts': 1, 'key_net_sales': 75.0, 'key_share': 0.75, 'key_none': 'none'}
    """
    key = scorecard[scorecard["is_key_account"]]
    sales = customers["net_sales_365_days"]
    net_sales, whole = add(sales[customers["customer_id"].isin(key["customer_id"])]), add(sales)
    return {
        "key_accounts": len(key),
        "key_net_sales": net_sales,
        "key_share": net_sales / whole if whole > 0 else None,
        "key_none": "spread_thin"
        if "rule_result" in scorecard and (scorecard["rule_result"] == "spread_thin").any()
        else "none",
    }


def list_key_accounts(
    scorecard: pd.DataFrame,
    customers: pd.DataFrame,
    *,
    tiers: pd.DataFrame | None = None,
    value: pd.DataFrame | None = None,
    churn: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """List the key accounts by net sales of the 365 days, with tier, value and probability of leaving as far as known.

    Returns
    -------
    DataFrame
        One row per key account: customer_id, net_sales_365_days, change (against the 365 days before; absent where the account had only a
        part of them), key_account_rank, and tier, clv, churn_probability where there are such tables; absent for an account that they do not have, and clv
        where the purchase model does not know a usual pause from the end.
    """
    listed = scorecard.loc[scorecard["is_key_account"], ["customer_id", "key_account_rank"]]
    known = customers[["customer_id", "net_sales_365_days", "net_sales_365_days_last_year", "tenure_days"]]
    listed = listed.merge(known, on="customer_id", how="left", validate="1:1")
    change = (listed["net_sales_365_days"] - listed.pop("net_sales_365_days_last_year")).round(2)
    listed["change"] = change.where(is_whole(listed.pop("tenure_days")))
    if value is not None and "pause_is_usual" in value:
        value = value.assign(clv=value["clv"].mask(value["pause_is_usual"]))
    for table, column in ((tiers, "tier"), (value, "clv"), (churn, "churn_probability")):
        if table is not None:
            listed = listed.merge(table[["customer_id", column]], on="customer_id", how="left", validate="1:1")
    return listed.sort_values(["net_sales_365_days", "customer_id"], ascending=[False, True], ignore_index=True)


def describe_value(value: pd.DataFrame) -> dict[str, object]:
    """Return what all customers are expected to bring, discounted.

    Parameters
    ----------
    value : one row per customer: clv, clv_basis (margin or net_sales), value_months

    Examples
    --------
    >>> describe_value(pd.DataFrame({"clv": [10.0, 5.5], "clv_basis": "margin", "value_months": 36}))
    {'clv': 15.5, 'clv_basis': 'margin', 'value_months': 36}
    """
    first = value.iloc[0]
    return {
        "clv": add(value["clv"]),
        "clv_basis": str(first["clv_basis"]),
        "value_months": int(first["value_months"]),
    }


def describe_moves(migration: pd.DataFrame) -> dict[str, object]:
    """Return how many accounts that still order moved to a better tier, having had all of the year before, and to a worse one.

    Examples
    --------
    >>> moved = pd.DataFrame({"move": ["promoted", "promoted", "demoted", "demoted", "new"],
    ...     "base_is_whole": [True, False, True, True, False], "has_stopped": [False, False, False, True, False]})
    >>> describe_moves(moved)
    {'promoted': 1, 'demoted': 1}
    """
    there = migration[~migration["has_stopped"]]
    up = (there["move"] == "promoted") & there["base_is_whole"]
    return {"promoted": int(up.sum()), "demoted": int((there["move"] == "demoted").sum())}


def describe_risk(churn: pd.DataFrame) -> dict[str, object]:
    """Return how many of the customers who may still buy are expected to leave, and the yearly sales they bring.

    Parameters
    ----------
    churn : one row per customer who counts as active: churn_probability, sales_at_risk, horizon_days,
        forecast_is_weak; who is known to have left (``known_as``) is not counted

    Returns
    -------
    dict
        graded (customers), expected_leaving (sum of the probabilities), sales_at_risk (both None where the customers
        are ranked without a probability), sales_graded (net sales of the 365 days before, of all graded, nothing where
        negative), horizon_days, weak, stake_basis (see ``kalib.topics.churn.find_basis``), overdue_customers (where it is overdue: silent
        beyond their own rhythm, whose sales sales_at_risk then is).
    """
    check_columns(
        churn,
        ["churn_probability", "sales_at_risk", "net_sales_365_days", "horizon_days", "forecast_is_weak"],
        name="churn",
    )
    churn = keep_forecast(churn)
    is_ranking = churn["churn_probability"].isna().any()
    return {
        "graded": len(churn),
        "expected_leaving": None if is_ranking else math.fsum(churn["churn_probability"]),
        "sales_at_risk": None if is_ranking else math.fsum(churn["sales_at_risk"]),
        "sales_graded": math.fsum(churn["net_sales_365_days"].clip(lower=0)),
        "horizon_days": int(churn["horizon_days"].iloc[0]),
        "weak": bool(churn["forecast_is_weak"].iloc[0]),
        "stake_basis": str(churn["stake_basis"].iloc[0]) if "stake_basis" in churn else "away",
        "overdue_customers": int((churn["sales_at_risk"] > 0).sum()),
    }


def list_movers(lined: pd.DataFrame, *, pace: pd.DataFrame | None = None, rows: int = 10) -> dict[str, pd.DataFrame]:
    """List the accounts that gained and lost most money, told apart by what can be compared.

    Who rises had both spans whole. Who had only a part of the one before stands in a list of its own, whatever it gained: it
    would seem to grow by having begun. Who fell bought less than in the span before, or than in a part of it. Who stopped
    ordering does not fall any more; it stands in the last list with what it had bought.

    Parameters
    ----------
    lined : as ``kalib.years.line_up`` returns it
    pace : customer_id, pace: with it only those rise and fall who do by more than chance explains

    Returns
    -------
    dict
        ``rising``, ``newer``, ``falling`` and ``stopped``: the columns of ``lined``, the largest move first, of those who stopped
        the most net sales then; ties by customer_id.
    """
    there, moved = ~lined["has_stopped"], lined["net_sales_moved"]
    own = None if pace is None else lined["customer_id"].map(pace.set_index("customer_id")["pace"])
    rises = moved > 0 if own is None else (moved > 0) & (own == "rising")
    falls = moved < 0 if own is None else (moved < 0) & (own == "falling")
    newer = lined["year_kind"].isin(["first_year", "second_year"])
    lists = {
        "rising": (lined[there & (lined["year_kind"] == "two_years") & rises], "net_sales_moved", False),
        "newer": (lined[there & newer & (moved > 0)], "net_sales_moved", False),
        "falling": (lined[there & (lined["orders_then"] > 0) & falls], "net_sales_moved", True),
        "stopped": (lined[~there & (lined["orders_then"] > 0)], "net_sales_then", False),
    }
    return {
        name: found.sort_values([by, "customer_id"], ascending=[upwards, True]).head(rows).reset_index(drop=True)
        for name, (found, by, upwards) in lists.items()
    }


def add_mergers(lined: pd.DataFrame, migration: pd.DataFrame | None) -> pd.DataFrame:
    """Return ``lined`` with taken_up_by and takes_up, where the page on migration suspects a merger; empty where there is none.

    Parameters
    ----------
    migration : customer_id, taken_up_by, takes_up; None where the run has no such page
    """
    if migration is None:
        return lined.assign(**dict.fromkeys(MERGER))
    return lined.merge(migration[["customer_id", *MERGER]], on="customer_id", how="left", validate="1:1")


def show_merger(table: pd.DataFrame | None) -> dict[str, str]:
    """Return the columns on mergers that a list has something to say in, as ``book.table`` takes them.

    Examples
    --------
    >>> show_merger(pd.DataFrame({"taken_up_by": ["Bob"], "takes_up": [None]})), show_merger(None)
    ({'taken_up_by': ''}, {})
    """
    return {} if table is None else {column: "" for column in MERGER if column in table and table[column].notna().any()}


def keep_forecast(churn: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are forecast; all, should the company know of everybody that it has left.

    Examples
    --------
    >>> churn = pd.DataFrame({"customer_id": ["a", "b"], "known_as": [None, "said_left"]})
    >>> keep_forecast(churn)["customer_id"].tolist()
    ['a']
    """
    known = churn["known_as"].notna() if "known_as" in churn else pd.Series(data=False, index=churn.index)
    return churn if known.all() else churn[~known]


def list_at_risk(churn: pd.DataFrame, customers: pd.DataFrame, *, rows: int = 20) -> pd.DataFrame:
    """Return the customers with the most sales at risk, as the churn table has them.

    Who is known to have left (``known_as``) is not listed: nothing is at risk any more. Nor is who has ordered once: such
    accounts have no rhythm, and a list of their own. Nor is an account with nothing at risk.

    Returns
    -------
    DataFrame
        One row per customer, most at risk first: customer_id, churn_probability, sales_at_risk, reasons,
        net_sales_365_days, days_since_last_order, gap_days; and silence, away_share, horizon_days where churn has them.
    """
    check_columns(churn, ["customer_id", "churn_probability", "sales_at_risk", "reasons"], name="churn")
    known = customers[["customer_id", "net_sales_365_days", "days_since_last_order", "gap_days"]]
    wanted = ("customer_id", "churn_probability", "sales_at_risk", "silence", "away_share", "horizon_days", "reasons")
    table = keep_forecast(churn)[[name for name in wanted if name in churn]]
    table = table[~(table["sales_at_risk"] <= 0)]
    if "silence" in table:
        table = table[table["silence"] != "one_order"]
    table = table.merge(known, on="customer_id", validate="1:1")
    return (
        table.sort_values(["sales_at_risk", "customer_id"], ascending=[False, True]).head(rows).reset_index(drop=True)
    )
