"""Silence by hand: whose is usual, who came back from how long a one, and what is at stake with those who do not."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.topics import silence as topic

DAY = dt.date(2026, 1, 1)
END = pd.Timestamp(DAY)


def days(**customers: list[int]) -> pd.DataFrame:
    """Return order days of customers: how many days before the end each was; 10 each."""
    rows = [(name, END - pd.Timedelta(days=ago)) for name, own in customers.items() for ago in own]
    table = pd.DataFrame(rows, columns=["customer_id", "order_date"])
    return table.assign(orders=1, net_sales=10.0)


def state(*ago: int, active_days: int = 365, returns: pd.DataFrame | None = None) -> str:
    found = topic.measure_silence(days(a=list(ago)), as_of=DAY, active_days=active_days, returns=returns)
    return found["silence"].iloc[0]


def test_each_state_by_hand() -> None:
    assert state(70, 60, 50, 40, 30) == "buying"  # 30 days are no more than three times the usual 10
    assert state(71, 61, 51, 41, 31) == "quiet"  # 31 are, and no gap was as long
    assert state(171, 71, 61, 51, 41, 31) == "pausing"  # one was of 100 days
    assert state(71, 41, 31) == "buying"  # 30 and 10 days between: 20 are usual
    assert state(300) == "one_order"
    assert state(366) == "lapsed"
    assert state(180, active_days=180) == "one_order"
    assert state(181, active_days=180) == "lapsed"


def test_a_silence_as_long_as_the_longest_is_a_pause() -> None:
    assert state(150, 50, 40, 30, 20) == "buying"
    assert state(231, 131, 121, 111, 100) == "pausing"  # silent for 100, and once before
    assert state(231, 131, 121, 111, 101) == "quiet"  # 101 is longer than ever


def test_money_is_of_the_year_up_to_the_last_order() -> None:
    table = topic.measure_silence(days(a=[900, 535, 534, 400, 170]), as_of=DAY, active_days=365)
    assert table["net_sales_before"].tolist() == [
        30.0
    ]  # 364 days before the last order are within its year, 365 are not


def test_who_came_back_by_hand() -> None:
    # One date can be asked: the history is 365 + 95 days long. On it a has been silent for 95 days, b and c for 10.
    table = topic.measure_returns(days(a=[460], b=[375, 300], c=[375]), as_of=DAY).set_index("silent_from")
    assert table["silent"].tolist()[:3] == [2, 1, 0]
    assert table["returned"].tolist()[:3] == [1, 0, 0]
    assert table.loc[0, ["net_sales_before", "net_sales_after", "return_sales_share"]].tolist() == [20.0, 10.0, 0.5]
    assert table.loc[0, "came_back_share"] == 0.5
    assert np.isnan(table.loc[180, "came_back_share"])


def test_nobody_is_asked_whose_silence_the_history_cannot_cover() -> None:
    assert topic.measure_returns(days(a=[365 + 89]), as_of=DAY)["silent"].sum() == 0
    assert topic.measure_returns(days(a=[365 + 90]), as_of=DAY)["silent"].sum() == 1


def returns(**shares: tuple[int, int]) -> pd.DataFrame:
    """Return what is known of bands: silent and returned, by where the band begins."""
    table = topic.measure_returns(days(a=[1]), as_of=DAY).set_index("silent_from")
    for band, (silent, returned) in shares.items():
        share = returned / silent
        table.loc[int(band[1:]), ["silent", "returned", "came_back_share", "return_sales_share"]] = (
            silent,
            returned,
            share,
            share / 2,
        )
        table.loc[int(band[1:]), ["return_low", "return_high"]] = topic._wilson(returned, silent)
    return table.reset_index()


def test_lost_are_those_of_whose_like_hardly_anybody_came_back() -> None:
    known = returns(d365=(100, 20), d540=(100, 2))
    assert state(400, returns=known) == "lapsed"
    assert state(600, returns=known) == "lost"
    assert state(1200, returns=known) == "lost"  # nobody is likelier back for having been silent longer
    assert state(600, returns=returns(d540=(29, 0))) == "lapsed"  # too few to know
    assert state(600, returns=returns(d540=(100, 8))) == "lapsed"  # may still be one in ten


def test_win_back_begins_with_the_shortest_silence_and_is_priced_by_what_such_accounts_brought() -> None:
    known = returns(d365=(100, 40), d540=(100, 20), d730=(200, 1))
    orders = days(a=[400, 410], b=[600, 610, 620, 630], c=[800] * 1 + [810, 820], d=[5, 10, 15])
    table = topic.measure_silence(orders, as_of=DAY, active_days=365, returns=known)
    listed = topic.list_winback(table)
    assert listed["customer_id"].tolist() == ["a", "b"]  # the shorter silence first
    assert listed["return_sales"].tolist() == [4.0, 4.0]  # 20 x .2 and 40 x .1
    facts = topic.describe_silence(table)
    assert (facts["lapsed_customers"], facts["lost_customers"], facts["gone_customers"]) == (2, 1, 3)
    assert (facts["lapsed_net_sales"], facts["return_sales"]) == (60.0, 8.0)


def test_kinds_of_silence_by_hand() -> None:
    orders = days(a=[500, 300, 10], b=[40, 25, 10], c=[10])
    kinds = topic.find_kinds(orders, as_of=DAY, horizon_days=90).set_index("customer_id")["kind_of_silence"]
    assert kinds.to_dict() == {"a": "as_before", "b": "longer_than_ever", "c": "one_order"}
    assert topic.find_kinds(orders, as_of=DAY, horizon_days=281)["kind_of_silence"].iloc[0] == "longer_than_ever"


def test_who_stayed_away_by_hand() -> None:
    # The newest date that can be asked is 455 days back (90 of the horizon, a year after it).
    gone = {f"g{n}": [475, 465, 456] for n in range(20)}
    back = {f"b{n}": [475, 465, 456, 300] for n in range(20)}  # silent for the horizon, then there again
    paused = {f"p{n}": [695, 456, 455, 200] for n in range(40)}
    early = {"x": [455 + 180, 455 + 179, 400]}
    orders = days(**gone, **back, **paused, **early)
    table = topic.measure_away(orders, as_of=DAY, horizon_days=90, active_days=365).set_index("kind_of_silence")
    newest = table.loc["longer_than_ever"]
    assert newest["away_share"] == pytest.approx(newest["away"] / newest["silent"])
    assert newest["silent"] >= 40
    assert newest["away"] == 20
    assert table.loc["as_before", "away"] == 0
    assert table.loc["one_order", "away_share"] == table.loc["all", "away_share"]  # too few of them: as all


def test_who_pauses_is_not_always_lost() -> None:
    """As of 2026-06-30 with 90 days: the date is 2025-04-01; forty fall silent by 2025-06-30, ten of them come back in the year."""
    ids = [f"c{n:02}" for n in range(50)]
    rows = [(customer, "2025-01-15") for customer in ids]
    rows += [(customer, "2025-06-30") for customer in ids[40:]]  # the last day of the horizon: not silent
    rows += [(customer, "2025-07-01") for customer in ids[:5]]  # the first day after it: back
    rows += [(customer, "2026-06-30") for customer in ids[5:10]]  # the last day of the year after: back
    rows += [("c10", "2026-07-01")]  # after the snapshot date: nobody knows
    rows += [("old", "2024-01-01")]  # not active, but the history reaches far enough
    orders = pd.DataFrame(rows, columns=["customer_id", "order_date"]).assign(orders=1, net_sales=1.0)
    orders["order_date"] = pd.to_datetime(orders["order_date"])
    before = orders.copy(deep=True)

    def measure(table: pd.DataFrame) -> list:
        found = topic.measure_away(table, as_of=dt.date(2026, 6, 30), horizon_days=90, active_days=180)
        return found.set_index("kind_of_silence").loc["all", ["silent", "away", "away_share"]].tolist()

    assert measure(orders.sample(frac=1, random_state=3)) == [40, 30, 0.75]
    returns = orders.assign(orders=orders["customer_id"].ne("old").astype(int))
    assert np.isnan(measure(returns)[2])
    few = orders[orders["customer_id"].isin([*ids[15:], "old"])]
    assert np.isnan(measure(few)[2])
    pd.testing.assert_frame_equal(orders, before)


def test_little_history_knows_nothing_of_staying_away() -> None:
    found = topic.study(days(a=[100, 50], b=[20]), as_of=DAY, horizon_days=90, active_days=365)
    assert found.facts["away_share"] is None
    assert found.table["away_share"].isna().all()
    assert found.table["silence"].tolist() == ["buying", "one_order"]
    assert found.facts["return_sales"] is None


@given(
    st.dictionaries(
        st.sampled_from("abcdef"), st.lists(st.integers(0, 1500), min_size=1, max_size=8, unique=True), min_size=1
    ),
    st.integers(0, 600),
)
def test_nothing_later_is_seen_and_row_order_does_not_matter(customers: dict[str, list[int]], later: int) -> None:
    orders = days(**customers)
    when = (END - pd.Timedelta(days=later)).date()
    known = orders[orders["order_date"] <= pd.Timestamp(when)]
    if known.empty:
        return
    one, other = (
        topic.study(table, as_of=when, horizon_days=90, active_days=365)
        for table in (orders.sample(frac=1, random_state=1), known)
    )
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(one.returns, other.returns)
    pd.testing.assert_frame_equal(one.away, other.away)


@given(st.lists(st.integers(1, 400), min_size=2, max_size=12, unique=True))
def test_the_longer_the_silence_the_further_the_state(ago: list[int]) -> None:
    order = {"buying": 0, "pausing": 1, "quiet": 2, "lapsed": 3}
    states = [state(*[one + more for one in ago]) for more in range(0, 1200, 149)]
    ranks = [order[name] for name in states]
    assert all(one <= other for one, other in pairwise(ranks))


def test_what_nobody_was_followed_through_is_not_known() -> None:
    """Of 58 customers silent for half a year nearly all came back; nobody was ever silent for a year and followed for another."""
    days = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "b"],
            "order_date": pd.to_datetime(["2024-01-10", "2024-04-10", "2025-01-10", "2025-05-01"]),
            "orders": 1,
            "net_sales": 100.0,
        }
    )
    returns = pd.DataFrame(
        {
            "silent_from": [0, 180, 365],
            "silent": [900, 58, 3],
            "came_back_share": [0.9, 0.98, 1.0],
            "return_high": 1.0,
            "return_sales_share": 0.9,
        }
    )
    table = topic.measure_silence(days, as_of=dt.date(2025, 12, 1), active_days=120, returns=returns).set_index(
        "customer_id"
    )
    assert table["silence"].tolist() == ["lapsed", "lapsed"]
    assert table.loc["b", "came_back_share"] == 0.98
    assert table.loc["a", ["came_back_share", "return_sales"]].isna().all()
    facts = topic.describe_silence(table.reset_index())
    assert (facts["unknown_customers"], facts["return_sales"]) == (1, 180.0)  # two orders of 100 in its last year
