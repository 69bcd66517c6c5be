"""Are the trade's rules of thumb worked out as by hand, and called unknown where the data has not what they need?"""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest

from kalib.topics import campaign_rules as topic
from kalib.words import Words

AS_OF = dt.date(2026, 6, 30)


def ago(days: int) -> pd.Timestamp:
    return pd.Timestamp(AS_OF) - pd.Timedelta(days=days)


def order_days_of(rows: dict[str, list[int]]) -> pd.DataFrame:
    return pd.DataFrame(
        [(customer, ago(day), 1) for customer, own in rows.items() for day in own],
        columns=["customer_id", "order_date", "orders"],
    )


def customers_of(order_days: pd.DataFrame) -> pd.DataFrame:
    first = order_days.groupby("customer_id")["order_date"].min().rename("first_order_date").reset_index()
    return topic.mark_years(first, order_days, as_of=AS_OF)


KEPT = {f"k{at:02}": [1000, 400, 30] for at in range(20)}
LOST = {f"l{at}": [900, 500] for at in range(4)}
WON = {f"w{at}": [100] for at in range(10)}


def contacts_of(*, won: int = 10) -> pd.DataFrame:
    rows = [(f"k{at:02}", ago(50), 30.0) for at in range(20)]  # keeping: 600
    rows += [("l0", ago(60), 100.0)]  # keeping, though in vain: 100
    rows += [(f"w{at}", ago(150), 50.0) for at in range(won)]  # winning: 500
    rows += [("p1", ago(20), 700.0)]  # a prospect never won: 700
    rows += [("w1", ago(50), 9999.0)]  # won already: neither
    rows += [("k00", ago(364 + 31), 5555.0), ("w2", ago(-3), 1.0)]  # another year; after the snapshot date
    return pd.DataFrame(rows, columns=["customer_id", "contact_date", "cost"])


def test_winning_against_keeping_by_hand() -> None:
    customers = customers_of(order_days_of(KEPT | LOST | WON))
    table = topic.compare_winning(customers, contacts_of(), as_of=AS_OF)
    row = table.iloc[0]
    assert (row["won"], row["won_contacts"], row["won_cost"], row["cost_per_won"]) == (10, 11, 1200.0, 120.0)
    assert (row["kept"], row["kept_contacts"], row["kept_cost"], row["cost_per_kept"]) == (20, 21, 700.0, 35.0)
    assert row["cost_ratio"] == pytest.approx(120 / 35)
    assert row["ratio_low"] < row["cost_ratio"] < row["ratio_high"]
    assert row["won_contacted"] == 10
    facts = topic.pool_winning(customers, contacts_of(), as_of=AS_OF)
    assert (facts["years"], facts["cost_ratio"]) == (1, row["cost_ratio"])  # of one year alone it is that year's
    assert (facts["ratio_low"], facts["ratio_high"]) == (row["ratio_low"], row["ratio_high"])


def test_what_won_them_is_not_in_the_record() -> None:
    customers = customers_of(order_days_of(KEPT | LOST | WON))
    row = topic.compare_winning(customers, contacts_of(won=4), as_of=AS_OF).iloc[0]
    assert (row["won_contacted"], row["verdict"]) == (4, "unrecorded")
    assert math.isnan(row["cost_ratio"])


def test_too_few_to_say_and_nothing_to_say() -> None:
    customers = customers_of(order_days_of(KEPT | {"w0": [100], "w1": [90]}))
    assert topic.compare_winning(customers, contacts_of(won=2), as_of=AS_OF)["verdict"].iloc[0] == "few"
    for contacts in (None, contacts_of().drop(columns="cost"), contacts_of().assign(cost=np.nan)):
        assert topic.pool_winning(customers, contacts, as_of=AS_OF) == {"years": 0, "verdict": "unknown"}
    young = customers_of(order_days_of({"k00": [500, 30], "w1": [100]}))
    assert topic.compare_winning(young, contacts_of(), as_of=AS_OF).empty
    late = contacts_of()
    assert topic.compare_winning(customers, late[late["contact_date"] > ago(300)], as_of=AS_OF).empty


def months_of(rows: dict[str, list[tuple[str, float]]]) -> pd.DataFrame:
    return pd.DataFrame(
        [(customer, pd.Timestamp(month), 1, money) for customer, own in rows.items() for month, money in own],
        columns=["customer_id", "month", "orders", "net_sales"],
    )


def test_a_lost_key_account_against_new_ones_by_hand() -> None:
    lost, stayed = [f"l{at}" for at in range(6)], ["s0", "s1"]
    small, new = [f"t{at}" for at in range(3)], [f"n{at}" for at in range(5)]
    order_days = order_days_of(
        {customer: [1100, 500] for customer in lost}
        | {customer: [1100, 500, 40] for customer in stayed}
        | {customer: [1100, 600] for customer in small}
        | {customer: [600] for customer in new}
    )
    customers = customers_of(order_days)
    # A year before: six at 1,000 and two at 950 of 8,200: the largest up to 6,560 are these eight; three at 100 are small.
    then = pd.DataFrame(
        {"as_of": AS_OF - dt.timedelta(days=365), "customer_id": [*lost, *stayed, *small, *new],
         "net_sales_365_days": [1000.0] * 6 + [950.0] * 2 + [100.0] * 3 + [0.0] * 5}
    )  # fmt: skip
    start = ago(600).strftime("%Y-%m-01")
    later = (pd.Timestamp(start) + pd.DateOffset(months=12)).strftime("%Y-%m-%d")
    months = months_of({customer: [(start, 50.0 + at), (later, 9999.0)] for at, customer in enumerate(new)})
    table = topic.compare_losing(then, months, customers, as_of=AS_OF)
    assert len(table) == 1  # no snapshot of an earlier year was handed over
    row = table.iloc[0]
    assert (row["key_accounts"], row["lost_accounts"], row["lost_sales_each"]) == (8, 6, 1000.0)
    assert (row["new_accounts"], row["new_sales"], row["new_sales_each"]) == (5, 260.0, 52.0)
    assert row["sales_ratio"] == pytest.approx(1000 / 52)
    assert row["ratio_low"] < row["sales_ratio"] < row["ratio_high"]
    assert row["verdict"] == "more"
    few = topic.compare_losing(then, months, customers[~customers["customer_id"].isin(["n0"])], as_of=AS_OF)
    assert few["verdict"].iloc[0] == "few"


def test_a_short_log_says_nothing() -> None:
    customers = customers_of(order_days_of({"a": [900, 10], "b": [600]}))
    then = pd.DataFrame({"as_of": [AS_OF - dt.timedelta(days=365)], "customer_id": ["a"], "net_sales_365_days": [5.0]})
    table = topic.compare_losing(then, months_of({"a": [("2024-01-01", 5.0)]}), customers, as_of=AS_OF)
    assert table.empty
    months = months_of({"a": [("2024-01-01", 5.0)]})
    assert topic.pool_losing(then, months, customers, as_of=AS_OF) == {"years": 0, "verdict": "unknown"}


def test_years_are_pooled_by_hand() -> None:
    """Six lost at 1,000 in one year and six at 400 in the one before, against ten new ones at 50 each: 700 / 50 = 14, from 8 to 20."""
    late, early = [f"l{at}" for at in range(6)], [f"m{at}" for at in range(6)]
    new = {f"n{at}": [600] for at in range(5)} | {f"o{at}": [950] for at in range(5)}
    order_days = order_days_of(
        {c: [1500, 500] for c in late} | {c: [1500, 850] for c in early} | {"s": [1500, 850, 500, 40]} | new
    )
    customers = customers_of(order_days)
    then = pd.concat(
        [
            pd.DataFrame(
                {"as_of": AS_OF - dt.timedelta(days=365), "customer_id": [*late, "s"], "net_sales_365_days": 1000.0}
            ),
            pd.DataFrame(
                {"as_of": AS_OF - dt.timedelta(days=730), "customer_id": [*early, "s"], "net_sales_365_days": 400.0}
            ),
        ]
    )
    months = months_of({c: [(ago(own[0]).strftime("%Y-%m-01"), 50.0)] for c, own in new.items()})
    table = topic.compare_losing(then, months, customers, as_of=AS_OF)
    assert table[["lost_accounts", "sales_ratio"]].values.tolist() == [[6, 20.0], [6, 8.0]]
    told = topic.pool_losing(then, months, customers, as_of=AS_OF)
    assert (told["years"], told["lost_accounts"], told["new_accounts"], told["sales_ratio"]) == (2, 12, 10, 14.0)
    assert (told["year_low"], told["year_high"]) == (8.0, 20.0)
    assert told["ratio_low"] < 14 < told["ratio_high"]
    assert told["verdict"] == "more"
    assert topic.list_notes(told, rule="losing") == ["losing.note", "rule.years"]
    for language in ("en", "zh"):
        said = Words(language)("campaign.losing.more", **told), Words(language)("campaign.rule.years", **told)
        assert all(figure in said[1] for figure in ("2", "8", "20"))
        assert "14" in said[0]


def test_no_year_is_left_out() -> None:
    """Five years of orders tell of three, and of no more than three either way of counting."""
    assert len(topic.list_dates(AS_OF, first_order_date=ago(5 * 365))) == 3
    assert topic.list_dates(AS_OF, first_order_date=ago(900)) == []
    assert topic.list_dates(AS_OF, first_order_date=pd.NaT) == []


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(6, 9, "more"), (1, 4, "less"), (4, 6, "same"), (math.nan, 1, "few")]
)
def test_verdicts(low: float, high: float, verdict: str) -> None:
    assert topic._judge(low, high, topic.FIVE) == verdict


def test_row_order_changes_nothing() -> None:
    order_days = order_days_of(KEPT | LOST | WON)
    one = topic.compare_winning(customers_of(order_days), contacts_of(), as_of=AS_OF)
    mixed = contacts_of().sample(frac=1, random_state=4)
    other = topic.compare_winning(customers_of(order_days.sample(frac=1, random_state=2)), mixed, as_of=AS_OF)
    pd.testing.assert_frame_equal(one, other)


def test_the_largest_that_bring_eighty_per_cent() -> None:
    assert topic._pick_largest(pd.Series([50.0, 30, 10, 10])).tolist() == [50, 30]
    assert topic._pick_largest(pd.Series([40.0, 30, 20, 20, -5])).tolist() == [40, 30, 20, 20]
