"""Does the whale curve rise and fall with the accounts that earn and cost?"""

from __future__ import annotations

import datetime as dt
import math

import pandas as pd
import pytest

from kalib.errors import MissingColumnsError
from kalib.topics import pareto_profit as topic
from kalib.topics.pareto import assign_classes

SEVEN = pd.DataFrame(
    {
        "customer_id": list("abcdefg"),
        "orders": 1,
        "net_sales_365_days": [600.0, 200, 100, 60, 40, 0, 0],
        "margin_365_days": [60.0, 80, 40, 20, 5, 0, 0],
        "cost_to_serve_365_days": [90.0, 20, 10, 10, 5, 15, 0],
    }
)
"""Profit: b 60, c 30, d 10, e 0, f -15 (bought nothing), a -30; g had neither trade nor cost."""

AS_OF = dt.date(2026, 6, 30)
MONTHS = pd.date_range("2024-07-01", "2026-06-01", freq="MS")
NO_MONTHS = pd.DataFrame({"customer_id": [], "month": [], "margin": []})


def lose(customers: pd.DataFrame = SEVEN, **options: object) -> pd.DataFrame:
    months = options.pop("months", NO_MONTHS)
    return topic.add_losses(assign_classes(customers), months, as_of=AS_OF, **options)


def book(**margins: list[float]) -> pd.DataFrame:
    """Return months: one margin per month, the last one June 2026."""
    rows = [
        (name, month, one) for name, own in margins.items() for month, one in zip(MONTHS[-len(own) :], own, strict=True)
    ]
    return pd.DataFrame(rows, columns=["customer_id", "month", "margin"])


def test_the_whale_curve_by_hand() -> None:
    whale = topic.summarise_whale(assign_classes(SEVEN))
    assert whale["accounts"].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert whale["cumulative_profit"].tolist() == [0, 60, 90, 100, 100, 85, 55]
    assert whale["is_peak"].tolist() == [False, False, False, True, False, False, False]
    assert whale["accounts_share"].iloc[3] == 0.5


def test_facts_by_hand() -> None:
    facts = topic.describe_profit(lose(stopped=["f"]))
    assert (facts["profit"], facts["profit_peak"], facts["peak_accounts"]) == (55, 100, 3)
    assert facts["profit_peak_ratio"] == pytest.approx(100 / 55)
    assert (facts["losing_accounts"], facts["losing_profit"], facts["loss"]) == (2, -45, 45)
    assert (facts["clear_losing"], facts["clear_loss"], facts["clear_profit"]) == (1, 30, -30)
    assert (facts["stopped_losing"], facts["stopped_loss"], facts["unclear_losing"]) == (1, 15, 0)
    assert (facts["costly_accounts"], facts["costly_losing"], facts["costly_sales"]) == (1, 1, 600)


def test_large_accounts_without_profit_are_named() -> None:
    pareto = lose()
    assert topic.has_profit(pareto)
    assert topic.list_costly(pareto)["customer_id"].tolist() == ["a"]
    losing = topic.list_unprofitable(pareto)
    assert losing["customer_id"].tolist() == ["a"]  # f is of class C, and nothing is known of its months
    assert losing["margin_365_days"].tolist() == [60]
    assert pareto.set_index("customer_id")["loss_kind"].to_dict() == {
        "a": "clear", "b": "none", "c": "none", "d": "none", "e": "none", "f": "unclear", "g": "none",
    }  # fmt: skip


def test_a_loss_is_told_where_it_is_more_than_chance() -> None:
    """Mean -2 in all; its standard error is 0 of ``always``, and of ``once`` (one month of -48) 2: one below 0, not 1.645."""
    months = book(
        always=[-2.0] * 24,
        once=[0.0] * 23 + [-48.0],
        wavering=[-5.0, 1.0] * 12,
        young=[-2.0] * 11,
        year=[-2.0, -3.0] * 6,
    )
    found = topic.find_losers(pd.Series(months["customer_id"].unique()), months, as_of=AS_OF)
    # wavering: mean -2, deviation 3.06, error .626: 3.2 of it below 0. young: a year is not known yet.
    assert found == {"always", "wavering", "year"}
    # The month that is not over does not count, nor does one of three years ago.
    open_month = topic.find_losers(
        pd.Series(["always"]), book(always=[9.0] * 22 + [-99.0, -99.0]), as_of=dt.date(2026, 6, 29)
    )
    assert open_month == set()


def test_costs_and_contacts_count_in_their_months() -> None:
    months = book(a=[10.0] * 24, b=[10.0] * 24, c=[10.0] * 24)
    quarters = pd.date_range("2024-07-01", "2026-06-30", freq="QE")
    costs = pd.DataFrame(
        {
            "customer_id": "a",
            "period_start": quarters.to_period("Q").start_time,
            "period_end": quarters,
            "rebates": 33.0,
            "other": None,
        }
    )
    late = costs.tail(1).assign(
        period_end=pd.Timestamp("2026-07-31"), rebates=-9_999.0
    )  # not over: it knows of later days
    visits = pd.DataFrame({"customer_id": "b", "contact_date": MONTHS, "cost": 11.0})
    options = {"as_of": AS_OF, "costs": pd.concat([costs, late]), "contacts": visits}
    assert topic.find_losers(pd.Series(["a", "b", "c"]), months, **options) == {"a", "b"}


def test_who_has_stopped_is_no_loss_maker() -> None:
    pareto = lose(stopped=["a", "f"])
    assert topic.list_unprofitable(pareto).empty
    assert topic.describe_profit(pareto)["stopped_losing"] == 2


def test_a_business_that_loses_has_no_ratio() -> None:
    facts = topic.describe_profit(lose(SEVEN.assign(cost_to_serve_365_days=[900.0, 1, 1, 1, 1, 1, 1])))
    assert facts["profit"] < 0
    assert math.isnan(facts["profit_peak_ratio"])


def test_the_row_order_changes_nothing() -> None:
    one, other = (topic.summarise_whale(assign_classes(table)) for table in (SEVEN, SEVEN[::-1]))
    pd.testing.assert_frame_equal(one, other)


def test_without_cost_there_is_no_profit() -> None:
    pareto = assign_classes(SEVEN.drop(columns="cost_to_serve_365_days"))
    assert not topic.has_profit(pareto)
    assert topic.add_losses(pareto, NO_MONTHS, as_of=AS_OF) is pareto
    with pytest.raises(MissingColumnsError, match="profit_abc_class"):
        topic.list_costly(pareto)
