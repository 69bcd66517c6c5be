"""Do accounts with one order stand on a list of their own, with how many of their like ordered again, as counted by hand?"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from kalib.topics import churn_single as topic
from kalib.topics.sales import list_at_risk
from kalib.words import Words

AS_OF = dt.date(2026, 6, 30)


def days(**ago: list[int]) -> pd.DataFrame:
    rows = [(customer, pd.Timestamp(AS_OF) - pd.Timedelta(days=day)) for customer, own in ago.items() for day in own]
    return pd.DataFrame(rows, columns=["customer_id", "order_date"]).assign(orders=1)


def test_second_orders_by_hand() -> None:
    back = {f"b{n}": [1000, 980] for n in range(30)}  # ordered again after 20 days
    late = {f"l{n}": [1000, 700] for n in range(10)}  # after 300
    never = {f"n{n}": [1000] for n in range(20)}
    young = {f"y{n}": [40] for n in range(5)}  # nobody knows yet
    table = topic.measure_second_orders(days(**back, **late, **never, **young), as_of=AS_OF, ages=(0, 30, 365))
    assert table["reached"].tolist() == [65, 65, 60]
    assert table["again_share"].tolist() == [0, round(30 / 65, 6), round(40 / 60, 6)]
    assert table["waiting"].tolist() == [60, 30, 20]
    assert table["again_later"].tolist() == [40, 10, 0]
    assert table["again_later_share"].tolist()[:2] == [round(40 / 60, 6), round(10 / 30, 6)]
    assert np.isnan(table["again_later_share"].iloc[2])  # twenty cases prove nothing
    later = days(**(back | {"b1": [1000, 980, -3]}), **late, **never, **young, f1=[-3])
    pd.testing.assert_frame_equal(topic.measure_second_orders(later, as_of=AS_OF, ages=(0, 30, 365)), table)


def churn_of(**states: str) -> pd.DataFrame:
    table = pd.DataFrame({"customer_id": list(states), "silence": list(states.values())})
    return table.assign(churn_probability=0.9, sales_at_risk=100.0, reasons=[[] for _ in states])


CUSTOMERS = pd.DataFrame(
    {
        "customer_id": list("abc"),
        "days_since_last_order": [40, 400, 50],
        "net_sales_365_days": [10.0, 30.0, 90.0],
        "gap_days": [np.nan, np.nan, 9.0],
    }
)
SECOND = pd.DataFrame(
    {"age_from": [0, 30, 365], "again_share": [0.0, 0.4, 0.7], "again_later_share": [0.6, 0.5, np.nan]}
)


def test_they_are_not_mixed_into_the_list_by_rhythm() -> None:
    churn = churn_of(a="one_order", b="one_order", c="quiet")
    assert list_at_risk(churn, CUSTOMERS)["customer_id"].tolist() == ["c"]
    table = topic.list_single(churn, CUSTOMERS, SECOND)
    assert table["customer_id"].tolist() == ["b", "a"]  # by money
    assert table["again_share"].tolist() == [0.7, 0.4]
    assert table["again_later_share"].tolist() == [0.5, 0.5]  # nobody is likelier back for having waited longer
    told = topic.list_single(churn.assign(known_as=["said_left", None, None]), CUSTOMERS, SECOND)
    assert told["customer_id"].tolist() == ["b"]


def test_who_has_nothing_at_risk_is_not_listed() -> None:
    churn = churn_of(a="buying", c="quiet").assign(sales_at_risk=[0.0, 5.0])
    assert list_at_risk(churn, CUSTOMERS)["customer_id"].tolist() == ["c"]
    ranked = churn.assign(sales_at_risk=np.nan)  # a rule without probabilities: nobody is left out
    assert len(list_at_risk(ranked, CUSTOMERS)) == 2


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_says_what_it_knows(language: str) -> None:
    words = Words(language, currency="EUR")
    churn = churn_of(a="one_order", b="one_order", c="quiet")
    known = topic.describe_single(topic.list_single(churn, CUSTOMERS, SECOND).query("customer_id == 'a'"), SECOND)
    assert known["single_known"]
    assert words("churn.single.known", **known)
    unknown = topic.describe_single(topic.list_single(churn, CUSTOMERS, SECOND).query("customer_id == 'b'"), SECOND)
    assert not unknown["single_known"]
    assert "40" in words("churn.single.finding", **unknown) or "30" in words("churn.single.finding", **unknown)
    assert (
        topic.describe_single(topic.list_single(churn_of(c="quiet"), CUSTOMERS, SECOND), SECOND)["single_customers"]
        == 0
    )
