"""Does the summary say of a change only what can be compared, whatever the length of the record?"""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from kalib.topics import sales
from kalib.words import Words
from kalib.years import choose_span, describe_change, line_up

AS_OF = dt.date(2026, 6, 30)


def make_customers(count: int = 20, *, longest: int, stopped: int = 0) -> pd.DataFrame:
    """Make customers who bought for 100 in each half-year before the last and for 90 since."""
    orders = [0] * stopped + [4] * (count - stopped)
    table = pd.DataFrame(
        {"customer_id": [f"c{i:02}" for i in range(count)], "tenure_days": float(longest), "orders": 9}
    )
    return table.assign(
        orders_365_days=orders, orders_180_days=orders, orders_365_days_last_year=4,
        net_sales_365_days=[90.0 * (n > 0) for n in orders], net_sales_180_days=[90.0 * (n > 0) for n in orders],
        net_sales_365_days_last_year=100.0, days_since_last_order=[5 if n else 400 for n in orders],
    )  # fmt: skip


def say(customers: pd.DataFrame, language: str = "en") -> str:
    span = choose_span(customers, AS_OF)
    facts = sales.describe_sales(customers, span)
    if span.name != "none":
        earlier = customers.assign(net_sales_180_days=100.0, orders_180_days=4) if span.name == "half" else None
        facts |= describe_change(line_up(customers, span, earlier=earlier))
    words = Words(language, currency="GBP")
    said = [words(f"summary.{name}", **facts) for name in sales.list_said(facts, span)]
    for name in sales.list_figures(facts, span):
        said += [words(f"summary.kpis.{name}.{part}", **facts) for part in ("label", "value", "note")]
    return " ".join(said)


def test_a_year_is_compared_with_a_year() -> None:
    said = say(make_customers(longest=800, stopped=4))
    assert "20 accounts" in said
    assert "That is 28.0% less than in the 365 days before." in said
    assert "Like for like it is 28.0% less**: of the 20 accounts" in said
    assert "4 have not ordered since, with £400, and the others buy 10.0% less" in said
    assert "Accounts in their" not in said  # nobody is new


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_record_of_181_days_has_no_year(language: str) -> None:
    said = say(make_customers(longest=180), language)
    assert "181" in said
    assert "year" not in said
    assert "365" not in said
    assert "年里" not in said


def test_half_years_where_there_is_no_year_before() -> None:
    said = say(make_customers(longest=500))
    assert "In the last 180 days it was 10.0% less than in the 180 days before." in said
    assert "There is no year before to compare with, so the season is part of that." in said
    assert "365 days before" not in said


def test_of_few_nothing_is_said_like_for_like() -> None:
    customers = make_customers(longest=800)
    customers.loc[9:, "tenure_days"] = 500.0
    said = say(customers)
    assert "Like for like nothing can be said: of 20 accounts that bought then, only 9" in said
    assert "retention" not in said


def test_a_key_account_of_a_year_and_a_half_has_no_change() -> None:
    customers = make_customers(2, longest=800)
    customers.loc[1, "tenure_days"] = 729.0
    scorecard = pd.DataFrame({"customer_id": ["c00", "c01"], "is_key_account": True, "key_account_rank": [1, 2]})
    listed = sales.list_key_accounts(scorecard, customers)
    assert listed["change"].tolist() == [-10.0, pytest.approx(float("nan"), nan_ok=True)]


def test_who_stopped_is_not_falling() -> None:
    customers = make_customers(5, longest=800, stopped=1)
    still = set(customers["customer_id"]) - {"c00", "c01"}  # c01 ordered in the year, and counts as a customer no more
    lists = sales.list_movers(line_up(customers, choose_span(customers, AS_OF), still=still))
    assert lists["falling"]["customer_id"].tolist() == ["c02", "c03", "c04"]
    assert lists["stopped"]["customer_id"].tolist() == ["c00", "c01"]
    assert lists["rising"].empty


def test_movers_are_those_whose_change_chance_does_not_explain() -> None:
    customers = make_customers(4, longest=800)
    lined = line_up(customers, choose_span(customers, AS_OF))
    assert sales.list_movers(lined)["falling"]["customer_id"].tolist() == ["c00", "c01", "c02", "c03"]
    pace = pd.DataFrame({"customer_id": ["c00", "c01", "c02"], "pace": ["falling", "steady", None]})
    lists = sales.list_movers(lined, pace=pace)
    assert lists["falling"]["customer_id"].tolist() == [
        "c00"
    ]  # of two nobody can tell, and one goes up and down by chance
    assert lists["rising"].empty
    grown = lined.assign(net_sales_moved=-lined["net_sales_moved"])
    assert sales.list_movers(grown, pace=pace.assign(pace="rising"))["rising"]["customer_id"].tolist() == [
        "c00",
        "c01",
        "c02",
    ]


def test_the_sentence_on_risk_follows_what_the_list_is_made_by() -> None:
    churn = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c"],
            "churn_probability": [0.9, 0.5, 0.1],
            "sales_at_risk": [100.0, 0.0, 0.0],
            "net_sales_365_days": [100.0, 50.0, 10.0],
            "horizon_days": 90,
            "forecast_is_weak": True,
            "stake_basis": "overdue",
        }
    )
    facts = sales.describe_risk(churn)
    assert (facts["stake_basis"], facts["overdue_customers"]) == ("overdue", 1)
    said = Words("en")("summary.leaving.overdue", **facts)
    assert "1 account is silent beyond its own rhythm" in said
    assert sales.describe_risk(churn.drop(columns="stake_basis"))["stake_basis"] == "away"
