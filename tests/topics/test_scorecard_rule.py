"""Who is on the list by each kind of rule, who is equal at its border, and whose word counts?"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from kalib.topics.scorecard import Scores, build_sheet, gather_measures, score_accounts
from kalib.topics.scorecard_rule import (
    RULE,
    apply_overrides,
    apply_rule,
    asks_for_score,
    explain_rule,
    fix_value,
    list_accounts,
    reach_value,
    settle_rule,
)
from tests.topics.test_scorecard import AS_OF, LOYAL, SIZE, make_customers

SCORE = np.array([0.9, 0.8, 0.8, 0.7, 0.2, 0.95])
KNOWN = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.4])
VALUE = np.array([10.0, 40.0, 5.0, 20.0, 20.0, 5.0])
NONE = np.empty((6, 0))
SCORES = Scores(SCORE, KNOWN, NONE, NONE)


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ({"score": 0.8}, "TTT..."),
        ({"score": 0.81}, "T....."),
        ({"top": 1}, "T....."),
        ({"top": 2}, "TTT..."),  # the third is equal to the second
        ({"top": 3}, "TTT..."),
        ({"value_share": 0.4}, ".T...."),
        ({"value_share": 0.41}, ".T.TT."),  # two of 20 are equal at the border
        ({"value_share": 1.0}, "TTTTTT"),
        ({"net_sales": 20.0}, ".T.TT."),
        ({"all": [{"value_share": 0.6}, {"score": 0.7}]}, ".T.T.."),
        ({"any": [{"top": 1}, {"value_share": 0.4}]}, "TT...."),
        ({"any": [{"top": 1}, {"all": [{"score": 0.7}, {"value_share": 0.6}]}]}, "TT.T.."),
    ],
)
def test_each_rule_by_hand(rule: dict, wanted: str) -> None:
    assert apply_rule(rule, SCORES, VALUE).tolist() == [letter == "T" for letter in wanted]


def test_a_little_known_account_can_be_key_by_its_sales_only() -> None:
    assert not apply_rule({"score": 0.1}, SCORES, VALUE)[5]
    assert not apply_rule({"top": 6}, SCORES, VALUE)[5]
    assert apply_rule({"score": 0.1}, SCORES, VALUE, least_known=0.4)[5]
    assert apply_rule({"value_share": 1.0}, SCORES, VALUE)[5]


def test_what_the_rule_found_wanting() -> None:
    rule = {"all": [{"value_share": 0.6}, {"score": 0.7}]}
    assert explain_rule(rule, SCORES, VALUE).tolist() == ["value", "met", "value", "met", "score", "little_known"]
    assert explain_rule({"any": [{"top": 1}, {"score": 0.85}]}, SCORES, VALUE)[1] == "score_and_rank"
    assert explain_rule({"value_share": 0.4}, SCORES, VALUE)[5] == "value"


@pytest.mark.parametrize("value", [[0.0, 0.0], [-5.0, 2.0], [-1.0, -2.0]])
def test_without_sales_nobody_is_large(value: list[float]) -> None:
    assert not reach_value(np.array(value), 0.5).any()
    assert fix_value({"value_share": 0.5}, np.array(value)) == {"net_sales": float("inf")}


def test_losses_are_no_share_of_value() -> None:
    # 100 - 20 = 80 in all; half of that is reached by the largest alone
    assert reach_value(np.array([60.0, 40.0, -20.0]), 0.5).tolist() == [True, False, False]
    assert reach_value(np.array([60.0, 40.0, -20.0]), 1.0).tolist() == [True, True, False]


def test_shares_are_compared_to_the_cent() -> None:
    assert reach_value(np.array([0.1] * 10), 0.5).all()  # all equal: all in
    assert reach_value(np.array([0.7, 0.1, 0.2]), 0.7).tolist() == [True, False, False]
    assert reach_value(np.array([0.69, 0.11, 0.2]), 0.7).tolist() == [True, False, True]


def listed(rows: int = 4) -> pd.DataFrame:
    sheet = build_sheet(gather_measures(make_customers(rows), as_of=AS_OF), uses=(SIZE, LOYAL))
    scores = score_accounts(sheet.criterion_scores, np.array([0.5, 0.5]))
    prospects = pd.DataFrame({"customer_id": ["p"]})
    return list_accounts(sheet, scores, {"top": 1}, known_accounts=prospects)


def test_the_list_by_hand() -> None:
    table = listed().set_index("customer_id")
    assert table["is_key_account"].tolist() == [False, False, False, True, False]
    assert table["key_account_rank"].fillna(0).tolist() == [4, 3, 2, 1, 0]
    assert table.loc["c3", "purchasing_power_contribution"] == 0.5
    assert table["rule_result"].tolist() == ["rank", "rank", "rank", "met", "prospect"]
    # against the mean account (1/2 on both): equal pulls are named in the order of the criteria
    assert table.loc["c3", ["lifted_by", "lifted_by_next"]].tolist() == ["purchasing_power", "loyalty"]
    assert table.loc["c0", ["lifted_by", "lifted_by_next"]].isna().all()
    assert table.loc["c0", "held_back_by"] == "purchasing_power"
    assert pd.isna(table.loc["c3", "held_back_by"])  # the only key account lacks nothing that key accounts have


def test_who_only_returned_is_no_prospect() -> None:
    customers = make_customers(4)
    refunded = customers.iloc[:1].assign(customer_id="r", orders=0, net_sales_365_days=-500.0)
    customers = pd.concat([customers, refunded], ignore_index=True)
    sheet = build_sheet(gather_measures(customers, as_of=AS_OF), uses=(SIZE, LOYAL))
    scores = score_accounts(sheet.criterion_scores, np.array([0.5, 0.5]))
    known = pd.DataFrame({"customer_id": ["c0", "p", "r"]})
    table = list_accounts(sheet, scores, {"top": 1}, known_accounts=known, customers=customers).set_index("customer_id")
    assert len(table) == 6
    assert table.loc[["p", "r"], "account_class"].tolist() == ["prospect", "no_order"]
    assert table.loc[["p", "r"], "rule_result"].tolist() == ["prospect", "no_order"]
    assert not table.loc[["p", "r"], "is_key_account"].any()


def word(account: str, key: bool, day: str, **more: object) -> dict:
    return {
        "customer_id": account,
        "key": key,
        "by": "Shen",
        "date": dt.date.fromisoformat(day),
        "reason": "<b>r</b>",
    } | more


def test_what_becomes_of_each_override() -> None:
    words = [
        word("c0", True, "2026-05-01"),
        word("c0", False, "2026-04-01"),  # older
        word("c1", True, "2026-06-30"),  # on the day itself
        word("c2", True, "2026-07-01"),  # tomorrow
        word("c3", False, "2026-01-01", until=dt.date(2026, 6, 29)),  # ended yesterday
        word("zz", True, "2026-01-01"),
        word("p", True, "2026-01-01", until=dt.date(2026, 6, 30)),
    ]
    table, said = apply_overrides(listed(), words, as_of=AS_OF)
    states = ["applied", "superseded", "applied", "later", "expired", "no_such_account", "applied"]
    assert said["override_state"].tolist() == states
    assert said["changes_list"].tolist() == [True, False, True, False, False, False, True]
    table = table.set_index("customer_id")
    assert table["is_key_account"].to_dict() == {"c0": True, "c1": True, "c2": False, "c3": True, "p": True}
    assert table["key_by_rule"].to_dict() == {"c0": False, "c1": False, "c2": False, "c3": True, "p": False}
    assert table.loc["c0", ["override_by", "override_date", "override_reason"]].tolist() == [
        "Shen",
        dt.date(2026, 5, 1),
        "<b>r</b>",
    ]
    assert pd.isna(table.loc["c2", "override_by"])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_newest_word_counts_wherever_it_stands(order: tuple[int, int]) -> None:
    words = [word("c0", True, "2026-05-02"), word("c0", False, "2026-05-01")]
    table, said = apply_overrides(listed(), [words[i] for i in order], as_of=AS_OF)
    assert table.set_index("customer_id").loc["c0", "is_key_account"]
    assert said.set_index("override_date")["override_state"].to_dict() == {
        dt.date(2026, 5, 2): "applied",
        dt.date(2026, 5, 1): "superseded",
    }


def test_of_two_words_of_one_day_the_later_line_counts() -> None:
    table, said = apply_overrides(
        listed(), [word("c0", True, "2026-05-01"), word("c0", False, "2026-05-01")], as_of=AS_OF
    )
    assert not table.set_index("customer_id").loc["c0", "is_key_account"]
    assert said["override_state"].tolist() == ["superseded", "applied"]


def test_no_overrides_are_none() -> None:
    before = listed()
    table, said = apply_overrides(before, [], as_of=AS_OF)
    assert said.empty
    pd.testing.assert_frame_equal(table[before.columns.tolist()], before)


def test_a_business_of_many_small_customers_has_no_key_accounts() -> None:
    thousand = np.r_[np.full(100, 4.0), np.full(900, 2.0)]  # the hundred largest bring 400 of 2,200: .18
    rule, largest = settle_rule({"value_share": 0.5}, thousand)
    assert (rule, round(largest, 3)) == ({"spread_thin": largest}, 0.182)
    scores = Scores(np.ones(1000), np.ones(1000), np.empty((1000, 0)), np.empty((1000, 0)))
    assert not apply_rule(rule, scores, thousand).any()
    assert set(explain_rule(rule, scores, thousand)) == {"spread_thin"}
    assert settle_rule({"value_share": 0.5}, thousand, least_share=0.18)[0] == {"value_share": 0.5}
    assert settle_rule({"value_share": 0.5}, np.full(60, 1.0)) == ({"value_share": 0.5}, 1.0)
    assert settle_rule({"top": 2}, np.zeros(3))[0] == {"top": 2}


def test_only_some_rules_ask_for_the_score() -> None:
    assert not asks_for_score(RULE)
    assert not asks_for_score({"spread_thin": 0.1})
    assert asks_for_score({"all": [{"value_share": 0.5}, {"any": [{"top": 5}, {"net_sales": 9.0}]}]})


def test_what_lifts_an_account_does_not_hold_it_back() -> None:
    # c1 is safer than most, and less safe than the one key account beside it: that lifts its score and is no complaint.
    measures = pd.DataFrame(
        {
            "customer_id": ["c0", "c1", "c2", "c3"],
            "net_sales_365_days": [400.0, 390, 10, 5],
            "overdue_share": [0.0, 0.1, 0.5, 0.6],
        }
    )
    sheet = build_sheet(measures)
    listed = list_accounts(sheet, score_accounts(sheet.criterion_scores, np.full(2, 0.5)), {"net_sales": 350.0})
    account = listed.set_index("customer_id").loc["c1"]
    assert {account["lifted_by"], account["lifted_by_next"]} == {"purchasing_power", "risk"}
    assert pd.isna(account["held_back_by"])
