"""Is the expected profit of acting that of the papers, does the list stop at its peak, and is no figure made up?"""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kalib.errors import NotEnoughDataError
from kalib.settings.campaign import CampaignSettings
from kalib.topics import campaign as topic
from kalib.words import Words
from tests.depth import examples

AS_OF = dt.date(2026, 6, 30)


def make(rows: list[tuple[str, float, float]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    table = pd.DataFrame(rows, columns=["customer_id", "churn_probability", "value_at_stake"])
    return table[["customer_id", "churn_probability"]], table[["customer_id", "value_at_stake"]]


FOUR = make([("a", 0.5, 1000.0), ("b", 0.9, 100.0), ("c", 0.1, 4000.0), ("d", 0.95, 10.0)])


def test_the_gain_by_hand() -> None:
    table = topic.build_campaign(*FOUR, success_rate=0.2, cost=20.0, offer_cost=50.0)
    # a: .5 * (.2 * 1000 + .8 * 50) - 50 - 20 = 50; c: .1 * (.2 * 4000 + .8 * 50) - 70 = 14;
    # b: .9 * (.2 * 100 + .8 * 50) - 70 = -16; d: .95 * (.2 * 10 + 40) - 70 = -30.10.
    assert table["customer_id"].tolist() == ["a", "c", "b", "d"]
    assert table["expected_gain"].tolist() == [50.0, 14.0, -16.0, -30.1]
    assert table["act"].tolist() == [True, True, False, False]
    # a's offer is accepted by half of its chance to stay and a fifth of that to leave.
    assert table["expected_cost"].iloc[0] == 20 + 50 * (0.5 * 0.2 + 0.5)
    assert table["break_even_rate"].iloc[0] == pytest.approx((20 + 50 * 0.5) / (0.5 * 950))
    assert math.isnan(table["break_even_rate"].iloc[3])  # an offer of 50 for a customer worth 10


def test_it_is_the_papers_sum_over_those_contacted() -> None:
    """Neslin and others (2006), equation 1, over a list of equal accounts: N * a * (b*g*(V-c-d) + b*(1-g)*(-c) + (1-b)*(-c-d))."""
    b, g, v, c, d, n = 0.3, 0.25, 400.0, 2.0, 30.0, 50
    churn, stakes = make([(f"c{at:02}", b, v) for at in range(n)])
    table = topic.build_campaign(churn, stakes, success_rate=g, cost=c, offer_cost=d)
    wanted = n * (b * g * (v - c - d) + b * (1 - g) * -c + (1 - b) * (-c - d))
    assert table["expected_gain"].sum() == pytest.approx(wanted)


def test_the_list_stops_where_the_curve_peaks() -> None:
    table = topic.build_campaign(*FOUR, success_rate=0.2, cost=20.0)
    # .2 * 500 - 20, .2 * 400 - 20, .2 * 90 - 20, .2 * 9.5 - 20
    assert table["expected_gain"].tolist() == [80.0, 60.0, -2.0, -18.1]
    curve = topic.summarise_gain(table)
    assert curve["gain"].tolist() == [0, 80, 140, 138, 119.9]
    # By probability: d, b, a, c.
    assert curve["gain_by_risk"].tolist() == [0, -18.1, -20.1, 59.9, 119.9]
    facts = topic.describe_campaign(table, success_rate=0.2, cost=20.0)
    assert (facts["mode"], facts["acted"], facts["gain"], facts["gain_by_risk"]) == ("gain", 2, 140.0, 119.9)
    assert facts["gain_all"] == 119.9
    assert topic.compare_rankings(table, first=2) == {
        "compared": 2,
        "shared": 0,
        "loss_by_list": 900.0,
        "loss_by_risk": 99.5,
    }


def test_no_figure_is_made_up() -> None:
    nothing = topic.build_campaign(*FOUR)
    named = {"customer_id", "churn_probability", "value_at_stake", "stake_basis", "expected_loss", "campaign_rank"}
    assert set(nothing) == named
    assert topic.describe_campaign(nothing, success_rate=None, cost=None)["mode"] == "worth"
    cost = topic.build_campaign(*FOUR, cost=20.0)
    assert {"expected_gain", "act"}.isdisjoint(cost)
    # 20 / 500, 20 / 400, 20 / 90; 20 / 9.5 is more than a sure success.
    assert cost["break_even_rate"].tolist()[:3] == pytest.approx([0.04, 0.05, 20 / 90])
    facts = topic.describe_campaign(cost, success_rate=None, cost=20.0)
    assert (facts["mode"], facts["payable"], facts["half"]) == ("rate", 3, 2)
    assert facts["half_rate"] == pytest.approx(0.05)
    rate = topic.build_campaign(*FOUR, success_rate=0.2)
    assert rate["break_even_cost"].tolist() == [100.0, 80.0, 18.0, 1.9]
    facts = topic.describe_campaign(rate, success_rate=0.2, cost=None)
    assert (facts["mode"], facts["first_cost"], facts["middle_cost"]) == ("cost", 100.0, 18.0)
    sizes = topic.summarise_sizes(cost, cost=20.0, sizes=(1, 2))
    assert sizes["needed_rate"].tolist() == pytest.approx([20 / 500, 40 / 900, 80 / 999.5])
    assert sizes["worth_per_point"].tolist() == pytest.approx([5.0, 4.5, 9.995 / 4])
    assert math.isnan(sizes["last_needed_rate"].iloc[-1])
    settings = CampaignSettings()
    assert (settings.success_rate, settings.cost, settings.offer_cost, settings.empc) == (None, None, None, None)
    with pytest.raises(ValidationError, match="give one that costs less"):
        CampaignSettings(empc={"alpha": 6, "beta": 14, "clv": 10, "offer_cost": 10, "cost": 1})


OVERDUE = pd.DataFrame(
    [("a", 0.9, 10.0, "quiet"), ("b", 0.1, 30.0, "pausing"), ("c", 0.9, 0.0, "buying"), ("d", 0.9, 0.0, "one_order"), ("e", 0.2, 20.0, "quiet")],
    columns=["customer_id", "churn_probability", "sales_at_risk", "silence"],
).assign(stake_basis="overdue", away_share=np.nan)  # fmt: skip
WORTH = pd.DataFrame({"customer_id": list("abcde"), "net_sales_365_days": [100.0, 300.0, 900.0, 900.0, 200.0]})


def test_no_probability_is_multiplied_by_money_where_the_page_on_churn_multiplies_none() -> None:
    """The same accounts in the same order, each as if it would leave: b, e, a by sales, and neither c, who buys, nor d, who has ordered once."""
    stakes = topic.find_stakes(OVERDUE.assign(away_share=0.5), WORTH)
    assert stakes["value_at_stake"].tolist() == [100.0, 300.0, 900.0, 900.0, 200.0]
    table = topic.build_campaign(OVERDUE, stakes, success_rate=0.1, cost=15.0)
    assert table["customer_id"].tolist() == ["b", "e", "a"]
    assert "expected_loss" not in table
    assert table["expected_gain"].tolist() == [15.0, 5.0, -5.0]  # a tenth of 300, 200, 100, less the cost
    assert table["act"].tolist() == [True, True, False]
    assert table["break_even_rate"].tolist() == pytest.approx([0.05, 0.075, 0.15])
    facts = topic.describe_campaign(table, success_rate=0.1, cost=15.0)
    assert (facts["stake_basis"], facts["acted"], facts["gain"], facts["expected_loss"]) == ("overdue", 2, 20.0, 600.0)
    assert topic.find_answer(facts) == ["answer.gain_overdue"]
    assert topic.list_kpis(facts) == ["acted", "acted_cost", "gain_overdue", "loss_overdue"]
    for rate, accounts in ((0.1, 2), (0.5, 3), (0.01, 0)):
        found = topic.summarise_rates(table, cost=15.0, rates=(rate,)).iloc[0]
        assert found["accounts"] == accounts
    sizes = topic.summarise_sizes(table, cost=15.0, sizes=(1,))
    assert {"leaving", "expected_loss"}.isdisjoint(sizes)
    assert sizes["value_at_stake"].tolist() == [300.0, 600.0]
    assert sizes["needed_rate"].tolist() == pytest.approx([15 / 300, 45 / 600])
    unknown = topic.build_campaign(OVERDUE.assign(churn_probability=np.nan), stakes)
    assert unknown["customer_id"].tolist() == ["b", "e", "a"]  # the order needs none
    for key in (
        "at_stake_overdue",
        "overdue.why",
        "overdue.weak",
        "overdue.rule",
        "overdue.unknown",
        "overdue.naive",
        "answer.gain_overdue",
        "list.finding_overdue",
    ):
        for language in ("en", "zh"):
            said = facts | {
                "horizon_days": 90,
                "success_rate": 0.1,
                "cost": 15.0,
                "first_name": "b",
                "first_loss": 300.0,
            }
            assert Words(language, currency="EUR")(f"campaign.{key}", **said)


def test_nobody_is_overdue() -> None:
    with pytest.raises(NotEnoughDataError, match="campaign_nobody_overdue"):
        topic.build_campaign(OVERDUE.assign(sales_at_risk=0.0), topic.find_stakes(OVERDUE, WORTH))


def test_who_has_ordered_once_is_not_on_the_list_by_rhythm() -> None:
    churn, stakes = FOUR
    table = topic.build_campaign(churn.assign(silence=["buying", "one_order", "quiet", "pausing"]), stakes)
    assert table["customer_id"].tolist() == ["a", "c", "d"]


def test_at_each_rate_it_is_a_list_of_its_own() -> None:
    rates = topic.summarise_rates(
        topic.build_campaign(*FOUR, cost=20.0), cost=20.0, success_rate=0.03, rates=(0.05, 0.5)
    )
    assert rates["success_rate"].tolist() == [0.03, 0.05, 0.5]
    assert rates["is_given"].tolist() == [True, False, False]
    assert rates["accounts"].tolist() == [0, 1, 3]
    assert rates["expected_gain"].tolist() == [0.0, 5.0, 230.0 + 180 + 25]
    for row in rates.itertuples(index=False):
        table = topic.build_campaign(*FOUR, success_rate=row.success_rate, cost=20.0)
        assert table["act"].sum() == row.accounts
        assert table.loc[table["act"], "expected_gain"].sum() == pytest.approx(row.expected_gain)


def test_who_has_left_or_is_worth_nothing_is_not_acted_on() -> None:
    churn, stakes = FOUR
    table = topic.build_campaign(churn, stakes, left=["a"])
    assert "a" not in table["customer_id"].tolist()
    assert topic.find_left(churn) == []
    assert topic.find_left(churn.assign(known_as=[None, "said_left", None, None])) == ["b"]
    unknown = topic.build_campaign(
        churn.assign(churn_probability=[np.nan, 0.9, 0.1, 0.95]), stakes, success_rate=0.2, cost=20.0
    )
    assert unknown["customer_id"].tolist() == ["c", "b", "d"]
    with pytest.raises(NotEnoughDataError, match="campaign_nobody"):
        topic.build_campaign(churn, stakes.assign(value_at_stake=0.0))
    with pytest.raises(NotEnoughDataError, match="campaign_no_forecast"):
        topic.need(None)


def test_a_lifetime_value_counts_its_risk_once() -> None:
    churn = pd.DataFrame({"customer_id": ["a", "b", "c"]})
    customers = pd.DataFrame(
        {"customer_id": ["c", "b", "a"], "net_sales_365_days": [1.0, 2, 3], "margin_365_days": [4.0, -5, 6]}
    )
    value = pd.DataFrame({"customer_id": ["a", "b"], "clv": [50.0, 1.0], "clv_if_active": [100.0, 1000.0]})
    found = topic.find_stakes(churn, customers, value=value)
    assert found["value_at_stake"].tolist()[:2] == [100.0, 1000.0]
    assert math.isnan(found["value_at_stake"].iloc[2])
    assert found["stake"].unique().tolist() == ["clv"]
    assert topic.find_stakes(churn, customers)["value_at_stake"].tolist() == [6.0, 0.0, 4.0]
    sales = topic.find_stakes(churn, customers.drop(columns="margin_365_days"))
    assert (sales["value_at_stake"].tolist(), sales["stake"].iloc[0]) == ([3.0, 2.0, 1.0], "net_sales")


def test_the_cost_of_a_contact_is_that_of_the_records() -> None:
    days = pd.to_datetime(["2026-06-30"] * 40 + ["2025-07-01"] * 40 + ["2025-06-30"] * 99)
    contacts = pd.DataFrame(
        {
            "customer_id": "a",
            "contact_date": days,
            "kind": ["visit"] * 40 + ["call"] * 40 + ["visit"] * 99,
            "cost": [30.0] * 40 + [10.0] * 40 + [999.0] * 99,
        }
    )
    found = topic.find_contact_cost(contacts, as_of=AS_OF)
    assert found == {"contact_kind": "visit", "contact_cost": 30.0, "contacts": 40}
    few = topic.find_contact_cost(contacts.head(topic.LEAST_CONTACTS - 1), as_of=AS_OF)
    assert math.isnan(few["contact_cost"])
    assert topic.find_source(found, cost=5.0) == "given"
    assert topic.find_source(found, cost=None) == "records"
    assert topic.find_source(few, cost=None) == "unknown"
    assert topic.find_contact_cost(contacts.drop(columns="kind"), as_of=AS_OF)["contact_kind"] is None
    assert topic.choose_terms(found, success_rate=None, cost=None, offer_cost=None)["cost"] == 30.0
    assert topic.choose_terms(few, success_rate=0.1, cost=None, offer_cost=None)["cost"] is None


rows_of = st.lists(
    st.tuples(st.floats(0, 1).map(lambda p: round(p, 4)), st.integers(0, 500_000)), min_size=1, max_size=40
)


@examples(25, 200)
@given(rows_of, st.floats(0.01, 1), st.floats(0.5, 500), st.floats(0, 100), st.randoms(use_true_random=False))
def test_invariants(rows: list[tuple[float, int]], rate: float, cost: float, offer: float, random: object) -> None:
    churn, stakes = make([(f"c{at:02}", p, cents / 100) for at, (p, cents) in enumerate(rows)])
    before = churn.copy(deep=True), stakes.copy(deep=True)
    if not (churn["churn_probability"] * stakes["value_at_stake"] > 0).any():
        return
    terms = {"success_rate": rate, "cost": cost, "offer_cost": offer}
    table = topic.build_campaign(churn, stakes, **terms)
    seed = random.randint(0, 999)
    shuffled = topic.build_campaign(
        churn.sample(frac=1, random_state=seed), stakes.sample(frac=1, random_state=seed + 1), **terms
    )
    pd.testing.assert_frame_equal(table, shuffled)
    pd.testing.assert_frame_equal(churn, before[0])
    pd.testing.assert_frame_equal(stakes, before[1])
    curve = topic.summarise_gain(table)
    acted = table.loc[table["act"], "expected_gain"].sum()
    assert curve["gain"].max() == pytest.approx(
        acted
    )  # no list brings more than the one that stops where acting stops paying
    assert curve["gain_by_risk"].max() <= curve["gain"].max() + 1e-6
    assert curve["gain"].iloc[-1] == pytest.approx(curve["gain_by_risk"].iloc[-1])
    # At the break-even rate the gain is nothing, and above it something.
    payable = table[table["break_even_rate"].notna()]
    for row in payable.itertuples(index=False):
        p, v, g = row.churn_probability, row.value_at_stake, row.break_even_rate
        assert p * (g * v + (1 - g) * offer) - offer - cost == pytest.approx(0, abs=1e-6)
    assert (table["act"] == (table["break_even_rate"] < rate)).mean() > 0.99 or len(table) < 100
    needs = topic.summarise_needs(table)
    assert np.all(np.diff(needs["needed_rate"]) >= 0)
